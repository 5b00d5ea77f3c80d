# Which billing plans are taken, how they are written, and what is said of a mistake. No provider is needed:
# `terraform test` in this folder. What the functions refuse is in shared/domain/src/billing/plan.rs.

variables {
  services = {}
  given    = { services = {}, billing_plan = null }
  all      = ["notify", "freeze_deployments", "retire_standby", "cap_scaling", "stop_live"]
}

# --- taken --------------------------------------------------------------------------------------

run "without_a_plan_there_is_nothing_to_refuse" {
  command = plan
  assert {
    condition     = output.billing_plan == null && output.billing_plan_document == "null" && length(local.wrong_plan) == 0
    error_message = jsonencode(local.wrong_plan)
  }
}

run "what_is_left_out_is_not_written" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }], plausibility = { above_usd = 5 } }
  }
  assert {
    condition     = output.billing_plan_document == "{\"plausibility\":{\"above_usd\":5},\"rungs\":[{\"at_usd\":10,\"do\":[\"notify\"]}]}"
    error_message = "written: ${output.billing_plan_document}"
  }
}

run "everything_may_be_said" {
  command = plan
  variables {
    billing_plan = {
      rungs = [
        { at_usd = 10, do = ["notify"] },
        { at_usd = 20, do = ["notify", "freeze_deployments"] },
        { at_usd = 50.5, do = var.all },
      ]
      plausibility = { max_jump_ratio = 1.5, above_usd = 0, min_readings = 1 }
      forecast     = false
      dry_run      = true
      allow_outage = true
    }
  }
  assert {
    condition = jsondecode(output.billing_plan_document) == {
      rungs = [
        { at_usd = 10, do = ["notify"] },
        { at_usd = 20, do = ["notify", "freeze_deployments"] },
        { at_usd = 50.5, do = ["notify", "freeze_deployments", "retire_standby", "cap_scaling", "stop_live"] },
      ]
      plausibility = { max_jump_ratio = 1.5, above_usd = 0, min_readings = 1 }
      forecast     = false
      dry_run      = true
      allow_outage = true
    }
    error_message = "written: ${output.billing_plan_document}"
  }
}

# A cent is no binary fraction: 0.01 * 100 is not 1, 9.99 * 100 not 999, and 0.1 + 0.2 not 0.3.
run "cents_are_cents_however_they_are_kept" {
  command = plan
  variables {
    billing_plan = {
      rungs        = [for usd in [0.01, 0.1 + 0.2, 1.15, 4.35, 8.2, 9.99, 10.1, 19.99, 20.1, 57.78, 1234567.89, 10000000000000] : { at_usd = usd, do = ["notify"] }]
      plausibility = { above_usd = 8.2 }
    }
  }
  assert {
    condition     = strcontains(output.billing_plan_document, "{\"at_usd\":8.2,") && strcontains(output.billing_plan_document, "{\"at_usd\":20.1,")
    error_message = "written: ${output.billing_plan_document}"
  }
}

run "twenty_rungs_are_taken" {
  command = plan
  variables {
    billing_plan = { rungs = [for n in range(20) : { at_usd = n + 1, do = ["notify"] }] }
  }
}

# --- refused ------------------------------------------------------------------------------------

run "a_misspelt_field_is_told" {
  command = plan
  variables {
    given = { services = {}, billing_plan = { rungs = [{ at_usd = 10, does = ["notify"] }], plausibility = { max_jump = 2 }, dryrun = true } }
  }
  expect_failures = [output.services]
  assert {
    condition = local.unknown_fields == [
      "billing_plan.dryrun: there is no such field; there are rungs, plausibility, forecast, dry_run, allow_outage.",
      "billing_plan.plausibility.max_jump: there is no such field; there are max_jump_ratio, above_usd, min_readings.",
      "billing_plan.rungs[0].does: there is no such field; there are at_usd, do.",
    ]
    error_message = jsonencode(local.unknown_fields)
  }
}

run "a_plan_has_a_rung" {
  command = plan
  variables {
    billing_plan = { rungs = [] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs: must be 1 to 20 rungs.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "a_plan_has_at_most_twenty" {
  command = plan
  variables {
    billing_plan = { rungs = [for n in range(21) : { at_usd = n + 1, do = ["notify"] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs: must be 1 to 20 rungs.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "an_amount_is_above_zero" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = -5, do = ["notify"] }, { at_usd = 0, do = ["notify"] }, { at_usd = 0.0000001, do = ["notify"] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].at_usd: must be above 0, in dollars and whole cents.",
      "billing_plan.rungs[1].at_usd: must be above 0, in dollars and whole cents.",
      "billing_plan.rungs[2].at_usd: must be above 0, in dollars and whole cents.",
      "billing_plan.rungs[2].at_usd: must be above the rung before it.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "an_amount_is_whole_cents" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10.001, do = ["notify"] }, { at_usd = 10.995, do = ["notify"] }, { at_usd = 11.00001, do = ["notify"] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].at_usd: must be above 0, in dollars and whole cents.",
      "billing_plan.rungs[1].at_usd: must be above 0, in dollars and whole cents.",
      "billing_plan.rungs[2].at_usd: must be above 0, in dollars and whole cents.",
      "billing_plan.rungs[2].at_usd: must be above the rung before it.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "an_amount_is_one_that_the_functions_can_read" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10000000000001, do = ["notify"] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].at_usd: must be above 0, in dollars and whole cents.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "an_amount_is_given" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = null, do = ["notify"] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].at_usd: must be above 0, in dollars and whole cents.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "rungs_rise" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 20, do = ["notify"] }, { at_usd = 20, do = ["notify"] }, { at_usd = 30, do = ["notify"] }, { at_usd = 10, do = ["notify"] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[1].at_usd: must be above the rung before it.",
      "billing_plan.rungs[3].at_usd: must be above the rung before it.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "a_rung_does_something" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = [] }, { at_usd = 20, do = null }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].do: must have at least one action, such as notify.",
      "billing_plan.rungs[1].do: must have at least one action, such as notify.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "an_action_exists" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify", "mail", null] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].do: there is no action \"mail\"; there are notify, freeze_deployments, retire_standby, cap_scaling, stop_live.",
      "billing_plan.rungs[0].do: there is no action null; there are notify, freeze_deployments, retire_standby, cap_scaling, stop_live.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "an_action_is_named_once" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }, { at_usd = 20, do = ["notify", "cap_scaling", "notify"] }] }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[1].do: names an action twice.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "an_outage_is_allowed_in_words" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify", "stop_live"] }], allow_outage = false }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].do: stop_live takes the service off the air; it needs billing_plan.allow_outage = true.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "a_jump_is_upwards" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }], plausibility = { max_jump_ratio = 1 } }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.plausibility.max_jump_ratio: must be above 1.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "what_is_always_believed_is_no_debt" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }], plausibility = { above_usd = -0.01 } }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.plausibility.above_usd: must be 0 or more, in dollars and whole cents.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "what_is_always_believed_is_whole_cents" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }], plausibility = { above_usd = 5.005 } }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.plausibility.above_usd: must be 0 or more, in dollars and whole cents.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "one_reading_is_needed" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }], plausibility = { min_readings = 0 } }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.plausibility.min_readings: must be a whole number from 1 up.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "readings_are_counted" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }], plausibility = { min_readings = 2.5 } }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.plausibility.min_readings: must be a whole number from 1 up.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "readings_are_counted_in_32_bits" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }], plausibility = { min_readings = 4294967296 } }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.plausibility.min_readings: must be a whole number from 1 up.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

run "all_mistakes_are_told_at_once" {
  command = plan
  variables {
    billing_plan = { rungs = [{ at_usd = 8.201, do = ["burn"] }], plausibility = { max_jump_ratio = 0.5, min_readings = -1 } }
  }
  expect_failures = [output.billing_plan]
  assert {
    condition = local.wrong_plan == tolist([
      "billing_plan.rungs[0].at_usd: must be above 0, in dollars and whole cents.",
      "billing_plan.rungs[0].do: there is no action \"burn\"; there are notify, freeze_deployments, retire_standby, cap_scaling, stop_live.",
      "billing_plan.plausibility.max_jump_ratio: must be above 1.",
      "billing_plan.plausibility.min_readings: must be a whole number from 1 up.",
    ])
    error_message = jsonencode(local.wrong_plan)
  }
}

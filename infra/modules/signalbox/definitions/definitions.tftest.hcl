# What is written and what is refused; of freeze windows in windows.tftest.hcl, of the billing plan in
# billing.tftest.hcl. No provider is needed: `terraform test` in this folder.

variables {
  slots = {
    blue  = { asg = "shop-blue", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/1" }
    green = { asg = "shop-green", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green/2" }
  }
  listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2"
  rule     = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/1/2/3"
  release  = { parameter = "/shop/{slot}/release" }
  given    = { services = {}, billing_plan = null }
}

run "what_is_left_out_is_not_written" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, slots = var.slots, release = var.release, strategy = { kind = "canary" }, guard = { checks = [{ metric = "error_rate", max_percent = 5 }] } } }
  }
  assert {
    condition = jsondecode(output.documents["shop"]) == {
      name = "shop", listener_arn = var.listener, slots = var.slots, release = var.release, strategy = { kind = "canary" }, guard = { checks = [{ metric = "error_rate", max_percent = 5 }] }
    }
    error_message = "written: ${output.documents["shop"]}"
  }
}

run "everything_may_be_said" {
  command = plan
  variables {
    services = { shop = {
      rule_arn         = var.rule
      slots            = var.slots
      capacity         = { min = 0, desired = 2, max = 4 }
      release          = { launch_template = true }
      strategy         = { kind = "steps", steps = [{ weight = 5, bake = "5m" }, { approval = { within = "24h", else = "promote" } }, { weight = 100 }] }
      bake             = "1h30m"
      standby          = "0s"
      route_settle     = "90s"
      settle_guard     = "60s"
      arrival          = "supersede"
      freeze_windows   = [{ days = ["fri", "sat", "sun"], from = "16:00", to = "08:00", zone = "Europe/Dublin", reason = "weekend" }, { days = ["mon"], from = "00:00", to = "12:00", zone = "UTC" }]
      health           = { within = "15m", settle = "15m", max_launch_failures = 0 }
      smoke            = { url = "https://shop.example/health", header = { "x-slot" = "{slot}" }, status = 204, contains = "ok", attempts = 20 }
      hooks            = { before_traffic = "arn:aws:lambda:eu-west-1:123456789012:function:shop-ready:live", after_traffic = "shop-told", within = "10m" }
      guard            = { alarms = ["a", "b"], on_no_data = "pause", checks = [{ metric = "latency_p95_ms", max_ms = 400, max_ratio_to_live = 1.5, min_requests = 0, failures_allowed = 1 }, { metric = "error_rate", max_ratio_to_live = 1000 }, { metric = "requests", min_requests = 1 }] }
      pause_limit      = "720h"
      replacement      = { confirm = "0s", within = "15m", max_in_window = 3, window = "1h", hold_above_percent = 100 }
      drift            = { every = "5m", on_external_change = "correct" }
      mode             = "observe"
      alerts_topic_arn = "arn:aws:sns:eu-west-1:123456789012:shop"
    } }
    billing_plan = { rungs = [{ at_usd = 10, do = ["notify"] }, { at_usd = 19.99, do = ["notify", "stop_live"] }], plausibility = { max_jump_ratio = 10 }, allow_outage = true }
  }
  assert {
    condition     = jsondecode(output.documents["shop"]).strategy.steps[1].approval.else == "promote"
    error_message = "written: ${output.documents["shop"]}"
  }
  assert {
    condition     = jsondecode(output.documents["shop"]).freeze_windows[1] == { days = ["mon"], from = "00:00", to = "12:00", zone = "UTC" }
    error_message = "written: ${output.documents["shop"]}"
  }
  assert {
    condition     = output.billing_plan_document == "{\"allow_outage\":true,\"plausibility\":{\"max_jump_ratio\":10},\"rungs\":[{\"at_usd\":10,\"do\":[\"notify\"]},{\"at_usd\":19.99,\"do\":[\"notify\",\"stop_live\"]}]}"
    error_message = "written: ${output.billing_plan_document}"
  }
}

# --- refused ------------------------------------------------------------------------------------

run "a_misspelt_guard_is_told" {
  command = plan
  variables {
    given    = { services = { shop = { gaurd = {} } }, billing_plan = null }
    services = {}
  }
  expect_failures = [output.services]
}

run "a_misspelt_field_of_a_step_is_told" {
  command = plan
  variables {
    given    = { services = { shop = { strategy = { steps = [{ wieght = 5 }] } } }, billing_plan = null }
    services = {}
  }
  expect_failures = [output.services]
}

run "a_service_needs_a_listener_or_a_rule" {
  command = plan
  variables {
    services = { shop = { slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_network_load_balancer_is_refused" {
  command = plan
  variables {
    services = { shop = { listener_arn = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/net/x/1/2", slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "slots_share_no_group" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, slots = { blue = var.slots.blue, green = merge(var.slots.green, { asg = "shop-blue" }) }, release = var.release } }
  }
  expect_failures = [output.services]
}

run "slots_share_no_target_group" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, slots = { blue = var.slots.blue, green = merge(var.slots.green, { target_group_arn = var.slots.blue.target_group_arn }) }, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_parameter_without_slot_is_refused" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, release = { parameter = "/shop/release" }, slots = var.slots } }
  }
  expect_failures = [output.services]
}

run "two_sources_of_releases_are_refused" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, release = { parameter = "/shop/{slot}", launch_template = true }, slots = var.slots } }
  }
  expect_failures = [output.services]
}

run "a_live_slot_has_instances" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, capacity = { min = 0, desired = 0 }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "desired_is_not_above_the_default_max" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, capacity = { desired = 3 }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_field_of_another_strategy_is_refused" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, strategy = { kind = "canary", every = "3m" }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_strategy_has_a_kind_that_exists" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, strategy = { kind = "yolo", weight = 5 }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "steps_end_with_everything" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, strategy = { kind = "steps", steps = [{ weight = 5 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "steps_rise" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, strategy = { kind = "steps", steps = [{ weight = 5 }, { weight = 5 }, { weight = 100 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "the_last_step_has_no_bake" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, strategy = { kind = "steps", steps = [{ weight = 100, bake = "1m" }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_duration_has_units" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, bake = "300", slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_duration_is_in_order" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, bake = "5m1h", slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_duration_ends_at_thirty_days" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, standby = "721h", slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "settling_fits_into_the_time_for_it" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, health = { settle = "16m" }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "an_alarm_is_named_once" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { alarms = ["a", "a"] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "an_alarm_is_a_name" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { alarms = ["arn:aws:cloudwatch:eu-west-1:1:alarm:a"] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_ratio_is_at_least_one" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "error_rate", max_ratio_to_live = 0.5 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_ratio_ends_at_a_thousand" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "error_rate", max_ratio_to_live = 1001 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "percent_limits_errors_alone" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "latency_p95_ms", max_ms = 400, max_percent = 5 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "milliseconds_limit_latency_alone" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "error_rate", max_percent = 5, max_ms = 400 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_check_of_errors_has_a_limit" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "error_rate", min_requests = 50 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_check_of_latency_has_a_limit" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "latency_p95_ms" }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "requests_are_not_compared" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "requests", min_requests = 1, max_ratio_to_live = 2 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "requests_are_counted_from_one" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [{ metric = "requests", min_requests = 0 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "there_are_at_most_twenty_checks" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, guard = { checks = [for n in range(21) : { metric = "requests", min_requests = n + 1 }] }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_hook_is_a_function" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, hooks = { before_traffic = "https://shop.example/hook" }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "hooks_name_one" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, hooks = { within = "5m" }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_smoke_check_asks_by_http" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, smoke = { url = "shop.example/health" }, slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "a_mode_exists" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, mode = "off", slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

run "notices_go_to_a_topic" {
  command = plan
  variables {
    services = { shop = { listener_arn = var.listener, alerts_topic_arn = "arn:aws:sqs:eu-west-1:1:x", slots = var.slots, release = var.release } }
  }
  expect_failures = [output.services]
}

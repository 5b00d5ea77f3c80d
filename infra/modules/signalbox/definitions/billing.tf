locals {
  rungs = try(var.billing_plan.rungs, [])

  wrong_plan = var.billing_plan == null ? [] : concat(
    length(local.rungs) < 1 || length(local.rungs) > 20 ? ["billing_plan.rungs: must be 1 to 20 rungs."] : [],
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].at_usd: must be above 0, in dollars and whole cents." if rung.at_usd <= 0 || floor(rung.at_usd * 100) != rung.at_usd * 100],
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].at_usd: must be above the rung before it." if index > 0 && rung.at_usd <= local.rungs[max(index - 1, 0)].at_usd],
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].do: must have at least one action, such as notify." if length(rung.do) == 0],
    flatten([for index, rung in local.rungs : [
      for action in rung.do : "billing_plan.rungs[${index}].do: there is no action ${jsonencode(action)}; there are notify, freeze_deployments, retire_standby, cap_scaling and stop_live."
      if !contains(["notify", "freeze_deployments", "retire_standby", "cap_scaling", "stop_live"], action)
    ]]),
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].do: stop_live takes the service off the air; it needs billing_plan.allow_outage = true." if contains(rung.do, "stop_live") && var.billing_plan.allow_outage != true],
    try(var.billing_plan.plausibility.max_jump_ratio <= 1, false) ? ["billing_plan.plausibility.max_jump_ratio: must be above 1."] : [],
    try(var.billing_plan.plausibility.above_usd < 0, false) ? ["billing_plan.plausibility.above_usd: must not be negative."] : [],
    try(var.billing_plan.plausibility.min_readings < 1 || floor(var.billing_plan.plausibility.min_readings) != var.billing_plan.plausibility.min_readings, false) ? ["billing_plan.plausibility.min_readings: must be a whole number from 1 up."] : [],
  )

  plan = var.billing_plan == null ? null : { for field, value in {
    rungs        = local.rungs
    plausibility = var.billing_plan.plausibility == null ? null : { for field, value in var.billing_plan.plausibility : field => value if value != null }
    forecast     = var.billing_plan.forecast
    dry_run      = var.billing_plan.dry_run
    allow_outage = var.billing_plan.allow_outage
  } : field => value if value != null }
}

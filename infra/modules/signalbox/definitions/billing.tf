# The billing plan, held to what the functions hold it to (shared/domain/src/billing/plan.rs).
locals {
  # A field that is null is left out.
  rungs = var.billing_plan == null ? [] : [for rung in var.billing_plan.rungs == null ? [] : var.billing_plan.rungs : {
    at_usd = rung.at_usd == null ? 0 : rung.at_usd
    do     = rung.do == null ? [] : rung.do
  }]
  plausibility = merge({ max_jump_ratio = 10, above_usd = 5, min_readings = 4 }, var.billing_plan == null ? {} : var.billing_plan.plausibility == null ? {} : { for field, value in var.billing_plan.plausibility : field => value if value != null })

  # Cents are no binary fractions: 9.99 * 100 is not 999 to the last digit. The functions round, and take what was off
  # by less than a millionth of a dollar. Their limit is 10^13 dollars.
  cents     = [for usd in concat(local.rungs[*].at_usd, [local.plausibility.above_usd]) : floor(usd * 100 + 0.5)]
  not_cents = [for index, usd in concat(local.rungs[*].at_usd, [local.plausibility.above_usd]) : usd > 10000000000000 || abs(local.cents[index] / 100 - usd) >= 0.000001]

  actions = ["notify", "freeze_deployments", "retire_standby", "cap_scaling", "stop_live"]

  wrong_plan = var.billing_plan == null ? [] : concat(
    length(local.rungs) < 1 || length(local.rungs) > 20 ? ["billing_plan.rungs: must be 1 to 20 rungs."] : [],
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].at_usd: must be above 0, in dollars and whole cents." if local.cents[index] <= 0 || local.not_cents[index]],
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].at_usd: must be above the rung before it." if index > 0 && local.cents[index] <= local.cents[max(index - 1, 0)]],
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].do: must have at least one action, such as notify." if length(rung.do) == 0],
    flatten([for index, rung in local.rungs : [
      for action in rung.do : "billing_plan.rungs[${index}].do: there is no action ${jsonencode(action)}; there are ${join(", ", local.actions)}."
      if !contains(local.actions, coalesce(action, "-"))
    ]]),
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].do: names an action twice." if length(distinct(rung.do)) < length(rung.do)],
    [for index, rung in local.rungs : "billing_plan.rungs[${index}].do: stop_live takes the service off the air; it needs billing_plan.allow_outage = true." if contains(rung.do, "stop_live") && var.billing_plan.allow_outage != true],
    local.plausibility.max_jump_ratio <= 1 ? ["billing_plan.plausibility.max_jump_ratio: must be above 1."] : [],
    local.plausibility.above_usd < 0 || local.not_cents[length(local.rungs)] ? ["billing_plan.plausibility.above_usd: must be 0 or more, in dollars and whole cents."] : [],
    local.plausibility.min_readings < 1 || local.plausibility.min_readings > local.most || floor(local.plausibility.min_readings) != local.plausibility.min_readings ? ["billing_plan.plausibility.min_readings: must be a whole number from 1 up."] : [],
  )

  plan = var.billing_plan == null ? null : { for field, value in {
    rungs        = local.rungs
    plausibility = var.billing_plan.plausibility == null ? null : { for field, value in var.billing_plan.plausibility : field => value if value != null }
    forecast     = var.billing_plan.forecast
    dry_run      = var.billing_plan.dry_run
    allow_outage = var.billing_plan.allow_outage
  } : field => value if value != null }
}

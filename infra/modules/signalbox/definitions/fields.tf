# Fields that do not exist. Terraform drops them while it converts, so they are looked for in what was written.
locals {
  service_fields = {
    ""             = ["listener_arn", "rule_arn", "slots", "capacity", "release", "strategy", "bake", "standby", "route_settle", "settle_guard", "arrival", "freeze_windows", "health", "smoke", "hooks", "guard", "pause_limit", "replacement", "drift", "mode", "alerts_topic_arn"]
    ".slots"       = ["blue", "green"]
    ".slots.*"     = ["asg", "target_group_arn"]
    ".capacity"    = ["min", "desired", "max"]
    ".release"     = ["parameter", "launch_template"]
    ".strategy"    = ["kind", "weight", "bake", "percent", "every", "steps"]
    ".step"        = ["weight", "bake", "approval"]
    ".approval"    = ["within", "else"]
    ".window"      = ["days", "from", "to", "zone", "reason"]
    ".health"      = ["within", "settle", "max_launch_failures"]
    ".smoke"       = ["url", "header", "status", "contains", "attempts"]
    ".hooks"       = ["before_traffic", "after_traffic", "within"]
    ".guard"       = ["alarms", "on_no_data", "checks"]
    ".check"       = ["metric", "max_percent", "max_ms", "max_ratio_to_live", "min_requests", "failures_allowed"]
    ".replacement" = ["confirm", "within", "max_in_window", "window", "hold_above_percent"]
    ".drift"       = ["every", "on_external_change"]
  }
  plan_fields = {
    ""              = ["rungs", "plausibility", "forecast", "dry_run", "allow_outage"]
    ".rung"         = ["at_usd", "do"]
    ".plausibility" = ["max_jump_ratio", "above_usd", "min_readings"]
  }

  # Every object that was written: where it is, what is in it, what may be.
  objects = concat(
    flatten([for name, service in var.given.services : concat(
      [{ at = "services.${name}", has = keys(service), may = local.service_fields[""] }],
      [for part in ["slots", "capacity", "release", "strategy", "health", "smoke", "hooks", "guard", "replacement", "drift"] :
      { at = "services.${name}.${part}", has = try(keys(service[part]), []), may = local.service_fields[".${part}"] }],
      [for slot in ["blue", "green"] :
      { at = "services.${name}.slots.${slot}", has = try(keys(service.slots[slot]), []), may = local.service_fields[".slots.*"] }],
      [for index, step in try(coalesce(service.strategy.steps), []) :
      { at = "services.${name}.strategy.steps[${index}]", has = try(keys(step), []), may = local.service_fields[".step"] }],
      [for index, step in try(coalesce(service.strategy.steps), []) :
      { at = "services.${name}.strategy.steps[${index}].approval", has = try(keys(step.approval), []), may = local.service_fields[".approval"] }],
      [for index, window in try(coalesce(service.freeze_windows), []) :
      { at = "services.${name}.freeze_windows[${index}]", has = try(keys(window), []), may = local.service_fields[".window"] }],
      [for index, check in try(coalesce(service.guard.checks), []) :
      { at = "services.${name}.guard.checks[${index}]", has = try(keys(check), []), may = local.service_fields[".check"] }],
    )]),
    var.given.billing_plan == null ? [] : concat(
      [{ at = "billing_plan", has = try(keys(var.given.billing_plan), []), may = local.plan_fields[""] }],
      [{ at = "billing_plan.plausibility", has = try(keys(var.given.billing_plan.plausibility), []), may = local.plan_fields[".plausibility"] }],
      [for index, rung in try(coalesce(var.given.billing_plan.rungs), []) :
      { at = "billing_plan.rungs[${index}]", has = try(keys(rung), []), may = local.plan_fields[".rung"] }],
    ),
  )

  unknown_fields = flatten([for object in local.objects : [
    for field in object.has : "${object.at}.${field}: there is no such field; there are ${join(", ", object.may)}." if !contains(object.may, field)
  ]])
}

# Durations, as people write them.
locals {
  durations = merge([for name, service in var.services : { for path, text in merge(
    {
      "bake"                = service.bake
      "standby"             = service.standby
      "route_settle"        = service.route_settle
      "settle_guard"        = service.settle_guard
      "pause_limit"         = service.pause_limit
      "health.within"       = local.parts[name].health.within
      "health.settle"       = local.parts[name].health.settle
      "hooks.within"        = local.parts[name].hooks.within
      "replacement.confirm" = local.parts[name].replacement.confirm
      "replacement.within"  = local.parts[name].replacement.within
      "replacement.window"  = local.parts[name].replacement.window
      "drift.every"         = local.parts[name].drift.every
      "strategy.bake"       = local.parts[name].strategy.bake
      "strategy.every"      = local.parts[name].strategy.every
    },
    { for index, step in local.parts[name].steps : "strategy.steps[${index}].bake" => step.bake },
    { for index, step in local.parts[name].steps : "strategy.steps[${index}].approval.within" => step.approval == null ? null : step.approval.within },
  ) : "services.${name}.${path}" => text if text != null }]...)

  seconds = { for path, text in local.durations : path => sum(concat([0], [
    for pair in regexall("([0-9]+)([hms])", text) : tonumber(pair[0]) * { h = 3600, m = 60, s = 1 }[pair[1]]
  ])) }

  wrong_durations = concat(
    [for path, text in local.durations : "${path}: is written like \"90s\", \"5m\" or \"1h30m\", in whole seconds, at most 30 days (720h)."
    if !can(regex("^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", text)) || text == "" || local.seconds[path] > 30 * 24 * 3600],
    [for name, service in var.services : "services.${name}.health.settle: must not be longer than health.within."
    if lookup(local.seconds, "services.${name}.health.settle", 30) > lookup(local.seconds, "services.${name}.health.within", 900)],
  )
}

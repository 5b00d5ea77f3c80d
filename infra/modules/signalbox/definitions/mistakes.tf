# What the functions would refuse and can be known here, in lists of sentences. A list with one value that is known
# only after apply, such as an ARN, is judged only then, as a whole: so what may hold such a value has its own list.

locals {
  wrong_values = concat(
    local.unknown_fields, local.wrong_names, local.wrong_capacities, local.wrong_words, local.wrong_numbers,
    local.wrong_checks, local.wrong_strategies, local.wrong_steps, local.wrong_durations, local.wrong_windows,
  )

  # A part that is left out has no fields, so that checks need not ask. By conditions and not by try(), which answers
  # unknown as soon as anything in the service is.
  parts = { for name, service in var.services : name => {
    capacity    = merge({ min = 1, desired = 1, max = 2 }, service.capacity == null ? {} : { for field, value in service.capacity : field => value if value != null })
    strategy    = service.strategy == null ? { kind = "all_at_once", weight = null, bake = null, percent = null, every = null, steps = null } : service.strategy
    steps       = service.strategy == null ? [] : service.strategy.steps == null ? [] : service.strategy.steps
    windows     = service.freeze_windows == null ? [] : service.freeze_windows
    health      = service.health == null ? { within = null, settle = null, max_launch_failures = null } : service.health
    hooks       = service.hooks == null ? { before_traffic = null, after_traffic = null, within = null } : service.hooks
    alarms      = service.guard == null ? [] : service.guard.alarms == null ? [] : service.guard.alarms
    checks      = service.guard == null ? [] : service.guard.checks == null ? [] : service.guard.checks
    on_no_data  = service.guard == null ? null : service.guard.on_no_data
    replacement = service.replacement == null ? { confirm = null, within = null, max_in_window = null, window = null, hold_above_percent = null } : service.replacement
    drift       = service.drift == null ? { every = null, on_external_change = null } : service.drift
  } }

  wrong_names = [for name in keys(var.services) : "services: the name ${jsonencode(name)} must be 1 to 64 letters, digits, '-', '_' and '.'." if !can(regex("^[A-Za-z0-9._-]{1,64}$", name))]

  wrong_routes = flatten([for name, service in var.services : concat(
    service.listener_arn == null && service.rule_arn == null ? ["services.${name}.listener_arn: is missing; give listener_arn, or rule_arn."] : [],
    service.listener_arn != null && service.rule_arn != null ? ["services.${name}.rule_arn: give either listener_arn or rule_arn, not both."] : [],
    service.listener_arn == null || can(regex("^arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:listener/app/[!-~]+$", coalesce(service.listener_arn, "-"))) ? [] : ["services.${name}.listener_arn: must be the ARN of an Application Load Balancer's listener, arn:aws:elasticloadbalancing:<region>:<account>:listener/app/…"],
    service.rule_arn == null || can(regex("^arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:listener-rule/app/[!-~]+$", coalesce(service.rule_arn, "-"))) ? [] : ["services.${name}.rule_arn: must be the ARN of an Application Load Balancer's listener rule, arn:aws:elasticloadbalancing:<region>:<account>:listener-rule/app/…"],
  )])

  wrong_groups = flatten([for name, service in var.services : concat(
    [for slot, of in service.slots : "services.${name}.slots.${slot}.asg: must be the name of an Auto Scaling group, 1 to 255 characters, not its ARN." if !can(regex("^[^:[:cntrl:]]{1,255}$", of.asg))],
    service.slots.blue.asg == service.slots.green.asg ? ["services.${name}.slots.green.asg: is blue's group too; each slot needs a group of its own."] : [],
  )])

  wrong_target_groups = flatten([for name, service in var.services : concat(
    [for slot, of in service.slots : "services.${name}.slots.${slot}.target_group_arn: must be an ARN like arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/…" if !can(regex("^arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:targetgroup/[!-~]+$", of.target_group_arn))],
    service.slots.blue.target_group_arn == service.slots.green.target_group_arn ? ["services.${name}.slots.green.target_group_arn: is blue's target group too; each slot needs one of its own."] : [],
  )])

  wrong_topics = [for name, service in var.services : "services.${name}.alerts_topic_arn: must be an ARN like arn:aws:sns:<region>:<account>:…" if service.alerts_topic_arn != null && !can(regex("^arn:[^:]+:sns:[^:]*:[^:]*:[!-~]+$", service.alerts_topic_arn))]

  wrong_capacities = flatten([for name, part in local.parts : concat(
    [for field, value in part.capacity : "services.${name}.capacity.${field}: must be a whole number from 0 up." if value < 0 || floor(value) != value],
    part.capacity.desired < 1 ? ["services.${name}.capacity.desired: must be at least 1; a live slot without instances serves nobody."] : [],
    part.capacity.min > part.capacity.desired ? ["services.${name}.capacity.min: must not be above capacity.desired (${part.capacity.desired})."] : [],
    part.capacity.desired > part.capacity.max ? ["services.${name}.capacity.max: must not be below capacity.desired (${part.capacity.desired})."] : [],
  )])

  wrong_releases = flatten([for name, service in var.services : concat(
    service.release.parameter == null && service.release.launch_template == null ? ["services.${name}.release: give parameter (a name with {slot} in it) or launch_template (true)."] : [],
    service.release.parameter != null && service.release.launch_template != null ? ["services.${name}.release: give either parameter or launch_template, not both."] : [],
    service.release.launch_template == false ? ["services.${name}.release.launch_template: can only be true; else give release.parameter."] : [],
    service.release.parameter == null ? [] : concat(
      strcontains(service.release.parameter, "{slot}") ? [] : ["services.${name}.release.parameter: must contain {slot}, so that each slot's instances read their own release."],
      can(regex("^[A-Za-z0-9/._-]{1,1000}$", replace(service.release.parameter, "{slot}", "green"))) ? [] : ["services.${name}.release.parameter: must be a Parameter Store name: letters, digits, '/', '.', '-' and '_'."],
    ),
  )])

  # Words that must be one of a few.
  words = flatten([for name, service in var.services : concat([
    { at = "services.${name}.arrival", is = service.arrival, may = ["reject", "queue_latest", "supersede"] },
    { at = "services.${name}.mode", is = service.mode, may = ["act", "observe"] },
    { at = "services.${name}.strategy.kind", is = local.parts[name].strategy.kind, may = keys(local.strategy_fields) },
    { at = "services.${name}.guard.on_no_data", is = local.parts[name].on_no_data, may = ["pass", "fail", "pause"] },
    { at = "services.${name}.drift.on_external_change", is = local.parts[name].drift.on_external_change, may = ["alert", "correct"] },
    ],
    [for index, check in local.parts[name].checks : { at = "services.${name}.guard.checks[${index}].metric", is = check.metric, may = ["error_rate", "latency_p95_ms", "requests"] }],
    [for index, step in local.parts[name].steps : { at = "services.${name}.strategy.steps[${index}].approval.else", is = step.approval == null ? null : step.approval.else, may = ["rollback", "promote"] }],
  )])
  wrong_words = [for word in local.words : "${word.at}: must be one of ${join(", ", word.may)}." if word.is != null && !contains(word.may, coalesce(word.is, "-"))]

  # Numbers with their limits; whole ones say so.
  numbers = flatten([for name, service in var.services : concat([
    { at = "services.${name}.health.max_launch_failures", is = local.parts[name].health.max_launch_failures, low = 0, high = 20, whole = true },
    { at = "services.${name}.smoke.status", is = service.smoke == null ? null : service.smoke.status, low = 100, high = 599, whole = true },
    { at = "services.${name}.smoke.attempts", is = service.smoke == null ? null : service.smoke.attempts, low = 1, high = 20, whole = true },
    { at = "services.${name}.replacement.max_in_window", is = local.parts[name].replacement.max_in_window, low = 0, high = local.most, whole = true },
    { at = "services.${name}.replacement.hold_above_percent", is = local.parts[name].replacement.hold_above_percent, low = 0, high = 100, whole = true },
    ],
    [for index, check in local.parts[name].checks : [
      { at = "services.${name}.guard.checks[${index}].max_percent", is = check.max_percent, low = 0, high = 100, whole = false },
      { at = "services.${name}.guard.checks[${index}].max_ratio_to_live", is = check.max_ratio_to_live, low = 1, high = 1000, whole = false },
      { at = "services.${name}.guard.checks[${index}].max_ms", is = check.max_ms, low = 0, high = local.most, whole = true },
      { at = "services.${name}.guard.checks[${index}].min_requests", is = check.min_requests, low = 0, high = local.most, whole = true },
      { at = "services.${name}.guard.checks[${index}].failures_allowed", is = check.failures_allowed, low = 0, high = local.most, whole = true },
    ]],
  )])
  most          = 4294967295 # what the functions' integers hold
  wrong_numbers = [for number in local.numbers : "${number.at}: must be ${number.whole ? "a whole number" : "a number"} ${number.high == local.most ? "from ${number.low} up" : "from ${number.low} to ${number.high}"}." if number.is == null ? false : number.is < number.low || number.is > number.high || number.whole && floor(number.is) != number.is]

  wrong_smokes = [for name, service in var.services : "services.${name}.smoke.url: must begin with http:// or https://." if service.smoke == null ? false : !can(regex("^https?://", service.smoke.url))]

  wrong_hooks = flatten([for name, service in var.services : concat(
    service.hooks == null ? [] : service.hooks.before_traffic == null && service.hooks.after_traffic == null ? ["services.${name}.hooks: give before_traffic or after_traffic, or leave hooks out."] : [],
    [for field in ["before_traffic", "after_traffic"] : "services.${name}.hooks.${field}: must be the name or the ARN of a Lambda function." if local.parts[name].hooks[field] == null ? false : !can(regex("^[A-Za-z0-9_:$-]{1,170}$", local.parts[name].hooks[field]))],
  )])

  # What a check may be limited by. A metric that does not exist is told once, above.
  check_limits = { error_rate = "max_percent", latency_p95_ms = "max_ms" }
  wrong_checks = flatten([for name, part in local.parts : concat(
    length(part.checks) > 20 ? ["services.${name}.guard.checks: must be at most 20."] : [],
    [for index, check in part.checks : concat(
      [for metric, limit in local.check_limits : "services.${name}.guard.checks[${index}].${limit}: is a limit of ${metric} alone." if check[limit] != null && check.metric != metric],
      check.metric != "requests" ? [] : concat(
        check.max_ratio_to_live != null ? ["services.${name}.guard.checks[${index}].max_ratio_to_live: does not limit requests, which take min_requests alone."] : [],
        check.min_requests == null || check.min_requests == 0 ? ["services.${name}.guard.checks[${index}].min_requests: is required: how many requests there must have been."] : [],
      ),
      [for metric, limit in local.check_limits : "services.${name}.guard.checks[${index}].${limit}: is required, or max_ratio_to_live: without a limit nothing can fail." if check.metric == metric && check[limit] == null && check.max_ratio_to_live == null],
    )],
  )])

  wrong_alarms = flatten([for name, part in local.parts : concat(
    length(part.alarms) > 100 ? ["services.${name}.guard.alarms: must be at most 100 names, as many as CloudWatch describes at once."] : [],
    [for index, alarm in part.alarms : "services.${name}.guard.alarms[${index}]: must be an alarm's name, 1 to 255 characters, not its ARN." if !can(regex("^[^[:cntrl:]]{1,255}$", alarm)) || startswith(alarm, "arn:")],
    [for index, alarm in part.alarms : "services.${name}.guard.alarms[${index}]: is named twice." if contains(slice(part.alarms, 0, index), alarm)],
  )])
}

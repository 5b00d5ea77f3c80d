# What wakes the functions. Events are nudges: a rule that is too wide costs an invocation, one too narrow a minute.

locals {
  # Rules of one service carry its name; a pattern holds 2,048 characters, which seven names of 255 fit into.
  names_per_rule = 7

  heartbeats = { for function, of in local.installed : "${function}-heartbeat" => {
    function = function
    schedule = of.heartbeat
    pattern  = null
  } if of.heartbeat != null }

  # What is owed of reports, a mail that was throttled perhaps. Not the heartbeat, which is the digest.
  resends = { for function in keys(local.installed) : "${function}-resend" => {
    function = function
    schedule = "rate(15 minutes)"
    pattern  = null
    input    = jsonencode({ command = "resend" })
  } if function == "reporter" }

  requests = { for function, of in local.installed : "${function}-requests" => {
    function = function
    schedule = null
    pattern  = { source = ["signalbox.ci"], detail-type = of.requests, detail = null }
  } if length(of.requests) > 0 }

  guards = { for name, service in local.services : name => service.guard == null ? [] : service.guard.alarms == null ? [] : service.guard.alarms }

  # Not by chunklist(): a name that is known only after apply would make the number of rules unknown.
  alarms = merge([for function, of in local.installed : merge([
    for name, alarms in local.guards : {
      for rule in range(ceil(length(alarms) / local.names_per_rule)) :
      "${function}-alarms-${name}${rule == 0 ? "" : "-${rule}"}" => {
        function = function
        schedule = null
        pattern = {
          source      = ["aws.cloudwatch"],
          detail-type = ["CloudWatch Alarm State Change"],
          detail      = { alarmName = [for index, alarm in alarms : alarm if floor(index / local.names_per_rule) == rule] }
        }
      }
    }
  ]...) if of.alarms]...)

  scaling = merge([for function, of in local.installed : {
    for name, service in local.services : "${function}-scaling-${name}" => {
      function = function
      schedule = null
      pattern  = { source = ["aws.autoscaling"], detail-type = of.scaling, detail = { AutoScalingGroupName = [service.slots.blue.asg, service.slots.green.asg] } }
    }
  } if length(of.scaling) > 0]...)

  # What is wrong with an instance shows in alarms on the target groups and groups, whether they guard anything or
  # not. A list in the event is looked into, metric by metric. One on a single instance comes by the topic.
  symptoms = merge(flatten([for function, of in local.installed : [
    for name, service in local.services : {
      for kind, dimensions in {
        targets = { TargetGroup = [for slot in [service.slots.blue, service.slots.green] : element(split(":", slot.target_group_arn), 5)] }
        groups  = { AutoScalingGroupName = [service.slots.blue.asg, service.slots.green.asg] }
        } : "${function}-${kind}-${name}" => {
        function = function
        schedule = null
        pattern = {
          source      = ["aws.cloudwatch"],
          detail-type = ["CloudWatch Alarm State Change"],
          detail      = { configuration = { metrics = { metricStat = { metric = { dimensions = dimensions } } } } }
        }
      }
    }
  ] if contains(of.may, "replace")])...)

  # These do not name a group, so all of the account's arrive; instances of no service are ignored.
  instances = { for rule, pattern in {
    replacer-notices = { source = ["aws.ec2"], detail-type = ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"], detail = null }
    # An instance that starts is told by its group.
    replacer-states = { source = ["aws.ec2"], detail-type = ["EC2 Instance State-change Notification"], detail = { state = ["stopping", "stopped", "shutting-down", "terminated"] } }
    replacer-health = { source = ["aws.health"], detail-type = ["AWS Health Event"], detail = { service = ["EC2"], eventTypeCategory = ["scheduledChange"] } }
  } : rule => { function = "replacer", schedule = null, pattern = pattern } if contains(var.functions, "replacer") }

  rules = merge(local.heartbeats, local.resends, local.requests, local.alarms, local.symptoms, local.scaling, local.instances)

  rule_arns = { for function, name in local.function_names : function => "arn:${local.partition}:events:${local.region}:${local.account}:rule/${name}-*" }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  # A name ends at 64 characters; a longer one keeps its beginning and is told apart by its end.
  name                = length("${var.name}-${each.key}") <= 64 ? "${var.name}-${each.key}" : "${substr("${var.name}-${each.key}", 0, 55)}-${substr(md5(each.key), 0, 8)}"
  description         = "Signalbox: wakes the ${each.value.function}"
  schedule_expression = each.value.schedule
  event_pattern       = each.value.pattern == null ? null : jsonencode({ for key, value in each.value.pattern : key => value if value != null })
}

# A classic rule's `Scheduled Event` is a heartbeat as it is: no Scheduler, no role of its own, no payload. Only a
# command has an input.
resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule  = aws_cloudwatch_event_rule.this[each.key].name
  arn   = aws_lambda_function.this[each.value.function].arn
  input = lookup(each.value, "input", null)

  retry_policy {
    maximum_event_age_in_seconds = 300
    maximum_retry_attempts       = 185 # as often as there is time for
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[each.value.function].arn
  }
}

# One for all rules of a function: a function's policy holds 20 KB, which a statement for each rule would fill.
resource "aws_lambda_permission" "rules" {
  for_each = local.installed

  function_name = aws_lambda_function.this[each.key].function_name
  statement_id  = "rules"
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = local.rule_arns[each.key]
}

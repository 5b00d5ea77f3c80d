# Alarms about Signalbox itself. They go to the alerts topic; a function that hears of them ignores them, since
# they guard no service.

locals {
  # Failures that do not pass by themselves, by the error type that the functions log, with what to do.
  failures = {
    InvalidDefinition = "A service's definition cannot be used: nothing moves it until it is corrected. The log names the field."
    MalformedEvent    = "An event could not be read; it is in the function's dead-letter queue. The log names the field."
    NewerSchema       = "A record was written by a newer version: update this function. Until then it writes nothing."
    UndefinedService  = "An operation is under way for a service whose definition is gone: define it again to let it end."
    UnrecognizedEvent = "Something is sent to a function that it does not accept. The log names its source and detail-type."
    UntrustedSource   = "A message came through a topic that is not trusted. The log names the topic: remove that subscription."
  }
}

resource "aws_cloudwatch_log_metric_filter" "failures" {
  for_each = local.installed

  name           = "${local.function_names[each.key]}-failures"
  log_group_name = aws_cloudwatch_log_group.function[each.key].name
  pattern        = "{ $.error_type = \"*\" }"

  metric_transformation {
    namespace  = "Signalbox"
    name       = "Failures"
    value      = "1"
    unit       = "Count"
    dimensions = { ErrorType = "$.error_type" }
  }
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  for_each = local.failures

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value
  namespace           = "Signalbox"
  metric_name         = "Failures"
  dimensions          = { ErrorType = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alerts_topic_arn]
  ok_actions          = [local.alerts_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.installed

  alarm_name        = "${local.function_names[each.key]}-errors"
  alarm_description = "${local.function_names[each.key]} fails. Its log says why; nothing that was decided is lost."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions        = { FunctionName = local.function_names[each.key] }
  statistic         = "Sum"
  period            = 60
  # Where a heartbeat comes every minute, one throttled call is repaired by the next and wakes nobody.
  evaluation_periods  = each.value.silent_after == 300 ? 5 : 1
  datapoints_to_alarm = each.value.silent_after == 300 ? 3 : 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alerts_topic_arn]
  ok_actions          = [local.alerts_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = local.installed

  alarm_name          = "${local.function_names[each.key]}-dead-letters"
  alarm_description   = "Events that ${local.function_names[each.key]} could not handle wait in its dead-letter queue. It stays red until the queue is empty."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[each.key].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # an idle queue reports nothing
  alarm_actions       = [local.alerts_topic_arn]
  ok_actions          = [local.alerts_topic_arn]
}

# The dead man's switch: a function that stopped beating says nothing, and neither would any other alarm.
resource "aws_cloudwatch_metric_alarm" "silent" {
  for_each = { for function, of in local.installed : function => of if of.silent_after != null }

  alarm_name          = "${local.function_names[each.key]}-silent"
  alarm_description   = "${local.function_names[each.key]} has had no heartbeat for ${each.value.silent_after / 60} minutes: nobody guards what it guards. Red after installation until the first."
  namespace           = "Signalbox"
  metric_name         = "Heartbeats"
  dimensions          = { Function = each.key }
  statistic           = "Sum"
  period              = each.value.silent_after / (each.value.silent_after == 300 ? 5 : 2)
  evaluation_periods  = each.value.silent_after == 300 ? 5 : 2
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [local.alerts_topic_arn]
  ok_actions          = [local.alerts_topic_arn]
}

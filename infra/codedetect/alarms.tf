# Alarms per slot, of the load balancer, the database and the file system. Each is published to the alerts
# topic when it fires and when it is over.
#
# Missing data: an idle slot has no instances, no targets and no requests, and that is as it should be. So the
# slots' alarms take silence as good, and codedetect-prod-no-healthy-target asks the one question that silence
# must not answer: does anybody serve? The database always measures itself; its silence is bad.

locals {
  alarm_actions = [aws_sns_topic.alerts.arn]

  # What guards a deployment. The slots' own alarms may be added to it.
  guard_alarms = concat(
    [aws_cloudwatch_metric_alarm.alb_5xx.alarm_name],
    var.report_alarm.guards ? values(module.signalbox.report_alarm_names) : [],
  )

  slot_dimensions = { for slot in keys(local.slots) : slot => {
    LoadBalancer = aws_lb.main.arn_suffix
    TargetGroup  = aws_lb_target_group.slot[slot].arn_suffix
  } }
}

resource "aws_cloudwatch_metric_alarm" "cpu" {
  for_each = local.slots

  alarm_name          = "${local.name}-${each.key}-cpu"
  alarm_description   = "Instances of the ${each.key} slot use more than 80 % of their CPU. Scaling should have helped by now: look at the maximum."
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  dimensions          = { AutoScalingGroupName = local.group_names[each.key] }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 2
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # an idle slot has no instances
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "memory" {
  for_each = local.slots

  alarm_name          = "${local.name}-${each.key}-memory"
  alarm_description   = "Instances of the ${each.key} slot use more than 80 % of their memory."
  namespace           = local.metrics_namespace
  metric_name         = "mem_used_percent"
  dimensions          = { AutoScalingGroupName = local.group_names[each.key] }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # an idle slot has no instances
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "unhealthy_targets" {
  for_each = local.slots

  alarm_name          = "${local.name}-${each.key}-unhealthy-targets"
  alarm_description   = "The load balancer calls a target of the ${each.key} slot unhealthy. Signalbox replaces it, or takes a deployment back."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "UnHealthyHostCount"
  dimensions          = local.slot_dimensions[each.key]
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # without targets nothing is counted
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "slot_5xx" {
  for_each = local.slots

  alarm_name          = "${local.name}-${each.key}-5xx"
  alarm_description   = "More than 5 % of the answers of the ${each.key} slot are 5xx, of at least 20 a minute."
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # no requests, no errors
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "percent"
    label       = "5xx, percent of requests"
    expression  = "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "HTTPCode_Target_5XX_Count", requests = "RequestCount" }
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        dimensions  = local.slot_dimensions[each.key]
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  for_each = local.slots

  alarm_name                            = "${local.name}-${each.key}-latency-p95"
  alarm_description                     = "One of twenty answers of the ${each.key} slot takes longer than ${var.latency_p95_seconds} s."
  namespace                             = "AWS/ApplicationELB"
  metric_name                           = "TargetResponseTime"
  dimensions                            = local.slot_dimensions[each.key]
  extended_statistic                    = "p95"
  period                                = 60
  evaluation_periods                    = 5
  datapoints_to_alarm                   = 3
  threshold                             = var.latency_p95_seconds
  comparison_operator                   = "GreaterThanThreshold"
  treat_missing_data                    = "notBreaching" # no requests, none slow
  evaluate_low_sample_count_percentiles = "ignore"       # a percentile of a handful of requests says nothing
  alarm_actions                         = local.alarm_actions
  ok_actions                            = local.alarm_actions
}

# The guard: what a release can do to clients, whichever slot answers. The load balancer's own 503 (a group
# without targets) is left out: the header route is public, and whoever asks for the idle slot gets one, so that
# six requests a minute could stop or take back any deployment. Slots without targets are Signalbox's to see.
resource "aws_cloudwatch_metric_alarm" "alb_5xx" {
  alarm_name          = "${local.name}-alb-5xx"
  alarm_description   = "Clients got more than ${var.errors_per_minute} answers a minute that were 5xx of the application, or 502 or 504 because it did not answer. Guards deployments."
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = var.errors_per_minute
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # the counters exist only in minutes that had such an answer
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "errors"
    label       = "Failed answers a minute"
    expression  = "SUM(METRICS())" # and not a + b: a counter that says nothing would silence the others
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { application = "HTTPCode_Target_5XX_Count", broken = "HTTPCode_ELB_502_Count", late = "HTTPCode_ELB_504_Count" }
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        dimensions  = { LoadBalancer = aws_lb.main.arn_suffix }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "no_healthy_target" {
  alarm_name          = "${local.name}-no-healthy-target"
  alarm_description   = "No slot has a healthy target: the application is down."
  evaluation_periods  = 2
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching" # no report from either is no target in either
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "healthy"
    label       = "Healthy targets of both slots"
    expression  = "SUM(METRICS())" # an empty group reports nothing, not 0
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.slot_dimensions
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = "HealthyHostCount"
        dimensions  = metric_query.value
        stat        = "Maximum" # every zone of the load balancer reports, and one of them may know no target
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "db_free_storage" {
  alarm_name          = "${local.name}-db-free-storage"
  alarm_description   = "The database has less than 4 GiB left, or has stopped reporting. It grows by itself when a tenth is left, up to 50 GB: look what fills it."
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 2
  threshold           = 4 * 1024 * 1024 * 1024
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching" # a running database measures itself every minute
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "db_connections" {
  alarm_name          = "${local.name}-db-connections"
  alarm_description   = "The database has more than ${var.db_connections_limit} connections; soon it refuses new ones. During a deployment both slots hold theirs."
  namespace           = "AWS/RDS"
  metric_name         = "DatabaseConnections"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = var.db_connections_limit
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # a silent database is told once, by the alarm above
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "efs_burst_credits" {
  alarm_name          = "${local.name}-efs-burst-credits"
  alarm_description   = "The file system's burst credits are below 192 GiB, about half an hour of bursting. Then it is as slow as its size allows."
  namespace           = "AWS/EFS"
  metric_name         = "BurstCreditBalance"
  dimensions          = { FileSystemId = aws_efs_file_system.main.id }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 192 * 1024 * 1024 * 1024
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "notBreaching" # measured only while something has it mounted
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "efs_throughput" {
  alarm_name          = "${local.name}-efs-throughput"
  alarm_description   = "The file system uses more than 80 % of the throughput that it is permitted at the moment."
  evaluation_periods  = 3
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # no traffic, no measurement
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "percent"
    label       = "Percent of permitted throughput"
    expression  = "100 * (metered / PERIOD(metered)) / permitted"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      metered   = { name = "MeteredIOBytes", stat = "Sum" }
      permitted = { name = "PermittedThroughput", stat = "Average" }
    }
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/EFS"
        metric_name = metric_query.value.name
        dimensions  = { FileSystemId = aws_efs_file_system.main.id }
        stat        = metric_query.value.stat
        period      = 300
      }
    }
  }
}

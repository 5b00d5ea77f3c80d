locals {
  beating = [for function, of in local.installed : function if of.silent_after != null]

  # Sent to the console by CloudWatch whenever the dashboard is opened or refreshed.
  console_widget = contains(var.functions, "console") ? [{
    type   = "custom"
    width  = 24
    height = 9
    properties = {
      title    = "Services"
      endpoint = aws_lambda_function.this["console"].arn
      updateOn = { refresh = true, resize = false, timeRange = false }
    }
  }] : []

  metric_widgets = [
    {
      title   = "Deployments, rollbacks and replacements"
      stat    = "Sum"
      period  = 3600
      metrics = [for name in ["Deployments", "Rollbacks", "Replacements"] : [{ expression = "SEARCH('{Signalbox,Function,Service} MetricName=\"${name}\"', 'Sum', 3600)", label = "${name} $${PROP('Dim.Service')} by $${PROP('Dim.Function')}" }]]
    },
    {
      title   = "Looks"
      stat    = "Sum"
      period  = 300
      metrics = [for function in keys(local.installed) : ["Signalbox", "Looks", "Function", function]]
    },
    {
      title   = "Time of a look, 95th percentile (ms)"
      stat    = "p95"
      period  = 300
      metrics = [for function in keys(local.installed) : ["Signalbox", "LookMilliseconds", "Function", function]]
    },
    {
      title   = "Heartbeats"
      stat    = "Sum"
      period  = 300
      metrics = length(local.beating) == 0 ? [["Signalbox", "Heartbeats", "Function", "none"]] : [for function in local.beating : ["Signalbox", "Heartbeats", "Function", function]]
    },
    {
      title   = "Failures by type"
      stat    = "Sum"
      period  = 300
      metrics = [[{ expression = "SEARCH('{Signalbox,ErrorType} MetricName=\"Failures\"', 'Sum', 300)", label = "$${PROP('Dim.ErrorType')}" }]]
    },
    {
      title   = "Dead letters"
      stat    = "Maximum"
      period  = 300
      metrics = [for queue in aws_sqs_queue.dead_letters : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name]]
    },
  ]
}

locals {
  report_widgets = local.has_reporter ? [{
    title   = "Bugs that users report, by release"
    stat    = "Sum"
    period  = 300
    metrics = [[{ expression = "SEARCH('{Signalbox,service,release} MetricName=\"BugReports\"', 'Sum', 300)", label = "$${PROP('Dim.service')} $${PROP('Dim.release')}" }]]
  }] : []
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(local.console_widget, [for widget in concat(local.metric_widgets, local.report_widgets) : {
      type   = "metric"
      width  = 8
      height = 6
      properties = {
        title   = widget.title
        region  = local.region
        view    = "timeSeries"
        stat    = widget.stat
        period  = widget.period
        metrics = widget.metrics
      }
    }])
  })
}

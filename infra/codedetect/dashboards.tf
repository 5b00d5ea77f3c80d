locals {
  colours = { blue = "#1f77b4", green = "#2ca02c" }

  # [namespace, metric, dimension, value, ..., options]: one line of a graph per slot.
  slot_lines = { for metric, stat in {
    RequestCount              = "Sum"
    HTTPCode_Target_5XX_Count = "Sum"
    TargetResponseTime        = "p95"
    HealthyHostCount          = "Maximum"
    UnHealthyHostCount        = "Maximum"
    } : metric => [for slot in keys(local.slots) : [
      "AWS/ApplicationELB", metric,
      "TargetGroup", aws_lb_target_group.slot[slot].arn_suffix,
      "LoadBalancer", aws_lb.main.arn_suffix,
      { stat = stat, label = slot, color = local.colours[slot] },
  ]] }

  group_lines = { for metric, namespace in {
    CPUUtilization          = "AWS/EC2"
    CPUCreditBalance        = "AWS/EC2"
    GroupInServiceInstances = "AWS/AutoScaling"
    mem_used_percent        = local.metrics_namespace
    } : metric => [for slot in keys(local.slots) : [
      namespace, metric, "AutoScalingGroupName", local.group_names[slot],
      { label = slot, color = local.colours[slot] },
  ]] }

  dashboards = {
    application = [
      { title = "Requests a minute", period = 60, metrics = local.slot_lines.RequestCount },
      { title = "5xx answers a minute", period = 60, metrics = concat(local.slot_lines.HTTPCode_Target_5XX_Count, [
        ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", aws_lb.main.arn_suffix, { stat = "Sum", label = "load balancer", color = "#d62728" }],
      ]) },
      { title = "Response time, 95th percentile, seconds", period = 60, metrics = local.slot_lines.TargetResponseTime },
      { title = "Healthy targets", period = 60, metrics = local.slot_lines.HealthyHostCount },
      { title = "Unhealthy targets", period = 60, metrics = local.slot_lines.UnHealthyHostCount },
      { title = "Instances in service", period = 60, metrics = local.group_lines.GroupInServiceInstances },
    ]

    infrastructure = [
      { title = "CPU, percent", period = 300, metrics = local.group_lines.CPUUtilization },
      { title = "CPU credits", period = 300, metrics = local.group_lines.CPUCreditBalance },
      { title = "Memory, percent", period = 60, metrics = local.group_lines.mem_used_percent },
      { title = "Database: CPU percent and connections", period = 60, metrics = [
        ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", aws_db_instance.main.identifier, { label = "CPU" }],
        ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", aws_db_instance.main.identifier, { label = "connections", yAxis = "right" }],
      ] },
      { title = "Database: free storage and memory, bytes", period = 300, metrics = [
        ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", aws_db_instance.main.identifier, { label = "storage" }],
        ["AWS/RDS", "FreeableMemory", "DBInstanceIdentifier", aws_db_instance.main.identifier, { label = "memory", yAxis = "right" }],
      ] },
      { title = "File system: bytes and burst credits", period = 300, metrics = [
        ["AWS/EFS", "MeteredIOBytes", "FileSystemId", aws_efs_file_system.main.id, { stat = "Sum", label = "bytes" }],
        ["AWS/EFS", "BurstCreditBalance", "FileSystemId", aws_efs_file_system.main.id, { stat = "Minimum", label = "credits", yAxis = "right" }],
      ] },
    ]

    # AWS/Billing exists in us-east-1 alone, and only after "Receive CloudWatch billing alerts" was switched on.
    cost = [
      { title = "Month to date, whole account, USD", period = 21600, region = "us-east-1", metrics = [
        ["AWS/Billing", "EstimatedCharges", "Currency", "USD", { stat = "Maximum", label = "all services" }],
      ] },
      { title = "Month to date by service, USD", period = 21600, region = "us-east-1", metrics = [
        [{ expression = "SEARCH('{AWS/Billing,Currency,ServiceName} MetricName=\"EstimatedCharges\"', 'Maximum', 21600)", region = "us-east-1" }],
      ] },
      { title = "What moves the bill: instances in service", period = 3600, metrics = local.group_lines.GroupInServiceInstances },
      { title = "What moves the bill: load balancer capacity units", period = 3600, metrics = [
        ["AWS/ApplicationELB", "ConsumedLCUs", "LoadBalancer", aws_lb.main.arn_suffix, { stat = "Sum" }],
      ] },
    ]
  }
}

resource "aws_cloudwatch_dashboard" "main" {
  for_each = local.dashboards

  dashboard_name = "${local.name}-${each.key}"
  dashboard_body = jsonencode({
    widgets = [for index, graph in each.value : {
      type   = "metric"
      x      = (index % 3) * 8
      y      = floor(index / 3) * 6
      width  = 8
      height = 6
      properties = {
        title   = graph.title
        region  = lookup(graph, "region", var.region)
        period  = graph.period
        view    = "timeSeries"
        stacked = false
        metrics = graph.metrics
      }
    }]
  })
}

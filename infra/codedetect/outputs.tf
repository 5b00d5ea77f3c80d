# --- what the Signalbox module needs ------------------------------------------------------------

output "service" {
  description = "Name of the service in Signalbox."
  value       = var.project
}

output "listener_arn" {
  description = "The listener whose weights Signalbox moves."
  value       = aws_lb_listener.live.arn
}

output "slots" {
  description = "Auto Scaling group and target group of each slot, as in a service definition."
  value = { for slot in keys(local.slots) : slot => {
    asg              = aws_autoscaling_group.slot[slot].name
    target_group_arn = aws_lb_target_group.slot[slot].arn
  } }
}

output "release_parameter" {
  description = "Name pattern of the release parameters."
  value       = local.release_parameter
}

output "guard_alarms" {
  description = "Alarms that take a deployment back."
  value       = local.guard_alarms
}

output "alarms" {
  description = "Every alarm of the stack."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.cpu : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.memory : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.unhealthy_targets : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.slot_5xx : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.latency : alarm.alarm_name],
    [
      aws_cloudwatch_metric_alarm.alb_5xx.alarm_name,
      aws_cloudwatch_metric_alarm.no_healthy_target.alarm_name,
      aws_cloudwatch_metric_alarm.db_free_storage.alarm_name,
      aws_cloudwatch_metric_alarm.db_connections.alarm_name,
      aws_cloudwatch_metric_alarm.efs_burst_credits.alarm_name,
      aws_cloudwatch_metric_alarm.efs_throughput.alarm_name,
    ],
  ))
}

output "alerts_topic_arn" {
  description = "Topic of alarms and notices."
  value       = aws_sns_topic.alerts.arn
}

output "smoke_url" {
  description = "Health check through the load balancer. With the header x-signalbox-slot it reaches one slot alone."
  value       = "${local.url}${local.health_path}"
}

# --- what people need ---------------------------------------------------------------------------

output "url" {
  description = "Where the application is."
  value       = local.url
}

output "repository_url" {
  description = "Where images are pushed."
  value       = aws_ecr_repository.app.repository_url
}

output "ci_role_arn" {
  description = "Role for the workflow that deploys; null without github_repository."
  value       = one(aws_iam_role.ci[*].arn)
}

output "state_bucket" {
  description = "Bucket for this configuration's state."
  value       = aws_s3_bucket.kept["state"].id
}

output "uploads_bucket" {
  description = "Bucket of the application."
  value       = aws_s3_bucket.kept["uploads"].id
}

output "database_endpoint" {
  description = "Host and port of the database, reachable from the instances alone."
  value       = aws_db_instance.main.endpoint
}

output "dashboards" {
  description = "Names of the dashboards."
  value       = [for dashboard in aws_cloudwatch_dashboard.main : dashboard.dashboard_name]
}

locals {
  url = local.https && var.domain != null ? "https://${var.domain}" : "${local.https ? "https" : "http"}://${aws_lb.main.dns_name}"
}

output "table_name" {
  description = "The table, as the CLI's `--table` and SIGNALBOX_TABLE want it."
  value       = aws_dynamodb_table.this.name
}

output "table_arn" {
  description = "The table's ARN."
  value       = aws_dynamodb_table.this.arn
}

output "function_names" {
  description = "The installed functions' names, by function."
  value       = { for function, lambda in aws_lambda_function.this : function => lambda.function_name }
}

output "function_arns" {
  description = "Their ARNs, by function."
  value       = { for function, lambda in aws_lambda_function.this : function => lambda.arn }
}

output "role_arns" {
  description = "Their roles, by function."
  value       = { for function, role in aws_iam_role.function : function => role.arn }
}

output "dead_letter_queue_urls" {
  description = "Their dead-letter queues, by function."
  value       = { for function, queue in aws_sqs_queue.dead_letters : function => queue.url }
}

output "alerts_topic_arn" {
  description = "The topic of notices and alarms, created here or given."
  value       = local.alerts_topic_arn
}

output "reports_topic_arn" {
  description = "The topic that bug reports are published to; null without the reporter."
  value       = one(aws_sns_topic.reports[*].arn)
}

output "billing_topic_arn" {
  description = "The topic in us-east-1 for Budgets to publish to; null without billing-guard."
  value       = one(aws_sns_topic.billing[*].arn)
  # Who is told of the topic may publish to it from then on.
  depends_on = [aws_sns_topic_policy.billing]
}

output "report_url" {
  description = "Where bug reports are posted to; null without the reporter."
  value       = one(aws_lambda_function_url.reporter[*].function_url)
}

output "report_form_html" {
  description = "A page with a form that posts there; null without the reporter."
  value       = local.report_form_html
}

output "report_alarm_names" {
  description = "The alarms on bug reports, by service, for `guard.alarms`."
  value       = local.report_alarm_names
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "on_call_policy_arn" {
  description = "A policy for on-call: invoke the rollback function, read status, logs and dashboard."
  value       = aws_iam_policy.on_call.arn
}

output "on_call_policy_json" {
  description = "The same as a document, for a permission set."
  value       = data.aws_iam_policy_document.on_call.json
}

output "operator_policy_arn" {
  description = "A policy for operators: what on-call may, and the commands of deployer, replacer and billing-guard."
  value       = aws_iam_policy.operator.arn
}

output "operator_policy_json" {
  description = "The same as a document."
  value       = data.aws_iam_policy_document.operator.json
}

output "pipeline_policy_arn" {
  description = "A policy for pipelines: request deployments and rollbacks, by event or invoke, and follow them."
  value       = aws_iam_policy.pipeline.arn
}

output "pipeline_policy_json" {
  description = "The same as a document."
  value       = data.aws_iam_policy_document.pipeline.json
}

output "services" {
  description = "The definitions as they are in the table, as JSON text by service."
  value       = module.definitions.documents
}

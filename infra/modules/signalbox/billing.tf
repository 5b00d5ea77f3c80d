# In us-east-1, the only region where AWS publishes EstimatedCharges. Nothing here exists without billing-guard.

locals {
  has_billing_guard = contains(var.functions, "billing-guard")
  billing_region    = "us-east-1"
  rungs             = local.has_billing_guard ? { for rung in module.definitions.billing_plan.rungs : format("%.2f", rung.at_usd) => rung.at_usd } : {}
}

# Anywhere else the alarms would be made and never fire.
data "aws_region" "billing" {
  count    = local.has_billing_guard ? 1 : 0
  provider = aws.us_east_1

  lifecycle {
    postcondition {
      condition     = self.name == local.billing_region
      error_message = "providers: aws.us_east_1 is a provider of ${self.name}; AWS publishes what it charges in ${local.billing_region} alone."
    }
  }
}

resource "aws_sns_topic" "billing" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish with the managed key, and an amount is no secret
  count    = local.has_billing_guard ? 1 : 0
  provider = aws.us_east_1

  name = "${var.name}-billing"
}

resource "aws_sns_topic_policy" "billing" {
  count    = local.has_billing_guard ? 1 : 0
  provider = aws.us_east_1

  arn    = aws_sns_topic.billing[0].arn
  policy = data.aws_iam_policy_document.topic["billing"].json
}

# No filter, since Budgets writes plain text. No dead-letter queue, which would have to be in this region: the
# function reads what is charged every 15 minutes by itself.
resource "aws_sns_topic_subscription" "billing" {
  count    = local.has_billing_guard ? 1 : 0
  provider = aws.us_east_1

  topic_arn = aws_sns_topic.billing[0].arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.this["billing-guard"].arn
}

resource "aws_lambda_permission" "billing" {
  count = local.has_billing_guard ? 1 : 0

  function_name = aws_lambda_function.this["billing-guard"].function_name
  statement_id  = "topic-billing"
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.billing[0].arn
}

resource "aws_cloudwatch_metric_alarm" "charges" {
  for_each = local.rungs
  provider = aws.us_east_1

  alarm_name          = "${var.name}-charges-${each.key}-usd"
  alarm_description   = "This month's estimated charges have reached $${each.key}. The billing-guard does what its plan says and tells so."
  namespace           = "AWS/Billing"
  metric_name         = "EstimatedCharges"
  dimensions          = { Currency = "USD" } # alone: the whole account
  statistic           = "Maximum"
  period              = 21600 # a new value comes about every six hours
  evaluation_periods  = 1
  threshold           = each.value
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "missing" # a gap does not take back what was charged
  alarm_actions       = [aws_sns_topic.billing[0].arn]
}

resource "aws_dynamodb_table_item" "billing_plan" {
  count = local.has_billing_guard ? 1 : 0

  table_name = aws_dynamodb_table.this.name
  hash_key   = aws_dynamodb_table.this.hash_key
  range_key  = aws_dynamodb_table.this.range_key
  item = jsonencode({
    pk  = { S = "ACCOUNT" }
    sk  = { S = "BILLING#PLAN" }
    doc = { S = module.definitions.billing_plan_document }
  })
}

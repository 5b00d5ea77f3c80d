# Topics of this region. The billing topic is in billing.tf.

locals {
  creates_alerts_topic = var.alerts_topic == null
  alerts_topic_arn     = local.creates_alerts_topic ? one(aws_sns_topic.alerts[*].arn) : var.alerts_topic.arn

  # What each function is subscribed to in this region, by a name that is known before the topic is.
  # Budgets' mail is plain text and never comes this way: it has a topic of its own.
  topics_of = { for function in keys(local.installed) : function => merge(
    local.installed[function].alarms && var.alarms_by_topic ? { alerts = local.alerts_topic_arn } : {},
    function == "reporter" ? { for name, arn in var.report_intake_topics : "intake-${name}" => arn } : {},
  ) }

  subscriptions = merge([for function, topics in local.topics_of : {
    for name, arn in topics : "${function}-${name}" => { function = function, topic = arn, alarms = name == "alerts" }
  }]...)
}

resource "aws_sns_topic" "alerts" {
  count = local.creates_alerts_topic ? 1 : 0

  name              = "${var.name}-alerts"
  kms_master_key_id = var.topics_kms_key == null ? null : var.topics_kms_key.arn
}

resource "aws_sns_topic" "reports" {
  count = contains(var.functions, "reporter") ? 1 : 0

  name              = "${var.name}-reports"
  kms_master_key_id = var.topics_kms_key == null ? null : var.topics_kms_key.arn
}

# Who may publish to each topic of ours: the services named here, and the functions by their own roles. A policy of
# our own also replaces the default one, which allows the account more.
locals {
  publishers = merge(
    local.creates_alerts_topic ? { alerts = { arn = aws_sns_topic.alerts[0].arn, services = ["cloudwatch.amazonaws.com"] } } : {},
    contains(var.functions, "reporter") ? { reports = { arn = aws_sns_topic.reports[0].arn, services = [] } } : {},
    local.has_billing_guard ? { billing = { arn = aws_sns_topic.billing[0].arn, services = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] } } : {},
  )
}

data "aws_iam_policy_document" "topic" {
  for_each = local.publishers

  dynamic "statement" {
    for_each = length(each.value.services) > 0 ? [each.value.services] : []

    content {
      sid       = "Services"
      actions   = ["sns:Publish"]
      resources = [each.value.arn]
      principals {
        type        = "Service"
        identifiers = statement.value
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }

  statement {
    sid       = "OnlyEncrypted"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [each.value.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  count = local.creates_alerts_topic ? 1 : 0

  arn    = aws_sns_topic.alerts[0].arn
  policy = data.aws_iam_policy_document.topic["alerts"].json
}

resource "aws_sns_topic_policy" "reports" {
  count = contains(var.functions, "reporter") ? 1 : 0

  arn    = aws_sns_topic.reports[0].arn
  policy = data.aws_iam_policy_document.topic["reports"].json
}

resource "aws_sns_topic_subscription" "mail" {
  for_each = var.alerts_emails

  topic_arn = local.alerts_topic_arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "function" {
  for_each = local.subscriptions

  topic_arn = each.value.topic
  protocol  = "lambda"
  endpoint  = aws_lambda_function.this[each.value.function].arn

  # Alarms have a name; our own notices, plain text and everything else have not and stay out.
  filter_policy_scope = each.value.alarms ? "MessageBody" : null
  filter_policy       = each.value.alarms ? jsonencode({ AlarmName = [{ exists = true }] }) : null

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters[each.value.function].arn })
}

resource "aws_lambda_permission" "topics" {
  for_each = local.subscriptions

  function_name = aws_lambda_function.this[each.value.function].function_name
  statement_id  = "topic-${trimprefix(each.key, "${each.value.function}-")}"
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  source_arn    = each.value.topic
}

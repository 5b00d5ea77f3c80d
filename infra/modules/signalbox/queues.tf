# Where events end that a function failed on twice over, with what went wrong.

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.installed

  name                      = "${local.function_names[each.key]}-dead-letters"
  message_retention_seconds = 14 * 24 * 60 * 60 # the longest there is
  sqs_managed_sse_enabled   = true              # EventBridge and SNS may write to it without a key policy
}

data "aws_iam_policy_document" "dead_letters" {
  for_each = local.installed

  statement {
    sid       = "FromOurRules"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters[each.key].arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.rule_arns[each.key]]
    }
  }

  dynamic "statement" {
    for_each = length(local.topics_of[each.key]) > 0 ? [1] : []
    content {
      sid       = "FromSubscriptions"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.dead_letters[each.key].arn]
      principals {
        type        = "Service"
        identifiers = ["sns.amazonaws.com"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = values(local.topics_of[each.key])
      }
    }
  }

  statement {
    sid       = "OnlyEncrypted"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.dead_letters[each.key].arn]
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

resource "aws_sqs_queue_policy" "dead_letters" {
  for_each = local.installed

  queue_url = aws_sqs_queue.dead_letters[each.key].url
  policy    = data.aws_iam_policy_document.dead_letters[each.key].json
}

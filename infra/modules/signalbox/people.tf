# What people and pipelines need, ready to attach: to a role, a group, a permission set.

# On-call: go back, and see how things stand. Neither deploy nor replace: whoever may invoke those functions may.
data "aws_iam_policy_document" "on_call" {
  #checkov:skip=CKV_AWS_356:what is on * only reads, and cannot be limited further
  dynamic "statement" {
    for_each = contains(var.functions, "rollback") ? [1] : []
    content {
      sid       = "RollBack"
      actions   = ["lambda:InvokeFunction"]
      resources = [aws_lambda_function.this["rollback"].arn]
    }
  }
  # A custom widget is invoked in the name of whoever opens the dashboard.
  dynamic "statement" {
    for_each = contains(var.functions, "console") ? [1] : []
    content {
      sid       = "OpenTheConsole"
      actions   = ["lambda:InvokeFunction"]
      resources = [aws_lambda_function.this["console"].arn]
    }
  }
  statement {
    sid       = "ReadStatus"
    actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
    resources = [aws_dynamodb_table.this.arn, "${aws_dynamodb_table.this.arn}/index/busy-index"]
    # Services, and the index's one key. Not the bug reports, which have people's addresses.
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["SERVICES", "SERVICE#*", "1"]
    }
    # ForAllValues would also hold where no key is named.
    condition {
      test     = "Null"
      variable = "dynamodb:LeadingKeys"
      values   = ["false"]
    }
  }
  statement {
    sid       = "ReadLogs"
    actions   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:DescribeLogStreams", "logs:StartQuery"]
    resources = concat([for group in aws_cloudwatch_log_group.function : group.arn], [for group in aws_cloudwatch_log_group.function : "${group.arn}:*"])
  }
  # None of these can be limited to one dashboard's metrics, alarms or queries.
  statement {
    sid = "ReadDashboard"
    actions = [
      "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:GetMetricData", "cloudwatch:ListDashboards",
      "cloudwatch:ListMetrics", "logs:DescribeLogGroups", "logs:GetQueryResults",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "on_call" {
  name        = "${var.name}-on-call"
  description = "Roll back with Signalbox and see how things stand; nothing more"
  policy      = data.aws_iam_policy_document.on_call.json
}

locals {
  commanded = ["deployer", "replacer", "billing-guard"]
}

# An operator: what on-call may, and every command, such as deploy, freeze, replace, and release of billing-guard.
data "aws_iam_policy_document" "operator" {
  source_policy_documents = [data.aws_iam_policy_document.on_call.json]

  dynamic "statement" {
    for_each = length(setintersection(var.functions, local.commanded)) > 0 ? [1] : []
    content {
      sid       = "Command"
      actions   = ["lambda:InvokeFunction"]
      resources = [for function in setintersection(var.functions, local.commanded) : aws_lambda_function.this[function].arn]
    }
  }
}

resource "aws_iam_policy" "operator" {
  name        = "${var.name}-operator"
  description = "Deploy, roll back and replace instances with Signalbox, and see how things stand"
  policy      = data.aws_iam_policy_document.operator.json
}

# A pipeline: ask for a deployment or a rollback, and follow it.
data "aws_iam_policy_document" "pipeline" {
  statement {
    sid       = "Request"
    actions   = ["events:PutEvents"]
    resources = ["arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default"]
    condition {
      test     = "StringEquals"
      variable = "events:source"
      values   = ["signalbox.ci"]
    }
    condition {
      test     = "StringEquals"
      variable = "events:detail-type"
      values   = ["Deployment Requested", "Rollback Requested"]
    }
  }
  dynamic "statement" {
    for_each = length(setintersection(var.functions, ["deployer", "rollback"])) > 0 ? [1] : []
    content {
      sid       = "Command"
      actions   = ["lambda:InvokeFunction"]
      resources = [for function in setintersection(var.functions, ["deployer", "rollback"]) : aws_lambda_function.this[function].arn]
    }
  }
  statement {
    sid       = "Follow"
    actions   = ["dynamodb:GetItem", "dynamodb:Query"]
    resources = [aws_dynamodb_table.this.arn]
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["SERVICES", "SERVICE#*"]
    }
    condition {
      test     = "Null"
      variable = "dynamodb:LeadingKeys"
      values   = ["false"]
    }
  }
}

resource "aws_iam_policy" "pipeline" {
  name        = "${var.name}-pipeline"
  description = "Deploy and roll back with Signalbox, and follow how it goes"
  policy      = data.aws_iam_policy_document.pipeline.json
}

# One role for each function, with what its code calls and no more. Who may do what is in local.catalogue (`may`,
# `writes`); what that means for AWS is here.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.installed

  name                 = local.function_names[each.key]
  description          = "Signalbox: ${each.value.purpose}"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "function" {
  for_each = local.installed

  name   = "function"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.function[each.key].json
}

# The resources that the definitions name, and so the only ones that are ever changed.
locals {
  any_service = length(local.services) > 0

  group_arns = flatten([for service in local.services : [
    for slot in [service.slots.blue, service.slots.green] :
    # The id between is known to AWS alone.
    "arn:${local.partition}:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${slot.asg}"
  ]])

  route_arns = [for service in local.services : coalesce(service.listener_arn, service.rule_arn)]

  parameter_arns = flatten([for service in local.services : [
    for slot in ["blue", "green"] :
    "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${trimprefix(replace(service.release.parameter, "{slot}", slot), "/")}"
  ] if service.release.launch_template != true])

  notice_topic_arns = concat(
    [local.alerts_topic_arn],
    var.chat_topic == null ? [] : [var.chat_topic.arn],
    [for service in local.services : service.alerts_topic_arn if service.alerts_topic_arn != null],
  )
}

data "aws_iam_policy_document" "function" {
  for_each = local.installed

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  statement {
    sid       = "SetAside"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters[each.key].arn]
  }

  statement {
    sid       = "Load"
    actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem"]
    resources = [aws_dynamodb_table.this.arn]
    # Who finds its services by a survey reads those and what it writes: billing-guard no bug report, which has
    # people's addresses, and the reporter no charges.
    dynamic "condition" {
      for_each = contains(each.value.may, "survey") ? [1] : []
      content {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = setunion(["SERVICES", "SERVICE#*"], each.value.writes)
      }
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "survey") ? [1] : []
    content {
      sid       = "Survey"
      actions   = ["dynamodb:Query"]
      resources = [aws_dynamodb_table.this.arn]
      condition {
        test     = "ForAllValues:StringEquals"
        variable = "dynamodb:LeadingKeys"
        values   = ["SERVICES"]
      }
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "nominate") ? [1] : []
    content {
      sid       = "Nominate"
      actions   = ["dynamodb:Query"]
      resources = [aws_dynamodb_table.this.arn, "${aws_dynamodb_table.this.arn}/index/busy-index"]
    }
  }

  # All that a transaction of ours needs, too. No function writes a definition or deletes an item.
  dynamic "statement" {
    for_each = length(each.value.writes) > 0 ? [1] : []
    content {
      sid       = "Save"
      actions   = ["dynamodb:PutItem"]
      resources = [aws_dynamodb_table.this.arn]
      condition {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = each.value.writes
      }
    }
  }

  # Which guard alarms fire while somebody reports; not limited, for the same reason as in Look.
  dynamic "statement" {
    for_each = contains(each.value.may, "report") ? [1] : []
    content {
      sid       = "Enrich"
      actions   = ["cloudwatch:DescribeAlarms"]
      resources = ["*"]
    }
  }

  # What AWS charges. Metrics cannot be limited to a resource, but to where these are.
  dynamic "statement" {
    for_each = contains(each.value.may, "reckon") ? [1] : []
    content {
      sid       = "Reckon"
      actions   = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
      resources = ["*"]
      condition {
        test     = "StringEquals"
        variable = "aws:RequestedRegion"
        values   = [local.billing_region]
      }
    }
  }

  # None of what is read can be limited to a resource; DescribeAlarms could, but not for composite alarms.
  dynamic "statement" {
    for_each = contains(each.value.may, "look") ? [1] : []
    content {
      sid = "Look"
      actions = [
        "autoscaling:DescribeAutoScalingGroups",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTargetHealth",
      ]
      resources = ["*"]
    }
  }

  # How a release does, and what stands in its way.
  dynamic "statement" {
    for_each = contains(each.value.may, "judge") ? [1] : []
    content {
      sid = "Judge"
      actions = [
        "autoscaling:DescribeInstanceRefreshes",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
      ]
      resources = ["*"]
    }
  }

  # Whose the instances are that an event names.
  dynamic "statement" {
    for_each = contains(each.value.may, "replace") ? [1] : []
    content {
      sid       = "Assign"
      actions   = ["autoscaling:DescribeAutoScalingInstances"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "look") && length(local.parameter_arns) > 0 ? [1] : []
    content {
      sid       = "ReadReleases"
      actions   = ["ssm:GetParameters"]
      resources = local.parameter_arns
    }
  }

  # The listener or rule is what these are authorised on; the target groups in its actions are not asked about.
  dynamic "statement" {
    for_each = contains(each.value.may, "route") && local.any_service ? [1] : []
    content {
      sid       = "Route"
      actions   = ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"]
      resources = local.route_arns
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "scale") && local.any_service ? [1] : []
    content {
      sid       = "Scale"
      actions   = ["autoscaling:UpdateAutoScalingGroup"]
      resources = local.group_arns
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "suspend") && local.any_service ? [1] : []
    content {
      sid       = "Suspend"
      actions   = ["autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses"]
      resources = local.group_arns
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "replace") && local.any_service ? [1] : []
    content {
      sid = "Replace"
      actions = [
        "autoscaling:CompleteLifecycleAction",
        "autoscaling:RecordLifecycleActionHeartbeat",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
      ]
      resources = local.group_arns
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "release") && length(local.parameter_arns) > 0 ? [1] : []
    content {
      sid       = "WriteReleases"
      actions   = ["ssm:PutParameter"]
      resources = local.parameter_arns
    }
  }

  # Whoever sets a group's launch template must be allowed to launch from it; what a launch touches (images,
  # subnets, volumes) is bounded by the templates.
  dynamic "statement" {
    for_each = contains(each.value.may, "release") && var.launch_templates != null ? [1] : []
    content {
      sid       = "LaunchFromTemplates"
      actions   = ["ec2:RunInstances"]
      resources = ["*"]
      condition {
        test     = "ArnLike"
        variable = "ec2:LaunchTemplate"
        values   = var.launch_templates.template_arns
      }
    }
  }
  dynamic "statement" {
    for_each = contains(each.value.may, "release") && var.launch_templates != null ? [1] : []
    content {
      sid       = "TagWhatIsLaunched"
      actions   = ["ec2:CreateTags"]
      resources = ["*"]
      condition {
        test     = "StringEquals"
        variable = "ec2:CreateAction"
        values   = ["RunInstances"]
      }
    }
  }
  dynamic "statement" {
    for_each = contains(each.value.may, "release") && try(length(var.launch_templates.instance_role_arns), 0) > 0 ? [1] : []
    content {
      sid       = "GiveInstancesTheirRole"
      actions   = ["iam:PassRole"]
      resources = var.launch_templates.instance_role_arns
      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["ec2.amazonaws.com"]
      }
    }
  }

  # A function is authorised on what it was invoked by: its name, a version or an alias.
  dynamic "statement" {
    for_each = contains(each.value.may, "ask") && length(var.hook_functions) > 0 ? [1] : []
    content {
      sid       = "AskHooks"
      actions   = ["lambda:InvokeFunction"]
      resources = flatten([for arn in var.hook_functions : [arn, "${arn}:*"]])
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "announce") ? [1] : []
    content {
      sid       = "Announce"
      actions   = ["sns:Publish"]
      resources = local.notice_topic_arns
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.may, "report") ? [1] : []
    content {
      sid       = "Report"
      actions   = ["sns:Publish"]
      resources = aws_sns_topic.reports[*].arn
    }
  }

  # By sender and recipient and not by identity: in SES's sandbox the recipient's identity is asked about as well, and
  # everywhere the configuration set, where the sender's identity has one by default.
  dynamic "statement" {
    for_each = contains(each.value.may, "report") && var.report_mail != null ? [1] : []
    content {
      sid     = "Mail"
      actions = ["ses:SendEmail"]
      resources = [
        "arn:${local.partition}:ses:${local.region}:${local.account}:identity/*",
        "arn:${local.partition}:ses:${local.region}:${local.account}:configuration-set/*",
      ]
      condition {
        test     = "StringEquals"
        variable = "ses:FromAddress"
        values   = [var.report_mail.from]
      }
      # Whoever reports is the one to reply to, and is never written to.
      condition {
        test     = "ForAllValues:StringEquals"
        variable = "ses:Recipients"
        values   = [var.report_mail.to]
      }
    }
  }

  dynamic "statement" {
    for_each = length(setintersection(each.value.may, ["announce", "report"])) > 0 && var.topics_kms_key != null ? [1] : []
    content {
      sid       = "PublishEncrypted"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [var.topics_kms_key.arn]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["sns.${local.region}.amazonaws.com"]
      }
    }
  }
}

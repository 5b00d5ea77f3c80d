# Who may do what, and which events wake whom, with a stand-in for the provider: no account is needed.
# TF_VAR_artifacts is the folder with the functions' archives.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  # What the provider wants to be an ARN.
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:function" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/function" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-other" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:signalbox-alerts" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:dead-letters" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"
}

override_resource {
  target = aws_lambda_function.this["rollback"]
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-rollback" }
}
override_resource {
  target = aws_lambda_function.this["replacer"]
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-replacer" }
}

variables {
  services = { shop = {
    listener_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2"
    slots = {
      blue  = { asg = "shop-blue", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/1" }
      green = { asg = "shop-green", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green/2" }
    }
    release = { parameter = "/shop/{slot}/release" }
    guard   = { alarms = ["shop-5xx"] }
  } }
}

# --- what they may do ---------------------------------------------------------------------------

run "the_replacer_changes_groups_and_nothing_else" {
  command = apply
  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.function["replacer"].statement : statement.actions])) == toset([
      "autoscaling:CompleteLifecycleAction",
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeAutoScalingInstances",
      "autoscaling:RecordLifecycleActionHeartbeat",
      "autoscaling:ResumeProcesses",
      "autoscaling:SuspendProcesses",
      "autoscaling:TerminateInstanceInAutoScalingGroup",
      "autoscaling:UpdateAutoScalingGroup",
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeRules",
      "elasticloadbalancing:DescribeTargetHealth",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sns:Publish",
      "sqs:SendMessage",
      "ssm:GetParameters",
    ])
    error_message = jsonencode(data.aws_iam_policy_document.function["replacer"].statement[*].actions)
  }
}

run "what_is_changed_is_named_by_a_definition_and_instances_are_the_replacers_alone" {
  command = apply
  assert {
    condition = alltrue(flatten([for of in data.aws_iam_policy_document.function : [
      for statement in of.statement : setunion(statement.resources) == toset([
        "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/shop-blue",
        "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/shop-green",
      ]) if anytrue([for action in statement.actions : startswith(action, "autoscaling:") && !startswith(action, "autoscaling:Describe")])
    ]]))
    error_message = "a function may change other groups than the services'"
  }
  assert {
    condition = alltrue(flatten([for of in data.aws_iam_policy_document.function : [
      for statement in of.statement : [
        for action in statement.actions : strcontains(action, ":Describe") || action == "cloudwatch:GetMetricData"
      ] if contains(statement.resources, "*")
    ]]))
    error_message = "a function may do more than read on everything"
  }
  assert {
    condition = !anytrue([
      for action in flatten([for function in ["deployer", "rollback"] : data.aws_iam_policy_document.function[function].statement[*].actions]) :
      strcontains(action, "Terminate") || strcontains(action, "Lifecycle")
    ])
    error_message = "deployer or rollback may terminate instances or complete hooks"
  }
}

run "on_call_rolls_back_and_an_operator_commands" {
  command = apply
  assert {
    condition = flatten([for statement in data.aws_iam_policy_document.on_call.statement : statement.resources if contains(statement.actions, "lambda:InvokeFunction")]) == [
      "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-rollback",
    ]
    error_message = jsonencode(data.aws_iam_policy_document.on_call.statement)
  }
  assert {
    condition     = contains(flatten(data.aws_iam_policy_document.operator.statement[*].resources), "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-replacer")
    error_message = jsonencode(data.aws_iam_policy_document.operator.statement)
  }
}

# --- what wakes them ----------------------------------------------------------------------------

run "the_replacer_is_installed_and_woken_by_what_may_concern_its_instances" {
  command = apply
  assert {
    condition     = toset(keys(output.function_names)) == toset(["deployer", "replacer", "rollback"])
    error_message = "installed: ${join(", ", keys(output.function_names))}"
  }
  assert {
    condition = { for rule, of in aws_cloudwatch_event_rule.this : rule => jsondecode(of.event_pattern) if startswith(rule, "replacer-") && of.event_pattern != null } == {
      replacer-alarms-shop = {
        source = ["aws.cloudwatch"], detail-type = ["CloudWatch Alarm State Change"]
        detail = { alarmName = ["shop-5xx"] }
      }
      replacer-targets-shop = {
        source = ["aws.cloudwatch"], detail-type = ["CloudWatch Alarm State Change"]
        detail = { configuration = { metrics = { metricStat = { metric = { dimensions = { TargetGroup = ["targetgroup/shop-blue/1", "targetgroup/shop-green/2"] } } } } } }
      }
      replacer-groups-shop = {
        source = ["aws.cloudwatch"], detail-type = ["CloudWatch Alarm State Change"]
        detail = { configuration = { metrics = { metricStat = { metric = { dimensions = { AutoScalingGroupName = ["shop-blue", "shop-green"] } } } } } }
      }
      replacer-scaling-shop = {
        source = ["aws.autoscaling"]
        detail-type = [
          "EC2 Instance Launch Successful", "EC2 Instance Launch Unsuccessful",
          "EC2 Instance Terminate Successful", "EC2 Instance Terminate Unsuccessful",
          "EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action",
        ]
        detail = { AutoScalingGroupName = ["shop-blue", "shop-green"] }
      }
      replacer-notices = { source = ["aws.ec2"], detail-type = ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"] }
      replacer-states = {
        source = ["aws.ec2"], detail-type = ["EC2 Instance State-change Notification"]
        detail = { state = ["stopping", "stopped", "shutting-down", "terminated"] }
      }
      replacer-health = {
        source = ["aws.health"], detail-type = ["AWS Health Event"]
        detail = { service = ["EC2"], eventTypeCategory = ["scheduledChange"] }
      }
    }
    error_message = jsonencode({ for rule, of in aws_cloudwatch_event_rule.this : rule => of.event_pattern if startswith(rule, "replacer-") })
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this["replacer-heartbeat"].schedule_expression == "rate(1 minute)"
    error_message = "the replacer has no heartbeat"
  }
  assert {
    condition     = aws_lambda_function.this["replacer"].timeout == 60 && contains(keys(aws_cloudwatch_metric_alarm.silent), "replacer")
    error_message = "a look may take a minute, and silence is an alarm"
  }
}

run "without_the_replacer_nothing_of_it_is_there" {
  command = apply
  variables {
    functions = ["deployer", "rollback"]
  }
  assert {
    condition     = !anytrue([for name in concat(keys(aws_cloudwatch_event_rule.this), keys(aws_sns_topic_subscription.function), keys(aws_iam_role.function)) : startswith(name, "replacer")])
    error_message = "rules: ${join(", ", keys(aws_cloudwatch_event_rule.this))}"
  }
}

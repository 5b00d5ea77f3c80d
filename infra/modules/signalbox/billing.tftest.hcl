# The billing guard: what it may do, what wakes it, what there is in us-east-1, and its plan in the table. With a
# stand-in for the provider: no account is needed. TF_VAR_artifacts is the folder with the functions' archives. Which
# plans are refused is tested in definitions/billing.tftest.hcl.

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

# What has an ARN of us-east-1 was made with this one.
mock_provider "aws" {
  alias = "us_east_1"

  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:signalbox-billing" }
  }
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:charges" }
  }
  mock_resource "aws_sns_topic_subscription" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:signalbox-billing:1" }
  }
}

override_resource {
  target = aws_lambda_function.this["billing-guard"]
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-billing-guard" }
}
override_resource {
  target = aws_lambda_function.this["rollback"]
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-rollback" }
}

variables {
  functions  = ["deployer", "rollback", "replacer", "billing-guard"]
  chat_topic = { arn = "arn:aws:sns:eu-west-1:123456789012:chat" }

  services = { shop = {
    listener_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2"
    slots = {
      blue  = { asg = "shop-blue", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/1" }
      green = { asg = "shop-green", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green/2" }
    }
    release          = { parameter = "/shop/{slot}/release" }
    guard            = { alarms = ["shop-5xx"] }
    alerts_topic_arn = "arn:aws:sns:eu-west-1:123456789012:shop"
  } }

  billing_plan = {
    rungs = [
      { at_usd = 10, do = ["notify"] },
      { at_usd = 20.1, do = ["notify", "freeze_deployments"] },
      { at_usd = 50, do = ["notify", "freeze_deployments", "retire_standby", "cap_scaling"] },
    ]
    plausibility = { min_readings = 3 }
  }

  groups = [
    "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/shop-blue",
    "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/shop-green",
  ]
}

# --- what it may do -----------------------------------------------------------------------------

run "it_reads_charges_and_bounds_groups_and_nothing_else" {
  command = apply
  assert {
    condition = jsonencode({ for statement in data.aws_iam_policy_document.function["billing-guard"].statement : statement.sid => sort(statement.actions) }) == jsonencode({
      Log          = ["logs:CreateLogStream", "logs:PutLogEvents"]
      SetAside     = ["sqs:SendMessage"]
      Load         = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
      Survey       = ["dynamodb:Query"]
      Save         = ["dynamodb:PutItem"]
      Reckon       = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
      Look         = ["autoscaling:DescribeAutoScalingGroups", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetHealth"]
      ReadReleases = ["ssm:GetParameters"]
      Scale        = ["autoscaling:UpdateAutoScalingGroup"]
      Suspend      = ["autoscaling:ResumeProcesses", "autoscaling:SuspendProcesses"]
      Announce     = ["sns:Publish"]
    })
    error_message = jsonencode({ for statement in data.aws_iam_policy_document.function["billing-guard"].statement : statement.sid => statement.actions })
  }
}

run "what_it_does_it_does_to_what_a_definition_names" {
  command = apply
  assert {
    condition = jsonencode({ for statement in data.aws_iam_policy_document.function["billing-guard"].statement : statement.sid => sort(statement.resources) }) == jsonencode({
      Log          = ["arn:aws:logs:eu-west-1:123456789012:log-group:function:*"]
      SetAside     = ["arn:aws:sqs:eu-west-1:123456789012:dead-letters"]
      Load         = ["arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox"]
      Survey       = ["arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox"]
      Save         = ["arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox"]
      Reckon       = ["*"]
      Look         = ["*"]
      ReadReleases = ["arn:aws:ssm:eu-west-1:123456789012:parameter/shop/blue/release", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/green/release"]
      Scale        = var.groups
      Suspend      = var.groups
      Announce = [
        "arn:aws:sns:eu-west-1:123456789012:chat",
        "arn:aws:sns:eu-west-1:123456789012:shop",
        "arn:aws:sns:eu-west-1:123456789012:signalbox-alerts",
      ]
    })
    error_message = jsonencode({ for statement in data.aws_iam_policy_document.function["billing-guard"].statement : statement.sid => statement.resources })
  }
}

# It cannot write a definition, nor read a bug report. That it leaves the plan alone, which has the month's partition
# key, IAM cannot say.
run "its_keys_are_the_accounts_and_the_services" {
  command = apply
  assert {
    condition = jsonencode({ for statement in data.aws_iam_policy_document.function["billing-guard"].statement : statement.sid => [
      for condition in statement.condition : { test = condition.test, variable = condition.variable, values = sort(condition.values) }
      ] if length(statement.condition) > 0 }) == jsonencode({
      Load   = [{ test = "ForAllValues:StringLike", variable = "dynamodb:LeadingKeys", values = ["ACCOUNT", "SERVICE#*", "SERVICES"] }]
      Survey = [{ test = "ForAllValues:StringEquals", variable = "dynamodb:LeadingKeys", values = ["SERVICES"] }]
      Save   = [{ test = "ForAllValues:StringLike", variable = "dynamodb:LeadingKeys", values = ["ACCOUNT", "SERVICE#*"] }]
      Reckon = [{ test = "StringEquals", variable = "aws:RequestedRegion", values = ["us-east-1"] }]
    })
    error_message = jsonencode({ for statement in data.aws_iam_policy_document.function["billing-guard"].statement : statement.sid => statement.condition })
  }
}

run "nobody_else_writes_the_account_or_reads_charges_by_it" {
  command = apply
  assert {
    condition = alltrue(flatten([for function in ["deployer", "rollback", "replacer"] : [
      for statement in data.aws_iam_policy_document.function[function].statement :
      !contains(["Survey", "Reckon"], statement.sid) && !contains(flatten(statement.condition[*].values), "ACCOUNT")
    ]]))
    error_message = "a function that is not about charges got what is"
  }
}

run "operators_command_it_and_on_call_does_not" {
  command = apply
  assert {
    condition     = contains(one([for statement in data.aws_iam_policy_document.operator.statement : statement.resources if statement.sid == "Command"]), "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-billing-guard")
    error_message = jsonencode(data.aws_iam_policy_document.operator.statement)
  }
  assert {
    condition = flatten([for statement in data.aws_iam_policy_document.on_call.statement : statement.resources if contains(statement.actions, "lambda:InvokeFunction")]) == [
      "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-rollback",
    ]
    error_message = jsonencode(data.aws_iam_policy_document.on_call.statement)
  }
}

run "an_operator_of_nothing_else_commands_it_too" {
  command = apply
  variables {
    functions = ["billing-guard"]
  }
  assert {
    condition = flatten([for statement in data.aws_iam_policy_document.operator.statement : statement.resources if statement.sid == "Command"]) == [
      "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-billing-guard",
    ]
    error_message = jsonencode(data.aws_iam_policy_document.operator.statement)
  }
}

# --- what wakes it, and who hears when it fails -------------------------------------------------

run "it_beats_every_quarter_of_an_hour_and_no_rule_else_wakes_it" {
  command = apply
  assert {
    condition     = { for name, rule in aws_cloudwatch_event_rule.this : name => rule.schedule_expression if startswith(name, "billing-guard") } == { billing-guard-heartbeat = "rate(15 minutes)" }
    error_message = "rules: ${join(", ", keys(aws_cloudwatch_event_rule.this))}"
  }
  assert {
    condition     = aws_cloudwatch_event_target.this["billing-guard-heartbeat"].arn == "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-billing-guard" && aws_lambda_permission.rules["billing-guard"].source_arn == "arn:aws:events:eu-west-1:123456789012:rule/signalbox-billing-guard-*"
    error_message = "the heartbeat does not reach it"
  }
  assert {
    condition     = !anytrue([for name in keys(aws_sns_topic_subscription.function) : startswith(name, "billing-guard")])
    error_message = "it is subscribed to a topic that is not about charges"
  }
}

run "an_hour_of_silence_an_error_and_a_dead_letter_are_alarms" {
  command = apply
  assert {
    condition     = aws_cloudwatch_metric_alarm.silent["billing-guard"].period * aws_cloudwatch_metric_alarm.silent["billing-guard"].evaluation_periods == 3600 && aws_cloudwatch_metric_alarm.silent["billing-guard"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.silent["billing-guard"].dimensions == tomap({ Function = "billing-guard" })
    error_message = jsonencode(aws_cloudwatch_metric_alarm.silent["billing-guard"])
  }
  # At its pace, the next look is no repair to wait for.
  assert {
    condition     = aws_cloudwatch_metric_alarm.errors["billing-guard"].datapoints_to_alarm == 1 && aws_cloudwatch_metric_alarm.errors["billing-guard"].dimensions == tomap({ FunctionName = "signalbox-billing-guard" })
    error_message = jsonencode(aws_cloudwatch_metric_alarm.errors["billing-guard"])
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.dead_letters["billing-guard"].dimensions == tomap({ QueueName = "signalbox-billing-guard-dead-letters" })
    error_message = jsonencode(aws_cloudwatch_metric_alarm.dead_letters["billing-guard"])
  }
  assert {
    condition     = alltrue([for alarm in [aws_cloudwatch_metric_alarm.silent, aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.dead_letters] : alarm["billing-guard"].alarm_actions == toset([output.alerts_topic_arn])])
    error_message = "an alarm about the guard is told to nobody"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.failures["billing-guard"].log_group_name == "/aws/lambda/signalbox-billing-guard"
    error_message = "its failures are not counted"
  }
}

run "what_it_fails_on_is_kept" {
  command = apply
  assert {
    condition     = aws_sqs_queue.dead_letters["billing-guard"].name == "signalbox-billing-guard-dead-letters" && contains(keys(output.dead_letter_queue_urls), "billing-guard")
    error_message = jsonencode(output.dead_letter_queue_urls)
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this["billing-guard"].destination_config[0].on_failure[0].destination == aws_sqs_queue.dead_letters["billing-guard"].arn && aws_cloudwatch_event_target.this["billing-guard-heartbeat"].dead_letter_config[0].arn == aws_sqs_queue.dead_letters["billing-guard"].arn
    error_message = "a failed event is lost"
  }
}

run "the_dashboard_shows_it_beside_the_others" {
  command = apply
  assert {
    condition = alltrue([for metric in ["Looks", "LookMilliseconds", "Heartbeats"] : contains(
      flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [for line in widget.properties.metrics : join("/", [for part in line : try(tostring(part), "")])]]),
      "Signalbox/${metric}/Function/billing-guard",
    )])
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "[\"AWS/SQS\",\"ApproximateNumberOfMessagesVisible\",\"QueueName\",\"signalbox-billing-guard-dead-letters\"]")
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
}

run "it_gets_what_it_reads_and_trusts_the_billing_topic_alone" {
  command = apply
  assert {
    condition = aws_lambda_function.this["billing-guard"].environment[0].variables == tomap({
      SIGNALBOX_TABLE            = "signalbox"
      SIGNALBOX_ALERTS_TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:signalbox-alerts"
      SIGNALBOX_CHAT_TOPIC_ARN   = "arn:aws:sns:eu-west-1:123456789012:chat"
      SIGNALBOX_TRUSTED_TOPICS   = "arn:aws:sns:us-east-1:123456789012:signalbox-billing"
    })
    error_message = jsonencode(aws_lambda_function.this["billing-guard"].environment)
  }
}

# --- what there is in us-east-1 -----------------------------------------------------------------

run "each_rung_has_its_alarm_on_the_whole_accounts_charges" {
  command = apply
  assert {
    condition = { for alarm in aws_cloudwatch_metric_alarm.charges : alarm.alarm_name => [
      alarm.comparison_operator, alarm.threshold, alarm.statistic, alarm.period, alarm.namespace, alarm.metric_name, jsonencode(alarm.dimensions)
      ] } == {
      "signalbox-charges-10.00-usd" = ["GreaterThanOrEqualToThreshold", 10, "Maximum", 21600, "AWS/Billing", "EstimatedCharges", "{\"Currency\":\"USD\"}"]
      "signalbox-charges-20.10-usd" = ["GreaterThanOrEqualToThreshold", 20.1, "Maximum", 21600, "AWS/Billing", "EstimatedCharges", "{\"Currency\":\"USD\"}"]
      "signalbox-charges-50.00-usd" = ["GreaterThanOrEqualToThreshold", 50, "Maximum", 21600, "AWS/Billing", "EstimatedCharges", "{\"Currency\":\"USD\"}"]
    }
    error_message = jsonencode({ for alarm in aws_cloudwatch_metric_alarm.charges : alarm.alarm_name => alarm })
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.charges : startswith(alarm.arn, "arn:aws:cloudwatch:us-east-1:") && alarm.alarm_actions == toset([output.billing_topic_arn])])
    error_message = "an alarm on charges is elsewhere, or tells somebody else"
  }
  # Elsewhere the metric does not exist, and an alarm on it never fires.
  assert {
    condition     = !anytrue([for alarms in [aws_cloudwatch_metric_alarm.silent, aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.dead_letters, aws_cloudwatch_metric_alarm.failures] : anytrue([for alarm in alarms : alarm.namespace == "AWS/Billing"])])
    error_message = "an alarm on charges is in the module's own region"
  }
}

run "alarms_and_budgets_reach_it_by_a_topic_in_us_east_1" {
  command = apply
  assert {
    condition     = output.billing_topic_arn == "arn:aws:sns:us-east-1:123456789012:signalbox-billing" && aws_sns_topic.billing[0].name == "signalbox-billing"
    error_message = output.billing_topic_arn
  }
  assert {
    condition = jsonencode({ for statement in data.aws_iam_policy_document.topic["billing"].statement : statement.sid => [
      statement.effect, statement.actions, flatten(statement.principals[*].identifiers), flatten([for condition in statement.condition : [condition.variable, condition.values]])
      ] }) == jsonencode({
      Services      = [null, ["sns:Publish"], ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"], ["aws:SourceAccount", "123456789012"]]
      OnlyEncrypted = ["Deny", ["sns:Publish"], ["*"], ["aws:SecureTransport", "false"]]
    })
    error_message = jsonencode(data.aws_iam_policy_document.topic["billing"].statement)
  }
  assert {
    condition     = aws_sns_topic_policy.billing[0].arn == output.billing_topic_arn
    error_message = "the policy is another topic's"
  }
  # Unfiltered: Budgets writes plain text.
  assert {
    condition     = aws_sns_topic_subscription.billing[0].topic_arn == output.billing_topic_arn && aws_sns_topic_subscription.billing[0].protocol == "lambda" && aws_sns_topic_subscription.billing[0].filter_policy == null
    error_message = jsonencode(aws_sns_topic_subscription.billing[0])
  }
  assert {
    condition     = aws_sns_topic_subscription.billing[0].endpoint == output.function_arns["billing-guard"] && startswith(aws_sns_topic_subscription.billing[0].arn, "arn:aws:sns:us-east-1:")
    error_message = jsonencode(aws_sns_topic_subscription.billing[0])
  }
  assert {
    condition     = aws_lambda_permission.billing[0].function_name == "signalbox-billing-guard" && aws_lambda_permission.billing[0].action == "lambda:InvokeFunction" && aws_lambda_permission.billing[0].principal == "sns.amazonaws.com" && aws_lambda_permission.billing[0].source_arn == output.billing_topic_arn
    error_message = jsonencode(aws_lambda_permission.billing[0])
  }
}

run "another_regions_provider_is_refused" {
  command = plan
  override_data {
    target = data.aws_region.billing
    values = { name = "eu-west-1" }
  }
  expect_failures = [data.aws_region.billing]
}

# --- the plan -----------------------------------------------------------------------------------

run "the_plan_is_in_the_table_as_the_functions_read_it" {
  command = apply
  assert {
    condition = jsondecode(aws_dynamodb_table_item.billing_plan[0].item) == {
      pk  = { S = "ACCOUNT" }
      sk  = { S = "BILLING#PLAN" }
      doc = { S = "{\"plausibility\":{\"min_readings\":3},\"rungs\":[{\"at_usd\":10,\"do\":[\"notify\"]},{\"at_usd\":20.1,\"do\":[\"notify\",\"freeze_deployments\"]},{\"at_usd\":50,\"do\":[\"notify\",\"freeze_deployments\",\"retire_standby\",\"cap_scaling\"]}]}" }
    }
    error_message = aws_dynamodb_table_item.billing_plan[0].item
  }
}

run "it_is_not_installed_without_a_plan" {
  command = plan
  variables {
    billing_plan = null
  }
  expect_failures = [var.billing_plan]
}

run "without_it_nothing_of_it_is_there" {
  command = apply
  variables {
    functions = ["deployer", "rollback", "replacer"]
  }
  assert {
    condition     = output.billing_topic_arn == null && length(aws_cloudwatch_metric_alarm.charges) + length(aws_dynamodb_table_item.billing_plan) + length(aws_sns_topic_subscription.billing) + length(data.aws_region.billing) == 0
    error_message = "charges are watched by nobody"
  }
  assert {
    condition     = !anytrue([for name in concat(keys(aws_cloudwatch_event_rule.this), keys(aws_iam_role.function), keys(aws_sqs_queue.dead_letters)) : startswith(name, "billing-guard")])
    error_message = "rules: ${join(", ", keys(aws_cloudwatch_event_rule.this))}"
  }
}

# The reporter: what it may do, what reaches it, what it is told, who hears when it fails; users as a canary; the page
# with the form. With a stand-in for the provider: no account is needed. TF_VAR_artifacts is the folder with the
# functions' archives.

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
  mock_resource "aws_lambda_function_url" {
    defaults = { function_url = "https://abc123.lambda-url.eu-west-1.on.aws/" }
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
  target = aws_lambda_function.this["reporter"]
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-reporter" }
}
override_resource {
  target = aws_sns_topic.reports[0]
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:signalbox-reports" }
}
override_resource {
  target = aws_sqs_queue.dead_letters["reporter"]
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:signalbox-reporter-dead-letters" }
}

variables {
  functions            = ["deployer", "rollback", "replacer", "reporter"]
  chat_topic           = { arn = "arn:aws:sns:eu-west-1:123456789012:chat" }
  report_mail          = { from = "reports@example.com", to = "team@example.com" }
  report_origins       = ["https://shop.example.com", "http://localhost:8000"]
  report_intake_topics = { web = "arn:aws:sns:eu-west-1:123456789012:web-reports" }

  services = { shop = {
    listener_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2"
    slots = {
      blue  = { asg = "shop-blue", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/1" }
      green = { asg = "shop-green", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green/2" }
    }
    release          = { parameter = "/shop/{slot}/release" }
    guard            = { alarms = ["signalbox-shop-bug-reports"] }
    alerts_topic_arn = "arn:aws:sns:eu-west-1:123456789012:shop"
  } }
  report_alarms = { shop = { threshold = 12, period = 300 } }
}

# --- what it may do -----------------------------------------------------------------------------

run "it_reads_how_services_stand_and_tells_people_and_nothing_else" {
  command = apply
  assert {
    condition = jsonencode({ for statement in data.aws_iam_policy_document.function["reporter"].statement : statement.sid => sort(statement.actions) }) == jsonencode({
      Log      = ["logs:CreateLogStream", "logs:PutLogEvents"]
      SetAside = ["sqs:SendMessage"]
      Load     = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
      Survey   = ["dynamodb:Query"]
      Save     = ["dynamodb:PutItem"]
      Enrich   = ["cloudwatch:DescribeAlarms"]
      Announce = ["sns:Publish"]
      Report   = ["sns:Publish"]
      Mail     = ["ses:SendEmail"]
    })
    error_message = jsonencode({ for statement in data.aws_iam_policy_document.function["reporter"].statement : statement.sid => statement.actions })
  }
}

run "it_neither_changes_nor_looks_at_groups_and_load_balancers" {
  command = apply
  assert {
    condition = !anytrue([
      for action in flatten(data.aws_iam_policy_document.function["reporter"].statement[*].actions) :
      anytrue([for service in ["autoscaling:", "elasticloadbalancing:", "ec2:", "iam:", "lambda:", "ssm:"] : startswith(action, service)])
    ])
    error_message = jsonencode(data.aws_iam_policy_document.function["reporter"].statement[*].actions)
  }
}

run "it_publishes_to_its_topics_and_writes_mail_to_the_team" {
  command = apply
  assert {
    condition = jsonencode({ for statement in data.aws_iam_policy_document.function["reporter"].statement : statement.sid => sort(statement.resources) }) == jsonencode({
      Log      = ["arn:aws:logs:eu-west-1:123456789012:log-group:function:*"]
      SetAside = ["arn:aws:sqs:eu-west-1:123456789012:signalbox-reporter-dead-letters"]
      Load     = ["arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox"]
      Survey   = ["arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox"]
      Save     = ["arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox"]
      Enrich   = ["*"]
      Announce = [
        "arn:aws:sns:eu-west-1:123456789012:chat",
        "arn:aws:sns:eu-west-1:123456789012:shop",
        "arn:aws:sns:eu-west-1:123456789012:signalbox-alerts",
      ]
      Report = ["arn:aws:sns:eu-west-1:123456789012:signalbox-reports"]
      Mail   = ["arn:aws:ses:eu-west-1:123456789012:configuration-set/*", "arn:aws:ses:eu-west-1:123456789012:identity/*"]
    })
    error_message = jsonencode({ for statement in data.aws_iam_policy_document.function["reporter"].statement : statement.sid => statement.resources })
  }
}

# It cannot write a record or a definition, nor read what is charged.
run "its_keys_are_the_reports" {
  command = apply
  assert {
    condition = jsonencode({ for statement in data.aws_iam_policy_document.function["reporter"].statement : statement.sid => [for condition in statement.condition : [condition.test, condition.variable, sort(condition.values)]] if length(statement.condition) > 0 }) == jsonencode({
      Load   = [["ForAllValues:StringLike", "dynamodb:LeadingKeys", ["REPORT#*", "SERVICE#*", "SERVICES"]]]
      Survey = [["ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["SERVICES"]]]
      Save   = [["ForAllValues:StringLike", "dynamodb:LeadingKeys", ["REPORT#*"]]]
      Mail = [
        ["ForAllValues:StringEquals", "ses:Recipients", ["team@example.com"]],
        ["StringEquals", "ses:FromAddress", ["reports@example.com"]],
      ]
    })
    error_message = jsonencode({ for statement in data.aws_iam_policy_document.function["reporter"].statement : statement.sid => statement.condition })
  }
}

run "nobody_else_writes_reports_or_mail" {
  command = apply
  assert {
    condition = alltrue(flatten([for function in ["deployer", "rollback", "replacer"] : [
      for statement in data.aws_iam_policy_document.function[function].statement :
      !contains(["Enrich", "Report", "Mail"], statement.sid) && !contains(flatten(statement.condition[*].values), "REPORT#*")
    ]]))
    error_message = "a function that is not about reports got what is"
  }
  assert {
    condition     = !contains(flatten(data.aws_iam_policy_document.operator.statement[*].resources), "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-reporter")
    error_message = "reports come through the URL or a topic, in nobody's name"
  }
}

run "without_mail_and_chat_it_may_neither" {
  command = apply
  variables {
    report_mail = null
    chat_topic  = null
  }
  assert {
    condition     = !contains([for statement in data.aws_iam_policy_document.function["reporter"].statement : statement.sid], "Mail") && !contains(flatten(data.aws_iam_policy_document.function["reporter"].statement[*].resources), "arn:aws:sns:eu-west-1:123456789012:chat")
    error_message = jsonencode(data.aws_iam_policy_document.function["reporter"].statement)
  }
  assert {
    condition     = !anytrue([for name in keys(aws_lambda_function.this["reporter"].environment[0].variables) : startswith(name, "SIGNALBOX_MAIL") || startswith(name, "SIGNALBOX_CHAT")])
    error_message = jsonencode(aws_lambda_function.this["reporter"].environment)
  }
}

# --- what reaches it ----------------------------------------------------------------------------

run "it_gets_what_it_reads" {
  command = apply
  assert {
    condition = aws_lambda_function.this["reporter"].environment[0].variables == tomap({
      SIGNALBOX_TABLE             = "signalbox"
      SIGNALBOX_ALERTS_TOPIC_ARN  = "arn:aws:sns:eu-west-1:123456789012:signalbox-alerts"
      SIGNALBOX_CHAT_TOPIC_ARN    = "arn:aws:sns:eu-west-1:123456789012:chat"
      SIGNALBOX_REPORTS_TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:signalbox-reports"
      SIGNALBOX_MAIL_FROM         = "reports@example.com"
      SIGNALBOX_MAIL_TO           = "team@example.com"
      SIGNALBOX_REPORT_ORIGINS    = "http://localhost:8000,https://shop.example.com"
      SIGNALBOX_TRUSTED_TOPICS    = "arn:aws:sns:eu-west-1:123456789012:web-reports"
    })
    error_message = jsonencode(aws_lambda_function.this["reporter"].environment)
  }
}

run "unset_variables_are_left_out" {
  command = apply
  variables {
    report_origins       = []
    report_intake_topics = {}
  }
  assert {
    condition     = !anytrue([for name in ["SIGNALBOX_REPORT_ORIGINS", "SIGNALBOX_TRUSTED_TOPICS"] : contains(keys(aws_lambda_function.this["reporter"].environment[0].variables), name)])
    error_message = jsonencode(aws_lambda_function.this["reporter"].environment)
  }
}

# The function gives CORS its headers. Given by the URL as well they would be there twice.
run "its_url_is_open_and_leaves_cors_to_it" {
  command = apply
  assert {
    condition     = aws_lambda_function_url.reporter[0].authorization_type == "NONE" && length(aws_lambda_function_url.reporter[0].cors) == 0 && output.report_url == "https://abc123.lambda-url.eu-west-1.on.aws/"
    error_message = jsonencode(aws_lambda_function_url.reporter[0])
  }
  assert {
    condition     = aws_lambda_permission.url[0].action == "lambda:InvokeFunctionUrl" && aws_lambda_permission.url[0].principal == "*" && aws_lambda_permission.url[0].function_url_auth_type == "NONE"
    error_message = jsonencode(aws_lambda_permission.url[0])
  }
  # Anybody may invoke it, and through the URL alone.
  assert {
    condition = jsondecode(aws_cloudformation_stack.url_invoke[0].template_body).Resources.Permission.Properties == {
      FunctionName          = "arn:aws:lambda:eu-west-1:123456789012:function:signalbox-reporter"
      Action                = "lambda:InvokeFunction"
      Principal             = "*"
      InvokedViaFunctionUrl = true
    }
    error_message = aws_cloudformation_stack.url_invoke[0].template_body
  }
}

run "its_heartbeat_is_the_digest_and_no_alarm_wakes_it" {
  command = apply
  assert {
    condition     = { for name, rule in aws_cloudwatch_event_rule.this : name => rule.schedule_expression if startswith(name, "reporter") } == { reporter-heartbeat = "cron(0 7 * * ? *)", reporter-resend = "rate(15 minutes)" }
    error_message = "rules: ${join(", ", keys(aws_cloudwatch_event_rule.this))}"
  }
  assert {
    condition     = aws_cloudwatch_event_target.this["reporter-heartbeat"].arn == output.function_arns["reporter"] && aws_lambda_permission.rules["reporter"].source_arn == "arn:aws:events:eu-west-1:123456789012:rule/signalbox-reporter-*"
    error_message = "the schedule does not reach it"
  }
}

run "what_is_owed_is_sent_again_by_command" {
  command = apply
  assert {
    condition     = { for name, target in aws_cloudwatch_event_target.this : name => target.input if target.input != null } == { reporter-resend = "{\"command\":\"resend\"}" }
    error_message = jsonencode({ for name, target in aws_cloudwatch_event_target.this : name => target.input })
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this["reporter-resend"].name == "signalbox-reporter-resend" && aws_cloudwatch_event_target.this["reporter-resend"].arn == output.function_arns["reporter"] && aws_cloudwatch_event_target.this["reporter-resend"].dead_letter_config[0].arn == aws_sqs_queue.dead_letters["reporter"].arn && aws_cloudwatch_event_target.this["reporter-resend"].retry_policy[0].maximum_event_age_in_seconds == 300
    error_message = jsonencode(aws_cloudwatch_event_target.this["reporter-resend"])
  }
}

run "reports_arrive_by_topics_of_theirs_unfiltered" {
  command = apply
  assert {
    condition     = [for name in keys(aws_sns_topic_subscription.function) : name if startswith(name, "reporter")] == ["reporter-intake-web"]
    error_message = "subscriptions: ${join(", ", keys(aws_sns_topic_subscription.function))}"
  }
  assert {
    condition     = aws_sns_topic_subscription.function["reporter-intake-web"].topic_arn == var.report_intake_topics.web && aws_sns_topic_subscription.function["reporter-intake-web"].filter_policy == null && jsondecode(aws_sns_topic_subscription.function["reporter-intake-web"].redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters["reporter"].arn
    error_message = jsonencode(aws_sns_topic_subscription.function["reporter-intake-web"])
  }
  assert {
    condition     = aws_lambda_permission.topics["reporter-intake-web"].source_arn == var.report_intake_topics.web && aws_lambda_permission.topics["reporter-intake-web"].principal == "sns.amazonaws.com"
    error_message = jsonencode(aws_lambda_permission.topics["reporter-intake-web"])
  }
}

run "only_its_role_publishes_to_the_reports_topic" {
  command = apply
  assert {
    condition     = [for statement in data.aws_iam_policy_document.topic["reports"].statement : statement.sid] == ["OnlyEncrypted"] && aws_sns_topic_policy.reports[0].arn == output.reports_topic_arn
    error_message = jsonencode(data.aws_iam_policy_document.topic["reports"].statement)
  }
}

run "it_is_not_told_what_it_tells" {
  command = plan
  variables {
    report_intake_topics = { loop = "arn:aws:sns:eu-west-1:123456789012:signalbox-reports" }
  }
  expect_failures = [var.report_intake_topics]
}

run "what_cannot_be_right_is_refused" {
  command = plan
  variables {
    report_mail          = { from = "Reports <reports@example.com>", to = "team@example.com" }
    report_origins       = ["https://Shop.example.com"]
    report_intake_topics = { web = "web-reports" }
    digest_schedule      = "07:00"
    report_alarms        = { shop = { threshold = 61, period = 90 } }
    report_form          = { language = "xx", service = "a shop" }
  }
  expect_failures = [var.report_mail, var.report_origins, var.report_intake_topics, var.digest_schedule, var.report_alarms, var.report_form]
}

# --- who hears when it fails --------------------------------------------------------------------

# A nudge is worth nothing after five minutes. A report is not said again by the next heartbeat.
run "a_report_is_tried_for_six_hours_and_kept" {
  command = apply
  assert {
    condition     = { for function, config in aws_lambda_function_event_invoke_config.this : function => config.maximum_event_age_in_seconds } == { deployer = 300, replacer = 300, reporter = 21600, rollback = 300 }
    error_message = jsonencode(aws_lambda_function_event_invoke_config.this["reporter"])
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this["reporter"].destination_config[0].on_failure[0].destination == aws_sqs_queue.dead_letters["reporter"].arn && aws_sqs_queue.dead_letters["reporter"].message_retention_seconds == 1209600
    error_message = "a failed report is lost"
  }
}

run "what_fails_or_is_turned_away_is_an_alarm_that_somebody_hears" {
  command = apply
  assert {
    condition = { for alarm in [
      aws_cloudwatch_metric_alarm.errors["reporter"], aws_cloudwatch_metric_alarm.dead_letters["reporter"],
      aws_cloudwatch_metric_alarm.reports_failed[0], aws_cloudwatch_metric_alarm.reports_turned_away[0],
      ] : alarm.alarm_name => [alarm.namespace, alarm.metric_name, jsonencode(alarm.dimensions), alarm.comparison_operator, alarm.threshold, alarm.treat_missing_data] } == {
      signalbox-reporter-errors        = ["AWS/Lambda", "Errors", "{\"FunctionName\":\"signalbox-reporter\"}", "GreaterThanThreshold", 0, "notBreaching"]
      signalbox-reporter-dead-letters  = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "{\"QueueName\":\"signalbox-reporter-dead-letters\"}", "GreaterThanThreshold", 0, "notBreaching"]
      signalbox-reporter-http-failures = ["AWS/Lambda", "Url5xxCount", "{\"FunctionName\":\"signalbox-reporter\"}", "GreaterThanThreshold", 0, "notBreaching"]
      signalbox-reporter-turned-away   = ["AWS/Lambda", "Throttles", "{\"FunctionName\":\"signalbox-reporter\"}", "GreaterThanThreshold", 0, "notBreaching"]
    }
    error_message = jsonencode([aws_cloudwatch_metric_alarm.reports_failed, aws_cloudwatch_metric_alarm.reports_turned_away])
  }
  assert {
    condition     = alltrue([for alarm in [aws_cloudwatch_metric_alarm.errors["reporter"], aws_cloudwatch_metric_alarm.dead_letters["reporter"], aws_cloudwatch_metric_alarm.reports_failed[0], aws_cloudwatch_metric_alarm.reports_turned_away[0]] : alarm.alarm_actions == toset([output.alerts_topic_arn])])
    error_message = "an alarm about the reporter is told to nobody"
  }
  # Its schedule is a day's: silence is no alarm.
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.silent), "reporter")
    error_message = "it would be red until the first digest"
  }
}

# --- users as a canary --------------------------------------------------------------------------

run "an_alarm_on_bugs_is_named_as_a_guard_names_it" {
  command = apply
  assert {
    condition = { for service, alarm in aws_cloudwatch_metric_alarm.bug_reports : service => [
      alarm.alarm_name, alarm.namespace, alarm.metric_name, jsonencode(alarm.dimensions), alarm.statistic, alarm.comparison_operator, alarm.threshold, alarm.period, alarm.evaluation_periods, alarm.treat_missing_data
      ] } == {
      shop = ["signalbox-shop-bug-reports", "Signalbox", "BugReports", "{\"service\":\"shop\"}", "Sum", "GreaterThanOrEqualToThreshold", 12, 300, 1, "notBreaching"]
    }
    error_message = jsonencode(aws_cloudwatch_metric_alarm.bug_reports)
  }
  assert {
    condition     = output.report_alarm_names == { shop = "signalbox-shop-bug-reports" } && aws_cloudwatch_metric_alarm.bug_reports["shop"].alarm_actions == toset([output.alerts_topic_arn])
    error_message = jsonencode(output.report_alarm_names)
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["deployer-alarms-shop"].event_pattern).detail.alarmName == ["signalbox-shop-bug-reports"]
    error_message = aws_cloudwatch_event_rule.this["deployer-alarms-shop"].event_pattern
  }
}

run "its_threshold_and_period_have_defaults" {
  command = apply
  variables {
    report_alarms = { shop = {} }
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.bug_reports["shop"].threshold == 10 && aws_cloudwatch_metric_alarm.bug_reports["shop"].period == 600
    error_message = jsonencode(aws_cloudwatch_metric_alarm.bug_reports["shop"])
  }
}

run "a_service_that_nobody_defined_has_no_users" {
  command = plan
  variables {
    report_alarms = { shop = {}, shoop = {} }
  }
  expect_failures = [aws_cloudwatch_metric_alarm.bug_reports["shoop"]]
}

run "nobody_counts_bugs_without_it" {
  command = plan
  variables {
    functions = ["deployer", "rollback", "replacer"]
  }
  expect_failures = [var.report_alarms]
}

run "the_dashboard_shows_bugs_by_release" {
  command = apply
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "SEARCH('{Signalbox,service,release} MetricName=\\\"BugReports\\\"'")
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
}

# --- the form -----------------------------------------------------------------------------------

run "the_form_posts_to_the_url_and_may_do_nothing_else" {
  command = apply
  variables {
    report_form = { service = "shop", title = "Shop & \"friends\" <b>" }
  }
  assert {
    condition     = strcontains(output.report_form_html, "method=\"post\" action=\"https://abc123.lambda-url.eu-west-1.on.aws/\"") && strcontains(output.report_form_html, "name=\"service\" value=\"shop\"")
    error_message = output.report_form_html
  }
  assert {
    condition = regex("http-equiv=\"Content-Security-Policy\" content=\"([^\"]+)\"", output.report_form_html)[0] == join("; ", [
      "default-src 'none'",
      "style-src 'sha256-${base64sha256(regex("(?s)<style>(.*?)</style>", output.report_form_html)[0])}'",
      "script-src 'sha256-${base64sha256(regex("(?s)<script>(.*?)</script>", output.report_form_html)[0])}'",
      "connect-src https://abc123.lambda-url.eu-west-1.on.aws/",
      "form-action https://abc123.lambda-url.eu-west-1.on.aws/",
      "base-uri 'none'",
    ])
    error_message = regex("http-equiv=.*", output.report_form_html)
  }
  assert {
    condition     = strcontains(output.report_form_html, "<title>Shop &amp; &quot;friends&quot; &lt;b&gt;</title>") && strcontains(output.report_form_html, "<h1>Shop &amp; &quot;friends&quot; &lt;b&gt;</h1>")
    error_message = regex("<title>.*", output.report_form_html)
  }
  # Nothing comes from elsewhere, and nothing was left to be filled in.
  assert {
    condition     = toset(regexall("https?://[^\" ;]+", output.report_form_html)) == toset(["https://abc123.lambda-url.eu-west-1.on.aws/"]) && !strcontains(output.report_form_html, "$${")
    error_message = jsonencode(regexall("https?://[^\" ;]+", output.report_form_html))
  }
  assert {
    condition     = length(aws_s3_object.report_form) == 0
    error_message = "nobody named a bucket"
  }
}

run "it_speaks_other_languages_in_full" {
  command = apply
  variables {
    report_form = { language = "de" }
  }
  assert {
    condition     = strcontains(output.report_form_html, "<html lang=\"de\">") && strcontains(output.report_form_html, "<title>Fehler oder Idee melden</title>")
    error_message = output.report_form_html
  }
  assert {
    condition     = alltrue([for texts in values(local.report_form_texts) : keys(texts) == keys(local.report_form_texts.en)])
    error_message = "a language lacks a text"
  }
}

run "it_is_put_into_a_bucket_where_one_is_named" {
  command = apply
  variables {
    report_form = { object = { bucket = "shop-site" } }
  }
  assert {
    condition     = aws_s3_object.report_form[0].bucket == "shop-site" && aws_s3_object.report_form[0].key == "report/index.html" && aws_s3_object.report_form[0].content_type == "text/html; charset=utf-8" && aws_s3_object.report_form[0].content == output.report_form_html
    error_message = jsonencode(aws_s3_object.report_form[0].key)
  }
}

# --- without it ---------------------------------------------------------------------------------

run "without_it_nothing_of_it_is_there" {
  command = apply
  variables {
    functions     = ["deployer", "rollback", "replacer"]
    report_alarms = {}
  }
  assert {
    condition     = output.report_url == null && output.reports_topic_arn == null && output.report_form_html == null && length(output.report_alarm_names) == 0
    error_message = "there is nobody to report to"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.reports_failed) + length(aws_cloudwatch_metric_alarm.reports_turned_away) + length(aws_cloudformation_stack.url_invoke) + length(aws_sns_topic.reports) == 0 && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "BugReports")
    error_message = "something of it is there"
  }
  assert {
    condition     = !anytrue([for name in concat(keys(aws_cloudwatch_event_rule.this), keys(aws_sns_topic_subscription.function), keys(aws_iam_role.function), keys(aws_sqs_queue.dead_letters)) : startswith(name, "reporter")])
    error_message = "rules: ${join(", ", keys(aws_cloudwatch_event_rule.this))}"
  }
}

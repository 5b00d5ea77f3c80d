# The reporter's address on the web: open to everybody, since whoever sees a bug may report it. The function checks,
# redacts and limits; give it concurrency of its own (reserved_concurrency), so that a flood of reports cannot use
# up the account's and with it the deployer's.

locals {
  has_reporter = contains(var.functions, "reporter")
}

resource "aws_lambda_function_url" "reporter" {
  #checkov:skip=CKV_AWS_258:the public may report bugs, see above
  count = local.has_reporter ? 1 : 0

  function_name      = aws_lambda_function.this["reporter"].function_name
  authorization_type = "NONE"
  # No `cors` here: the function answers OPTIONS and sets the headers itself, by SIGNALBOX_REPORT_ORIGINS, as it must
  # behind API Gateway. Both would give them twice, which browsers refuse.
}

resource "aws_lambda_permission" "url" {
  #checkov:skip=CKV_AWS_301:through the URL alone, and that is meant to be public
  count = local.has_reporter ? 1 : 0

  function_name          = aws_lambda_function.this["reporter"].function_name
  statement_id           = "url"
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

# Function URLs made since October 2025 ask for InvokeFunction as well. It must hold for calls through the URL alone,
# or any AWS account could invoke the function directly. Version 5 of the provider has no argument for that condition,
# CloudFormation has.
resource "aws_cloudformation_stack" "url_invoke" {
  #checkov:skip=CKV_AWS_124:whoever applies waits for it and sees it fail
  count = local.has_reporter ? 1 : 0

  name = "${var.name}-reporter-url"
  template_body = jsonencode({
    Resources = {
      Permission = {
        Type = "AWS::Lambda::Permission"
        Properties = {
          FunctionName          = aws_lambda_function.this["reporter"].arn
          Action                = "lambda:InvokeFunction"
          Principal             = "*"
          InvokedViaFunctionUrl = true
        }
      }
    }
  })
}

# --- Who hears when a report is lost ---

# By HTTP nobody tries again: neither retries nor the dead-letter queue are for those who wait for an answer.
resource "aws_cloudwatch_metric_alarm" "reports_failed" {
  count = local.has_reporter ? 1 : 0

  alarm_name          = "${local.function_names["reporter"]}-http-failures"
  alarm_description   = "A report that came by HTTP failed, or was kept and not everybody could be told. The log of ${local.function_names["reporter"]} says why."
  namespace           = "AWS/Lambda"
  metric_name         = "Url5xxCount"
  dimensions          = { FunctionName = local.function_names["reporter"] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alerts_topic_arn]
  ok_actions          = [local.alerts_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "reports_turned_away" {
  count = local.has_reporter ? 1 : 0

  alarm_name          = "${local.function_names["reporter"]}-turned-away"
  alarm_description   = "More reports come at once than ${local.function_names["reporter"]} may handle (reserved_concurrency, or the account's): a flood, or too little of it. Whoever posts is asked to try again; what comes through a topic waits up to six hours."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = local.function_names["reporter"] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alerts_topic_arn]
  ok_actions          = [local.alerts_topic_arn]
}

# --- Users as a canary ---

locals {
  # From variables alone, so that a definition may name its own service's alarm without a cycle.
  report_alarm_names = { for service in keys(var.report_alarms) : service => "${var.name}-${service}-bug-reports" }
}

# Over all releases of a service: an alarm's dimensions are fixed, and releases come and go.
resource "aws_cloudwatch_metric_alarm" "bug_reports" {
  for_each = var.report_alarms

  alarm_name          = local.report_alarm_names[each.key]
  alarm_description   = "${each.value.threshold} or more bugs of ${each.key} were reported within ${each.value.period / 60} minutes."
  namespace           = "Signalbox"
  metric_name         = "BugReports"
  dimensions          = { service = each.key }
  statistic           = "Sum"
  period              = each.value.period
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching" # nobody reports anything
  alarm_actions       = [local.alerts_topic_arn]
  ok_actions          = [local.alerts_topic_arn]

  lifecycle {
    precondition {
      condition     = contains(keys(local.services), each.key)
      error_message = "report_alarms names ${each.key}, which services does not define; there ${length(local.services) == 1 ? "is" : "are"} ${length(local.services) == 0 ? "none" : join(", ", keys(local.services))}."
    }
  }
}

# --- The form ---

locals {
  report_form_source = file("${path.module}/report-form/index.html")
  report_form_texts  = { for file in fileset("${path.module}/report-form", "*.json") : trimsuffix(file, ".json") => jsondecode(file("${path.module}/report-form/${file}")) }
  report_form_text   = local.report_form_texts[contains(keys(local.report_form_texts), var.report_form.language) ? var.report_form.language : "en"]
  report_form_title  = var.report_form.title == null ? local.report_form_text.title : var.report_form.title

  # Terraform can quote for JSON and not for HTML.
  report_form_values = { for name, value in merge(local.report_form_text, {
    title    = local.report_form_title
    language = var.report_form.language
    service  = var.report_form.service == null ? "" : var.report_form.service
    action   = local.has_reporter ? aws_lambda_function_url.reporter[0].function_url : ""
  }) : name => replace(replace(replace(replace(value, "&", "&amp;"), "<", "&lt;"), ">", "&gt;"), "\"", "&quot;") }

  # The policy in the page names its style and its script by what they hash to, and so allows no other. Neither has
  # anything filled in, so both are in the page as they are in the file.
  report_form_html = local.has_reporter ? templatefile("${path.module}/report-form/index.html", merge(local.report_form_values, {
    style_hash  = base64sha256(one(regex("(?s)<style>(.*?)</style>", local.report_form_source)))
    script_hash = base64sha256(one(regex("(?s)<script>(.*?)</script>", local.report_form_source)))
    said        = jsonencode(local.report_form_text)
  })) : null
}

resource "aws_s3_object" "report_form" {
  #checkov:skip=CKV_AWS_186:a public page, encrypted as its bucket says
  count = local.has_reporter && var.report_form.object != null ? 1 : 0

  bucket        = var.report_form.object.bucket
  key           = var.report_form.object.key
  content       = local.report_form_html
  content_type  = "text/html; charset=utf-8"
  cache_control = "max-age=300"
}

# What each function is. Everything that belongs to one hangs on this table, so that installing another is
# naming it in var.functions.
locals {
  catalogue = {
    deployer = {
      purpose      = "Moves blue/green deployments"
      memory       = 256
      heartbeat    = "rate(1 minute)"
      silent_after = 300
      requests     = ["Deployment Requested"]
      alarms       = true
      scaling = [
        "EC2 Instance Launch Successful", "EC2 Instance Launch Unsuccessful",
        "EC2 Instance Terminate Successful", "EC2 Instance Terminate Unsuccessful",
      ]
      may    = ["look", "judge", "nominate", "route", "scale", "suspend", "release", "ask", "announce"]
      writes = ["SERVICE#*"]
    }
    # A function of its own, so that on-call may be allowed this and no more.
    rollback = {
      purpose      = "Takes the last release back"
      memory       = 256
      heartbeat    = null
      silent_after = null
      requests     = ["Rollback Requested"]
      alarms       = false
      scaling      = []
      # It launches a retired release anew where it must, hence release and scale; a look of its may find a
      # deployment whose hook is due, hence ask.
      may    = ["look", "judge", "route", "scale", "suspend", "release", "ask", "announce"]
      writes = ["SERVICE#*"]
    }
    # A function of its own, so that what heals can neither move traffic nor change a release.
    replacer = {
      purpose      = "Replaces sick instances"
      memory       = 256
      heartbeat    = "rate(1 minute)"
      silent_after = 300
      requests     = []
      alarms       = true
      scaling = [
        "EC2 Instance Launch Successful", "EC2 Instance Launch Unsuccessful",
        "EC2 Instance Terminate Successful", "EC2 Instance Terminate Unsuccessful",
        "EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action",
      ]
      may    = ["look", "nominate", "scale", "suspend", "replace", "announce"]
      writes = ["SERVICE#*"]
    }
    reporter = {
      purpose   = "Publishes bug reports"
      memory    = 128
      heartbeat = var.digest_schedule
      # A day's silence is noticed by readers of the digest; an alarm on it would be red until the first one.
      silent_after = null
      requests     = []
      alarms       = false
      scaling      = []
      # It hears how a service stands from its record and never looks at the world, let alone moves anything.
      may    = ["survey", "report", "announce"]
      writes = ["REPORT#*"]
    }
    billing-guard = {
      purpose      = "Acts on billing thresholds"
      memory       = 128
      heartbeat    = "rate(15 minutes)"
      silent_after = 3600
      requests     = []
      alarms       = false
      scaling      = []
      # It bounds groups and keeps them from growing. It can neither move traffic nor touch a release.
      may = ["look", "survey", "reckon", "scale", "suspend", "announce"]
      # The month's latch, and freeze and cap in the services' records. The plan bears the latch's partition key and
      # IAM knows no other, so only the code leaves the plan alone.
      writes = ["ACCOUNT", "SERVICE#*"]
    }
    console = {
      purpose      = "Shows what is live and what moves, on the dashboard"
      memory       = 128
      heartbeat    = null
      silent_after = null
      requests     = []
      alarms       = false
      scaling      = []
      may          = ["look", "judge", "nominate"]
      writes       = []
    }
  }

  installed = { for name, function in local.catalogue : name => function if contains(var.functions, name) }

  # A look is bounded by this, and `settle_guard` in a definition (60 s) is measured against it.
  timeout_seconds = 60

  function_names = { for function in keys(local.installed) : function => "${var.name}-${function}" }
  # Written out instead of taken from the functions, where the functions need it themselves.
  function_arns = { for function, name in local.function_names : function => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${name}" }
}

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:encrypted with the service's own key; nothing secret is logged
  #checkov:skip=CKV_AWS_338:what was decided and why is kept in the table; see var.log_retention_days
  for_each = local.installed

  # Before the function: Lambda would create it at the first line, to be kept for ever.
  name              = "/aws/lambda/${local.function_names[each.key]}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:the event invoke config below sends what failed to a queue, with the reason, which this could not
  #checkov:skip=CKV_AWS_117:it calls the APIs of AWS alone, and a VPC would add a gateway to what must work in an outage
  #checkov:skip=CKV_AWS_272:whoever may change the function may change its signing configuration
  #checkov:skip=CKV_AWS_173:names and ARNs, no secrets
  #checkov:skip=CKV_AWS_50:the functions write no segments; each look is a log line and a metric
  for_each = local.installed

  function_name    = local.function_names[each.key]
  description      = each.value.purpose
  role             = aws_iam_role.function[each.key].arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = "${var.artifacts}/${each.key}/bootstrap.zip"
  source_code_hash = filebase64sha256("${var.artifacts}/${each.key}/bootstrap.zip")
  memory_size      = each.value.memory
  timeout          = local.timeout_seconds
  # -1: shares the account's. See the README for why the reporter should have some of its own.
  reserved_concurrent_executions = lookup(var.reserved_concurrency, each.key, -1)

  environment {
    variables = local.environment[each.key]
  }

  # Without the policy, the first heartbeat fails; without the log group, it is created without retention.
  depends_on = [aws_iam_role_policy.function, aws_cloudwatch_log_group.function]
}

# Each function gets what it reads and nothing else.
locals {
  table_variable  = { SIGNALBOX_TABLE = aws_dynamodb_table.this.name }
  notices         = merge({ SIGNALBOX_ALERTS_TOPIC_ARN = local.alerts_topic_arn }, var.chat_topic == null ? {} : { SIGNALBOX_CHAT_TOPIC_ARN = var.chat_topic.arn })
  linger          = var.linger_seconds == null ? {} : { SIGNALBOX_LINGER_SECONDS = tostring(var.linger_seconds) }
  alarms_believed = var.alarms_by_topic ? { SIGNALBOX_TRUSTED_TOPICS = local.alerts_topic_arn } : {}

  environment = {
    deployer = merge(local.table_variable, local.notices, local.linger, local.alarms_believed)
    rollback = merge(local.table_variable, local.notices)
    replacer = merge(local.table_variable, local.notices, local.linger, local.alarms_believed)
    reporter = merge(
      local.table_variable,
      local.notices,
      { SIGNALBOX_REPORTS_TOPIC_ARN = one(aws_sns_topic.reports[*].arn) },
      var.report_mail == null ? {} : { SIGNALBOX_MAIL_FROM = var.report_mail.from, SIGNALBOX_MAIL_TO = var.report_mail.to },
      length(var.report_origins) == 0 ? {} : { SIGNALBOX_REPORT_ORIGINS = join(",", var.report_origins) },
      length(var.report_intake_topics) == 0 ? {} : { SIGNALBOX_TRUSTED_TOPICS = join(",", values(var.report_intake_topics)) },
    )
    billing-guard = merge(local.table_variable, local.notices, { SIGNALBOX_TRUSTED_TOPICS = one(aws_sns_topic.billing[*].arn) })
    console       = merge(local.table_variable, contains(var.functions, "rollback") ? { SIGNALBOX_ROLLBACK_FUNCTION_ARN = try(local.function_arns["rollback"], null) } : {})
  }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.installed

  function_name = aws_lambda_function.this[each.key].function_name
  # An older nudge is worth nothing: the heartbeat has looked meanwhile. A report is worth all the time there is.
  maximum_event_age_in_seconds = each.key == "reporter" ? 21600 : 300
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters[each.key].arn
    }
  }
}

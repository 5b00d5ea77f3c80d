# Bug reports of the application's users: it publishes them to a topic, and Signalbox's reporter takes them from there.
# What a report may say is in docs/reports.md.

variable "report_mail" {
  description = "Bug reports by mail, as { from = \"reports@example.com\", to = \"team@example.com\" }. from must be verified in SES, and in SES's sandbox to as well. Null: they are kept and published to a topic, and nobody is mailed."
  type        = object({ from = string, to = string })
  default     = null
}

variable "report_alarm" {
  description = "An alarm on `threshold` or more bugs that users report within `period` seconds. With `guards` it takes a release back, and whoever may post reports can cause that."
  type = object({
    threshold = optional(number, 10)
    period    = optional(number, 600)
    guards    = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.report_alarm.guards || var.report_alarm.threshold > 5
    error_message = "report_alarm: one address is heard 5 times an hour, so it could take a release back by itself. Set threshold to 6 or more, or guards = false."
  }
  validation {
    condition     = !var.report_alarm.guards || contains(var.signalbox_functions, "reporter")
    error_message = "report_alarm: without the reporter nobody counts bugs, and the guard would be none. Add it to signalbox_functions, or set guards = false."
  }
}

variable "reporter_concurrency" {
  description = "Concurrent executions reserved for the reporter, which has a public address, so that a flood of reports leaves the deployer its own; 5 are plenty. Null: none, since a small account has none to reserve."
  type        = number
  default     = null
}

locals {
  has_reporter = contains(var.signalbox_functions, "reporter")
}

# Under the free key, unlike the alerts topic: only the application publishes here.
resource "aws_sns_topic" "reports" {
  count = local.has_reporter ? 1 : 0

  name              = "${local.name}-reports"
  kms_master_key_id = "alias/aws/sns"
}

# The instances publish by their role. The default policy would allow the whole account.
data "aws_iam_policy_document" "reports" {
  count = local.has_reporter ? 1 : 0

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.reports[0].arn]

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

resource "aws_sns_topic_policy" "reports" {
  count = local.has_reporter ? 1 : 0

  arn    = aws_sns_topic.reports[0].arn
  policy = data.aws_iam_policy_document.reports[0].json
}

output "report_form" {
  description = "A page with a form that posts bug reports, for the application to serve; null without the reporter."
  value       = module.signalbox.report_form_html
}

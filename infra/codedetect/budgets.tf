# Budgets speaks plain text, twice or three times a day late. It tells people, and Signalbox's billing guard where
# that is installed. It never speaks to the alerts topic.

locals {
  # At most one, which is all that Budgets takes: the one that is given, or else billing-guard's own.
  billing_topic_arns = concat(
    [for arn in [var.billing_topic_arn] : arn if arn != null],
    [for function in var.signalbox_functions : module.signalbox.billing_topic_arn if function == "billing-guard" && var.billing_topic_arn == null],
  )

  budget_notifications = concat(
    [for usd in var.budget_thresholds_usd : { kind = "ACTUAL", usd = usd }],
    [{ kind = "FORECASTED", usd = max(var.budget_thresholds_usd...) }],
  )
}

resource "aws_budgets_budget" "monthly" {
  name         = "${local.name}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(max(var.budget_thresholds_usd...))
  limit_unit   = "USD"

  # Without anybody to tell, AWS takes a budget only without notifications.
  dynamic "notification" {
    for_each = length(local.billing_topic_arns) + length(var.budget_emails) > 0 ? local.budget_notifications : []
    content {
      notification_type          = notification.value.kind
      threshold                  = notification.value.usd
      threshold_type             = "ABSOLUTE_VALUE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = var.budget_emails
      subscriber_sns_topic_arns  = local.billing_topic_arns
    }
  }
}

check "somebody_hears_the_budget" {
  assert {
    condition     = length(var.budget_emails) + length(local.billing_topic_arns) > 0
    error_message = "Nobody hears the budget: set budget_emails, or billing_topic_arn, or both."
  }
}

check "somebody_hears_the_alarms" {
  assert {
    condition     = var.alert_email != null
    error_message = "No person hears the alarms: set alert_email, or subscribe somebody to the alerts topic by other means."
  }
}

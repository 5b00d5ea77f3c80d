# Preconditions and not variable validations: a validation cannot use locals, and would hold every check twice, once
# as a condition and once as a message. Whatever uses the definitions waits for these.

output "services" {
  description = "The services, checked."
  value       = var.services

  precondition {
    condition     = length(local.wrong_values) == 0
    error_message = join("\n", local.wrong_values)
  }

  precondition {
    condition     = length(local.wrong_releases) == 0
    error_message = join("\n", local.wrong_releases)
  }

  precondition {
    condition     = length(local.wrong_routes) == 0
    error_message = join("\n", local.wrong_routes)
  }

  precondition {
    condition     = length(local.wrong_groups) == 0
    error_message = join("\n", local.wrong_groups)
  }

  precondition {
    condition     = length(local.wrong_target_groups) == 0
    error_message = join("\n", local.wrong_target_groups)
  }

  precondition {
    condition     = length(local.wrong_topics) == 0
    error_message = join("\n", local.wrong_topics)
  }

  precondition {
    condition     = length(local.wrong_smokes) == 0
    error_message = join("\n", local.wrong_smokes)
  }

  precondition {
    condition     = length(local.wrong_hooks) == 0
    error_message = join("\n", local.wrong_hooks)
  }

  precondition {
    condition     = length(local.wrong_alarms) == 0
    error_message = join("\n", local.wrong_alarms)
  }
}

output "documents" {
  description = "The definitions as JSON text, by service."
  value       = { for name, document in local.documents : name => jsonencode(document) }
}

output "billing_plan" {
  description = "The billing plan, checked; null without one."
  value       = var.billing_plan

  precondition {
    condition     = length(local.wrong_plan) == 0
    error_message = join("\n", local.wrong_plan)
  }
}

output "billing_plan_document" {
  description = "The billing plan as JSON text."
  value       = jsonencode(local.plan)
}

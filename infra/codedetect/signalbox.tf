# Signalbox itself, for this stack's one service. What it moves (weights, sizes, releases) is left alone by the rest
# of this configuration.

# AWS publishes what it charges in us-east-1 alone, so billing-guard's topic and alarms are there.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}

variable "signalbox_artifacts" {
  description = "Folder with <function>/bootstrap.zip, as `cargo lambda build --release --output-format zip` leaves it. Null: target/lambda of this repository."
  type        = string
  default     = null
}

variable "signalbox_architecture" {
  description = "What those were built for: x86_64 or arm64."
  type        = string
  default     = "x86_64"
}

variable "signalbox_functions" {
  description = "Which functions are installed."
  type        = set(string)
  default     = ["deployer", "rollback", "replacer", "billing-guard", "reporter"]
}

# This stack costs about 78 USD a month when all is well (README.md reckons it), so all three rungs are reached in every
# month: a dry run tells people so, and what would be done. Take dry_run out when the amounts are yours.
variable "billing_plan" {
  description = "What billing-guard does at which amount; the module's README lists the fields."
  type        = any
  default = {
    rungs = [
      { at_usd = 10, do = ["notify"] },
      { at_usd = 20, do = ["notify", "freeze_deployments"] },
      { at_usd = 50, do = ["notify", "freeze_deployments", "retire_standby", "cap_scaling"] },
    ]
    dry_run = true
  }
  nullable = false
}

variable "signalbox_service" {
  description = "Fields of this service's definition that you want otherwise, such as { bake = \"20m\", standby = \"2h\" }. Each replaces the whole field; the module's README lists them all."
  type        = any
  default     = {}
  nullable    = false
}

variable "smoke" {
  description = "Whether a release is asked through the load balancer before it gets traffic (output smoke_url). The functions ask from the internet, by the name in that address."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = !var.smoke || contains(var.alb_ingress_cidrs, "0.0.0.0/0")
    error_message = "smoke: the functions ask from the internet, and alb_ingress_cidrs does not let them in, so every deployment would be taken back. Set smoke = false."
  }
  validation {
    condition     = !var.smoke || var.certificate_arn == null || var.domain != null
    error_message = "smoke: without domain, the address is the load balancer's own name, which certificate_arn is not for, so every deployment would be taken back. Set domain, or smoke = false."
  }
}

data "aws_kms_key" "alerts" {
  count = var.alerts_kms_key_id == null ? 0 : 1

  key_id = var.alerts_kms_key_id
}

module "signalbox" {
  source = "../modules/signalbox"

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name                 = var.signalbox_name
  functions            = var.signalbox_functions
  artifacts            = coalesce(var.signalbox_artifacts, "${path.module}/../../target/lambda")
  architecture         = var.signalbox_architecture
  reserved_concurrency = var.reporter_concurrency == null ? {} : { reporter = var.reporter_concurrency }
  deletion_protection  = var.deletion_protection

  # This stack's alarms are published there already. Its policy and its subscribers are in alerts.tf.
  alerts_topic   = { arn = aws_sns_topic.alerts.arn }
  topics_kms_key = var.alerts_kms_key_id == null ? null : { arn = one(data.aws_kms_key.alerts[*].arn) }

  services = {
    (var.project) = merge({
      listener_arn = aws_lb_listener.live.arn
      slots = { for slot in keys(local.slots) : slot => {
        asg              = aws_autoscaling_group.slot[slot].name
        target_group_arn = aws_lb_target_group.slot[slot].arn
      } }
      capacity = { min = 1, desired = 1, max = 2 }
      release  = { parameter = local.release_parameter }
      strategy = { kind = "canary", weight = 10, bake = "5m" }
      # Names are in the rules, so a guard that is renamed is heard under its new name.
      guard = { alarms = local.guard_alarms }
      # By its header the load balancer routes it to the slot that has no traffic yet (alb.tf).
      smoke = var.smoke ? { url = "${local.url}${local.health_path}", header = { "x-signalbox-slot" = "{slot}" } } : null
    }, var.signalbox_service)
  }

  billing_plan = var.billing_plan

  report_intake_topics = { for topic in aws_sns_topic.reports : "application" => topic.arn }
  report_mail          = var.report_mail
  # The application serves the form. Without a domain here we do not know under which name.
  report_origins = var.domain == null ? [] : [local.url]
  report_form    = { service = var.project }
  report_alarms  = local.has_reporter ? { (var.project) = { threshold = var.report_alarm.threshold, period = var.report_alarm.period } } : {}
}

output "signalbox" {
  description = "The installation: functions, table, dashboard, the policies of on-call and operators, the topic of billing-guard, and where bug reports are posted and published to."
  value = {
    functions           = module.signalbox.function_names
    table               = module.signalbox.table_name
    dashboard           = module.signalbox.dashboard_name
    on_call_policy_arn  = module.signalbox.on_call_policy_arn
    operator_policy_arn = module.signalbox.operator_policy_arn
    billing_topic_arn   = module.signalbox.billing_topic_arn
    report_url          = module.signalbox.report_url
    reports_topic_arn   = module.signalbox.reports_topic_arn
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  name       = "${var.project}-${var.environment}"
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  tags = {
    Project     = var.project
    Environment = var.environment
    ManagedBy   = "terraform"
  }

  # What each slot is born with. From then on weights, sizes and releases belong to Signalbox.
  slots = {
    blue  = { min = 1, desired = 1, max = 2, weight = 100, priority = 10, release = var.initial_release }
    green = { min = 0, desired = 0, max = 0, weight = 0, priority = 11, release = "none" }
  }

  # Named here and not read from the resources, because policies and alarms of one need the name of the other.
  group_names       = { for slot in keys(local.slots) : slot => "${local.name}-${slot}-asg" }
  parameter_root    = "/${var.project}/${var.environment}"
  release_parameter = "${local.parameter_root}/{slot}/release"

  # Namespace of the metrics that the instances' agent writes.
  metrics_namespace = "${var.project}/${var.environment}"

  health_path = "/api/health"
  https       = var.domain != null || var.certificate_arn != null
}

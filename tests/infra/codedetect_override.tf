# For the emulator only: the test copies this next to infra/codedetect, where Terraform merges override files
# into the configuration. What is overridden here is what the emulator cannot show: on AWS it is as the
# configuration says, and no test of ours has seen it.

provider "aws" {
  max_retries = 3 # the default makes an action that the emulator lacks look like a hang
}

# --- not made at all ----------------------------------------------------------------------------

# moto can neither list a budget's tags nor store who hears it, and the provider asks for both.
resource "aws_budgets_budget" "monthly" {
  count = 0
}

# moto has no CreateBackupSelection.
resource "aws_backup_selection" "main" {
  count = 0
}

# moto stores a file system's policy and cannot delete it, which would end the destroy.
resource "aws_efs_file_system_policy" "main" {
  count = 0
}

# --- made, and not read back as written ---------------------------------------------------------
# Each list replaces the configuration's own, so it repeats it first.

# moto forgets the warm-up and the maintenance policy.
resource "aws_autoscaling_group" "slot" {
  lifecycle {
    ignore_changes = [
      min_size,
      desired_capacity,
      max_size,
      suspended_processes,
      default_instance_warmup,
      instance_maintenance_policy,
    ]
  }
}

# moto answers that policies are disabled, with an empty predictive configuration.
resource "aws_autoscaling_policy" "cpu" {
  lifecycle {
    ignore_changes = [enabled, predictive_scaling_configuration]
  }
}

resource "aws_autoscaling_policy" "memory" {
  lifecycle {
    ignore_changes = [enabled, predictive_scaling_configuration]
  }
}

# moto returns the template's own tags as if instances were to get them.
resource "aws_launch_template" "slot" {
  lifecycle {
    ignore_changes = [tag_specifications]
  }
}

# moto keeps no tags of vaults and plans.
resource "aws_backup_vault" "main" {
  lifecycle {
    ignore_changes = [tags, tags_all]
  }
}

resource "aws_backup_plan" "main" {
  lifecycle {
    ignore_changes = [tags, tags_all]
  }
}

# moto knows neither Performance Insights nor the choice about extended support.
resource "aws_db_instance" "main" {
  lifecycle {
    ignore_changes = [
      engine_lifecycle_support,
      performance_insights_enabled,
      performance_insights_retention_period,
    ]
  }
}

# moto keeps the description of a rule for an address, not of a rule for another group.
resource "aws_vpc_security_group_ingress_rule" "inner" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_egress_rule" "inner" {
  lifecycle {
    ignore_changes = [description]
  }
}

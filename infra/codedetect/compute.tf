# One launch template per colour: its instances know which slot they are, and read that slot's release from
# Parameter Store when they boot. A change here reaches the live slot with its next launch, not before;
# nothing refreshes instances behind Signalbox's back.
resource "aws_launch_template" "slot" {
  #checkov:skip=CKV_AWS_88:public addresses instead of a NAT gateway, see network.tf
  #checkov:skip=CKV_AWS_341:the container needs the instance role for S3, and a bridge network is one hop further
  for_each = local.slots

  name                   = "${local.name}-${each.key}"
  update_default_version = true
  image_id               = var.ami
  instance_type          = var.instance_type
  ebs_optimized          = true

  user_data = base64encode(local.user_data[each.key])

  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }

  network_interfaces {
    associate_public_ip_address = true
    delete_on_termination       = true
    security_groups             = [aws_security_group.app.id]
  }

  # Version 2 of the metadata service only. Two hops: the application in its container uses the instance role
  # for the uploads bucket. The role is written so narrowly that this gives away nothing else.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "disabled"
  }

  # A fresh t3 in standard mode has no credits, and every release boots on fresh instances.
  credit_specification {
    cpu_credits = "unlimited"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = 20
      encrypted             = true
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])
    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = "${local.name}-${each.key}", Slot = each.key })
    }
  }

  tags = { Slot = each.key }
}

locals {
  user_data = { for slot in keys(local.slots) : slot => templatefile("${path.module}/user-data.sh.tftpl", {
    region            = var.region
    slot              = slot
    release_parameter = aws_ssm_parameter.release[slot].name
    app_parameters    = "${local.parameter_root}/app"
    repository_url    = aws_ecr_repository.app.repository_url
    app_port          = var.app_port
    health_path       = local.health_path
    log_group         = aws_cloudwatch_log_group.app.name
    file_system       = aws_efs_file_system.main.id
    access_point      = aws_efs_access_point.app.id
    compose_url       = var.compose.url
    compose_sha256    = var.compose.sha256
    metrics_namespace = local.metrics_namespace
    group_name        = local.group_names[slot]
  }) }
}

resource "aws_autoscaling_group" "slot" {
  for_each = local.slots

  name                = local.group_names[each.key]
  vpc_zone_identifier = [for subnet in aws_subnet.public : subnet.id]
  target_group_arns   = [aws_lb_target_group.slot[each.key].arn]

  min_size         = each.value.min
  desired_capacity = each.value.desired
  max_size         = each.value.max

  # EC2, not ELB: one healer, and Signalbox leaves groups of type ELB alone; who boots is not called sick for 5 minutes.
  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_instance_warmup   = 180
  termination_policies      = ["OldestInstance"]

  # The sizes are somebody else's; waiting for them would hang an apply that meets a deployment.
  wait_for_capacity_timeout = "0"

  launch_template {
    id      = aws_launch_template.slot[each.key].id
    version = aws_launch_template.slot[each.key].latest_version
  }

  # Launch before terminate, whenever Auto Scaling itself replaces an instance.
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 200
  }

  enabled_metrics = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize"]

  dynamic "tag" {
    for_each = merge(local.tags, { Name = "${local.name}-${each.key}", Slot = each.key })
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false # the launch template tags instances, volumes and interfaces
    }
  }

  lifecycle {
    ignore_changes = [
      min_size,            # Signalbox pins the floor while a deployment or a replacement runs
      desired_capacity,    # Signalbox sizes the slots, and scaling moves the live one
      max_size,            # Signalbox gives the idle slot room, and a billing cap takes it
      suspended_processes, # Signalbox suspends some during a deployment or a replacement
    ]
  }

  # What the first boot needs and no reference says.
  depends_on = [
    aws_efs_mount_target.private,
    aws_iam_role_policy.instance,
    aws_lb_listener.live,
    aws_route.internet,
    aws_route_table_association.public,
    aws_ssm_parameter.app,
    aws_ssm_parameter.database_password,
    aws_ssm_parameter.session_key,
    aws_vpc_security_group_egress_rule.app_https,
    aws_vpc_security_group_egress_rule.inner,
    aws_vpc_security_group_ingress_rule.inner,
  ]
}

# Two targets: out when either is passed, in when both agree. The idle slot has no instances, so no data, so
# nothing happens there; and a maximum of 0 would forbid it.
resource "aws_autoscaling_policy" "cpu" {
  for_each = local.slots

  name                   = "${local.name}-${each.key}-cpu"
  autoscaling_group_name = aws_autoscaling_group.slot[each.key].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "memory" {
  for_each = local.slots

  name                   = "${local.name}-${each.key}-memory"
  autoscaling_group_name = aws_autoscaling_group.slot[each.key].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 70

    customized_metric_specification {
      namespace   = local.metrics_namespace
      metric_name = "mem_used_percent"
      statistic   = "Average"

      metric_dimension {
        name  = "AutoScalingGroupName"
        value = local.group_names[each.key]
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "app" {
  #checkov:skip=CKV_AWS_158:encrypted with CloudWatch's own key; a customer key is 1 USD a month and has no second reader to keep out
  #checkov:skip=CKV_AWS_338:30 days is what an incident needs; a year costs storage and keeps personal data
  name              = "/${var.project}/${var.environment}/app"
  retention_in_days = 30
}

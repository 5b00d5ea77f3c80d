resource "aws_lb" "main" {
  #checkov:skip=CKV2_AWS_28:a web application firewall starts at 6 USD a month; add one when there is somebody to read its findings
  #checkov:skip=CKV2_AWS_20:with a certificate port 80 redirects; without one there is nothing to redirect to
  #checkov:skip=CKV_AWS_150:on by default, see var.deletion_protection
  #checkov:skip=CKV_AWS_91:on by default, see var.alb_access_logs
  name               = "${local.name}-alb"
  load_balancer_type = "application"
  security_groups    = [aws_security_group.alb.id]
  subnets            = [for subnet in aws_subnet.public : subnet.id]

  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection

  dynamic "access_logs" {
    for_each = var.alb_access_logs ? [aws_s3_bucket.kept["access-logs"].id] : []
    content {
      bucket  = access_logs.value
      enabled = true
    }
  }

  # The load balancer writes a test object before it accepts the bucket.
  depends_on = [aws_s3_bucket_policy.kept]
}

resource "aws_lb_target_group" "slot" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; the port behind it is open to the load balancer alone
  for_each = local.slots

  name        = "${local.name}-${each.key}"
  vpc_id      = aws_vpc.main.id
  target_type = "instance"
  protocol    = "HTTP"
  port        = var.app_port

  # Signalbox waits as long before it retires a slot.
  deregistration_delay = 60

  health_check {
    path                = local.health_path
    matcher             = "200"
    interval            = 15
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  tags = { Slot = each.key }
}

# The listener that Signalbox moves. It names both groups from the start, one of them at weight 0: a target
# group that no rule names is never health-checked.
resource "aws_lb_listener" "live" {
  #checkov:skip=CKV_AWS_2:HTTPS as soon as there is a domain or a certificate
  #checkov:skip=CKV_AWS_103:TLS 1.2 and newer by the policy below
  load_balancer_arn = aws_lb.main.arn
  port              = local.https ? 443 : 80
  protocol          = local.https ? "HTTPS" : "HTTP"
  ssl_policy        = local.https ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null
  certificate_arn   = local.certificate_arn

  default_action {
    type = "forward"

    forward {
      dynamic "target_group" {
        for_each = local.slots
        content {
          arn    = aws_lb_target_group.slot[target_group.key].arn
          weight = target_group.value.weight
        }
      }
    }
  }

  lifecycle {
    # Signalbox moves the weights; an apply must never move traffic.
    ignore_changes = [default_action[0].forward[0].target_group]
  }
}

resource "aws_lb_listener" "redirect" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }

  # When HTTPS is switched on, the live listener must have left port 80 first.
  depends_on = [aws_lb_listener.live]
}

# Whoever sends this header reaches that slot alone, whatever the weights are: how a release is tried before
# it has traffic. The header is no secret and no protection; a slot without targets answers 503.
resource "aws_lb_listener_rule" "slot" {
  for_each = local.slots

  listener_arn = aws_lb_listener.live.arn
  priority     = each.value.priority

  condition {
    http_header {
      http_header_name = "x-signalbox-slot"
      values           = [each.key]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.slot[each.key].arn
  }

  tags = { Slot = each.key }
}

# Four groups: alb -> app -> db and efs. Rules name groups, not addresses, wherever both ends are ours.

resource "aws_security_group" "alb" {
  name        = "${local.name}-alb"
  description = "Load balancer: HTTP and HTTPS from outside, the application's port to the instances"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-alb" }
}

resource "aws_security_group" "app" {
  #checkov:skip=CKV2_AWS_5:attached by the launch templates
  name        = "${local.name}-app"
  description = "Instances: reached by the load balancer alone"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-app" }
}

resource "aws_security_group" "db" {
  name        = "${local.name}-db"
  description = "Database: reached by the instances alone"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-db" }
}

resource "aws_security_group" "efs" {
  name        = "${local.name}-efs"
  description = "File system: reached by the instances alone"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-efs" }
}

locals {
  # Port 80 stays open with HTTPS too: it answers with a redirect.
  alb_doors = { for door in setproduct(local.https ? [80, 443] : [80], var.alb_ingress_cidrs) :
    "${door[0]} from ${door[1]}" => { port = door[0], cidr = door[1] }
  }

  inner_doors = {
    app = { from = aws_security_group.alb.id, to = aws_security_group.app.id, port = var.app_port, what = "Application" }
    db  = { from = aws_security_group.app.id, to = aws_security_group.db.id, port = 5432, what = "PostgreSQL" }
    efs = { from = aws_security_group.app.id, to = aws_security_group.efs.id, port = 2049, what = "NFS over TLS" }
  }
}

resource "aws_vpc_security_group_ingress_rule" "alb" {
  #checkov:skip=CKV_AWS_260:port 80 of a public web service; with a certificate it only redirects
  for_each = local.alb_doors

  security_group_id = aws_security_group.alb.id
  description       = "Clients"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "inner" {
  for_each = local.inner_doors

  security_group_id            = each.value.to
  description                  = each.value.what
  referenced_security_group_id = each.value.from
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "inner" {
  for_each = local.inner_doors

  security_group_id            = each.value.from
  description                  = each.value.what
  referenced_security_group_id = each.value.to
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# Registry, Systems Manager, CloudWatch, packages: all HTTPS. Nothing else leaves.
resource "aws_vpc_security_group_egress_rule" "app_https" {
  security_group_id = aws_security_group.app.id
  description       = "AWS services and packages"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = toset(var.ssh_cidrs)

  security_group_id = aws_security_group.app.id
  description       = "SSH from a given address"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

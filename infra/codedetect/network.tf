# Two public subnets for the load balancer and the instances, two private ones for the database and the
# file system. Instances are public because they must reach the registry, Systems Manager and CloudWatch,
# and a NAT gateway for that costs more than the instance does. Nothing but the load balancer may open a
# connection to them; README.md has the prices.

# Zones by letter and not by asking which there are: an answer that changes would move subnets.
locals {
  zones = { for index, letter in ["a", "b"] : letter => {
    zone    = "${var.region}${letter}"
    public  = cidrsubnet(var.vpc_cidr, 8, index + 1)
    private = cidrsubnet(var.vpc_cidr, 8, index + 11)
  } }
}

resource "aws_vpc" "main" {
  #checkov:skip=CKV2_AWS_11:flow logs cost about 0.25 USD/GB and nobody would read them; who talked to the application is in the access logs
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

# Whatever forgets to name a security group gets this one, which lets nothing through.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-closed" }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = { Name = local.name }
}

resource "aws_subnet" "public" {
  for_each = local.zones

  vpc_id            = aws_vpc.main.id
  availability_zone = each.value.zone
  cidr_block        = each.value.public

  # The launch template asks for an address; nothing else here gets one by accident.
  map_public_ip_on_launch = false

  tags = { Name = "${local.name}-public-${each.key}" }
}

resource "aws_subnet" "private" {
  for_each = local.zones

  vpc_id            = aws_vpc.main.id
  availability_zone = each.value.zone
  cidr_block        = each.value.private

  tags = { Name = "${local.name}-private-${each.key}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-public" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

# No route out: the database and the file system answer, they never call.
resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-private" }
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# Free, and image layers and uploads then stay inside AWS.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.public.id]

  tags = { Name = "${local.name}-s3" }
}

# Network ACLs are the second, coarse fence. They know no connections, so the answers to what the subnets
# ask (ephemeral ports) must be let in by hand.
locals {
  public_ingress = concat(
    [
      { number = 100, action = "allow", protocol = "-1", cidr = var.vpc_cidr, from = 0, to = 0 },
      { number = 110, action = "allow", protocol = "tcp", cidr = "0.0.0.0/0", from = 80, to = 80 },
      { number = 120, action = "allow", protocol = "tcp", cidr = "0.0.0.0/0", from = 443, to = 443 },
      # The application's port lies in the range of rule 140. From outside it is nobody's.
      { number = 130, action = "deny", protocol = "tcp", cidr = "0.0.0.0/0", from = var.app_port, to = var.app_port },
      { number = 140, action = "allow", protocol = "tcp", cidr = "0.0.0.0/0", from = 1024, to = 65535 },
    ],
    [for index, cidr in var.ssh_cidrs :
      { number = 200 + index, action = "allow", protocol = "tcp", cidr = cidr, from = 22, to = 22 }
    ],
  )
}

resource "aws_network_acl" "public" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [for subnet in aws_subnet.public : subnet.id]

  tags = { Name = "${local.name}-public" }
}

resource "aws_network_acl_rule" "public_in" {
  for_each = { for rule in local.public_ingress : rule.number => rule }

  network_acl_id = aws_network_acl.public.id
  egress         = false
  rule_number    = each.value.number
  rule_action    = each.value.action
  protocol       = each.value.protocol
  cidr_block     = each.value.cidr
  from_port      = each.value.from
  to_port        = each.value.to
}

resource "aws_network_acl_rule" "public_out" {
  network_acl_id = aws_network_acl.public.id
  egress         = true
  rule_number    = 100
  rule_action    = "allow"
  protocol       = "-1"
  cidr_block     = "0.0.0.0/0"
}

resource "aws_network_acl" "private" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]

  tags = { Name = "${local.name}-private" }
}

# The private side answers on two ports and calls nobody.
resource "aws_network_acl_rule" "private" {
  for_each = {
    database = { egress = false, number = 100, from = 5432, to = 5432 }
    files    = { egress = false, number = 110, from = 2049, to = 2049 }
    answers  = { egress = true, number = 100, from = 1024, to = 65535 }
  }

  network_acl_id = aws_network_acl.private.id
  egress         = each.value.egress
  rule_number    = each.value.number
  rule_action    = "allow"
  protocol       = "tcp"
  cidr_block     = var.vpc_cidr
  from_port      = each.value.from
  to_port        = each.value.to
}

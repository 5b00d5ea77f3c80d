# Signalbox for one service that exists already: two Auto Scaling groups behind one listener.
#
#   cargo lambda build --release --output-format zip
#   terraform init && terraform apply -var load_balancer=shop -var alerts_email=team@example.com

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

data "aws_lb" "this" {
  name = var.load_balancer
}

data "aws_lb_listener" "this" {
  load_balancer_arn = data.aws_lb.this.arn
  port              = var.listener_port
}

data "aws_lb_target_group" "slot" {
  for_each = toset(["blue", "green"])

  name = "${var.load_balancer}-${each.key}"
}

module "signalbox" {
  source = "../.."

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  artifacts           = var.artifacts
  functions           = var.functions
  deletion_protection = var.deletion_protection
  alerts_emails       = [var.alerts_email]
  billing_plan        = var.billing_plan

  services = {
    shop = {
      listener_arn = data.aws_lb_listener.this.arn
      slots = {
        blue  = { asg = "${var.load_balancer}-blue", target_group_arn = data.aws_lb_target_group.slot["blue"].arn }
        green = { asg = "${var.load_balancer}-green", target_group_arn = data.aws_lb_target_group.slot["green"].arn }
      }
      release  = { parameter = "/shop/{slot}/release" }
      strategy = { kind = "canary", weight = 10, bake = "5m" }
      guard    = { alarms = ["${var.load_balancer}-5xx"] }
    }
  }
}

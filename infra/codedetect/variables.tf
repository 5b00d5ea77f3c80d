variable "project" {
  description = "First part of every name."
  type        = string
  default     = "codedetect"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,11}$", var.project))
    error_message = "project is 2 to 12 lower-case letters, digits and hyphens, a letter first. Load balancer and target group names end at 32 characters."
  }
}

variable "environment" {
  description = "Second part of every name."
  type        = string
  default     = "prod"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "environment is 2 to 8 lower-case letters and digits, a letter first, for example \"prod\"."
  }
}

variable "region" {
  description = "Region of the whole stack."
  type        = string
  default     = "eu-west-1"
}

variable "initial_release" {
  description = "Image tag that the live slot starts with on the very first apply. Ignored ever after: releases belong to Signalbox."
  type        = string
  default     = "v1"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.initial_release)) && var.initial_release != "none"
    error_message = "initial_release is an image tag (letters, digits, . _ -, at most 128), and not \"none\", which means that a slot has no release."
  }
}

# --- network and access -------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "Address range of the network. Four /24 subnets are cut from it."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && can(regex("/16$", var.vpc_cidr))
    error_message = "vpc_cidr is an IPv4 /16, for example \"10.0.0.0/16\"."
  }
}

variable "alb_ingress_cidrs" {
  description = "Who may reach the load balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.alb_ingress_cidrs) > 0 && alltrue([for cidr in var.alb_ingress_cidrs : can(cidrnetmask(cidr))])
    error_message = "alb_ingress_cidrs is a list of at least one IPv4 range such as \"0.0.0.0/0\" or \"203.0.113.0/24\"."
  }
}

variable "ssh_cidrs" {
  description = "Addresses that may open SSH to the instances. Empty: nobody, use Session Manager. No key pair is installed; use EC2 Instance Connect."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.ssh_cidrs : strcontains(cidr, ":") || try(cidrsubnet(cidr, 0, 0) == cidr, false)])
    error_message = "ssh_cidrs has ${join(", ", var.ssh_cidrs)}. Every entry is an address range with its prefix length, for example \"203.0.113.7/32\" or \"203.0.113.0/24\"."
  }

  # By prefix length and not by text: 0.0.0.0/0, 10.0.0.0/0 and a pair of /1 open the same door.
  validation {
    condition     = alltrue([for cidr in var.ssh_cidrs : !can(cidrnetmask(cidr)) || try(tonumber(split("/", cidr)[1]) >= 24, false)])
    error_message = "ssh_cidrs (${join(", ", var.ssh_cidrs)}) would open SSH to the world or to a large part of it. Give your own address as \"203.0.113.7/32\", at most a /24; never 0.0.0.0/0. Or leave it empty and use Session Manager."
  }

  validation {
    condition     = alltrue([for cidr in var.ssh_cidrs : !strcontains(cidr, ":")])
    error_message = "ssh_cidrs (${join(", ", var.ssh_cidrs)}) takes IPv4 only: this network has no IPv6, so an entry such as ::/0 would do nothing but look open. Give your own address as \"203.0.113.7/32\"."
  }
}

variable "domain" {
  description = "Name under which the application is served, for example app.example.com. Makes a certificate, an alias and an HTTPS listener. Null: plain HTTP on the load balancer's own name."
  type        = string
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain is a plain host name such as \"app.example.com\": lower case, no https://, no path, no final dot."
  }

  validation {
    condition     = (var.domain == null) == (var.zone_id == null)
    error_message = "domain and zone_id go together: the certificate is proved and the alias is made in the Route 53 zone of zone_id. Set both, or neither."
  }
}

variable "zone_id" {
  description = "Route 53 hosted zone of the domain."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || can(regex("^[A-Z0-9]{1,32}$", var.zone_id))
    error_message = "zone_id is the identifier of a Route 53 hosted zone, for example \"Z0123456789ABCDEFGHIJ\", not its name."
  }
}

variable "certificate_arn" {
  description = "A certificate that exists already, in this region. With it the listener is HTTPS, and none is made for the domain."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/", var.certificate_arn))
    error_message = "certificate_arn is the ARN of an ACM certificate (arn:aws:acm:REGION:ACCOUNT:certificate/ID)."
  }
}

# --- instances ----------------------------------------------------------------------------------

variable "instance_type" {
  description = "Instance type of both slots (x86_64)."
  type        = string
  default     = "t3.small"
}

variable "ami" {
  description = "Image of the instances. The default is resolved at each launch to the newest Amazon Linux 2023; give an ami-… to pin one."
  type        = string
  default     = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

variable "app_port" {
  description = "Port on which the container listens, inside and outside."
  type        = number
  default     = 5000

  validation {
    condition     = var.app_port >= 1024 && var.app_port <= 32767
    error_message = "app_port is 1024 to 32767: below, the container would have to be root; above, it would collide with the ports of outgoing connections."
  }
}

variable "compose" {
  description = "Docker Compose binary: Amazon Linux 2023 has no package of it. Point url to a copy of your own to boot without github.com."
  type = object({
    url    = string
    sha256 = string
  })
  default = {
    url    = "https://github.com/docker/compose/releases/download/v2.40.3/docker-compose-linux-x86_64"
    sha256 = "dba9d98e1ba5bfe11d88c99b9bd32fc4a0624a30fafe68eea34d61a3e42fd372"
  }

  validation {
    condition     = can(regex("^https://[^'\\s]+$", var.compose.url)) && can(regex("^[0-9a-f]{64}$", var.compose.sha256))
    error_message = "compose.url is an https:// address and compose.sha256 its checksum, 64 hexadecimal digits."
  }
}

# --- data ---------------------------------------------------------------------------------------

variable "db_multi_az" {
  description = "A standby of the database in the second zone. Doubles the price of the database."
  type        = bool
  default     = false
}

variable "secrets_version" {
  description = "Raise by one to make new secrets (database password and session key). Running containers keep the old ones until their instances are replaced."
  type        = number
  default     = 1

  validation {
    condition     = var.secrets_version >= 1 && floor(var.secrets_version) == var.secrets_version
    error_message = "secrets_version is a whole number, 1 or more."
  }
}

variable "deletion_protection" {
  description = "Guards the load balancer and the database from being deleted; the database then also leaves a final snapshot."
  type        = bool
  default     = true
}

# --- watching -----------------------------------------------------------------------------------

variable "alert_email" {
  description = "Mail address for the alerts topic. AWS asks it to confirm. Null: nobody by mail."
  type        = string
  default     = null

  validation {
    condition     = var.alert_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alert_email))
    error_message = "alert_email is one mail address."
  }
}

variable "alerts_kms_key_id" {
  description = "Customer-managed key for the alerts topic (1 USD a month). CloudWatch cannot publish with the free aws/sns key, so the default is no encryption at rest."
  type        = string
  default     = null
}

variable "alb_access_logs" {
  description = "Keep the load balancer's access logs in a bucket for 90 days."
  type        = bool
  default     = true
}

variable "cloudtrail" {
  description = "Make a trail. The first trail of an account is free; set false if the account has one already."
  type        = bool
  default     = true
}

variable "errors_per_minute" {
  description = "Failed answers a minute (5xx of the application, 502 and 504 of the load balancer) above which the guard alarm counts a minute as bad."
  type        = number
  default     = 5
}

variable "latency_p95_seconds" {
  description = "95th percentile of the response time above which a slot is called slow."
  type        = number
  default     = 2
}

variable "db_connections_limit" {
  description = "Connections above which an alarm fires. A db.t3.micro takes about 80 before it refuses."
  type        = number
  default     = 60
}

# --- money --------------------------------------------------------------------------------------

variable "budget_thresholds_usd" {
  description = "Month-to-date cost of the account, in USD, at each of which Budgets speaks once. The highest is also the budget."
  type        = list(number)
  default     = [10, 20, 50]

  validation {
    condition     = length(var.budget_thresholds_usd) >= 1 && length(var.budget_thresholds_usd) <= 4 && alltrue([for usd in var.budget_thresholds_usd : usd > 0])
    error_message = "budget_thresholds_usd is one to four amounts above zero. A budget takes five notifications, and the fifth is the forecast."
  }
}

variable "budget_emails" {
  description = "Mail addresses for Budgets, at most ten."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.budget_emails) <= 10 && alltrue([for mail in var.budget_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", mail))])
    error_message = "budget_emails is a list of at most ten mail addresses."
  }
}

variable "billing_topic_arn" {
  description = "SNS topic for Budgets' plain-text mail. Null: billing-guard's own, where that is installed. Never the alerts topic: what listens there takes alarms only."
  type        = string
  default     = null

  validation {
    condition     = var.billing_topic_arn == null || can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.billing_topic_arn))
    error_message = "billing_topic_arn is the ARN of an SNS topic."
  }

  validation {
    condition     = var.billing_topic_arn == null || !endswith(coalesce(var.billing_topic_arn, "-"), ":${var.project}-${var.environment}-alerts")
    error_message = "billing_topic_arn names the alerts topic. Budgets sends plain text there that no alarm function understands; use a topic of its own."
  }
}

# --- CI -----------------------------------------------------------------------------------------

variable "github_repository" {
  description = "owner/name of the repository whose workflow may deploy. Null: no identity for CI is made."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository is owner/name, without wildcards and without https://github.com/."
  }
}

variable "github_environment" {
  description = "GitHub environment whose jobs may deploy (its reviewers then guard production). Empty: jobs of github_branch instead."
  type        = string
  default     = "production"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]*$", var.github_environment))
    error_message = "github_environment is the plain name of an environment, without wildcards."
  }
}

variable "github_branch" {
  description = "Branch whose jobs may deploy when github_environment is empty."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.github_branch))
    error_message = "github_branch is the plain name of a branch, without wildcards and without refs/heads/."
  }
}

variable "github_oidc_provider_arn" {
  description = "The account's identity provider for GitHub, if it has one already (an account can have only one). Null: it is made here."
  type        = string
  default     = null
}

variable "ci_function_arns" {
  description = "Functions that CI may invoke. Null: deployer and rollback by the names that the Signalbox module gives them."
  type        = list(string)
  default     = null
}

variable "signalbox_name" {
  description = "Name of the Signalbox installation, as given to its module: its table's name and the prefix of its functions."
  type        = string
  default     = "signalbox"
}

variable "load_balancer" {
  description = "Name of the load balancer; groups and target groups are called the same with -blue and -green."
  type        = string
}

variable "listener_port" {
  description = "Port of the listener whose weights are moved."
  type        = number
  default     = 443
}

variable "alerts_email" {
  description = "Who is told."
  type        = string
}

variable "artifacts" {
  description = "Where cargo lambda left the functions."
  type        = string
  default     = "../../../../../target/lambda"
}

variable "functions" {
  description = "Which functions to install."
  type        = set(string)
  default     = ["deployer", "rollback", "replacer"]
}

variable "billing_plan" {
  description = "For billing-guard."
  type        = any
  default     = null
}

variable "deletion_protection" {
  description = "Off only for trying out."
  type        = bool
  default     = true
}

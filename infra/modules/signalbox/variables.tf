variable "name" {
  description = "Prefix of everything created here; the table bears it alone. The CLI expects `signalbox`."
  type        = string
  default     = "signalbox"
  nullable    = false

  validation {
    # Role and rule names end at 64 characters, and the longest suffix needs its room.
    condition     = can(regex("^[a-z][a-z0-9-]{1,29}$", var.name))
    error_message = "name must be 2 to 30 characters: lower-case letters, digits and '-', beginning with a letter."
  }
}

variable "functions" {
  description = "Which functions are installed, of: deployer, rollback, replacer, reporter, billing-guard, console."
  type        = set(string)
  default     = ["deployer", "rollback", "replacer"]
  nullable    = false

  validation {
    condition     = length(var.functions) > 0
    error_message = "functions must name at least one function."
  }
  validation {
    condition     = length(setsubtract(var.functions, ["deployer", "rollback", "replacer", "reporter", "billing-guard", "console"])) == 0
    error_message = "functions has no ${join(", ", setsubtract(var.functions, ["deployer", "rollback", "replacer", "reporter", "billing-guard", "console"]))}; there are deployer, rollback, replacer, reporter, billing-guard and console."
  }
  validation {
    # A name that does not exist is told once, above.
    condition     = alltrue([for function in var.functions : fileexists("${var.artifacts}/${function}/bootstrap.zip") || !contains(["deployer", "rollback", "replacer", "reporter", "billing-guard", "console"], function)])
    error_message = "artifacts: no file ${join(", ", [for function in var.functions : "${var.artifacts}/${function}/bootstrap.zip" if !fileexists("${var.artifacts}/${function}/bootstrap.zip")])}. Build with `cargo lambda build --release --output-format zip`, or set artifacts to the folder that has the functions."
  }
}

variable "artifacts" {
  description = "Folder with `<function>/bootstrap.zip` for each installed function, as `cargo lambda build --release --output-format zip` leaves it in `target/lambda`."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "What the artifacts were built for: `x86_64` or `arm64`."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64, as the artifacts were built."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent executions reserved by function, such as `{ reporter = 5 }`. None by default: a small account may not have any to reserve."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.reserved_concurrency), var.functions)) == 0
    error_message = "reserved_concurrency names ${join(", ", setsubtract(keys(var.reserved_concurrency), var.functions))}, which functions does not install."
  }
  validation {
    condition     = alltrue([for amount in values(var.reserved_concurrency) : amount >= 1 && floor(amount) == amount])
    error_message = "reserved_concurrency must be whole numbers from 1 up; 0 would switch the function off."
  }
}

variable "linger_seconds" {
  description = "How long a heartbeat stays with services that move. Unset: the functions' own default (45)."
  type        = number
  default     = null

  validation {
    condition     = var.linger_seconds == null ? true : var.linger_seconds >= 0 && var.linger_seconds <= 600 && floor(var.linger_seconds) == var.linger_seconds
    error_message = "linger_seconds must be a whole number from 0 to 600."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted. It holds which release is live and the way back."
  type        = bool
  default     = true
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "A permissions boundary for the functions' roles, where the account demands one."
  type        = string
  default     = null
}

variable "alerts_topic" {
  description = "An existing topic for notices and alarms, as `{ arn = … }`; its policy stays its owner's. Unset: one is created."
  type        = object({ arn = string })
  default     = null
}

variable "alerts_emails" {
  description = "Addresses that get what is published to the alerts topic. Each has to confirm by mail."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alerts_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", address))])
    error_message = "alerts_emails must be mail addresses."
  }
}

variable "chat_topic" {
  description = "The topic that Amazon Q Developer in chat applications reads, as `{ arn = … }`. Unset: nothing is said in chat."
  type        = object({ arn = string })
  default     = null
}

variable "alarms_by_topic" {
  description = "Whether alarms also reach the functions through the alerts topic: a second route beside EventBridge."
  type        = bool
  default     = true
  nullable    = false
}

variable "topics_kms_key" {
  description = "A customer managed key, as `{ arn = … }`, of the topics that notices go to: those created here get it, and the functions may use it. Its policy must let cloudwatch.amazonaws.com use it. Unset: no key, since CloudWatch cannot publish to a topic under `alias/aws/sns`."
  type        = object({ arn = string })
  default     = null
}

variable "launch_templates" {
  description = "For services whose release is a launch-template version: the templates, and the roles their instances get."
  type = object({
    template_arns      = set(string)
    instance_role_arns = optional(set(string), [])
  })
  default = null

  validation {
    condition     = var.launch_templates != null || !anytrue([for service in var.services : try(service.release.launch_template == true, false)])
    error_message = "launch_templates must be set, since ${join(", ", [for name, service in var.services : name if try(service.release.launch_template == true, false)])} keeps its release in a launch template: AWS lets only those change the version who may launch from it."
  }
  validation {
    condition     = var.launch_templates == null ? true : length(var.launch_templates.template_arns) > 0
    error_message = "launch_templates.template_arns must name at least one launch template."
  }
}

variable "hook_functions" {
  description = "ARNs of the Lambda functions that definitions name as hooks, without version or alias: deployer and rollback may invoke them, at any version."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.hook_functions : can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]+:function:[A-Za-z0-9_-]+$", arn))])
    error_message = "hook_functions must be ARNs like arn:aws:lambda:<region>:<account>:function:<name>, without version or alias."
  }
}

variable "services" {
  description = "The services by name. Fields, types and limits: [Services](#services)."
  # Terraform drops what an object type does not name, without a word, and a misspelt guard would be none.
  # So this is open, and definitions/ holds it to its fields and types.
  type     = any
  default  = {}
  nullable = false
}

variable "billing_plan" {
  description = "What happens at which amount; required with billing-guard, ignored without. Fields: [Billing plan](#billing-plan)."
  type        = any # As services.
  default     = null

  validation {
    condition     = var.billing_plan != null || !contains(var.functions, "billing-guard")
    error_message = "billing_plan must be set, since functions installs billing-guard. To begin with: { rungs = [{ at_usd = 10, do = [\"notify\"] }] }."
  }
}

variable "report_intake_topics" {
  description = "Topics that bug reports arrive through, by a name of yours. The reporter subscribes to them and believes them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, arn in var.report_intake_topics : can(regex("^[A-Za-z0-9_-]{1,60}$", name)) && can(regex("^arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+$", arn))])
    error_message = "report_intake_topics must be ARNs like arn:aws:sns:<region>:<account>:<topic>, each by a name of 1 to 60 letters, digits, '_' and '-'."
  }
  validation {
    condition     = !anytrue([for arn in values(var.report_intake_topics) : endswith(arn, ":${var.name}-reports") || try(arn == var.chat_topic.arn, false) || try(arn == var.alerts_topic.arn, false)])
    error_message = "report_intake_topics names a topic that the reporter itself publishes to: it would be told what it tells. Give reports a topic of their own to arrive through."
  }
}

variable "report_origins" {
  description = "Web origins whose pages may post bug reports and read the answer, such as `https://www.example.com`. None named: any."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    # As browsers write them, since they are compared as text.
    condition     = alltrue([for origin in var.report_origins : can(regex("^https?://[a-z0-9.:\\[\\]-]+$", origin))])
    error_message = "report_origins must be origins, such as https://www.example.com: scheme and host in small letters, no path and no '*'."
  }
}

variable "report_mail" {
  description = "Bug reports by mail: `from` must be a verified SES identity or of a verified domain; `to` gets them. Unset: none are mailed."
  type        = object({ from = string, to = string })
  default     = null

  validation {
    # The role is bound to them as text, so they are what is sent.
    condition     = var.report_mail == null ? true : alltrue([for address in [var.report_mail.from, var.report_mail.to] : can(regex("^[^@<>,;[:space:]]+@[^@<>,;[:space:]]+$", address))])
    error_message = "report_mail.from and report_mail.to must be one plain address each, such as bugs@example.com, without a name; several people are a mailing list."
  }
}

variable "digest_schedule" {
  description = "When the reporter writes its digest, in UTC."
  type        = string
  default     = "cron(0 7 * * ? *)"
  nullable    = false

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.digest_schedule))
    error_message = "digest_schedule must be cron(…) or rate(…), such as cron(0 7 * * ? *)."
  }
}

variable "report_alarms" {
  description = "Services whose users are a canary: an alarm on `threshold` (10) or more bugs reported within `period` (600) seconds, by service. Name it in a guard: [Users as a canary](#users-as-a-canary)."
  type        = map(object({ threshold = optional(number, 10), period = optional(number, 600) }))
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.report_alarms) == 0 || contains(var.functions, "reporter")
    error_message = "report_alarms needs the reporter, which functions does not install: nobody else counts bugs."
  }
  validation {
    condition     = alltrue([for alarm in values(var.report_alarms) : alarm.threshold >= 1 && alarm.threshold <= 60 && floor(alarm.threshold) == alarm.threshold])
    error_message = "report_alarms: threshold must be a whole number from 1 to 60; no more than 60 reports an hour are counted, of all services together."
  }
  validation {
    condition     = alltrue([for alarm in values(var.report_alarms) : alarm.period >= 60 && alarm.period <= 3600 && alarm.period % 60 == 0])
    error_message = "report_alarms: period must be 60 to 3600 seconds, in whole minutes."
  }
}

variable "report_form" {
  description = "The page with the form (`report_form_html`): the `service` that its reports are of, its `title`, its `language` (en, de), and the `object` that it is put into, as `{ bucket = … }`, with a `key` (report/index.html). Without object, put it where you like."
  type = object({
    service  = optional(string)
    title    = optional(string)
    language = optional(string, "en")
    # Of its own, so that whether there is one is known before the bucket is.
    object = optional(object({ bucket = string, key = optional(string, "report/index.html") }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = fileexists("${path.module}/report-form/${var.report_form.language}.json")
    error_message = "report_form.language must be one of ${join(", ", sort([for file in fileset("${path.module}/report-form", "*.json") : trimsuffix(file, ".json")]))}."
  }
  validation {
    condition     = var.report_form.service == null ? true : can(regex("^[A-Za-z0-9._-]{1,64}$", var.report_form.service))
    error_message = "report_form.service must be the name of a service: 1 to 64 letters, digits, '-', '_' and '.'."
  }
  validation {
    condition     = var.report_form.object == null || contains(var.functions, "reporter")
    error_message = "report_form.object needs the reporter, which functions does not install: the form would post to nobody."
  }
}

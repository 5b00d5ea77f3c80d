# What a definition may hold, and of which type. What is left out stays out of the JSON, so that the functions' own
# defaults hold. shared/domain/src/definition.rs is the other reader of the same document.

variable "services" {
  description = "The services by name."
  type = map(object({
    listener_arn = optional(string) # this or rule_arn: where the forward action is whose weights are moved
    rule_arn     = optional(string)
    slots = object({
      blue  = object({ asg = string, target_group_arn = string })
      green = object({ asg = string, target_group_arn = string })
    })
    capacity = optional(object({ # left out: the live group's sizes move with it
      min     = optional(number) # 1
      desired = optional(number) # 1
      max     = optional(number) # 2
    }))
    release = object({
      parameter       = optional(string) # a Parameter Store name with {slot} in it
      launch_template = optional(bool)   # or true: the release is a launch-template version
    })
    strategy = optional(object({
      kind    = string           # all_at_once (default), canary, linear, steps
      weight  = optional(number) # canary: 10 (percent)
      bake    = optional(string) # canary: 5m
      percent = optional(number) # linear: 10
      every   = optional(string) # linear: 3m
      steps = optional(list(object({
        weight = optional(number)
        bake   = optional(string)
        approval = optional(object({
          within = optional(string) # 24h
          else   = optional(string) # rollback (default) or promote
        }))
      })))
    }))
    bake         = optional(string) # 10m
    standby      = optional(string) # 30m
    route_settle = optional(string) # 2m
    settle_guard = optional(string) # 60s
    arrival      = optional(string) # reject (default), queue_latest, supersede
    freeze_windows = optional(list(object({
      days   = list(string)     # on which it begins: mon, tue, wed, thu, fri, sat, sun
      from   = string           # 16:00, by the clocks of the zone
      to     = string           # 08:00; on the next day, when that is not later than from
      zone   = string           # Europe/Dublin
      reason = optional(string) # weekend; the refusal says it
    })))
    health = optional(object({
      within              = optional(string) # 15m
      settle              = optional(string) # 30s
      max_launch_failures = optional(number) # 2
    }))
    smoke = optional(object({
      url      = string
      header   = optional(map(string)) # {slot} in a value becomes the slot
      status   = optional(number)      # 200
      contains = optional(string)      # {release} becomes the release
      attempts = optional(number)      # 3
    }))
    hooks = optional(object({
      before_traffic = optional(string) # a Lambda function's name or ARN
      after_traffic  = optional(string) # the same or another
      within         = optional(string) # 10m
    }))
    guard = optional(object({
      alarms     = optional(list(string)) # names, metric or composite
      on_no_data = optional(string)       # pass (default), fail, pause
      checks = optional(list(object({
        metric            = string           # error_rate, latency_p95_ms, requests
        max_percent       = optional(number) # of error_rate
        max_ms            = optional(number) # of latency_p95_ms
        max_ratio_to_live = optional(number) # of either
        min_requests      = optional(number) # 0; fewer are no data
        failures_allowed  = optional(number) # 0
      })))
    }))
    pause_limit = optional(string) # 4h
    replacement = optional(object({
      confirm            = optional(string) # 60s
      within             = optional(string) # 15m
      max_in_window      = optional(number) # 3
      window             = optional(string) # 1h
      hold_above_percent = optional(number) # 40
    }))
    drift = optional(object({
      every              = optional(string) # 5m
      on_external_change = optional(string) # alert (default), correct
    }))
    mode             = optional(string) # act (default), observe
    alerts_topic_arn = optional(string) # instead of the installation's
  }))
}

variable "billing_plan" {
  description = "What happens at which amount."
  type = object({
    rungs = list(object({   # 1 to 20, the lowest first
      at_usd = number       # US dollars of the month so far, above 0; cents allowed, no fractions of one
      do     = list(string) # of notify, freeze_deployments, retire_standby, cap_scaling, stop_live; each once
    }))
    plausibility = optional(object({
      max_jump_ratio = optional(number) # 10; above 1: so many times the highest reading before is not believed
      above_usd      = optional(number) # 5; from 0, as at_usd: up to this amount every reading is believed
      min_readings   = optional(number) # 4; from 1: with fewer readings, people are told and no more
    }))
    forecast     = optional(bool) # true: a month that is going to end above a rung is told
    dry_run      = optional(bool) # false; true: everything is told and nothing is done
    allow_outage = optional(bool) # false; stop_live needs true
  })
  default = null
}

variable "given" {
  description = "The same as they were written, with the fields that the types above have dropped."
  type        = any
}

# The definitions as JSON: nulls out, at every depth.
locals {
  documents = { for name, service in var.services : name => { for field, value in merge({ name = name }, service, {
    capacity = service.capacity == null ? null : { for field, value in service.capacity : field => value if value != null }
    release  = { for field, value in service.release : field => value if value != null }
    strategy = service.strategy == null ? null : { for field, value in merge(service.strategy, {
      steps = service.strategy.steps == null ? null : [for step in service.strategy.steps : { for field, value in merge(step, {
        approval = step.approval == null ? null : { for field, value in step.approval : field => value if value != null }
      }) : field => value if value != null }]
    }) : field => value if value != null }
    freeze_windows = service.freeze_windows == null ? null : [for window in service.freeze_windows : { for field, value in window : field => value if value != null }]
    health         = service.health == null ? null : { for field, value in service.health : field => value if value != null }
    smoke          = service.smoke == null ? null : { for field, value in service.smoke : field => value if value != null }
    hooks          = service.hooks == null ? null : { for field, value in service.hooks : field => value if value != null }
    guard = service.guard == null ? null : { for field, value in merge(service.guard, {
      checks = service.guard.checks == null ? null : [for check in service.guard.checks : { for field, value in check : field => value if value != null }]
    }) : field => value if value != null }
    replacement = service.replacement == null ? null : { for field, value in service.replacement : field => value if value != null }
    drift       = service.drift == null ? null : { for field, value in service.drift : field => value if value != null }
  }) : field => value if value != null } }
}

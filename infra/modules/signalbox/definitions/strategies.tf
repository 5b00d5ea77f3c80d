locals {
  strategy_fields = {
    all_at_once = []
    canary      = ["weight", "bake"]
    linear      = ["percent", "every"]
    steps       = ["steps"]
  }

  wrong_strategies = flatten([for name, part in local.parts : concat(
    [for field in ["weight", "bake", "percent", "every", "steps"] : "services.${name}.strategy.${field}: does not belong to the kind ${part.strategy.kind}, which has ${length(local.strategy_fields[part.strategy.kind]) == 0 ? "no other field" : join(" and ", local.strategy_fields[part.strategy.kind])}."
    if part.strategy[field] != null && !contains(lookup(local.strategy_fields, part.strategy.kind, [field]), field)],
    [for field in ["weight", "percent"] : "services.${name}.strategy.${field}: must be a whole number from 1 to 99; all_at_once moves everything in one step."
    if part.strategy[field] == null ? false : part.strategy[field] < 1 || part.strategy[field] > 99 || floor(part.strategy[field]) != part.strategy[field]],
  )])

  stepped = { for name, part in local.parts : name => part.steps if part.strategy.kind == "steps" }

  wrong_steps = flatten([for name, steps in local.stepped : concat(
    length(steps) < 1 || length(steps) > 50 ? ["services.${name}.strategy.steps: must be 1 to 50 steps, the last one { weight = 100 }."] : [],
    length(steps) > 0 && try(steps[length(steps) - 1].weight, 0) != 100 ? ["services.${name}.strategy.steps: must end with { weight = 100 }."] : [],
    [for index, step in steps : "services.${name}.strategy.steps[${index}]: must have either weight or approval." if(step.weight == null) == (step.approval == null)],
    [for index, step in steps : "services.${name}.strategy.steps[${index}].weight: must be a whole number from 1 to 100, above the step before." if step.weight == null ? false : step.weight > 100 || floor(step.weight) != step.weight || step.weight <= max(0, [for before in slice(steps, 0, index) : before.weight if before.weight != null]...)],
    [for index, step in steps : "services.${name}.strategy.steps[${index}].bake: belongs to a weight, not to an approval." if step.approval != null && step.bake != null],
    [for index, step in steps : "services.${name}.strategy.steps[${index}].bake: does not belong to the last step; the service's own bake covers it." if step.weight == 100 && step.bake != null],
  )])
}

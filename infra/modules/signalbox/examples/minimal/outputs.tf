output "functions" {
  description = "The functions' names."
  value       = module.signalbox.function_names
}

output "on_call_policy_arn" {
  description = "Attach this to whoever is on call."
  value       = module.signalbox.on_call_policy_arn
}

output "services" {
  description = "The definitions as the functions read them."
  value       = module.signalbox.services
}

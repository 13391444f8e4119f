output "name" {
  description = "The parameter's name, with its path."
  value       = local.name
}

output "value" {
  description = "The document, which fits."
  value       = var.value
}

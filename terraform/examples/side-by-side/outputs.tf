output "alias" {
  description = "What cache.corp.internal is. A flip is seen here."
  value       = module.alias.document
}

output "caches" {
  description = "The versioned name of each version that is up."
  value       = { for release, cache in module.cache : release => cache.dns_name }
}

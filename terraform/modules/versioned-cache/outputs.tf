output "dns_name" {
  description = "The versioned name, for an alias to lead to."
  value       = local.dns_name

  # Whoever leads to the name waits until it is there. A -target that takes the version along
  # takes along what refuses to change it.
  depends_on = [aws_route53_record.this, terraform_data.installed]
}

output "endpoint" {
  description = "ElastiCache's own name of the primary node."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address

  depends_on = [terraform_data.installed]
}

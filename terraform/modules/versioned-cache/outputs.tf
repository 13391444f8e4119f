output "dns_name" {
  description = "The versioned name, for an alias to lead to."
  value       = local.dns_name

  # Whoever leads to the name waits until it is there.
  depends_on = [aws_route53_record.this]
}

output "endpoint" {
  description = "ElastiCache's own name of the primary node."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

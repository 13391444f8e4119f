output "dns_name" {
  description = "The versioned name, for an alias to lead to."
  value       = local.dns_name

  # Whoever leads to the name waits until it is there, and somebody listens.
  depends_on = [aws_route53_record.this, aws_lb_listener.this]
}

output "endpoint" {
  description = "The load balancer's own name."
  value       = aws_lb.this.dns_name
}

output "target_group_arn" {
  description = "The target group, for the service to register with."
  value       = aws_lb_target_group.this.arn

  # ECS refuses a service whose target group no load balancer has yet.
  depends_on = [aws_lb_listener.this]
}

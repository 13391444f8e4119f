output "queue_urls" {
  description = "The URL of each server's queue, for the Corefile."
  value       = { for server, queue in aws_sqs_queue.server : server => queue.url }
}

output "queue_arns" {
  description = "The ARN of each server's queue, for the module reader."
  value       = { for server, queue in aws_sqs_queue.server : server => queue.arn }
}

output "undelivered_queue" {
  description = "The name of the dead-letter queue, for an alarm."
  value       = aws_sqs_queue.undelivered.name
}

output "arn" {
  description = "The policy's ARN, to attach it to the server's role."
  value       = aws_iam_policy.this.arn
}

output "json" {
  description = "The policy itself."
  value       = aws_iam_policy.this.policy
}

output "document" {
  description = "What the parameter holds. An output of it shows a flip in the plan."
  value       = aws_ssm_parameter.this.insecure_value
}

output "parameter" {
  description = "The parameter's name."
  value       = aws_ssm_parameter.this.name
}

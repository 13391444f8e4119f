variable "name" {
  description = "The policy's name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,128}$", var.name))
    error_message = "name: found \"${var.name}\", want 1 to 128 letters, digits and any of _+=,.@-"
  }
}

variable "paths" {
  description = "The paths of the Corefile's ssm lines."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for path in var.paths : can(regex("^(/[A-Za-z0-9_.-]+){1,15}$", path)) && !can(regex("/\\.{1,2}(/|$)", path))])
    error_message = "paths: found ${jsonencode(var.paths)}, want absolute paths of 1 to 15 elements of letters, digits, '.', '-' and '_', none of which is . or .."
  }

  validation {
    condition     = alltrue([for path in var.paths : length(path) <= 1011])
    error_message = "paths: found ${max(0, [for path in var.paths : length(path)]...)} characters in one, want at most 1011"
  }

  validation {
    condition     = length(var.paths) + length(var.parameters) > 0
    error_message = "paths: found none and no parameters, want what the server is to read"
  }
}

variable "parameters" {
  description = "The parameters of the Corefile's alias lines, each without its label."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.parameters : can(regex("^(/[A-Za-z0-9_.-]+){1,15}$", name)) && !can(regex("/\\.{1,2}(/|$)", name))])
    error_message = "parameters: found ${jsonencode(var.parameters)}, want absolute names of 1 to 15 elements of letters, digits, '.', '-' and '_', none of which is . or .., without a label"
  }

  validation {
    condition     = alltrue([for name in var.parameters : length(name) <= 1011])
    error_message = "parameters: found ${max(0, [for name in var.parameters : length(name)]...)} characters in one, want at most 1011"
  }
}

variable "queue_arns" {
  description = "The queues of the Corefile's push lines."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.queue_arns : can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", arn))])
    error_message = "queue_arns: found ${jsonencode(var.queue_arns)}, want ARNs of single SQS queues"
  }
}

variable "tags" {
  description = "Tags of the policy."
  type        = map(string)
  default     = {}
  nullable    = false
}

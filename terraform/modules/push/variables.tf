variable "name" {
  description = "The name of the rule and of the topic, and what the names of the queues begin with."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "name: found \"${var.name}\", want 1 to 64 letters, digits, '-' and '_'"
  }
}

variable "servers" {
  description = "The names of the servers, each of which has a queue of its own."
  type        = set(string)

  validation {
    condition     = length(var.servers) > 0
    error_message = "servers: found none, want at least one"
  }

  validation {
    condition     = alltrue([for server in var.servers : can(regex("^[A-Za-z0-9_-]+$", server))])
    error_message = "servers: found ${jsonencode(var.servers)}, want names of letters, digits, '-' and '_'"
  }

  validation {
    condition     = alltrue([for server in var.servers : length("${var.name}-${server}") <= 80])
    error_message = "servers: found ${jsonencode(var.servers)} behind \"${var.name}-\", want at most 80 characters together"
  }

  validation {
    condition     = !contains(var.servers, "undelivered")
    error_message = "servers: found \"undelivered\", want another name: this is the dead-letter queue's"
  }
}

variable "fleet" {
  description = "Whether a topic is between the rule and the queues. By default it is if there are several servers."
  type        = bool
  default     = null

  validation {
    condition     = var.fleet != false || length(var.servers) <= 1
    error_message = "fleet: found false with ${length(var.servers)} servers, want true: a rule without a topic serves one"
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
    error_message = "paths: found none and no parameters, want what the servers read"
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

variable "retention" {
  description = "How many seconds a change event is kept for a server, and its delivery tried."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.retention == floor(var.retention) && var.retention >= 60 && var.retention <= 86400
    error_message = "retention: found ${var.retention}, want 60 to 86400 seconds"
  }
}

variable "kms_key" {
  description = "The key, of your own, that encrypts the queues and the topic."
  type        = string
  default     = null

  validation {
    condition     = !can(regex("(^|:)alias/aws/", var.kms_key))
    error_message = "kms_key: found \"${coalesce(var.kms_key, "none")}\", want a key of your own: EventBridge may not use AWS's"
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

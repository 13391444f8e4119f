variable "name" {
  description = "The service's name, without a version."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.name)) && !startswith(var.name, "internal-")
    error_message = "name: found \"${var.name}\", want lower-case letters, digits and single hyphens, and not \"internal-\" first"
  }
}

variable "release" {
  description = "Which version of the service this is, such as v2."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.release))
    error_message = "release: found \"${var.release}\", want lower-case letters, digits and single hyphens"
  }

  validation {
    condition     = length("${var.name}-${var.release}") <= 32
    error_message = "release: found \"${var.name}-${var.release}\", want at most 32 characters together"
  }
}

variable "vpc_id" {
  description = "The VPC of the service."
  type        = string
}

variable "subnet_ids" {
  description = "The subnets of the load balancer, which all versions may share."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids: found ${length(var.subnet_ids)}, want two or more, in as many availability zones"
  }
}

variable "security_group_ids" {
  description = "The security groups of the load balancer, which all versions may share."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids: found none, want at least one"
  }
}

variable "certificate_arn" {
  description = "The certificate for the canonical name and for the versioned one."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:(acm|iam):", var.certificate_arn))
    error_message = "certificate_arn: found \"${var.certificate_arn}\", want the ARN of a certificate in ACM or IAM"
  }
}

variable "port" {
  description = "The port at which the service's targets speak HTTP."
  type        = number

  validation {
    condition     = var.port == floor(var.port) && var.port >= 1 && var.port <= 65535
    error_message = "port: found ${var.port}, want 1 to 65535"
  }
}

variable "target_type" {
  description = "What the service registers: ip or instance."
  type        = string
  default     = "ip"
  nullable    = false

  validation {
    condition     = contains(["ip", "instance"], var.target_type)
    error_message = "target_type: found \"${var.target_type}\", want \"ip\" or \"instance\""
  }
}

variable "health_check_path" {
  description = "The path that answers 200 if a target works."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = startswith(var.health_check_path, "/")
    error_message = "health_check_path: found \"${var.health_check_path}\", want one that begins with \"/\""
  }
}

variable "zone_id" {
  description = "The private hosted zone that the versioned name is in."
  type        = string
}

variable "zone" {
  description = "The name of that zone, such as corp.internal."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", var.zone))
    error_message = "zone: found \"${var.zone}\", want a lower-case domain name without a final dot"
  }
}

variable "tags" {
  description = "Tags of all that can have some."
  type        = map(string)
  default     = {}
  nullable    = false
}

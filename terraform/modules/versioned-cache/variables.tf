variable "name" {
  description = "The cache's name, without a version."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "name: found \"${var.name}\", want lower-case letters, digits and single hyphens, a letter first"
  }
}

variable "release" {
  description = "Which version of the cache this is, such as v2."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.release))
    error_message = "release: found \"${var.release}\", want lower-case letters, digits and single hyphens"
  }

  validation {
    condition     = length("${var.name}-${var.release}") <= 40
    error_message = "release: found \"${var.name}-${var.release}\", want at most 40 characters together"
  }
}

variable "engine" {
  description = "What the cache runs: redis or valkey."
  type        = string
  default     = "redis"
  nullable    = false

  validation {
    condition     = contains(["redis", "valkey"], var.engine)
    error_message = "engine: found \"${var.engine}\", want \"redis\" or \"valkey\""
  }
}

variable "engine_version" {
  description = "The engine's version, major and minor."
  type        = string

  validation {
    condition     = can(regex("^([6-9]|[1-9][0-9])\\.[0-9]+$", var.engine_version))
    error_message = "engine_version: found \"${var.engine_version}\", want a major version from 6 on and a minor one, as in \"7.1\""
  }

  validation {
    condition     = try((var.engine == "valkey") == (tonumber(var.engine_version) >= 7.2), true)
    error_message = "engine_version: found ${var.engine} ${var.engine_version}, want redis up to 7.1 or valkey from 7.2 on: ElastiCache has no other"
  }
}

variable "node_type" {
  description = "The type of the cache's nodes."
  type        = string

  validation {
    condition     = startswith(var.node_type, "cache.")
    error_message = "node_type: found \"${var.node_type}\", want one that begins with \"cache.\""
  }
}

variable "replicas" {
  description = "How many nodes stand by beside the primary."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains(range(6), var.replicas)
    error_message = "replicas: found ${var.replicas}, want 0 to 5"
  }
}

variable "subnet_group_name" {
  description = "The subnet group, which all versions may share."
  type        = string
}

variable "security_group_ids" {
  description = "The security groups, which all versions may share."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids: found none, want at least one"
  }
}

variable "parameter_group_name" {
  description = "The parameter group. By default it is AWS's for the engine's version."
  type        = string
  default     = null
}

variable "transit_encryption" {
  description = "Whether clients must use TLS."
  type        = bool
  default     = true
  nullable    = false
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

variable "ttl" {
  description = "The TTL of the versioned name in seconds."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.ttl == floor(var.ttl) && var.ttl >= 1 && var.ttl <= 86400
    error_message = "ttl: found ${var.ttl}, want 1 to 86400 seconds"
  }
}

variable "tags" {
  description = "Tags of the cache."
  type        = map(string)
  default     = {}
  nullable    = false
}

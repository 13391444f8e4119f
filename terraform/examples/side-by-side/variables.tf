variable "releases" {
  description = "The versions that are up, each with that of its engine."
  type        = map(string)
  nullable    = false
}

variable "to" {
  description = "The version that is active."
  type        = string
  nullable    = false

  validation {
    condition     = contains(keys(var.releases), var.to)
    error_message = "parse to: found ${jsonencode(var.to)}, want one of the releases ${join(", ", keys(var.releases))}: the alias leads to it until it is flipped"
  }
}

variable "from" {
  description = "While clients move, the version that they come from."
  type        = string
  default     = null

  validation {
    condition     = alltrue([for release in var.from[*] : contains(keys(var.releases), release)])
    error_message = "parse from: found ${jsonencode(var.from)}, want one of the releases ${join(", ", keys(var.releases))}: the alias leads to it until all clients have moved"
  }
}

variable "percent" {
  description = "A canary: how many of a hundred clients have moved."
  type        = number
  default     = null
}

variable "start" {
  description = "When clients move, or begin to."
  type        = string
  default     = null
}

variable "over" {
  description = "How long they take from then on."
  type        = string
  default     = null
}

variable "path" {
  description = "The path of the Corefile's ssm line."
  type        = string
  default     = "/dns/aliases"
}

variable "zone" {
  description = "The private zone that has the versioned names."
  type        = string
  default     = "corp.internal"
}

variable "zone_id" {
  description = "Its id in Route 53."
  type        = string
}

variable "node_type" {
  description = "The type of the caches' nodes."
  type        = string
  default     = "cache.t4g.small"
}

variable "subnet_group_name" {
  description = "The subnets the caches are in."
  type        = string
}

variable "security_group_ids" {
  description = "Who may connect to the caches."
  type        = list(string)
}

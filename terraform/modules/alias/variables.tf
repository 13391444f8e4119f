variable "name" {
  description = "The alias's name, such as cache: the last element of the parameter's name."
  type        = string
  nullable    = false
}

variable "path" {
  description = "The path of the Corefile's ssm line."
  type        = string
  nullable    = false
}

variable "to" {
  description = "The target: the name of the version that is active."
  type        = string
  nullable    = false
}

variable "from" {
  description = "The target that clients are moved away from, by percent, or at start."
  type        = string
  default     = null
}

variable "percent" {
  description = "A canary: how many of a hundred clients have moved."
  type        = number
  default     = null
}

variable "start" {
  description = "When all clients move at once or, with over, begin to."
  type        = string
  default     = null
}

variable "over" {
  description = "A ramp: how long clients take to move, such as 30m."
  type        = string
  default     = null
}

variable "group" {
  description = "Aliases of one group move the same clients at the same time."
  type        = string
  default     = null
}

variable "ttl" {
  description = "The alias's TTL in seconds."
  type        = number
  default     = null
}

variable "subtree" {
  description = "keep or collapse: all names below the alias lead to the target as well."
  type        = string
  default     = null
}

variable "except" {
  description = "Names below the alias that its subtree leaves alone, relative to it."
  type        = list(string)
  default     = null
}

variable "check" {
  description = "What a server with verify asks of the target: none, name, address or tcp:PORT."
  type        = string
  default     = null
}

variable "zone" {
  description = "The zone of the Corefile's server block, only to validate more; subtree and {name} need it."
  type        = string
  default     = null
}

variable "template" {
  description = "The TEMPLATE of the Corefile's line, if it has one, only to validate."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the parameter."
  type        = map(string)
  default     = {}
}

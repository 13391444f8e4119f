variable "name" {
  description = "The parameter's last element. Not the name of an alias: those are the keys of aliases."
  type        = string
  nullable    = false
}

variable "path" {
  description = "The path of the Corefile's ssm line."
  type        = string
  nullable    = false
}

# Of a type with optional fields Terraform would drop those that it does not know, and a
# misspelt percent would be a flip.
variable "aliases" {
  description = "By name, the target of each alias, or an object with to and what else the alias module takes."
  type        = any
  nullable    = false

  validation {
    condition     = can(keys(var.aliases))
    error_message = "parse aliases: found ${jsonencode(var.aliases)}, want an object"
  }
  validation {
    condition     = alltrue([for alias in try(values(var.aliases), []) : alias != null && (can(tostring(alias)) || can(keys(alias)))])
    error_message = "parse aliases: found ${jsonencode(var.aliases)}, want for each a target or an object"
  }
  validation {
    condition = length(setsubtract(flatten([for alias in try(values(var.aliases), []) : try(keys(alias), [])]), local.fields)) == 0
    error_message = "parse aliases: found the unknown field ${join(" and ", setsubtract(
      flatten([for alias in try(values(var.aliases), []) : try(keys(alias), [])]), local.fields
    ))}, want one of ${join(", ", local.fields)}"
  }
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

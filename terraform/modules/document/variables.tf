variable "name" {
  description = "The alias's name, relative to the zone, or absolute: within the zone, or with a final dot."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,63}(\\.[0-9A-Za-z_-]{1,63})*\\.?$", var.name))
    error_message = "parse name: found ${jsonencode(var.name)}, want labels of 1 to 63 letters, digits, '-' and '_', with dots between them"
  }
}

variable "zone" {
  description = "The zone of the Corefile's server block. Only to validate; subtree and {name} need it."
  type        = string
  default     = null

  validation {
    condition     = var.zone == null || can(regex("^(\\.|[0-9A-Za-z_-]{1,63}(\\.[0-9A-Za-z_-]{1,63})*\\.?)$", var.zone))
    error_message = "parse zone of ${var.name}: found ${jsonencode(var.zone)}, want a zone such as corp.internal"
  }
}

variable "template" {
  description = "The TEMPLATE of the Corefile's line. Only to validate."
  type        = string
  default     = "{value}"
  nullable    = false

  validation {
    condition     = strcontains(var.template, "{value}")
    error_message = "parse template of ${var.name}: found ${jsonencode(var.template)}, want a template with {value} in it"
  }
  validation {
    condition     = !can(regex("[{}]", replace(replace(var.template, "{name}", ""), "{value}", "")))
    error_message = "parse template of ${var.name}: found ${jsonencode(var.template)}, want no other placeholder than {name} and {value}"
  }
  validation {
    condition = alltrue([
      for made in [replace(replace(var.template, "{name}", "name"), "{value}", "v1.v1")] :
      can(regex(local.good, made)) && !can(regex(local.bad, made))
    ])
    error_message = "parse template of ${var.name}: found ${jsonencode(var.template)}, want a template that makes ${local.want}"
  }
  validation {
    condition     = !strcontains(var.template, "{name}") || var.zone != null
    error_message = "parse template of ${var.name}: found {name} in it without zone, want the zone as well"
  }
}

variable "to" {
  description = "The target, or what the template makes one of."
  type        = string
  nullable    = false

  validation {
    condition = var.to != "" && alltrue([
      for made in [replace(local.template, "{value}", var.to)] :
      can(regex(local.good, made)) && !can(regex(local.bad, made))
    ])
    error_message = "parse to of ${var.name}: found ${jsonencode(var.to)}, want ${local.want}${var.template == "{value}" ? "" : ", once it is in ${var.template}"}"
  }
  validation {
    condition     = var.to == "" || !strcontains(var.template, "{name}") || local.below != ""
    error_message = "parse to of ${var.name}: found ${jsonencode(var.to)} at an apex, want a template without {name} there"
  }
  validation {
    condition     = lower(trimsuffix(replace(local.template, "{value}", var.to), ".")) != local.own
    error_message = "parse to of ${var.name}: found ${jsonencode(var.to)}, want another name than the alias's own"
  }
}

variable "from" {
  description = "The target that clients are led to as long as they have not moved."
  type        = string
  default     = null

  validation {
    condition = var.from != "" && alltrue([
      for made in [for value in var.from[*] : replace(local.template, "{value}", value)] :
      can(regex(local.good, made)) && !can(regex(local.bad, made))
    ])
    error_message = "parse from of ${var.name}: found ${jsonencode(var.from)}, want ${local.want}${var.template == "{value}" ? "" : ", once it is in ${var.template}"}"
  }
  validation {
    condition = alltrue([
      for value in var.from[*] :
      lower(trimsuffix(replace(local.template, "{value}", value), ".")) !=
      lower(trimsuffix(replace(local.template, "{value}", var.to), "."))
    ])
    error_message = "parse from of ${var.name}: found ${jsonencode(var.from)}, want another name than in to"
  }
  validation {
    condition = alltrue([
      for value in var.from[*] : lower(trimsuffix(replace(local.template, "{value}", value), ".")) != local.own
    ])
    error_message = "parse from of ${var.name}: found ${jsonencode(var.from)}, want another name than the alias's own"
  }
}

variable "percent" {
  description = "A canary: how many of a hundred clients have moved. 0 to 100, with three decimals at most."
  type        = number
  default     = null

  validation {
    condition     = alltrue([for number in var.percent[*] : can(regex("^(100|[0-9]{1,2}(\\.[0-9]{1,3})?)$", number))])
    error_message = "parse percent of ${var.name}: found ${jsonencode(var.percent)}, want a number from 0 to 100 with three decimals at most"
  }
  validation {
    condition     = var.percent == null || var.from != null
    error_message = "parse percent of ${var.name}: found it without from, want both or none"
  }
}

variable "start" {
  description = "A flip at that time, or the begin of a ramp. RFC 3339, such as 2026-11-23T10:00:00Z."
  type        = string
  default     = null

  validation {
    condition = alltrue([
      for time in var.start[*] : can(timecmp(time, time)) &&
      can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$", time))
    ])
    error_message = "parse start of ${var.name}: found ${jsonencode(var.start)}, want a time that exists, with a UTC offset, such as 2006-01-02T15:04:05Z"
  }
  validation {
    condition = alltrue([
      for time in var.start[*] :
      try(timecmp(time, "0001-01-01T00:00:00Z") > 0 && timecmp(time, "9999-01-01T00:00:00Z") < 0, true)
    ])
    error_message = "parse start of ${var.name}: found ${jsonencode(var.start)}, want a time from the year 1 on, before 9999"
  }
  validation {
    condition     = var.start == null || var.from != null
    error_message = "parse start of ${var.name}: found it without from, want both or none"
  }
  validation {
    condition     = var.start == null || var.percent == null
    error_message = "parse percent of ${var.name}: found it beside start, want one of them"
  }
  validation {
    condition     = var.start != null || var.percent != null || var.from == null
    error_message = "parse from of ${var.name}: found it without percent and start, want one of them"
  }
}

variable "over" {
  description = "A ramp: how long it takes from start on, such as 30m."
  type        = string
  default     = null

  # timeadd leaves out what is less than a second. A nanosecond less than one in front
  # makes a second of the least duration, and no duration of one that has a minus.
  validation {
    condition = alltrue([
      for duration in var.over[*] :
      try(timeadd("2006-01-02T15:04:05Z", "999999999ns${trimprefix(duration, "+")}") != "2006-01-02T15:04:05Z", false)
    ])
    error_message = "parse over of ${var.name}: found ${jsonencode(var.over)}, want a duration of more than 0, such as 30m, and at most 2562047h"
  }
  validation {
    condition     = var.over == null || var.start != null
    error_message = "parse over of ${var.name}: found it without start, want both or none"
  }
  validation {
    condition = alltrue([
      for end in [for duration in var.over[*] : try(timeadd(var.start, duration), "")] :
      try(timecmp(end, "9999-01-01T00:00:00Z") < 0, end == "")
    ])
    error_message = "parse over of ${var.name}: found ${jsonencode(var.over)}, want an end before the year 9999"
  }
}

variable "ttl" {
  description = "The alias's TTL in seconds."
  type        = number
  default     = null

  validation {
    condition     = alltrue([for seconds in var.ttl[*] : seconds >= 0 && seconds <= 604800 && floor(seconds) == seconds])
    error_message = "parse ttl of ${var.name}: found ${jsonencode(var.ttl)}, want a whole number of seconds from 0 to 604800"
  }
}

variable "subtree" {
  description = "keep or collapse: all names below the alias lead to the target as well."
  type        = string
  default     = null

  validation {
    condition     = alltrue([for way in var.subtree[*] : contains(["keep", "collapse"], way)])
    error_message = "parse subtree of ${var.name}: found ${jsonencode(var.subtree)}, want keep or collapse"
  }
  validation {
    condition     = var.subtree == null || var.zone != null
    error_message = "parse subtree of ${var.name}: found it without zone, want the zone as well"
  }
  validation {
    condition = var.subtree == null || alltrue([
      for value in var.to[*] :
      !endswith(".${lower(trimsuffix(replace(local.template, "{value}", value), "."))}", ".${local.alias}")
    ])
    error_message = "parse to of ${var.name}: found ${jsonencode(var.to)}, want a target that is not at or below the subtree alias ${local.alias}"
  }
  validation {
    condition = var.subtree == null || alltrue([
      for value in var.from[*] :
      !endswith(".${lower(trimsuffix(replace(local.template, "{value}", value), "."))}", ".${local.alias}")
    ])
    error_message = "parse from of ${var.name}: found ${jsonencode(var.from)}, want a target that is not at or below the subtree alias ${local.alias}"
  }
}

variable "except" {
  description = "Names below the alias that its subtree leaves alone, relative to it."
  type        = list(string)
  default     = null

  validation {
    condition     = var.except == null || var.subtree != null
    error_message = "parse except of ${var.name}: found it without subtree, want both or none"
  }
  validation {
    condition = alltrue([
      for name in coalesce(var.except, []) :
      can(regex(local.good, "${name}.${local.alias}")) && !can(regex(local.bad, "${name}.${local.alias}"))
    ])
    error_message = "parse except of ${var.name}: found ${jsonencode(var.except)}, want names below ${local.alias}, relative to it"
  }
  validation {
    condition = alltrue([
      for name in coalesce(var.except, []) :
      !endswith(".${lower(trimsuffix(name, "."))}", ".${local.alias}")
    ])
    error_message = "parse except of ${var.name}: found ${jsonencode(var.except)}, want each relative to ${local.alias}"
  }
}

variable "group" {
  description = "Aliases of one group move the same clients at the same time."
  type        = string
  default     = null

  validation {
    condition     = alltrue([for name in var.group[*] : contains(range(1, 256), length(regexall("%..|.", urlencode(name))))])
    error_message = "parse group of ${var.name}: found ${jsonencode(var.group)}, want 1 to 255 octets of text"
  }
}

variable "check" {
  description = "What targets have to show before they come into force: none, name, address or tcp:PORT."
  type        = string
  default     = null

  validation {
    condition = alltrue([
      for check in var.check[*] : can(regex("^(none|name|address|tcp:[1-9][0-9]{0,4})$", check)) &&
      try(trimprefix(check, "tcp:") <= 65535, true)
    ])
    error_message = "parse check of ${var.name}: found ${jsonencode(var.check)}, want none, name, address or tcp:PORT"
  }
}

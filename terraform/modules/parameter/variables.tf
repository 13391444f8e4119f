variable "path" {
  description = "The path of the Corefile's ssm line, such as /dns/aliases."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(/|(/[0-9A-Za-z_.-]+)+)$", var.path)) && !can(regex("/\\.{1,2}(/|$)", var.path))
    error_message = "parse path: found ${jsonencode(var.path)}, want an absolute path of letters, digits, '.', '-' and '_', no element of which is . or .."
  }
}

variable "name" {
  description = "The parameter's last element."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_.-]+$", var.name)) && !can(regex("^\\.{1,2}$", var.name))
    error_message = "parse name: found ${jsonencode(var.name)}, want letters, digits, '.', '-' and '_', and not . or .."
  }
  validation {
    condition     = length(split("/", "${trimsuffix(var.path, "/")}/${var.name}")) <= 16
    error_message = "parse name: found ${length(split("/", var.path))} elements in ${var.path}/${var.name}, want at most 15"
  }
  validation {
    condition     = !can(regex("^/(?i:aws|ssm)", "${trimsuffix(var.path, "/")}/${var.name}"))
    error_message = "parse name: found ${trimsuffix(var.path, "/")}/${var.name}, want a name that does not begin with /aws or /ssm"
  }
  # It is 1011 with the ARN in front, of which the Region's and partition's names are a part.
  validation {
    condition     = length("${trimsuffix(var.path, "/")}/${var.name}") <= 940
    error_message = "parse name: found ${length("${trimsuffix(var.path, "/")}/${var.name}")} characters with the path, want at most 940"
  }
}

variable "value" {
  description = "The document."
  type        = string
  nullable    = false

  validation {
    condition     = length(regexall("%..|.", urlencode(var.value))) <= 4096
    error_message = "parse document: found ${length(regexall("%..|.", urlencode(var.value)))} octets, want at most 4096, which is what a standard parameter holds"
  }
  validation {
    condition     = !can(regex("(?s)\\{\\{.*\\}\\}", var.value))
    error_message = "parse document: found ${var.value}, want no {{...}} in it, which Parameter Store refuses"
  }
}

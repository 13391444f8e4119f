module "document" {
  source = "../document"

  name     = var.name
  zone     = var.zone
  template = var.template
  to       = var.to
  from     = var.from
  percent  = var.percent
  start    = var.start
  over     = var.over
  group    = var.group
  ttl      = var.ttl
  subtree  = var.subtree
  except   = var.except
  check    = var.check
}

module "parameter" {
  source = "../parameter"

  path  = var.path
  name  = var.name
  value = try(tostring(jsondecode(module.document.json)), module.document.json)
}

resource "aws_ssm_parameter" "this" {
  name           = module.parameter.name
  type           = "String"
  data_type      = "text"
  tier           = "Standard"
  insecure_value = module.parameter.value
  tags           = var.tags

  lifecycle {
    # The provider plans such a value as known after apply, and leaves the old one.
    postcondition {
      condition     = self.insecure_value == module.parameter.value
      error_message = "write ${self.name}: found a parameter that was imported, whose value the provider does not write, want an apply with -replace=module.NAME.aws_ssm_parameter.this, which makes it anew"
    }
  }
}

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
    # The provider has such a value elsewhere, plans this one as known after apply, and leaves
    # the old one. Another value than the one wanted is no fault: a hand has flipped, or the
    # read after the write was stale.
    postcondition {
      condition     = self.insecure_value != null
      error_message = "write ${self.name}: found a parameter that was imported or moved here, whose value the provider does not write, want an apply with -replace=module.NAME.aws_ssm_parameter.this, which makes it anew"
    }
  }
}

locals {
  fields = ["to", "from", "percent", "start", "over", "group", "ttl", "subtree", "except", "check"]

  # An alias of which only the target is said may be just that.
  aliases = { for name, alias in var.aliases : name => try({ to = tostring(alias) }, alias) }

  names = [for document in module.document : document.alias]
  twice = [for name in distinct(local.names) : name if length([for other in local.names : other if other == name]) > 1]
}

module "document" {
  source   = "../document"
  for_each = local.aliases

  name     = each.key
  zone     = var.zone
  template = var.template
  to       = try(coalesce(each.value.to), "")
  from     = try(each.value.from, null)
  percent  = try(each.value.percent, null)
  start    = try(each.value.start, null)
  over     = try(each.value.over, null)
  group    = try(each.value.group, null)
  ttl      = try(each.value.ttl, null)
  subtree  = try(each.value.subtree, null)
  except   = try(each.value.except, null)
  check    = try(each.value.check, null)
}

module "parameter" {
  source = "../parameter"

  path  = var.path
  name  = var.name
  value = jsonencode({ aliases = { for name, document in module.document : name => jsondecode(document.json) } })
}

resource "aws_ssm_parameter" "this" {
  name           = module.parameter.name
  type           = "String"
  data_type      = "text"
  tier           = "Standard"
  insecure_value = module.parameter.value
  tags           = var.tags

  lifecycle {
    precondition {
      condition     = length(local.twice) == 0
      error_message = "parse aliases: found ${join(" and ", local.twice)} twice, want each alias once"
    }
    # The provider has such a value elsewhere, plans this one as known after apply, and leaves
    # the old one. Another value than the one wanted is no fault: a hand has flipped, or the
    # read after the write was stale.
    postcondition {
      condition     = self.insecure_value != null
      error_message = "write ${self.name}: found a parameter that was imported or moved here, whose value the provider does not write, want an apply with -replace=module.NAME.aws_ssm_parameter.this, which makes it anew"
    }
  }
}

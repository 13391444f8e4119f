output "json" {
  description = "What a document says about the alias, as JSON: a text if that is but the target, else an object."
  value       = length(local.stated) == 1 ? jsonencode(var.to) : jsonencode(local.stated)

  precondition {
    condition = var.zone == null && !local.absolute ? length(local.alias) < 254 : (
      (local.within || !local.absolute) && can(regex(local.good, local.alias)) && !can(regex(local.bad, local.alias))
    )
    error_message = "parse name: found ${jsonencode(var.name)}, want a name ${var.zone == null ? "" : "in the zone ${coalesce(local.zone, ".")}: "}${local.want}"
  }
}

output "alias" {
  description = "The alias's name in lower case, absolute if there is a zone."
  value       = local.alias
}

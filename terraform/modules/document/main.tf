# The rules are those of plugin/alias, which reads what is written here. A validation
# cannot refer to what depends on its own variable, nor two to one another: that is why a
# rule about two fields stands at the later one of to, from, percent, start, over, subtree.
locals {
  # A name is good if it matches the one and not the other: labels that are too long, a
  # name that is, and a last label that makes an address of it.
  good = "^[0-9A-Za-z_-]+(\\.[0-9A-Za-z_-]+)+\\.?$"
  bad  = "[^.]{64}|^.{253}[^.]|^.{255}|(^|\\.)[0-9]+\\.?$"
  want = "an absolute name of at least two labels of 1 to 63 letters, digits, '-' and '_', at most 255 octets in all, the last no number"

  # The alias's own name, as far as it is known, in lower case and without the final dot.
  zone     = try(lower(trimsuffix(var.zone, ".")), "")
  name     = lower(trimsuffix(var.name, "."))
  within   = endswith(".${local.name}", local.zone == "" ? "" : ".${local.zone}")
  absolute = endswith(var.name, ".") || (var.zone != null && local.within)
  alias    = local.absolute || local.zone == "" ? local.name : "${local.name}.${local.zone}"
  below    = trimsuffix(trimsuffix(local.alias, local.zone), ".")

  # What would make a loop; without a zone a relative name could be any.
  own = var.zone != null || local.absolute ? local.alias : null

  # A target is what the template makes of a value.
  template = replace(var.template, "{name}", local.below)

  fields = {
    to      = var.to
    from    = var.from
    percent = var.percent
    start   = var.start
    over    = var.over
    group   = var.group
    ttl     = var.ttl
    subtree = var.subtree
    except  = var.except
    check   = var.check
  }
  stated = { for field, value in local.fields : field => value if value != null }
}

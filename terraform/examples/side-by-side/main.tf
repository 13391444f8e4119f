# One cache for each version that is up. Nothing in one of them depends on another.
module "cache" {
  source   = "../../modules/versioned-cache"
  for_each = var.releases

  name               = "cache"
  release            = each.key
  engine_version     = each.value
  node_type          = var.node_type
  subnet_group_name  = var.subnet_group_name
  security_group_ids = var.security_group_ids
  zone_id            = var.zone_id
  zone               = var.zone
}

# cache.corp.internal leads to the one that is active. Clients know no other name.
module "alias" {
  source = "../../modules/alias"

  path    = var.path
  name    = "cache"
  to      = module.cache[var.to].dns_name
  from    = one([for release in var.from[*] : module.cache[release].dns_name])
  percent = var.percent
  start   = var.start
  over    = var.over
  zone    = var.zone
}

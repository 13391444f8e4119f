terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

# Two versions side by side.
module "cache" {
  source = "../.."

  for_each = {
    v1 = { engine = "redis", engine_version = "7.1" }
    v2 = { engine = "valkey", engine_version = "8.0" }
  }

  name               = "cache"
  release            = each.key
  engine             = each.value.engine
  engine_version     = each.value.engine_version
  node_type          = "cache.t4g.micro"
  subnet_group_name  = "caches"
  security_group_ids = ["sg-0123456789abcdef0"]
  zone_id            = "Z0123456789ABCDEFGHIJ"
  zone               = "corp.internal"
}

output "dns_names" {
  value = { for release, cache in module.cache : release => cache.dns_name }
}

output "endpoints" {
  value = { for release, cache in module.cache : release => cache.endpoint }
}

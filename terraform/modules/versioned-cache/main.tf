locals {
  name     = "${var.name}-${var.release}"
  dns_name = "${local.name}.${var.zone}"
  software = "${var.engine} ${var.engine_version}"
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = local.name
  description          = "${var.name}, version ${var.release}"

  engine                     = var.engine
  engine_version             = var.engine_version
  auto_minor_version_upgrade = false
  parameter_group_name       = var.parameter_group_name

  node_type                  = var.node_type
  num_cache_clusters         = 1 + var.replicas
  automatic_failover_enabled = var.replicas > 0
  multi_az_enabled           = var.replicas > 0

  subnet_group_name  = var.subnet_group_name
  security_group_ids = var.security_group_ids

  at_rest_encryption_enabled = true
  transit_encryption_enabled = var.transit_encryption

  tags = var.tags

  lifecycle {
    # AWS upgrades what is no longer maintained, and the way back would make the cache anew.
    ignore_changes = [engine, engine_version]
  }
}

# What this version was installed with. That is not known before it is: what has failed to
# be made may be mended.
resource "terraform_data" "installed" {
  input = {
    name               = local.name
    software           = local.software
    transit_encryption = var.transit_encryption
    subnet_group_name  = var.subnet_group_name
  }

  depends_on = [aws_elasticache_replication_group.this]

  lifecycle {
    ignore_changes = [input]

    # Versions that were installed earlier do not have it here.
    postcondition {
      condition     = try(self.output.name, local.name) == local.name
      error_message = "name: found ${local.name}, want ${try(self.output.name, local.name)}: a version that runs is never renamed, install the new one beside it"
    }
    postcondition {
      condition     = self.output.software == local.software
      error_message = "engine_version: found ${local.software}, want ${self.output.software}: a version that runs is never upgraded, install the new one beside it"
    }
    # AWS refuses to switch from one to the other at once, and before redis 7.0.5 altogether:
    # there the provider makes the cache anew.
    postcondition {
      condition     = self.output.transit_encryption == var.transit_encryption
      error_message = "transit_encryption: found ${var.transit_encryption}, want ${self.output.transit_encryption}: clients of a version that runs would be cut off, install the new one beside it"
    }
    # It is part of what a cache is, and would make it anew.
    postcondition {
      condition     = self.output.subnet_group_name == var.subnet_group_name
      error_message = "subnet_group_name: found ${var.subnet_group_name}, want ${self.output.subnet_group_name}: a version that runs is never moved, install the new one beside it"
    }
  }
}

resource "aws_route53_record" "this" {
  zone_id = var.zone_id
  name    = local.dns_name
  type    = "CNAME"
  ttl     = var.ttl
  records = [aws_elasticache_replication_group.this.primary_endpoint_address]
}

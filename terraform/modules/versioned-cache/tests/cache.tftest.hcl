mock_provider "aws" {}

variables {
  name               = "cache"
  release            = "v1"
  engine_version     = "7.0"
  node_type          = "cache.t4g.micro"
  subnet_group_name  = "caches"
  security_group_ids = ["sg-0123456789abcdef0"]
  zone_id            = "Z0123456789ABCDEFGHIJ"
  zone               = "corp.internal"
}

run "installed" {
  assert {
    condition     = aws_elasticache_replication_group.this.replication_group_id == "cache-v1"
    error_message = "the cache is ${aws_elasticache_replication_group.this.replication_group_id}"
  }

  assert {
    condition = jsonencode([
      aws_elasticache_replication_group.this.engine,
      aws_elasticache_replication_group.this.engine_version,
      aws_elasticache_replication_group.this.auto_minor_version_upgrade,
    ]) == jsonencode(["redis", "7.0", "false"])
    error_message = "the engine is ${aws_elasticache_replication_group.this.engine} ${aws_elasticache_replication_group.this.engine_version}, or upgrades itself"
  }

  assert {
    condition = jsonencode([
      aws_elasticache_replication_group.this.at_rest_encryption_enabled,
      aws_elasticache_replication_group.this.transit_encryption_enabled,
    ]) == jsonencode(["true", true])
    error_message = "not all is encrypted"
  }

  assert {
    condition = jsonencode([
      aws_elasticache_replication_group.this.num_cache_clusters,
      aws_elasticache_replication_group.this.automatic_failover_enabled,
      aws_elasticache_replication_group.this.multi_az_enabled,
    ]) == jsonencode([2, true, true])
    error_message = "a primary node does not have one that stands by elsewhere"
  }

  assert {
    condition = jsonencode([
      aws_route53_record.this.zone_id, aws_route53_record.this.name, aws_route53_record.this.type,
      aws_route53_record.this.ttl, aws_route53_record.this.records,
      ]) == jsonencode([
      "Z0123456789ABCDEFGHIJ", "cache-v1.corp.internal", "CNAME", 60, [output.endpoint],
    ])
    error_message = "the record is ${jsonencode(aws_route53_record.this)}"
  }

  assert {
    condition     = output.dns_name == "cache-v1.corp.internal" && output.endpoint == aws_elasticache_replication_group.this.primary_endpoint_address
    error_message = "the outputs are ${output.dns_name} and ${output.endpoint}"
  }
}

# Of the version that the run before has installed.
run "upgraded_in_place" {
  command = plan
  variables {
    engine_version = "7.1"
  }
  expect_failures = [terraform_data.installed]
}

run "other_engine_in_place" {
  command = plan
  variables {
    engine         = "valkey"
    engine_version = "8.0"
  }
  expect_failures = [terraform_data.installed]
}

run "unencrypted_in_place" {
  command = plan
  variables {
    transit_encryption = false
  }
  expect_failures = [terraform_data.installed]
}

run "moved_in_place" {
  command = plan
  variables {
    subnet_group_name = "other"
  }
  expect_failures = [terraform_data.installed]
}

run "renamed_in_place" {
  command = plan
  variables {
    name = "store"
  }
  expect_failures = [terraform_data.installed]
}

run "other_release_in_place" {
  command = plan
  variables {
    release = "v2"
  }
  expect_failures = [terraform_data.installed]
}

run "larger" {
  variables {
    node_type = "cache.m7g.large"
    replicas  = 2
  }

  assert {
    condition     = jsonencode([aws_elasticache_replication_group.this.node_type, aws_elasticache_replication_group.this.num_cache_clusters]) == jsonencode(["cache.m7g.large", 3])
    error_message = "there are ${aws_elasticache_replication_group.this.num_cache_clusters} nodes of type ${aws_elasticache_replication_group.this.node_type}"
  }
}

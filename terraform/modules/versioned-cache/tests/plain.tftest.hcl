mock_provider "aws" {}

variables {
  name               = "cache"
  release            = "v1"
  engine_version     = "7.1"
  node_type          = "cache.t4g.micro"
  subnet_group_name  = "caches"
  security_group_ids = ["sg-0123456789abcdef0"]
  zone_id            = "Z0123456789ABCDEFGHIJ"
  zone               = "corp.internal"
}

run "alone_and_unencrypted" {
  command = plan

  variables {
    replicas           = 0
    transit_encryption = false
  }

  assert {
    condition = jsonencode([
      aws_elasticache_replication_group.this.num_cache_clusters,
      aws_elasticache_replication_group.this.automatic_failover_enabled,
      aws_elasticache_replication_group.this.multi_az_enabled,
      aws_elasticache_replication_group.this.transit_encryption_enabled,
    ]) == jsonencode([1, false, false, false])
    error_message = "a single node has ${aws_elasticache_replication_group.this.num_cache_clusters} nodes, fails over, or asks for TLS"
  }
}

run "null_is_the_default" {
  command = plan

  variables {
    engine             = null
    replicas           = null
    transit_encryption = null
    ttl                = null
    tags               = null
  }

  assert {
    condition = jsonencode([
      aws_elasticache_replication_group.this.engine,
      aws_elasticache_replication_group.this.num_cache_clusters,
      aws_elasticache_replication_group.this.transit_encryption_enabled,
      aws_route53_record.this.ttl,
    ]) == jsonencode(["redis", 2, true, 60])
    error_message = "the cache is ${jsonencode(aws_elasticache_replication_group.this)}"
  }
}

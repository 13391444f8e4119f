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

run "name" {
  command = plan
  variables {
    name = "Cache"
  }
  expect_failures = [var.name]
}

run "name_with_two_hyphens" {
  command = plan
  variables {
    name = "my--cache"
  }
  expect_failures = [var.name]
}

run "release" {
  command = plan
  variables {
    release = "v1.0"
  }
  expect_failures = [var.release]
}

run "long_name" {
  command = plan
  variables {
    name = "a-cache-of-more-than-thirty-seven-letters"
  }
  expect_failures = [var.release]
}

run "engine" {
  command = plan
  variables {
    engine = "memcached"
  }
  expect_failures = [var.engine]
}

run "version_without_a_minor" {
  command = plan
  variables {
    engine_version = "7"
  }
  expect_failures = [var.engine_version]
}

run "version_with_a_patch" {
  command = plan
  variables {
    engine_version = "7.1.2"
  }
  expect_failures = [var.engine_version]
}

run "any_minor_version" {
  command = plan
  variables {
    engine_version = "6.x"
  }
  expect_failures = [var.engine_version]
}

run "old_version" {
  command = plan
  variables {
    engine_version = "5.0"
  }
  expect_failures = [var.engine_version]
}

run "node_type" {
  command = plan
  variables {
    node_type = "t4g.micro"
  }
  expect_failures = [var.node_type]
}

run "many_replicas" {
  command = plan
  variables {
    replicas = 6
  }
  expect_failures = [var.replicas]
}

run "no_security_group" {
  command = plan
  variables {
    security_group_ids = []
  }
  expect_failures = [var.security_group_ids]
}

run "zone_with_a_final_dot" {
  command = plan
  variables {
    zone = "corp.internal."
  }
  expect_failures = [var.zone]
}

run "ttl_of_nothing" {
  command = plan
  variables {
    ttl = 0
  }
  expect_failures = [var.ttl]
}

run "ttl_of_two_days" {
  command = plan
  variables {
    ttl = 172800
  }
  expect_failures = [var.ttl]
}

run "half_a_second" {
  command = plan
  variables {
    ttl = 0.5
  }
  expect_failures = [var.ttl]
}

run "late_redis" {
  command = plan
  variables {
    engine_version = "8.0"
  }
  expect_failures = [var.engine_version]
}

run "early_valkey" {
  command = plan
  variables {
    engine = "valkey"
  }
  expect_failures = [var.engine_version]
}

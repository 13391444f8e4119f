mock_provider "aws" {}

variables {
  name               = "web"
  release            = "v1"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_ids = ["sg-0123456789abcdef0"]
  certificate_arn    = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
  port               = 8080
  zone_id            = "Z0123456789ABCDEFGHIJ"
  zone               = "corp.internal"
}

run "name" {
  command = plan
  variables {
    name = "Web"
  }
  expect_failures = [var.name]
}

run "name_of_AWS" {
  command = plan
  variables {
    name = "internal-web"
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
    name = "a-service-of-more-than-29-letters"
  }
  expect_failures = [var.release]
}

run "one_subnet" {
  command = plan
  variables {
    subnet_ids = ["subnet-0123456789abcdef0"]
  }
  expect_failures = [var.subnet_ids]
}

run "no_security_group" {
  command = plan
  variables {
    security_group_ids = []
  }
  expect_failures = [var.security_group_ids]
}

run "certificate" {
  command = plan
  variables {
    certificate_arn = "web.corp.internal"
  }
  expect_failures = [var.certificate_arn]
}

run "port_of_nothing" {
  command = plan
  variables {
    port = 0
  }
  expect_failures = [var.port]
}

run "high_port" {
  command = plan
  variables {
    port = 65536
  }
  expect_failures = [var.port]
}

run "half_a_port" {
  command = plan
  variables {
    port = 80.5
  }
  expect_failures = [var.port]
}

run "target_type" {
  command = plan
  variables {
    target_type = "lambda"
  }
  expect_failures = [var.target_type]
}

run "relative_path" {
  command = plan
  variables {
    health_check_path = "healthz"
  }
  expect_failures = [var.health_check_path]
}

run "zone_with_a_final_dot" {
  command = plan
  variables {
    zone = "corp.internal."
  }
  expect_failures = [var.zone]
}

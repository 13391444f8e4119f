mock_provider "aws" {}

variables {
  name    = "aliases"
  servers = ["dns-0"]
  paths   = ["/dns/aliases"]
}

run "name" {
  command = plan
  variables {
    name = "dns aliases"
  }
  expect_failures = [var.name]
}

run "no_server" {
  command = plan
  variables {
    servers = []
  }
  expect_failures = [var.servers]
}

run "server_with_a_dot" {
  command = plan
  variables {
    servers = ["dns-0.corp.internal"]
  }
  expect_failures = [var.servers]
}

run "queue_with_a_long_name" {
  command = plan
  variables {
    servers = ["a1234567890123456789012345678901234567890123456789012345678901234567890123"]
  }
  expect_failures = [var.servers]
}

run "server_of_the_dead_letter_queue" {
  command = plan
  variables {
    servers = ["undelivered"]
  }
  expect_failures = [var.servers]
}

run "several_servers_without_a_topic" {
  command = plan
  variables {
    servers = ["dns-0", "dns-1"]
    fleet   = false
  }
  expect_failures = [var.fleet]
}

run "relative_path" {
  command = plan
  variables {
    paths = ["dns/aliases"]
  }
  expect_failures = [var.paths]
}

run "nothing_to_read" {
  command = plan
  variables {
    paths = []
  }
  expect_failures = [var.paths]
}

run "path_with_two_dots" {
  command = plan
  variables {
    paths = ["/dns/../aliases"]
  }
  expect_failures = [var.paths]
}

run "path_that_is_too_long" {
  command = plan
  variables {
    paths = ["/${format("%01011d", 0)}"]
  }
  expect_failures = [var.paths]
}

run "parameter_of_a_dot" {
  command = plan
  variables {
    parameters = ["/dns/."]
  }
  expect_failures = [var.parameters]
}

run "parameter_that_is_too_long" {
  command = plan
  variables {
    parameters = ["/${format("%01011d", 0)}"]
  }
  expect_failures = [var.parameters]
}

run "parameter_with_a_label" {
  command = plan
  variables {
    parameters = ["/dns/db:live"]
  }
  expect_failures = [var.parameters]
}

run "short_retention" {
  command = plan
  variables {
    retention = 59
  }
  expect_failures = [var.retention]
}

run "long_retention" {
  command = plan
  variables {
    retention = 86401
  }
  expect_failures = [var.retention]
}

run "half_a_second" {
  command = plan
  variables {
    retention = 300.5
  }
  expect_failures = [var.retention]
}

run "key_of_AWS" {
  command = plan
  variables {
    kms_key = "alias/aws/sns"
  }
  expect_failures = [var.kms_key]
}

run "key_of_AWS_by_ARN" {
  command = plan
  variables {
    kms_key = "arn:aws:kms:eu-west-1:123456789012:alias/aws/sqs"
  }
  expect_failures = [var.kms_key]
}

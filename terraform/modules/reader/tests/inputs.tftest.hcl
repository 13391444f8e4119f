mock_provider "aws" {}

variables {
  name  = "versionalias"
  paths = ["/dns/aliases"]
}

run "name" {
  command = plan
  variables {
    name = "version alias"
  }
  expect_failures = [var.name]
}

run "relative_path" {
  command = plan
  variables {
    paths = ["dns/aliases"]
  }
  expect_failures = [var.paths]
}

run "path_with_a_wildcard" {
  command = plan
  variables {
    paths = ["/dns/*"]
  }
  expect_failures = [var.paths]
}

run "everything" {
  command = plan
  variables {
    paths = ["/"]
  }
  expect_failures = [var.paths]
}

run "nothing" {
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

run "queues_with_a_wildcard" {
  command = plan
  variables {
    queue_arns = ["arn:aws:sqs:eu-west-1:123456789012:aliases-*"]
  }
  expect_failures = [var.queue_arns]
}

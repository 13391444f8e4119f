variables {
  path  = "/dns/aliases"
  name  = "cache"
  value = "cache-v2.corp.internal"
}

run "what_fits" {
  assert {
    condition     = output.name == "/dns/aliases/cache" && output.value == "cache-v2.corp.internal"
    error_message = "found ${output.name} with ${output.value}"
  }
}

run "the_root" {
  variables {
    path = "/"
  }
  assert {
    condition     = output.name == "/cache"
    error_message = "found ${output.name}, want /cache"
  }
}

run "fifteen_elements" {
  variables {
    path = "/2/3/4/5/6/7/8/9/10/11/12/13/14/15"
  }
}

run "sixteen_elements" {
  command = plan
  variables {
    path = "/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"
  }
  expect_failures = [var.name]
}

run "a_path_that_is_relative" {
  command = plan
  variables {
    path = "dns/aliases"
  }
  expect_failures = [var.path]
}

run "a_path_with_a_final_slash" {
  command = plan
  variables {
    path = "/dns/aliases/"
  }
  expect_failures = [var.path]
}

run "a_path_with_two_dots" {
  command = plan
  variables {
    path = "/dns/../aliases"
  }
  expect_failures = [var.path]
}

run "a_name_with_a_slash" {
  command = plan
  variables {
    name = "cache/v2"
  }
  expect_failures = [var.name]
}

run "a_name_of_a_dot" {
  command = plan
  variables {
    name = "."
  }
  expect_failures = [var.name]
}

run "a_name_that_is_reserved" {
  command = plan
  variables {
    path = "/AWS/aliases"
  }
  expect_failures = [var.name]
}

run "a_name_that_is_too_long" {
  command = plan
  variables {
    name = format("%0928d", 0)
  }
  expect_failures = [var.name]
}

run "a_value_of_4_KiB" {
  variables {
    value = replace(format("%02048d", 0), "0", "é")
  }
}

run "a_value_of_more" {
  command = plan
  variables {
    value = "x${replace(format("%02048d", 0), "0", "é")}"
  }
  expect_failures = [var.value]
}

run "a_bundle" {
  variables {
    value = jsonencode({ aliases = { cache = { to = "cache-v2.corp.internal", group = "{shop}" } } })
  }
}

run "a_value_in_braces" {
  command = plan
  variables {
    value = jsonencode({ to = "cache-v2.corp.internal", group = "the {{shop}}" })
  }
  expect_failures = [var.value]
}

mock_provider "aws" {}

variables {
  zone_id            = "Z0123456789ABCDEFGHIJ"
  subnet_group_name  = "private"
  security_group_ids = ["sg-0123456789abcdef0"]
}

run "v1_alone" {
  variables {
    releases = { v1 = "7.0" }
    to       = "v1"
  }
  assert {
    condition     = output.caches == { for release in ["v1"] : release => "cache-${release}.corp.internal" }
    error_message = "found ${jsonencode(output.caches)}"
  }
  assert {
    condition     = output.alias == "cache-v1.corp.internal"
    error_message = "found ${output.alias}"
  }
}

run "v2_beside_it" {
  variables {
    releases = { v1 = "7.0", v2 = "7.1" }
    to       = "v1"
  }
  assert {
    condition     = output.caches == { for release in ["v1", "v2"] : release => "cache-${release}.corp.internal" }
    error_message = "found ${jsonencode(output.caches)}"
  }
  assert {
    condition     = output.alias == "cache-v1.corp.internal"
    error_message = "found ${output.alias}"
  }
}

run "v1_removed_while_it_is_active" {
  command = plan
  variables {
    releases = { v2 = "7.1" }
    to       = "v1"
  }
  expect_failures = [var.to]
}

run "a_canary" {
  variables {
    releases = { v1 = "7.0", v2 = "7.1" }
    from     = "v1"
    to       = "v2"
    percent  = 10
  }
  assert {
    condition     = output.caches == { for release in ["v1", "v2"] : release => "cache-${release}.corp.internal" }
    error_message = "found ${jsonencode(output.caches)}"
  }
  assert {
    condition     = output.alias == jsonencode({ from = "cache-v1.corp.internal", percent = 10, to = "cache-v2.corp.internal" })
    error_message = "found ${output.alias}"
  }
}

run "v1_removed_while_some_are_led_to_it" {
  command = plan
  variables {
    releases = { v2 = "7.1" }
    from     = "v1"
    to       = "v2"
    percent  = 10
  }
  expect_failures = [var.from]
}

run "v2_removed_while_some_are_led_to_it" {
  command = plan
  variables {
    releases = { v1 = "7.0" }
    from     = "v1"
    to       = "v2"
    percent  = 10
  }
  expect_failures = [var.to]
}

run "and_back" {
  variables {
    releases = { v1 = "7.0", v2 = "7.1" }
    to       = "v1"
  }
  assert {
    condition     = output.caches == { for release in ["v1", "v2"] : release => "cache-${release}.corp.internal" }
    error_message = "found ${jsonencode(output.caches)}"
  }
  assert {
    condition     = output.alias == "cache-v1.corp.internal"
    error_message = "found ${output.alias}"
  }
}

run "a_ramp" {
  variables {
    releases = { v1 = "7.0", v2 = "7.1" }
    from     = "v1"
    to       = "v2"
    start    = "2026-11-23T10:00:00Z"
    over     = "30m"
  }
  assert {
    condition     = output.caches == { for release in ["v1", "v2"] : release => "cache-${release}.corp.internal" }
    error_message = "found ${jsonencode(output.caches)}"
  }
  assert {
    condition     = output.alias == jsonencode({ from = "cache-v1.corp.internal", over = "30m", start = "2026-11-23T10:00:00Z", to = "cache-v2.corp.internal" })
    error_message = "found ${output.alias}"
  }
}

run "the_flip" {
  variables {
    releases = { v1 = "7.0", v2 = "7.1" }
    to       = "v2"
  }
  assert {
    condition     = output.caches == { for release in ["v1", "v2"] : release => "cache-${release}.corp.internal" }
    error_message = "found ${jsonencode(output.caches)}"
  }
  assert {
    condition     = output.alias == "cache-v2.corp.internal"
    error_message = "found ${output.alias}"
  }
}

run "v1_removed" {
  variables {
    releases = { v2 = "7.1" }
    to       = "v2"
  }
  assert {
    condition     = output.caches == { for release in ["v2"] : release => "cache-${release}.corp.internal" }
    error_message = "found ${jsonencode(output.caches)}"
  }
  assert {
    condition     = output.alias == "cache-v2.corp.internal"
    error_message = "found ${output.alias}"
  }
}

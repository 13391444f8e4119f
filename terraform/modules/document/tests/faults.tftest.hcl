# One run for each rule. The messages, and many more inputs, are in documents_test.go.
variables {
  name = "cache"
  to   = "cache-v2.corp.internal"
}

run "a_name_with_an_empty_label" {
  command = plan
  variables {
    name = "cache..db"
  }
  expect_failures = [var.name]
}

run "a_name_outside_the_zone" {
  command = plan
  variables {
    name = "cache.lab.internal."
    zone = "corp.internal"
  }
  expect_failures = [output.json]
}

run "a_zone_with_a_blank" {
  command = plan
  variables {
    zone = "corp internal"
  }
  expect_failures = [var.zone]
}

run "a_template_without_a_value" {
  command = plan
  variables {
    template = "v2.corp.internal"
  }
  expect_failures = [var.template]
}

run "a_template_with_another_placeholder" {
  command = plan
  variables {
    template = "{value}.{zone}.corp.internal"
  }
  expect_failures = [var.template]
}

run "a_template_that_makes_no_name" {
  command = plan
  variables {
    template = "{value}.1"
  }
  expect_failures = [var.template]
}

run "a_template_with_the_name_but_no_zone" {
  command = plan
  variables {
    template = "{name}-{value}.corp.internal"
  }
  expect_failures = [var.template]
}

run "a_target_of_one_label" {
  command = plan
  variables {
    to = "cache-v2"
  }
  expect_failures = [var.to]
}

run "a_template_with_the_name_at_the_apex" {
  command = plan
  variables {
    name     = "corp.internal"
    zone     = "corp.internal"
    to       = "v2"
    template = "{name}-{value}.corp.internal"
  }
  expect_failures = [var.to]
}

run "a_loop" {
  command = plan
  variables {
    zone = "corp.internal"
    to   = "Cache.corp.internal."
  }
  expect_failures = [var.to]
}

run "a_loop_until_all_have_moved" {
  command = plan
  variables {
    name     = "cache.corp.internal."
    from     = "cache.corp"
    percent  = 1
    to       = "cache-v2.corp"
    template = "{value}.internal"
  }
  expect_failures = [var.from]
}

run "an_address_to_come_from" {
  command = plan
  variables {
    from    = "10.0.0.1"
    percent = 1
  }
  expect_failures = [var.from]
}

run "the_same_target_twice" {
  command = plan
  variables {
    from    = "CACHE-v2.corp.internal."
    percent = 1
  }
  expect_failures = [var.from]
}

run "a_percent_of_four_decimals" {
  command = plan
  variables {
    from    = "cache-v1.corp.internal"
    percent = 10.1234
  }
  expect_failures = [var.percent]
}

run "a_percent_without_from" {
  command = plan
  variables {
    percent = 10
  }
  expect_failures = [var.percent]
}

run "a_start_without_an_offset" {
  command = plan
  variables {
    from  = "cache-v1.corp.internal"
    start = "2026-11-23T10:00:00"
  }
  expect_failures = [var.start]
}

run "a_start_that_is_too_late" {
  command = plan
  variables {
    from  = "cache-v1.corp.internal"
    start = "9999-01-01T00:00:00Z"
  }
  expect_failures = [var.start]
}

run "a_start_without_from" {
  command = plan
  variables {
    start = "2026-11-23T10:00:00Z"
  }
  expect_failures = [var.start]
}

run "a_start_beside_percent" {
  command = plan
  variables {
    from    = "cache-v1.corp.internal"
    percent = 10
    start   = "2026-11-23T10:00:00Z"
  }
  expect_failures = [var.start]
}

run "from_alone" {
  command = plan
  variables {
    from = "cache-v1.corp.internal"
  }
  expect_failures = [var.start]
}

run "a_ramp_of_no_time" {
  command = plan
  variables {
    from  = "cache-v1.corp.internal"
    start = "2026-11-23T10:00:00Z"
    over  = "0s"
  }
  expect_failures = [var.over]
}

run "a_ramp_without_a_start" {
  command = plan
  variables {
    from    = "cache-v1.corp.internal"
    percent = 10
    over    = "30m"
  }
  expect_failures = [var.over]
}

run "a_ramp_that_ends_too_late" {
  command = plan
  variables {
    from  = "cache-v1.corp.internal"
    start = "9998-12-31T23:30:00Z"
    over  = "30m"
  }
  expect_failures = [var.over]
}

run "a_ttl_over_a_week" {
  command = plan
  variables {
    ttl = 604801
  }
  expect_failures = [var.ttl]
}

run "an_unknown_subtree" {
  command = plan
  variables {
    zone    = "corp.internal"
    subtree = "drop"
  }
  expect_failures = [var.subtree]
}

run "a_subtree_without_a_zone" {
  command = plan
  variables {
    subtree = "keep"
  }
  expect_failures = [var.subtree]
}

run "a_subtree_with_its_target_below" {
  command = plan
  variables {
    zone    = "corp.internal"
    to      = "v2.cache.corp.internal"
    subtree = "keep"
  }
  expect_failures = [var.subtree]
}

run "a_subtree_with_the_other_target_below" {
  command = plan
  variables {
    zone    = "corp.internal"
    from    = "v1.cache.corp.internal"
    percent = 1
    subtree = "keep"
  }
  expect_failures = [var.subtree]
}

run "exceptions_without_a_subtree" {
  command = plan
  variables {
    except = ["_acme-challenge"]
  }
  expect_failures = [var.except]
}

run "an_exception_that_is_no_name" {
  command = plan
  variables {
    zone    = "corp.internal"
    subtree = "keep"
    except  = ["*"]
  }
  expect_failures = [var.except]
}

run "an_absolute_exception" {
  command = plan
  variables {
    zone    = "corp.internal"
    subtree = "keep"
    except  = ["a.cache.corp.internal"]
  }
  expect_failures = [var.except]
}

run "a_group_without_a_name" {
  command = plan
  variables {
    group = ""
  }
  expect_failures = [var.group]
}

run "a_check_of_no_port" {
  command = plan
  variables {
    check = "tcp:0"
  }
  expect_failures = [var.check]
}

variables {
  name = "cache"
  to   = "cache-v2.corp.internal"
}

run "a_target_alone_is_a_text" {
  assert {
    condition     = jsondecode(output.json) == "cache-v2.corp.internal"
    error_message = "found ${output.json}, want the target"
  }
}

run "what_is_not_said_is_not_written" {
  variables {
    from    = "cache-v1.corp.internal"
    percent = 33.333
  }
  assert {
    condition     = output.json == jsonencode({ from = "cache-v1.corp.internal", percent = 33.333, to = "cache-v2.corp.internal" })
    error_message = "found ${output.json}, want from, to and percent"
  }
}

run "a_relative_name_makes_no_loop_without_a_zone" {
  variables {
    name = "cache.corp"
    to   = "cache.corp"
  }
  assert {
    condition     = jsondecode(output.json) == "cache.corp"
    error_message = "found ${output.json}, want the target"
  }
}

run "a_name_is_absolute_once_there_is_a_zone" {
  variables {
    name = "Cache"
    zone = "Corp.internal."
  }
  assert {
    condition     = output.alias == "cache.corp.internal"
    error_message = "found ${output.alias}, want cache.corp.internal"
  }
}

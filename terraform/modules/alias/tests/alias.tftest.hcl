mock_provider "aws" {}

variables {
  path = "/dns/aliases"
  name = "cache"
  to   = "cache-v1.corp.internal"
}

run "one_parameter" {
  assert {
    condition = alltrue([
      aws_ssm_parameter.this.name == "/dns/aliases/cache",
      aws_ssm_parameter.this.type == "String",
      aws_ssm_parameter.this.data_type == "text",
      aws_ssm_parameter.this.tier == "Standard",
      aws_ssm_parameter.this.insecure_value == "cache-v1.corp.internal",
    ])
    error_message = "want a standard parameter of text"
  }
  assert {
    condition     = output.document == "cache-v1.corp.internal" && output.parameter == "/dns/aliases/cache"
    error_message = "found ${output.document} in ${output.parameter}"
  }
}

run "a_flip" {
  variables {
    to = "cache-v2.corp.internal"
  }
  assert {
    condition     = output.document == "cache-v2.corp.internal"
    error_message = "found ${output.document}"
  }
}

run "all_at_once_by_a_template" {
  variables {
    to      = "v2"
    from    = "v1"
    start   = "2026-11-23T10:00:00Z"
    over    = "1h30m"
    group   = "caches"
    ttl     = 10
    subtree = "keep"
    except  = ["_acme-challenge"]
    check   = "tcp:6379"

    zone     = "corp.internal"
    template = "{name}-{value}.corp.internal"
    tags     = { team = "platform" }
  }
  assert {
    condition = jsondecode(output.document) == {
      to      = "v2"
      from    = "v1"
      start   = "2026-11-23T10:00:00Z"
      over    = "1h30m"
      group   = "caches"
      ttl     = 10
      subtree = "keep"
      except  = ["_acme-challenge"]
      check   = "tcp:6379"
    }
    error_message = "found ${output.document}"
  }
  assert {
    condition     = aws_ssm_parameter.this.tags == tomap({ team = "platform" })
    error_message = "found ${jsonencode(aws_ssm_parameter.this.tags)}"
  }
}

run "a_canary" {
  variables {
    from    = "cache-v1.corp.internal"
    to      = "cache-v2.corp.internal"
    percent = 0.5
  }
  assert {
    condition     = jsondecode(output.document) == { from = "cache-v1.corp.internal", to = "cache-v2.corp.internal", percent = 0.5 }
    error_message = "found ${output.document}"
  }
}

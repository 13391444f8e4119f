mock_provider "aws" {}

variables {
  path = "/dns/aliases"
  name = "all"
}

run "several_in_one_parameter" {
  variables {
    aliases = {
      cache = "cache-v2.corp.internal"
      db    = { to = "db-v7.corp.internal" }
      web   = { from = "web-v1.corp.internal", to = "web-v2.corp.internal", percent = 10, ttl = 7 }
      sip = {
        to      = "sip-v2.corp.internal"
        from    = "sip-v1.corp.internal"
        start   = "2026-11-23T10:00:00Z"
        over    = "1h"
        group   = "voice"
        check   = "name"
        subtree = "collapse"
        except  = ["_acme-challenge"]
      }
    }
    zone = "corp.internal"
    tags = { team = "platform" }
  }
  assert {
    condition = jsondecode(output.document) == { aliases = {
      cache = "cache-v2.corp.internal"
      db    = "db-v7.corp.internal"
      web   = { from = "web-v1.corp.internal", to = "web-v2.corp.internal", percent = 10, ttl = 7 }
      sip = {
        to      = "sip-v2.corp.internal"
        from    = "sip-v1.corp.internal"
        start   = "2026-11-23T10:00:00Z"
        over    = "1h"
        group   = "voice"
        check   = "name"
        subtree = "collapse"
        except  = ["_acme-challenge"]
      }
    } }
    error_message = "found ${output.document}"
  }
  assert {
    condition = alltrue([
      aws_ssm_parameter.this.name == "/dns/aliases/all",
      aws_ssm_parameter.this.type == "String",
      aws_ssm_parameter.this.data_type == "text",
      aws_ssm_parameter.this.tier == "Standard",
      aws_ssm_parameter.this.tags == tomap({ team = "platform" }),
      output.parameter == "/dns/aliases/all",
    ])
    error_message = "want a standard parameter of text"
  }
}

run "by_a_template" {
  variables {
    aliases  = { cache = "v2", db = { to = "v7" } }
    zone     = "corp.internal"
    template = "{name}-{value}.corp.internal"
  }
  assert {
    condition     = output.document == jsonencode({ aliases = { cache = "v2", db = "v7" } })
    error_message = "found ${output.document}"
  }
}

run "none" {
  variables {
    aliases = {}
  }
  assert {
    condition     = output.document == "{\"aliases\":{}}"
    error_message = "found ${output.document}"
  }
}

run "no_object" {
  command = plan
  variables {
    aliases = "cache-v2.corp.internal"
  }
  expect_failures = [var.aliases]
}

run "no_object_for_an_alias" {
  command = plan
  variables {
    aliases = { cache = ["cache-v2.corp.internal"] }
  }
  expect_failures = [var.aliases]
}

run "nothing_for_an_alias" {
  command = plan
  variables {
    aliases = { cache = null }
  }
  expect_failures = [var.aliases]
}

run "an_unknown_field" {
  command = plan
  variables {
    aliases = { cache = { from = "cache-v1.corp.internal", to = "cache-v2.corp.internal", percnt = 10 } }
  }
  expect_failures = [var.aliases]
}

run "one_alias_twice" {
  command = plan
  variables {
    aliases = { cache = "cache-v2.corp.internal", "Cache.corp.internal" = "cache-v2.corp.internal" }
    zone    = "corp.internal"
  }
  expect_failures = [aws_ssm_parameter.this]
}

mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef" }
  }
}

run "planned" {
  command = plan

  module {
    source = "./tests/twice"
  }
}

run "side_by_side" {
  module {
    source = "./tests/twice"
  }

  assert {
    condition     = output.dns_names == { v1 = "web-v1.corp.internal", v2 = "web-v2.corp.internal" }
    error_message = "the versioned names are ${jsonencode(output.dns_names)}"
  }

  assert {
    condition     = output.endpoints["v1"] != output.endpoints["v2"]
    error_message = "both versions lead to ${output.endpoints["v1"]}"
  }
}

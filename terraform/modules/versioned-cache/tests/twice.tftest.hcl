mock_provider "aws" {}

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
    condition     = output.dns_names == { v1 = "cache-v1.corp.internal", v2 = "cache-v2.corp.internal" }
    error_message = "the versioned names are ${jsonencode(output.dns_names)}"
  }

  assert {
    condition     = output.endpoints["v1"] != output.endpoints["v2"]
    error_message = "both versions lead to ${output.endpoints["v1"]}"
  }
}

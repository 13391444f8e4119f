mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name = "versionalias"
}

run "paths" {
  command = plan

  variables {
    paths = ["/dns/aliases", "/dns/short"]
  }

  assert {
    condition = jsondecode(output.json) == {
      Version = "2012-10-17"
      Statement = [{
        Effect = "Allow"
        Action = ["ssm:GetParametersByPath", "ssm:GetParameters"]
        Resource = [
          "arn:aws:ssm:eu-west-1:123456789012:parameter/dns/aliases",
          "arn:aws:ssm:eu-west-1:123456789012:parameter/dns/aliases/*",
          "arn:aws:ssm:eu-west-1:123456789012:parameter/dns/short",
          "arn:aws:ssm:eu-west-1:123456789012:parameter/dns/short/*",
        ]
      }]
    }
    error_message = "found ${output.json}"
  }
}

# Nothing below a single parameter, and of a queue what receives and deletes.
run "parameters_and_queues" {
  command = plan

  variables {
    parameters = ["/dns/db"]
    queue_arns = ["arn:aws:sqs:eu-west-1:123456789012:aliases-dns-0", "arn:aws:sqs:eu-west-1:123456789012:aliases-dns-1"]
  }

  assert {
    condition = jsondecode(output.json) == {
      Version = "2012-10-17"
      Statement = [
        {
          Effect   = "Allow"
          Action   = ["ssm:GetParametersByPath", "ssm:GetParameters"]
          Resource = ["arn:aws:ssm:eu-west-1:123456789012:parameter/dns/db"]
        },
        {
          Effect   = "Allow"
          Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
          Resource = ["arn:aws:sqs:eu-west-1:123456789012:aliases-dns-0", "arn:aws:sqs:eu-west-1:123456789012:aliases-dns-1"]
        },
      ]
    }
    error_message = "found ${output.json}"
  }
}

run "another_partition" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-cn" }
  }
  override_data {
    target = data.aws_region.current
    values = { id = "cn-north-1" }
  }

  variables {
    parameters = ["/dns/db"]
  }

  assert {
    condition     = jsondecode(output.json).Statement[0].Resource == ["arn:aws-cn:ssm:cn-north-1:123456789012:parameter/dns/db"]
    error_message = "found ${output.json}"
  }
}

run "null_is_the_default" {
  command = plan

  variables {
    paths      = null
    parameters = ["/dns/db"]
    queue_arns = null
    tags       = null
  }

  assert {
    condition     = jsondecode(output.json).Statement[*].Resource == [["arn:aws:ssm:eu-west-1:123456789012:parameter/dns/db"]]
    error_message = "found ${output.json}"
  }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  region = data.aws_region.current.id # its name, under which newer providers know it as well

  arn = join(":", ["arn", data.aws_partition.current.partition, "ssm", local.region, data.aws_caller_identity.current.account_id, "parameter"])

  parameters = [{
    Effect = "Allow"
    Action = ["ssm:GetParametersByPath", "ssm:GetParameters"]
    Resource = concat(
      flatten([for path in var.paths : ["${local.arn}${path}", "${local.arn}${path}/*"]]),
      [for name in var.parameters : "${local.arn}${name}"],
    )
  }]

  queues = length(var.queue_arns) == 0 ? [] : [{
    Effect   = "Allow"
    Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    Resource = var.queue_arns
  }]
}

resource "aws_iam_policy" "this" {
  name        = var.name
  description = "Read the documents of DNS aliases"
  tags        = var.tags

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.parameters, local.queues)
  })
}

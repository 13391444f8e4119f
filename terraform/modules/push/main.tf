data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  fleet       = coalesce(var.fleet, length(var.servers) > 1)
  queues      = { for server in var.servers : server => "${var.name}-${server}" }
  undelivered = "${var.name}-undelivered"

  rule  = { service = "events.amazonaws.com", arn = aws_cloudwatch_event_rule.this.arn }
  topic = [for topic in aws_sns_topic.this : { service = "sns.amazonaws.com", arn = topic.arn }]

  # Who may send to a queue: to a server's one of the two, to the other whichever gives up.
  senders = merge(
    { for queue in values(local.queues) : queue => local.fleet ? local.topic : [local.rule] },
    { (local.undelivered) = concat([local.rule], local.topic) },
  )

  # A queue's policy is part of it, and so can name it only by what its ARN will be.
  policies = { for queue, senders in local.senders : queue => jsonencode({
    Version = "2012-10-17"
    Statement = [for sender in senders : {
      Effect    = "Allow"
      Principal = { Service = sender.service }
      Action    = "sqs:SendMessage"
      Resource  = join(":", ["arn", data.aws_partition.current.partition, "sqs", data.aws_region.current.id, data.aws_caller_identity.current.account_id, queue])
      Condition = { ArnEquals = { "aws:SourceArn" = sender.arn } }
    }]
  }) }
}

resource "aws_cloudwatch_event_rule" "this" {
  name        = var.name
  description = "Changes of the documents of DNS aliases"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.ssm"]
    detail-type = ["Parameter Store Change"]
    detail = {
      name = concat([for path in var.paths : { prefix = "${path}/" }], var.parameters)
    }
  })
}

resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = var.name
  arn       = local.fleet ? aws_sns_topic.this[0].arn : one(values(aws_sqs_queue.server)[*].arn)

  retry_policy {
    maximum_event_age_in_seconds = var.retention
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  # Where a topic comes between, no event goes there before it can get through.
  depends_on = [aws_sns_topic_policy.this, aws_sns_topic_subscription.server]
}

resource "aws_sns_topic" "this" {
  count = local.fleet ? 1 : 0

  name              = var.name
  kms_master_key_id = var.kms_key
  tags              = var.tags
}

# Without a condition: EventBridge shows a topic none that one could ask for.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
resource "aws_sns_topic_policy" "this" {
  count = local.fleet ? 1 : 0

  arn = aws_sns_topic.this[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this[0].arn
    }]
  })
}

resource "aws_sns_topic_subscription" "server" {
  for_each = local.fleet ? aws_sqs_queue.server : {}

  topic_arn            = aws_sns_topic.this[0].arn
  protocol             = "sqs"
  endpoint             = each.value.arn
  raw_message_delivery = true
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undelivered.arn })
}

resource "aws_sqs_queue" "server" {
  for_each = local.queues

  name                      = each.value
  message_retention_seconds = var.retention
  kms_master_key_id         = var.kms_key
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  policy                    = local.policies[each.value]
  tags                      = var.tags
}

# What could not be delivered, for two weeks: the longest that SQS keeps anything.
resource "aws_sqs_queue" "undelivered" {
  name                      = local.undelivered
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  policy                    = local.policies[local.undelivered]
  tags                      = var.tags
}

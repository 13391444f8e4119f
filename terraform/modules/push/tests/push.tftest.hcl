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
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/aliases" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:aliases" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:some" }
  }
  override_resource {
    target = aws_sqs_queue.undelivered
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:aliases-undelivered" }
  }
}

variables {
  name    = "aliases"
  servers = ["dns-0"]
  paths   = ["/dns/aliases"]
}

run "one_server" {
  variables {
    parameters = ["/dns/db"]
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["aws.ssm"]
      detail-type = ["Parameter Store Change"]
      detail      = { name = [{ prefix = "/dns/aliases/" }, "/dns/db"] }
    }
    error_message = "the rule is for ${aws_cloudwatch_event_rule.this.event_pattern}"
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.arn == "arn:aws:sqs:eu-west-1:123456789012:some"
    error_message = "the rule's target is ${aws_cloudwatch_event_target.this.arn}, want the queue"
  }

  assert {
    condition = [
      aws_cloudwatch_event_target.this.retry_policy[0].maximum_event_age_in_seconds,
      aws_cloudwatch_event_target.this.dead_letter_config[0].arn,
    ] == [300, "arn:aws:sqs:eu-west-1:123456789012:aliases-undelivered"]
    error_message = "what cannot be delivered does not go to the dead-letter queue after 300 seconds"
  }

  assert {
    condition     = length(aws_sns_topic.this) + length(aws_sns_topic_policy.this) + length(aws_sns_topic_subscription.server) == 0
    error_message = "there is a topic for one server"
  }

  assert {
    condition = jsonencode([for queue in aws_sqs_queue.server : [
      queue.name, queue.message_retention_seconds, queue.sqs_managed_sse_enabled, queue.kms_master_key_id,
    ]]) == jsonencode([["aliases-dns-0", 300, true, null]])
    error_message = "the queue is ${jsonencode(aws_sqs_queue.server)}"
  }

  assert {
    condition = jsondecode(aws_sqs_queue.server["dns-0"].policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:aws:sqs:eu-west-1:123456789012:aliases-dns-0"
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/aliases" } }
      }]
    }
    error_message = "the queue's policy is ${aws_sqs_queue.server["dns-0"].policy}"
  }

  assert {
    condition = jsonencode([
      aws_sqs_queue.undelivered.name, aws_sqs_queue.undelivered.message_retention_seconds,
      aws_sqs_queue.undelivered.sqs_managed_sse_enabled, aws_sqs_queue.undelivered.kms_master_key_id,
    ]) == jsonencode(["aliases-undelivered", 1209600, true, null])
    error_message = "the dead-letter queue is ${jsonencode(aws_sqs_queue.undelivered)}"
  }

  assert {
    condition = jsondecode(aws_sqs_queue.undelivered.policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:aliases-undelivered"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/aliases" } }
    }]
    error_message = "the dead-letter queue's policy is ${aws_sqs_queue.undelivered.policy}"
  }

  assert {
    condition     = keys(output.queue_urls) == ["dns-0"] && keys(output.queue_arns) == ["dns-0"] && output.undelivered_queue == "aliases-undelivered"
    error_message = "the outputs are ${jsonencode([output.queue_urls, output.queue_arns, output.undelivered_queue])}"
  }
}

run "fleet" {
  variables {
    servers   = ["dns-0", "dns-1"]
    retention = 120
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.arn == "arn:aws:sns:eu-west-1:123456789012:aliases"
    error_message = "the rule's target is ${aws_cloudwatch_event_target.this.arn}, want the topic"
  }

  assert {
    condition = jsondecode(aws_sns_topic_policy.this[0].policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:eu-west-1:123456789012:aliases"
      }]
    }
    error_message = "the topic's policy is ${aws_sns_topic_policy.this[0].policy}"
  }

  assert {
    condition = { for server, s in aws_sns_topic_subscription.server : server => [
      s.topic_arn, s.protocol, s.endpoint, s.raw_message_delivery, jsondecode(s.redrive_policy).deadLetterTargetArn,
      ] } == { for server in ["dns-0", "dns-1"] : server => [
      "arn:aws:sns:eu-west-1:123456789012:aliases", "sqs", "arn:aws:sqs:eu-west-1:123456789012:some", true,
      "arn:aws:sqs:eu-west-1:123456789012:aliases-undelivered",
    ] }
    error_message = "the subscriptions are ${jsonencode(aws_sns_topic_subscription.server)}"
  }

  assert {
    condition = { for server, queue in aws_sqs_queue.server : server => [queue.name, queue.message_retention_seconds] } == {
      dns-0 = ["aliases-dns-0", 120]
      dns-1 = ["aliases-dns-1", 120]
    }
    error_message = "the queues are ${jsonencode(aws_sqs_queue.server)}"
  }

  assert {
    condition = jsondecode(aws_sqs_queue.server["dns-1"].policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:aliases-dns-1"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:eu-west-1:123456789012:aliases" } }
    }]
    error_message = "a queue's policy is ${aws_sqs_queue.server["dns-1"].policy}"
  }

  assert {
    condition     = [for s in jsondecode(aws_sqs_queue.undelivered.policy).Statement : s.Principal.Service] == ["events.amazonaws.com", "sns.amazonaws.com"]
    error_message = "the dead-letter queue's policy is ${aws_sqs_queue.undelivered.policy}"
  }
}

run "fleet_of_one" {
  command = plan

  variables {
    fleet = true
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.server) == ["dns-0"]
    error_message = "the subscriptions are of ${jsonencode(keys(aws_sns_topic_subscription.server))}"
  }
}

run "key" {
  command = plan

  variables {
    servers = ["dns-0", "dns-1"]
    kms_key = "alias/aliases"
  }

  assert {
    condition = toset(concat(
      values(aws_sqs_queue.server)[*].kms_master_key_id,
      [aws_sqs_queue.undelivered.kms_master_key_id, aws_sns_topic.this[0].kms_master_key_id],
    )) == toset(["alias/aliases"])
    error_message = "not all is encrypted with the key"
  }
}

run "null_is_the_default" {
  command = plan

  variables {
    parameters = null
    retention  = null
    kms_key    = null
    tags       = null
  }

  assert {
    condition     = aws_sqs_queue.server["dns-0"].message_retention_seconds == 300
    error_message = "events are kept for ${aws_sqs_queue.server["dns-0"].message_retention_seconds} seconds"
  }
}

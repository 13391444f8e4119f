mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = {
      arn      = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web-v1/0123456789abcdef"
      dns_name = "internal-web-v1-0123456789.eu-west-1.elb.amazonaws.com"
      zone_id  = "Z9876543210ABCDEFGHIJ"
    }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web-v1/0123456789abcdef" }
  }
}

variables {
  name               = "web"
  release            = "v1"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_ids = ["sg-0123456789abcdef0"]
  certificate_arn    = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
  port               = 8080
  zone_id            = "Z0123456789ABCDEFGHIJ"
  zone               = "corp.internal"
}

run "installed" {
  assert {
    condition = jsonencode([
      aws_lb.this.name, aws_lb.this.internal, aws_lb.this.load_balancer_type, aws_lb.this.preserve_host_header,
    ]) == jsonencode(["web-v1", true, "application", true])
    error_message = "the load balancer is ${jsonencode(aws_lb.this)}"
  }

  assert {
    condition = jsonencode([
      aws_lb_target_group.this.name, aws_lb_target_group.this.port, aws_lb_target_group.this.protocol,
      aws_lb_target_group.this.target_type, aws_lb_target_group.this.health_check[0].path,
    ]) == jsonencode(["web-v1", 8080, "HTTP", "ip", "/"])
    error_message = "the target group is ${jsonencode(aws_lb_target_group.this)}"
  }

  assert {
    condition = jsonencode([
      aws_lb_listener.this.load_balancer_arn, aws_lb_listener.this.port, aws_lb_listener.this.protocol,
      aws_lb_listener.this.ssl_policy, aws_lb_listener.this.certificate_arn,
      ]) == jsonencode([
      aws_lb.this.arn, 443, "HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06", var.certificate_arn,
    ])
    error_message = "the listener is ${jsonencode(aws_lb_listener.this)}"
  }

  # By default, that is with any Host.
  assert {
    condition     = jsonencode([for a in aws_lb_listener.this.default_action : [a.type, a.target_group_arn]]) == jsonencode([["forward", output.target_group_arn]])
    error_message = "the listener does ${jsonencode(aws_lb_listener.this.default_action)}"
  }

  assert {
    condition = jsonencode([
      aws_route53_record.this.zone_id, aws_route53_record.this.name, aws_route53_record.this.type, aws_route53_record.this.alias,
      ]) == jsonencode([
      "Z0123456789ABCDEFGHIJ", "web-v1.corp.internal", "A",
      [{ evaluate_target_health = false, name = output.endpoint, zone_id = "Z9876543210ABCDEFGHIJ" }],
    ])
    error_message = "the record is ${jsonencode(aws_route53_record.this)}"
  }

  assert {
    condition = [output.dns_name, output.endpoint, output.target_group_arn] == [
      "web-v1.corp.internal", aws_lb.this.dns_name, aws_lb_target_group.this.arn,
    ]
    error_message = "the outputs are ${output.dns_name}, ${output.endpoint} and ${output.target_group_arn}"
  }
}

run "instances" {
  command = plan

  variables {
    target_type       = "instance"
    health_check_path = "/healthz"
  }

  assert {
    condition     = [aws_lb_target_group.this.target_type, aws_lb_target_group.this.health_check[0].path] == ["instance", "/healthz"]
    error_message = "the target group is of ${aws_lb_target_group.this.target_type}s that are asked for ${aws_lb_target_group.this.health_check[0].path}"
  }
}

run "null_is_the_default" {
  command = plan

  variables {
    target_type       = null
    health_check_path = null
    tags              = null
  }

  assert {
    condition     = [aws_lb_target_group.this.target_type, aws_lb_target_group.this.health_check[0].path] == ["ip", "/"]
    error_message = "the target group is of ${aws_lb_target_group.this.target_type}s that are asked for ${aws_lb_target_group.this.health_check[0].path}"
  }
}

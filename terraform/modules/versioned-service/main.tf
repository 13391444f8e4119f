locals {
  name     = "${var.name}-${var.release}"
  dns_name = "${local.name}.${var.zone}"
}

resource "aws_lb" "this" {
  name                       = local.name
  internal                   = true
  load_balancer_type         = "application"
  subnets                    = var.subnet_ids
  security_groups            = var.security_group_ids
  preserve_host_header       = true
  drop_invalid_header_fields = true
  tags                       = var.tags
}

resource "aws_lb_target_group" "this" {
  name        = local.name
  vpc_id      = var.vpc_id
  port        = var.port
  protocol    = "HTTP"
  target_type = var.target_type
  tags        = var.tags

  health_check {
    path = var.health_check_path
  }
}

# Whatever host is asked for: it is the canonical name for one version as for the other.
resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  tags              = var.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_route53_record" "this" {
  zone_id = var.zone_id
  name    = local.dns_name
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = false # no other record could take over
  }
}

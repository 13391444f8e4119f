terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

# Two versions side by side.
module "service" {
  source = "../.."

  for_each = toset(["v1", "v2"])

  name               = "web"
  release            = each.key
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_ids = ["sg-0123456789abcdef0"]
  certificate_arn    = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
  port               = 8080
  zone_id            = "Z0123456789ABCDEFGHIJ"
  zone               = "corp.internal"
}

output "dns_names" {
  value = { for release, service in module.service : release => service.dns_name }
}

output "endpoints" {
  value = { for release, service in module.service : release => service.endpoint }
}

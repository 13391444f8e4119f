terraform {
  # The first in which the validation of one variable may refer to others.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The first with preserve_host_header.
      version = ">= 4.25"
    }
  }
}

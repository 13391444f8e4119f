terraform {
  # The first in which the validation of one variable may refer to others.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The first that knows Valkey.
      version = ">= 5.73"
    }
  }
}

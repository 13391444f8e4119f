terraform {
  # The first in which the validation of one variable may refer to others.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The first that sends what is configured of SQS's own encryption.
      version = ">= 4.36"
    }
  }
}

terraform {
  # The first in which the validation of one variable may refer to others.
  required_version = ">= 1.9"
}

locals {
  name = "${trimsuffix(var.path, "/")}/${var.name}"
}

# For the emulator only, beside infra/modules/signalbox: as codedetect_override.tf is beside its configuration.

# moto's CloudFormation wants a validator of API descriptions and all that it needs, twenty packages for one permission.
resource "aws_cloudformation_stack" "url_invoke" {
  count = 0
}

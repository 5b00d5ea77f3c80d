# What teams write, checked and written to the table.

module "definitions" {
  source = "./definitions"

  services     = var.services
  billing_plan = local.has_billing_guard ? var.billing_plan : null
  given        = { services = var.services, billing_plan = local.has_billing_guard ? var.billing_plan : null }
}

locals {
  services = module.definitions.services
}

resource "aws_dynamodb_table_item" "service" {
  for_each = local.services

  table_name = aws_dynamodb_table.this.name
  hash_key   = aws_dynamodb_table.this.hash_key
  range_key  = aws_dynamodb_table.this.range_key
  item = jsonencode({
    pk  = { S = "SERVICES" }
    sk  = { S = each.key }
    doc = { S = module.definitions.documents[each.key] }
  })
}

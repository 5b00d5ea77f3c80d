# The CLI and the tests create the same table (shared/aws/src/dynamodb/setup.rs): a change here belongs there too.
resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:under the account's managed key, whose use is in CloudTrail as well
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  attribute {
    name = "busy"
    type = "S"
  }

  # Sparse: only a service that needs another look has the attribute, so an idle heartbeat reads an empty index.
  global_secondary_index {
    name            = "busy-index"
    hash_key        = "busy"
    range_key       = "pk"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  # The account's managed key for DynamoDB.
  server_side_encryption {
    enabled = true
  }
}

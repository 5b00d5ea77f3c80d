# Every setting of the application is a parameter under /…/app/, named as the environment variable that the
# container gets. Parameters added there by hand (a mail key, say) reach the container at its next launch too.
#
# No secret is in a variable, a plan or the state: they are made by AWS while applying, passed as write-only
# arguments, and replaced only when secrets_version is raised.

ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 40
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "session_key" {
  password_length     = 64
  exclude_punctuation = true
}

# The names are libpq's, which PostgreSQL drivers read by themselves.
resource "aws_ssm_parameter" "database_password" {
  #checkov:skip=CKV_AWS_337:encrypted with the free key aws/ssm; a customer key is 1 USD a month
  name             = "${local.parameter_root}/app/PGPASSWORD"
  description      = "Password of the database's owner, made by Terraform, in no state"
  type             = "SecureString"
  value_wo         = ephemeral.aws_secretsmanager_random_password.database.random_password
  value_wo_version = var.secrets_version
}

resource "aws_ssm_parameter" "session_key" {
  #checkov:skip=CKV_AWS_337:encrypted with the free key aws/ssm; a customer key is 1 USD a month
  name             = "${local.parameter_root}/app/SECRET_KEY"
  description      = "Flask's session key, made by Terraform, in no state"
  type             = "SecureString"
  value_wo         = ephemeral.aws_secretsmanager_random_password.session_key.random_password
  value_wo_version = var.secrets_version
}

# Read back and then given to the database, so that an apply that breaks off between the two, and makes
# another random password when it is repeated, cannot leave them different.
ephemeral "aws_ssm_parameter" "database_password" {
  arn = aws_ssm_parameter.database_password.arn
}

resource "aws_ssm_parameter" "app" {
  #checkov:skip=CKV2_AWS_34:no secrets, the names say what they are
  for_each = merge({
    PGHOST         = aws_db_instance.main.address
    PGPORT         = tostring(aws_db_instance.main.port)
    PGDATABASE     = aws_db_instance.main.db_name
    PGUSER         = aws_db_instance.main.username
    PGSSLMODE      = "require"
    UPLOADS_BUCKET = aws_s3_bucket.kept["uploads"].id
    AWS_REGION     = var.region
  }, { for topic in aws_sns_topic.reports : "REPORTS_TOPIC_ARN" => topic.arn })

  name        = "${local.parameter_root}/app/${each.key}"
  description = "Environment of the container"
  type        = "String"
  value       = each.value
}

# Which release a slot's instances start. "none" starts nothing.
resource "aws_ssm_parameter" "release" {
  #checkov:skip=CKV2_AWS_34:an image tag is no secret, and Signalbox writes it as a plain String
  for_each = local.slots

  name        = replace(local.release_parameter, "{slot}", each.key)
  description = "Image tag that instances of the ${each.key} slot start; written by Signalbox"
  type        = "String"
  value       = each.value.release

  lifecycle {
    # Signalbox writes the release before it launches a slot; an apply must never undo a deployment.
    ignore_changes = [value]
  }
}

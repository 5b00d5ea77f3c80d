# A vault beside what the services keep themselves: RDS's own seven days end with the instance, these do not.
# The vault is encrypted with the free key aws/backup.
resource "aws_backup_vault" "main" {
  #checkov:skip=CKV_AWS_166:a customer key is 1 USD a month
  name = local.name
}

resource "aws_backup_plan" "main" {
  name = local.name

  # UTC, after the database's own backup and its maintenance.
  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.main.name
    schedule          = "cron(0 5 * * ? *)"
    start_window      = 60
    completion_window = 240

    lifecycle {
      delete_after = 14
    }
  }

  rule {
    rule_name         = "monthly"
    target_vault_name = aws_backup_vault.main.name
    schedule          = "cron(0 7 1 * ? *)"
    start_window      = 60
    completion_window = 240

    lifecycle {
      delete_after = 100
    }
  }
}

data "aws_iam_policy_document" "assume_backup" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role" "backup" {
  name               = "${local.name}-backup"
  description        = "AWS Backup, for this stack's database and file system"
  assume_role_policy = data.aws_iam_policy_document.assume_backup.json
}

resource "aws_iam_role_policy_attachment" "backup" {
  for_each = toset(["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"])

  role       = aws_iam_role.backup.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/${each.key}"
}

resource "aws_backup_selection" "main" {
  name         = local.name
  plan_id      = aws_backup_plan.main.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = [aws_db_instance.main.arn, aws_efs_file_system.main.arn]

  depends_on = [aws_iam_role_policy_attachment.backup]
}

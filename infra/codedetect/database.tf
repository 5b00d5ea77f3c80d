resource "aws_db_subnet_group" "main" {
  name       = local.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}

resource "aws_db_instance" "main" {
  #checkov:skip=CKV_AWS_157:a second zone doubles the price, see var.db_multi_az
  #checkov:skip=CKV_AWS_118:enhanced monitoring writes logs every minute for a database of one gigabyte; Performance Insights is free
  #checkov:skip=CKV_AWS_161:the application logs in with a password; IAM logins would change it
  #checkov:skip=CKV_AWS_354:Performance Insights under aws/rds, which is free
  #checkov:skip=CKV_AWS_293:on by default, see var.deletion_protection
  #checkov:skip=CKV2_AWS_30:logging every statement would put personal data into the logs
  #checkov:skip=CKV2_AWS_69:PostgreSQL 15 on RDS refuses connections without TLS by default
  identifier     = local.name
  engine         = "postgres"
  engine_version = "15"
  instance_class = "db.t3.micro"

  # Extended support after the end of version 15 would cost more than the instance. Upgrade instead.
  engine_lifecycle_support   = "open-source-rds-extended-support-disabled"
  auto_minor_version_upgrade = true

  db_name             = replace(var.project, "-", "_")
  username            = replace(var.project, "-", "_")
  password_wo         = ephemeral.aws_ssm_parameter.database_password.value
  password_wo_version = aws_ssm_parameter.database_password.value_wo_version

  # Encrypted with the free key aws/rds.
  storage_type          = "gp3"
  storage_encrypted     = true
  allocated_storage     = 20
  max_allocated_storage = 50

  multi_az               = var.db_multi_az
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.db.id]

  # UTC. Between the two lies half an hour, and AWS Backup (backup.tf) comes after both.
  backup_window           = "01:30-02:30"
  maintenance_window      = "Sun:03:00-Sun:04:00"
  backup_retention_period = 7
  copy_tags_to_snapshot   = true

  # Seven days of it are free; the console calls it Database Insights, standard mode.
  performance_insights_enabled          = true
  performance_insights_retention_period = 7
  enabled_cloudwatch_logs_exports       = ["postgresql"]

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = var.deletion_protection ? "${local.name}-final" : null

  # Else RDS makes the group by itself, without an end to what it keeps.
  depends_on = [aws_cloudwatch_log_group.database]
}

resource "aws_cloudwatch_log_group" "database" {
  #checkov:skip=CKV_AWS_158:as the application's group
  #checkov:skip=CKV_AWS_338:as the application's group
  name              = "/aws/rds/instance/${local.name}/postgresql"
  retention_in_days = 30
}

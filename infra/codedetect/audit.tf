locals {
  # Composed and not read, because the bucket's policy must name the trail before the trail exists.
  trail_arn = "arn:${local.partition}:cloudtrail:${var.region}:${local.account_id}:trail/${local.name}"
}

# Who changed what, in every region, for a year. Data events (each read of each object) are not recorded: they cost.
resource "aws_cloudtrail" "main" {
  #checkov:skip=CKV_AWS_35:the bucket is encrypted with SSE-S3; a customer key is 1 USD a month
  #checkov:skip=CKV_AWS_252:nobody reads a mail for each log file
  #checkov:skip=CKV2_AWS_10:a copy in CloudWatch Logs costs 0.57 USD/GB; the bucket can be queried
  count = var.cloudtrail ? 1 : 0

  name                          = local.name
  s3_bucket_name                = aws_s3_bucket.kept["trail"].id
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true

  depends_on = [aws_s3_bucket_policy.kept]
}

# --- file system --------------------------------------------------------------------------------

# Encrypted with the free key aws/elasticfilesystem. Backed up by the plan in backup.tf, and not by EFS's own
# automatic backups as well, which would be a second copy of the same.
resource "aws_efs_file_system" "main" {
  #checkov:skip=CKV_AWS_184:a customer key is 1 USD a month
  creation_token   = local.name
  encrypted        = true
  performance_mode = "generalPurpose"
  throughput_mode  = "bursting"

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  lifecycle_policy {
    transition_to_primary_storage_class = "AFTER_1_ACCESS"
  }

  tags = { Name = local.name }
}

resource "aws_efs_mount_target" "private" {
  for_each = aws_subnet.private

  file_system_id  = aws_efs_file_system.main.id
  subnet_id       = each.value.id
  security_groups = [aws_security_group.efs.id]
}

# The container sees one directory, as one user, whoever it thinks it is.
resource "aws_efs_access_point" "app" {
  file_system_id = aws_efs_file_system.main.id

  posix_user {
    uid = 1000
    gid = 1000
  }

  root_directory {
    path = "/app"

    creation_info {
      owner_uid   = 1000
      owner_gid   = 1000
      permissions = "0750"
    }
  }

  tags = { Name = local.name }
}

data "aws_iam_policy_document" "file_system" {
  statement {
    sid       = "InstancesThroughTheAccessPoint"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.main.arn]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.instance.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [aws_efs_access_point.app.arn]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["*"]
    resources = [aws_efs_file_system.main.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_efs_file_system_policy" "main" {
  file_system_id = aws_efs_file_system.main.id
  policy         = data.aws_iam_policy_document.file_system.json
}

# --- buckets ------------------------------------------------------------------------------------

locals {
  # Bucket names are unique in the world, hence the account. Days after which objects (0: never) and their
  # overwritten versions go.
  buckets = merge(
    {
      uploads = { keep_days = 0, keep_versions_days = 30 }
      state   = { keep_days = 0, keep_versions_days = 365 }
    },
    var.alb_access_logs ? { access-logs = { keep_days = 90, keep_versions_days = 7 } } : {},
    var.cloudtrail ? { trail = { keep_days = 365, keep_versions_days = 30 } } : {},
  )
}

resource "aws_s3_bucket" "kept" {
  #checkov:skip=CKV_AWS_145:SSE-S3 is free and strong; a customer key is 1 USD a month, and the load balancer cannot write with one
  #checkov:skip=CKV_AWS_18:CloudTrail records who changed the buckets; logging every read would need one more bucket
  #checkov:skip=CKV_AWS_144:a copy in a second region is not worth its price here
  #checkov:skip=CKV2_AWS_62:nothing reacts to new objects
  for_each = local.buckets

  bucket = "${local.name}-${each.key}-${local.account_id}"
}

resource "aws_s3_bucket_versioning" "kept" {
  for_each = aws_s3_bucket.kept

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "kept" {
  for_each = aws_s3_bucket.kept

  bucket = each.value.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "kept" {
  for_each = aws_s3_bucket.kept

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "kept" {
  for_each = aws_s3_bucket.kept

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "kept" {
  for_each = aws_s3_bucket.kept

  bucket = each.value.id

  rule {
    id     = "clean"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = local.buckets[each.key].keep_versions_days
    }

    dynamic "expiration" {
      for_each = local.buckets[each.key].keep_days > 0 ? [local.buckets[each.key].keep_days] : []
      content {
        days = expiration.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.kept]
}

# The region's load balancer account; regions opened before August 2022 write access logs with it.
data "aws_elb_service_account" "current" {}

data "aws_iam_policy_document" "bucket" {
  for_each = aws_s3_bucket.kept

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "access-logs" ? [true] : []
    content {
      sid       = "LoadBalancerWrites"
      actions   = ["s3:PutObject"]
      resources = ["${each.value.arn}/AWSLogs/${local.account_id}/*"]

      principals {
        type        = "AWS"
        identifiers = [data.aws_elb_service_account.current.arn]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "trail" ? { GetBucketAcl = each.value.arn, PutObject = "${each.value.arn}/AWSLogs/${local.account_id}/*" } : {}
    content {
      sid       = "Trail${statement.key}"
      actions   = ["s3:${statement.key}"]
      resources = [statement.value]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [local.trail_arn]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "kept" {
  for_each = aws_s3_bucket.kept

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.kept]
}

# --- images -------------------------------------------------------------------------------------

resource "aws_ecr_repository" "app" {
  #checkov:skip=CKV_AWS_136:AES256 is free; a customer key is 1 USD a month
  name = local.name

  # A release is a tag. If a tag could move, a rollback would not bring back what ran before.
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

# Thirty releases: the live one and its way back must never be among those that go.
resource "aws_ecr_lifecycle_policy" "app" {
  repository = aws_ecr_repository.app.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Layers that no tag names, after a week"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "All but the last thirty images"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 30 }
        action       = { type = "expire" }
      },
    ]
  })
}

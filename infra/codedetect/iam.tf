# What an instance may do: read its release and its settings, pull its image, write its logs and its memory
# metric, mount its directory, use the uploads bucket, publish bug reports, and be reached by Session Manager.

data "aws_iam_policy_document" "assume_ec2" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "instance" {
  #checkov:skip=CKV_AWS_356:the four statements with "*" are of actions that know no resources
  #checkov:skip=CKV_AWS_111:the same; PutMetricData is held to one namespace
  statement {
    sid       = "ReadReleases"
    actions   = ["ssm:GetParameter"]
    resources = [for parameter in aws_ssm_parameter.release : parameter.arn]
  }

  # SecureStrings are under the key aws/ssm, whose own policy lets those decrypt who may read the parameter.
  statement {
    sid     = "ReadSettings"
    actions = ["ssm:GetParametersByPath"]
    resources = [
      "arn:${local.partition}:ssm:${var.region}:${local.account_id}:parameter${local.parameter_root}/app",
      "arn:${local.partition}:ssm:${var.region}:${local.account_id}:parameter${local.parameter_root}/app/*",
    ]
  }

  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.app.arn]
  }

  statement {
    sid       = "MountFiles"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.main.arn]

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [aws_efs_access_point.app.arn]
    }
  }

  statement {
    sid       = "ListUploads"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.kept["uploads"].arn]
  }

  statement {
    sid       = "UseUploads"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${aws_s3_bucket.kept["uploads"].arn}/*"]
  }

  dynamic "statement" {
    for_each = aws_sns_topic.reports
    content {
      sid       = "PublishReports"
      actions   = ["sns:Publish"]
      resources = [statement.value.arn]
    }
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.app.arn}:*"]
  }

  statement {
    sid       = "WriteMemoryMetric"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.metrics_namespace]
    }
  }

  # Session Manager needs these and no more. The managed policy AmazonSSMManagedInstanceCore would also let
  # the instance read every parameter of the account, decrypted.
  statement {
    sid = "SessionManager"
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "instance" {
  name               = "${local.name}-instance"
  description        = "Instances of both slots"
  assume_role_policy = data.aws_iam_policy_document.assume_ec2.json
}

resource "aws_iam_role_policy" "instance" {
  name   = "instance"
  role   = aws_iam_role.instance.id
  policy = data.aws_iam_policy_document.instance.json
}

resource "aws_iam_instance_profile" "instance" {
  name = "${local.name}-instance"
  role = aws_iam_role.instance.name
}

# What a workflow of one repository may do, without any stored key: push an image, ask for a deployment, follow
# it, and invoke the two functions that carry it out. It cannot touch the load balancer, the groups or the state.

locals {
  ci = var.github_repository != null

  github_subject = var.github_environment != "" ? "environment:${var.github_environment}" : "ref:refs/heads/${var.github_branch}"
  github_issuer  = "token.actions.githubusercontent.com"

  github_provider_arn = var.github_oidc_provider_arn != null ? var.github_oidc_provider_arn : one(aws_iam_openid_connect_provider.github[*].arn)

  ci_functions = var.ci_function_arns != null ? var.ci_function_arns : [for function in ["deployer", "rollback"] :
    "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${var.signalbox_name}-${function}"
  ]
}

resource "aws_iam_openid_connect_provider" "github" {
  count = local.ci && var.github_oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.github_issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "assume_ci" {
  count = local.ci ? 1 : 0

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.github_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # The whole subject, no wildcard: another branch, a pull request or a fork has another one.
    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:sub"
      values   = ["repo:${var.github_repository}:${local.github_subject}"]
    }
  }
}

data "aws_iam_policy_document" "ci" {
  #checkov:skip=CKV_AWS_356:GetAuthorizationToken knows no resources
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid = "PushImage"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.app.arn]
  }

  statement {
    sid       = "AskForDeployments"
    actions   = ["events:PutEvents"]
    resources = ["arn:${local.partition}:events:${var.region}:${local.account_id}:event-bus/default"]

    condition {
      test     = "StringEquals"
      variable = "events:source"
      values   = ["signalbox.ci"]
    }

    condition {
      test     = "StringEquals"
      variable = "events:detail-type"
      values   = ["Deployment Requested", "Rollback Requested"]
    }
  }

  # The record and the deployments of this service, no other's.
  statement {
    sid       = "FollowDeployments"
    actions   = ["dynamodb:GetItem", "dynamodb:Query"]
    resources = ["arn:${local.partition}:dynamodb:${var.region}:${local.account_id}:table/${var.signalbox_name}"]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["SERVICES", "SERVICE#${var.project}"]
    }

    # ForAllValues also holds for a request that names no key at all.
    condition {
      test     = "Null"
      variable = "dynamodb:LeadingKeys"
      values   = ["false"]
    }
  }

  statement {
    sid       = "InvokeDeployment"
    actions   = ["lambda:InvokeFunction"]
    resources = flatten([for arn in local.ci_functions : [arn, "${arn}:*"]])
  }
}

resource "aws_iam_role" "ci" {
  count = local.ci ? 1 : 0

  name                 = "${local.name}-ci"
  description          = "Workflows of ${coalesce(var.github_repository, "no repository")}"
  assume_role_policy   = data.aws_iam_policy_document.assume_ci[0].json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "ci" {
  count = local.ci ? 1 : 0

  name   = "ci"
  role   = aws_iam_role.ci[0].id
  policy = data.aws_iam_policy_document.ci.json
}

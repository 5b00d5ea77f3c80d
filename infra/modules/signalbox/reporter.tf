# The reporter's address on the web: open to everybody, since whoever sees a bug may report it. The function checks,
# redacts and limits; give it concurrency of its own (reserved_concurrency), so that a flood of reports cannot use
# up the account's and with it the deployer's.

locals {
  has_reporter = contains(var.functions, "reporter")
}

resource "aws_lambda_function_url" "reporter" {
  #checkov:skip=CKV_AWS_258:the public may report bugs, see above
  count = local.has_reporter ? 1 : 0

  function_name      = aws_lambda_function.this["reporter"].function_name
  authorization_type = "NONE"

  cors {
    allow_origins = length(var.report_origins) == 0 ? ["*"] : var.report_origins
    allow_methods = ["POST"]
    allow_headers = ["content-type"]
    max_age       = 3600
  }
}

resource "aws_lambda_permission" "url" {
  #checkov:skip=CKV_AWS_301:through the URL alone, and that is meant to be public
  count = local.has_reporter ? 1 : 0

  function_name          = aws_lambda_function.this["reporter"].function_name
  statement_id           = "url"
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

# Function URLs made since October 2025 ask for InvokeFunction as well. It must hold for calls through the URL alone,
# or any AWS account could invoke the function directly. Version 5 of the provider has no argument for that condition,
# CloudFormation has.
resource "aws_cloudformation_stack" "url_invoke" {
  #checkov:skip=CKV_AWS_124:whoever applies waits for it and sees it fail
  count = local.has_reporter ? 1 : 0

  name = "${var.name}-reporter-url"
  template_body = jsonencode({
    Resources = {
      Permission = {
        Type = "AWS::Lambda::Permission"
        Properties = {
          FunctionName          = aws_lambda_function.this["reporter"].arn
          Action                = "lambda:InvokeFunction"
          Principal             = "*"
          InvokedViaFunctionUrl = true
        }
      }
    }
  })
}

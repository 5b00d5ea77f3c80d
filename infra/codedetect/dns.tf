resource "aws_acm_certificate" "main" {
  count = var.domain != null && var.certificate_arn == null ? 1 : 0

  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true # a listener cannot be without a certificate while it changes
  }
}

# One name, one proof.
resource "aws_route53_record" "validation" {
  count = length(aws_acm_certificate.main)

  zone_id         = var.zone_id
  name            = one(aws_acm_certificate.main[0].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.main[0].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.main[0].domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "main" {
  count = length(aws_acm_certificate.main)

  certificate_arn         = aws_acm_certificate.main[0].arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

locals {
  certificate_arn = var.certificate_arn != null ? var.certificate_arn : one(aws_acm_certificate_validation.main[*].certificate_arn)
}

resource "aws_route53_record" "app" {
  count = var.domain == null ? 0 : 1

  zone_id = var.zone_id
  name    = var.domain
  type    = "A"

  alias {
    name                   = aws_lb.main.dns_name
    zone_id                = aws_lb.main.zone_id
    evaluate_target_health = false # there is nowhere else to go
  }
}

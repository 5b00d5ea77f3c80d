# Which freeze windows are refused. No provider is needed: `terraform test` in this folder.

variables {
  shop = {
    listener_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2"
    slots = {
      blue  = { asg = "shop-blue", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/1" }
      green = { asg = "shop-green", target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green/2" }
    }
    release = { parameter = "/shop/{slot}/release" }
  }
  given = { services = {}, billing_plan = null }
}

run "a_zone_exists" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = ["fri"], from = "16:00", to = "08:00", zone = "Europe/Dubln" }] }) }
  }
  expect_failures = [output.services]
}

run "a_window_begins_on_a_day" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = [], from = "16:00", to = "08:00", zone = "UTC" }] }) }
  }
  expect_failures = [output.services]
}

run "a_day_is_named_once" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = ["fri", "fri"], from = "16:00", to = "08:00", zone = "UTC" }] }) }
  }
  expect_failures = [output.services]
}

run "a_day_exists" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = ["friday"], from = "16:00", to = "08:00", zone = "UTC" }] }) }
  }
  expect_failures = [output.services]
}

run "a_time_has_two_digits_each" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = ["fri"], from = "8:00", to = "16:00", zone = "UTC" }] }) }
  }
  expect_failures = [output.services]
}

run "a_day_ends_before_24_00" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = ["fri"], from = "16:00", to = "24:00", zone = "UTC" }] }) }
  }
  expect_failures = [output.services]
}

run "a_window_does_not_close_when_it_opens" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = ["fri"], from = "16:00", to = "16:00", zone = "UTC" }] }) }
  }
  expect_failures = [output.services]
}

run "a_reason_says_something" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [{ days = ["fri"], from = "16:00", to = "08:00", zone = "UTC", reason = " " }] }) }
  }
  expect_failures = [output.services]
}

run "there_are_at_most_twenty" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [for n in range(21) : { days = ["fri"], from = "16:00", to = "08:00", zone = "UTC" }] }) }
  }
  expect_failures = [output.services]
}

run "twenty_are_taken" {
  command = plan
  variables {
    services = { shop = merge(var.shop, { freeze_windows = [for n in range(20) : { days = ["fri"], from = "16:00", to = "08:00", zone = "UTC" }] }) }
  }
}

run "a_misspelt_field_is_told" {
  command = plan
  variables {
    given    = { services = { shop = { freeze_windows = [{ form = "16:00" }] } }, billing_plan = null }
    services = {}
  }
  expect_failures = [output.services]
}

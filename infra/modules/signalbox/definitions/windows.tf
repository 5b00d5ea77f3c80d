# Freeze windows. zones.txt has the time zones that are compiled into the functions; a test of theirs holds it.
locals {
  zones = split(" ", replace(trimspace(file("${path.module}/zones.txt")), "\n", " "))
  days  = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  windows = merge([for name, part in local.parts : { for index, window in part.windows : "services.${name}.freeze_windows[${index}]" => window }]...)

  wrong_windows = concat(
    [for name, part in local.parts : "services.${name}.freeze_windows: must be at most 20." if length(part.windows) > 20],
    flatten([for at, window in local.windows : concat(
      length(window.days) == 0 ? ["${at}.days: must name at least one day on which it begins, such as [\"fri\"]."] : [],
      [for index, day in window.days : "${at}.days[${index}]: must be one of ${join(", ", local.days)}." if !contains(local.days, day)],
      [for index, day in window.days : "${at}.days[${index}]: is named twice." if contains(slice(window.days, 0, index), day)],
      [for field in ["from", "to"] : "${at}.${field}: must be a time like \"16:00\", from 00:00 to 23:59." if !can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", window[field]))],
      window.from == window.to ? ["${at}.to: must not be the same as from; a whole day is two windows, 00:00 to 12:00 and 12:00 to 00:00."] : [],
      contains(local.zones, window.zone) ? [] : ["${at}.zone: must be the name of an IANA time zone, such as Europe/Dublin or UTC."],
      window.reason == null || can(regex("^[^[:cntrl:]]{1,200}$", window.reason)) && trimspace(coalesce(window.reason, "-")) != "" ? [] : ["${at}.reason: must be one line of 1 to 200 characters, or left out."],
    )]),
  )
}

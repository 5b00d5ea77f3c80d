//! What the billing guard reads its samples as, most of which mean something else to the other functions.

/// An alarm on anything else.
const OTHER_ALARM: &str = "irrelevant: this alarm is not about what AWS charges";
/// A notice of our own.
const OWN: &str = "irrelevant: a notice of our own that came back through its topic";
/// A group's test.
const TEST: &str = "irrelevant: a group tests whether its notifications arrive";

/// Sample, and what the billing guard reads it as.
pub(super) const TO_BILLING_GUARD: &[(&str, &str)] = &[
    ("aws.cloudwatch/alarm-action", OTHER_ALARM),
    ("aws.cloudwatch/alarm-action--billing", "an alarm on charges"),
    ("aws.cloudwatch/alarm-action--billing-metric-math-ok", "an alarm on charges"),
    ("aws.cloudwatch/alarm-action--composite", OTHER_ALARM),
    ("aws.cloudwatch/alarm-action--contributor", OTHER_ALARM),
    ("aws.cloudwatch/alarm-action--contributor-ok", OTHER_ALARM),
    ("aws.cloudwatch/alarm-action--instance", OTHER_ALARM),
    ("aws.cloudwatch/alarm-action--ok", OTHER_ALARM),
    ("aws.cloudwatch/cloudwatch-alarm-state-change", OTHER_ALARM),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--billing", "an alarm on charges"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--billing-insufficient-data", "an alarm on charges"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--composite", OTHER_ALARM),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--insufficient-data", OTHER_ALARM),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--metric-math", OTHER_ALARM),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--ok", OTHER_ALARM),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--unhealthy-targets", OTHER_ALARM),
    ("aws.events/scheduled-event", "heartbeat"),
    ("aws.events/scheduled-event--two-rules", "heartbeat"),
    ("aws.scheduler/heartbeat", "heartbeat"),
    ("aws.sns/notification--alarm", OTHER_ALARM),
    ("aws.sns/notification--alarm-composite", OTHER_ALARM),
    ("aws.sns/notification--alarm-contributor-ok", OTHER_ALARM),
    ("aws.sns/notification--alarm-metric-math", OTHER_ALARM),
    ("aws.sns/notification--alarm-of-group", OTHER_ALARM),
    ("aws.sns/notification--alarm-without-milliseconds", OTHER_ALARM),
    ("aws.sns/notification--billing-alarm", "an alarm on charges"),
    ("aws.sns/notification--billing-alarm-metric-math", "an alarm on charges"),
    ("aws.sns/notification--budget-actual", "$42.17 charged"),
    ("aws.sns/notification--budget-actual-with-commas", "$10,063.40 charged"),
    ("aws.sns/notification--budget-forecasted", "$1,063.40 expected"),
    ("aws.sns/notification--budget-usage", "irrelevant: a budget that is not about cost"),
    ("aws.sns/notification--own-notice", OWN),
    ("aws.sns/notification--own-text-notice", OWN),
    (
        "aws.sns/notification--several-records",
        "irrelevant: this alarm is not about what AWS charges; irrelevant: this alarm is not about what AWS charges",
    ),
    ("aws.sns/notification--test-notification", TEST),
    ("aws.sns/notification--test-notification-green", TEST),
    ("invoke/confirm", "confirm: the yearly reservation was bought today"),
    ("invoke/exempt", "exempt until 2026-11-30T07:00:00Z by ada: the fair is on until Monday"),
    ("invoke/preview", "preview of the rungs"),
    ("invoke/release", "release: the load test is over and its instances are gone"),
    ("invoke/status--billing", "status of the charges"),
    ("invoke/status--billing-from-dashboard", "status of the charges"),
];

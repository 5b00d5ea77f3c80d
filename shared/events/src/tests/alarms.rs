//! What an alarm is about: the values of its metrics' dimensions, in each of the three envelopes.

use serde_json::{Value, json};

use super::samples::{self, Deployer, with, without};
use crate::Incoming;

const BALANCER: &str = "app/codedetect-prod-alb/50dc6c495c0c9188";
const TARGETS: &str = "targetgroup/codedetect-prod-blue-tg/6d0ecf831eec9f09";
const GROUP: &str = "codedetect-prod-green-asg";
const INSTANCE: &str = "i-0a1b2c3d4e5f60718";

const BY_EVENT: &str = "aws.cloudwatch/cloudwatch-alarm-state-change--unhealthy-targets";
const BY_ACTION: &str = "aws.cloudwatch/alarm-action--instance";
const BY_TOPIC: &str = "aws.sns/notification--alarm-of-group";

/// What each sample of an alarm is about.
const ABOUT: &[(&str, &[&str])] = &[
    ("aws.cloudwatch/alarm-action", &[BALANCER]),
    ("aws.cloudwatch/alarm-action--composite", &[]),
    // An expression names no dimension, but the time series that it reports does.
    ("aws.cloudwatch/alarm-action--contributor", &[INSTANCE]),
    (BY_ACTION, &[INSTANCE]),
    ("aws.cloudwatch/cloudwatch-alarm-state-change", &[BALANCER]),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--composite", &[]),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--insufficient-data", &[GROUP]),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--metric-math", &[BALANCER]),
    (BY_EVENT, &[BALANCER, TARGETS]),
    ("aws.sns/notification--alarm", &[BALANCER]),
    ("aws.sns/notification--alarm-composite", &[]),
    ("aws.sns/notification--alarm-metric-math", &[BALANCER]),
    (BY_TOPIC, &[GROUP]),
];

/// The values of what is read as one alarm.
fn about(event: &Value) -> Vec<String> {
    let mut read = Deployer.read(event).unwrap();
    assert_eq!(read.len(), 1);
    let Incoming::AlarmChanged(change) = read.remove(0) else { panic!("{read:?}") };
    change.of.into_iter().collect()
}

/// The sample of a published alarm with this in place of its `Trigger`.
fn published(trigger: &Value) -> Value {
    let event = samples::sample(BY_TOPIC);
    let place = "/Records/0/Sns/Message";
    let message: Value = serde_json::from_str(event.pointer(place).unwrap().as_str().unwrap()).unwrap();
    with(&event, place, with(&message, "/Trigger", trigger.clone()).to_string())
}

#[test]
fn an_alarm_is_about_the_values_of_its_dimensions() {
    for (name, values) in ABOUT {
        assert_eq!(about(&samples::sample(name)), *values, "{name}");
    }
}

#[test]
fn several_metrics_and_each_of_their_dimensions_count_once() {
    let metric = |dimensions: Value| json!({"id": "m", "metricStat": {"metric": {"dimensions": dimensions}}});
    let metrics =
        json!([metric(json!({"A": "x", "B": "y"})), {"id": "e", "expression": "m"}, metric(json!({"A": "x"}))]);
    let event = with(&samples::sample(BY_EVENT), "/detail/configuration/metrics", metrics);
    assert_eq!(about(&event), ["x", "y"]);
}

#[test]
fn a_published_dimension_is_read_in_small_letters_and_with_capitals() {
    let math =
        json!([{"MetricStat": {"Metric": {"Dimensions": [{"Name": "B", "Value": "y"}, {"name": "C", "value": "z"}]}}}]);
    let trigger = json!({"Dimensions": [{"Name": "A", "Value": "x"}, {"name": "A", "value": "w"}], "Metrics": math});
    assert_eq!(about(&published(&trigger)), ["w", "x", "y", "z"]);
}

#[test]
fn what_is_missing_or_odd_where_dimensions_stand_counts_for_nothing() {
    let odd =
        [json!(null), json!(7), json!("x"), json!([]), json!({}), json!([7, null, [], {}]), json!({"A": [], "B": 7})];
    for value in odd {
        for place in ["", "/metrics", "/metrics/0", "/metrics/0/metricStat", "/metrics/0/metricStat/metric/dimensions"]
        {
            let by_event = with(&samples::sample(BY_EVENT), &format!("/detail/configuration{place}"), value.clone());
            let by_action =
                with(&samples::sample(BY_ACTION), &format!("/alarmData/configuration{place}"), value.clone());
            assert!(about(&by_event).is_empty() && about(&by_action).is_empty(), "{value} at {place}");
        }
        for trigger in [value.clone(), json!({"Dimensions": value}), json!({"Metrics": value})] {
            assert!(about(&published(&trigger)).is_empty(), "{trigger}");
        }
    }
    assert!(about(&without(&samples::sample(BY_EVENT), "/detail/configuration")).is_empty());
}

#[test]
fn no_more_values_are_kept_than_an_alarm_can_have() {
    let list = |count: usize| (0..count).map(|n| json!({"name": "A", "value": format!("{n:04}")})).collect::<Vec<_>>();
    assert_eq!(about(&published(&json!({"Dimensions": list(100)}))).len(), 100);
    assert_eq!(about(&published(&json!({"Dimensions": list(5_000)}))).len(), 100);
    for (length, kept) in [(0, 0), (1, 1), (1_024, 1), (1_025, 0)] {
        let trigger = json!({"Dimensions": [{"name": "A", "value": "ä".repeat(length)}]});
        assert_eq!(about(&published(&trigger)).len(), kept, "{length} characters");
    }
}

#[test]
fn the_time_series_that_is_published_says_what_it_is_of() {
    let message = json!({
        "AlarmName": "a", "NewStateValue": "ALARM", "StateChangeTime": "2026-11-23T03:05:12.640+0000",
        "AlarmContributorId": "1", "AlarmContributorAttributes": {"InstanceId": INSTANCE},
    });
    let event = with(&samples::sample(BY_TOPIC), "/Records/0/Sns/Message", message.to_string());
    assert_eq!(about(&event), [INSTANCE]);
}

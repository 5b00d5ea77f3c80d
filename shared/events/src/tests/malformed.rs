//! What is claimed and cannot be read says where.

use serde_json::{Value, json};

use super::samples::{self, Function, with, without};
use crate::EventError;

fn mistake(function: Function, event: &Value) -> (String, String) {
    match function.understand(event) {
        Err(EventError::Malformed(mistake)) => (mistake.path, mistake.problem),
        other => panic!("{event}: {other:?}"),
    }
}

const LAUNCHING: &str = "aws.autoscaling/ec2-instance-launch-lifecycle-action";
const INTERRUPTION: &str = "aws.ec2/ec2-spot-instance-interruption-warning";
const STOPPED: &str = "aws.ec2/ec2-instance-state-change-notification--stopped";
const TWO_RETIRED: &str = "aws.health/aws-health-event--two-instances";

/// What must be there: sample, the place that is taken out, and the path that is named.
const REQUIRED: &[(&str, &str, &str)] = &[
    ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail", "detail"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail/alarmName", "detail.alarmName"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail/state", "detail.state"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail/state/value", "detail.state.value"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail/state/timestamp", "detail.state.timestamp"),
    ("aws.cloudwatch/alarm-action", "/alarmData", "alarmData"),
    ("aws.cloudwatch/alarm-action", "/alarmData/alarmName", "alarmData.alarmName"),
    ("aws.cloudwatch/alarm-action", "/alarmData/state/value", "alarmData.state.value"),
    ("aws.cloudwatch/alarm-action", "/alarmData/state/timestamp", "alarmData.state.timestamp"),
    ("aws.sns/notification--alarm", "/Records/0/Sns", "Records[0].Sns"),
    ("aws.sns/notification--alarm", "/Records/0/Sns/TopicArn", "Records[0].Sns.TopicArn"),
    ("aws.sns/notification--alarm", "/Records/0/Sns/Message", "Records[0].Sns.Message"),
    ("aws.autoscaling/ec2-instance-launch-successful", "/time", "time"),
    ("aws.autoscaling/ec2-instance-launch-successful", "/detail/AutoScalingGroupName", "detail.AutoScalingGroupName"),
    ("aws.autoscaling/ec2-instance-launch-successful", "/detail/ActivityId", "detail.ActivityId"),
    ("aws.autoscaling/ec2-instance-launch-successful", "/detail/EC2InstanceId", "detail.EC2InstanceId"),
    ("aws.autoscaling/ec2-instance-terminate-successful", "/detail/EC2InstanceId", "detail.EC2InstanceId"),
    ("aws.autoscaling/ec2-instance-terminate-unsuccessful", "/detail/EC2InstanceId", "detail.EC2InstanceId"),
    ("signalbox.ci/deployment-requested", "/id", "id"),
    ("signalbox.ci/deployment-requested", "/time", "time"),
    ("signalbox.ci/deployment-requested", "/detail", "detail"),
    ("signalbox.ci/deployment-requested", "/detail/service", "detail.service"),
    ("signalbox.ci/deployment-requested", "/detail/release", "detail.release"),
    ("signalbox.ci/rollback-requested", "/id", "id"),
    ("signalbox.ci/rollback-requested", "/time", "time"),
    ("signalbox.ci/rollback-requested", "/detail/service", "detail.service"),
    ("signalbox.ci/rollback-requested", "/detail/reason", "detail.reason"),
    ("invoke/deploy", "/service", "service"),
    ("invoke/deploy", "/release", "release"),
    ("invoke/promote", "/service", "service"),
    ("invoke/status", "/service", "service"),
    ("invoke/adopt", "/service", "service"),
    ("invoke/adopt", "/live", "live"),
    ("invoke/adopt", "/release", "release"),
    ("invoke/freeze", "/service", "service"),
    ("invoke/freeze", "/reason", "reason"),
    ("invoke/thaw", "/service", "service"),
    ("invoke/rollback", "/service", "service"),
    ("invoke/rollback", "/reason", "reason"),
    ("invoke/replace", "/service", "service"),
    ("invoke/replace", "/instance_id", "instance_id"),
    ("invoke/replace", "/reason", "reason"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--billing", "/detail/state", "detail.state"),
    ("aws.cloudwatch/alarm-action--billing", "/alarmData/alarmName", "alarmData.alarmName"),
    ("aws.sns/notification--budget-actual", "/Records/0/Sns/TopicArn", "Records[0].Sns.TopicArn"),
    ("invoke/release", "/reason", "reason"),
    ("invoke/confirm", "/reason", "reason"),
    ("invoke/exempt", "/until", "until"),
    ("invoke/exempt", "/owner", "owner"),
    ("invoke/exempt", "/reason", "reason"),
    (LAUNCHING, "/time", "time"),
    (LAUNCHING, "/detail", "detail"),
    (LAUNCHING, "/detail/AutoScalingGroupName", "detail.AutoScalingGroupName"),
    (LAUNCHING, "/detail/EC2InstanceId", "detail.EC2InstanceId"),
    (LAUNCHING, "/detail/LifecycleHookName", "detail.LifecycleHookName"),
    (LAUNCHING, "/detail/LifecycleActionToken", "detail.LifecycleActionToken"),
    (INTERRUPTION, "/time", "time"),
    (INTERRUPTION, "/detail/instance-id", "detail.instance-id"),
    ("aws.ec2/ec2-instance-rebalance-recommendation", "/detail/instance-id", "detail.instance-id"),
    (STOPPED, "/time", "time"),
    (STOPPED, "/detail/instance-id", "detail.instance-id"),
    (STOPPED, "/detail/state", "detail.state"),
    ("aws.http/post", "/requestContext/requestId", "requestContext.requestId"),
    ("aws.http/post", "/requestContext/http/method", "requestContext.http.method"),
    ("aws.sns/notification--report", "/Records/0/Sns/TopicArn", "Records[0].Sns.TopicArn"),
    (TWO_RETIRED, "/time", "time"),
    (TWO_RETIRED, "/detail", "detail"),
    (TWO_RETIRED, "/detail/service", "detail.service"),
    (TWO_RETIRED, "/detail/eventTypeCategory", "detail.eventTypeCategory"),
    (TWO_RETIRED, "/detail/affectedEntities/1/entityValue", "detail.affectedEntities[1].entityValue"),
];

#[test]
fn what_is_required_is_missed_by_its_path() {
    for (name, place, path) in REQUIRED {
        let event = without(&samples::sample(name), place);
        for function in samples::functions(name) {
            let (at, problem) = mistake(function, &event);
            assert_eq!(at, *path, "{name} without {place} to {function:?}: {problem}");
            assert!(problem.contains("is required"), "{name} without {place} to {function:?}: {problem}");
        }
    }
}

/// What cannot stand there: sample, place, what is put there, and the path that is named.
fn wrong() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    vec![
        ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail/state/value", json!("alarm"), "detail.state.value"),
        ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail/state/value", json!("MUTED"), "detail.state.value"),
        (
            "aws.cloudwatch/cloudwatch-alarm-state-change",
            "/detail/state/timestamp",
            json!("now"),
            "detail.state.timestamp",
        ),
        (
            "aws.cloudwatch/cloudwatch-alarm-state-change",
            "/detail/state/timestamp",
            json!(1_795_395_600),
            "detail.state.timestamp",
        ),
        // Without an offset it could be any of 26 hours.
        (
            "aws.cloudwatch/cloudwatch-alarm-state-change",
            "/detail/state/timestamp",
            json!("2026-11-23T01:12:07"),
            "detail.state.timestamp",
        ),
        ("aws.cloudwatch/cloudwatch-alarm-state-change", "/detail/alarmName", json!(""), "detail.alarmName"),
        (
            "aws.cloudwatch/alarm-action",
            "/alarmData/state/timestamp",
            json!("2026-13-23T01:12:07.421+0000"),
            "alarmData.state.timestamp",
        ),
        ("aws.cloudwatch/alarm-action", "/alarmData/alarmName", json!(["a"]), "alarmData.alarmName"),
        (
            "aws.sns/notification--alarm",
            "/Records/0/Sns/TopicArn",
            json!("codedetect-prod-alerts"),
            "Records[0].Sns.TopicArn",
        ),
        ("aws.sns/notification--alarm", "/Records/0/Sns/Message", json!({"AlarmName": "a"}), "Records[0].Sns.Message"),
        ("aws.sns/notification--several-records", "/Records/1", json!("x"), "Records[1]"),
        ("aws.autoscaling/ec2-instance-launch-successful", "/time", json!("yesterday"), "time"),
        ("aws.autoscaling/ec2-instance-launch-successful", "/detail/EC2InstanceId", json!(""), "detail.EC2InstanceId"),
        (
            "aws.autoscaling/ec2-instance-launch-unsuccessful",
            "/detail/EC2InstanceId",
            json!("i 1"),
            "detail.EC2InstanceId",
        ),
        ("aws.autoscaling/ec2-instance-launch-unsuccessful", "/detail/ActivityId", json!(""), "detail.ActivityId"),
        (
            "aws.autoscaling/ec2-instance-launch-unsuccessful",
            "/detail/ActivityId",
            json!("a".repeat(129)),
            "detail.ActivityId",
        ),
        ("aws.scheduler/heartbeat", "/heartbeat", json!(false), "heartbeat"),
        ("aws.scheduler/heartbeat", "/heartbeat", json!("true"), "heartbeat"),
        ("aws.scheduler/heartbeat", "/extra", json!(1), "extra"),
        ("signalbox.ci/deployment-requested", "/detail/release", json!("v 43"), "detail.release"),
        ("signalbox.ci/deployment-requested", "/detail/releese", json!("v43"), "detail.releese"),
        ("signalbox.ci/deployment-requested", "/detail/command", json!("deploy"), "detail.command"),
        ("signalbox.ci/deployment-requested", "/detail/widgetContext", json!({}), "detail.widgetContext"),
        ("signalbox.ci/deployment-requested", "/detail", json!("{}"), "detail"),
        ("signalbox.ci/deployment-requested", "/id", json!("a b"), "id"),
        ("signalbox.ci/deployment-requested--with-strategy", "/detail/rollback", json!("never"), "detail.rollback"),
        (
            "signalbox.ci/deployment-requested--with-strategy",
            "/detail/strategy/kind",
            json!("blue"),
            "detail.strategy.kind",
        ),
        ("signalbox.ci/deployment-requested--with-strategy", "/detail/fix_forward", json!("yes"), "detail.fix_forward"),
        ("signalbox.ci/rollback-requested--from-release", "/detail/force", json!(1), "detail.force"),
        ("signalbox.ci/rollback-requested--from-release", "/detail/from", json!(""), "detail.from"),
        ("signalbox.ci/rollback-requested--from-release", "/detail/reason", json!(" \n "), "detail.reason"),
        ("invoke/deploy", "/id", json!("x".repeat(129)), "id"),
        ("invoke/deploy", "/weight", json!(10), "weight"),
        ("invoke/promote", "/release", json!("v43"), "release"),
        ("invoke/promote", "/command", json!("Promote"), "command"),
        ("invoke/promote", "/command", json!(null), "command"),
        ("invoke/adopt", "/live", json!("red"), "live"),
        ("invoke/freeze", "/until", json!("Monday"), "until"),
        ("invoke/freeze", "/reason", json!(" "), "reason"),
        ("invoke/thaw", "/reason", json!("why not"), "reason"),
        ("invoke/rollback", "/slot", json!("blue"), "slot"),
        ("invoke/replace", "/instance", json!("i-1a2b3c4d"), "instance"),
        ("invoke/replace", "/instance_id", json!("i-1a2b3c4d, i-5e6f7a8b"), "instance_id"),
        ("invoke/replace", "/reason", json!(" \n"), "reason"),
        ("invoke/replace", "/command", json!("deploy"), "command"),
        ("invoke/status--billing", "/service", json!("codedetect"), "service"),
        ("invoke/status--billing", "/command", json!("Status"), "command"),
        ("invoke/preview", "/rung", json!(1), "rung"),
        ("invoke/release", "/service", json!("codedetect"), "service"),
        ("invoke/release", "/reason", json!(" \n"), "reason"),
        ("invoke/confirm", "/amount", json!("$42.17"), "amount"),
        ("invoke/confirm", "/reason", json!(42), "reason"),
        ("invoke/exempt", "/until", json!("Monday"), "until"),
        ("invoke/exempt", "/until", json!("2026-11-30"), "until"),
        // Without an offset it could be any of 26 hours.
        ("invoke/exempt", "/until", json!("2026-11-30T07:00:00"), "until"),
        ("invoke/exempt", "/until", json!("2026-11-31T07:00:00Z"), "until"),
        ("invoke/exempt", "/until", json!(null), "until"),
        ("invoke/exempt", "/owner", json!(" "), "owner"),
        ("invoke/exempt", "/owner", json!("ada\ngrace"), "owner"),
        ("invoke/exempt", "/owner", json!("a".repeat(101)), "owner"),
        ("invoke/exempt", "/reason", json!(""), "reason"),
        ("invoke/exempt", "/services", json!(["codedetect"]), "services"),
        (LAUNCHING, "/time", json!("soon"), "time"),
        (LAUNCHING, "/detail/EC2InstanceId", json!(""), "detail.EC2InstanceId"),
        (LAUNCHING, "/detail/LifecycleHookName", json!(""), "detail.LifecycleHookName"),
        (LAUNCHING, "/detail/LifecycleHookName", json!("h".repeat(256)), "detail.LifecycleHookName"),
        (LAUNCHING, "/detail/LifecycleActionToken", json!("a\nb"), "detail.LifecycleActionToken"),
        (LAUNCHING, "/detail/LifecycleActionToken", json!("t".repeat(129)), "detail.LifecycleActionToken"),
        (INTERRUPTION, "/detail/instance-id", json!("i 1"), "detail.instance-id"),
        (INTERRUPTION, "/detail/instance-id", json!(["i-1a2b3c4d"]), "detail.instance-id"),
        (STOPPED, "/detail/state", json!("Stopped"), "detail.state"),
        (STOPPED, "/detail/state", json!("rebooting"), "detail.state"),
        (TWO_RETIRED, "/detail/startTime", json!("soon"), "detail.startTime"),
        (TWO_RETIRED, "/detail/startTime", json!(""), "detail.startTime"),
        (TWO_RETIRED, "/detail/startTime", json!(1_796_655_600), "detail.startTime"),
        (TWO_RETIRED, "/detail/startTime", json!("Mon, 32 Dec 2026 15:00:00 GMT"), "detail.startTime"),
        (TWO_RETIRED, "/detail/startTime", json!("Mon, 07 Dec 2026 15:00:00"), "detail.startTime"),
        // A zone that nobody knows could be anything.
        (TWO_RETIRED, "/detail/startTime", json!("Mon, 07 Dec 2026 15:00:00 XYZ"), "detail.startTime"),
        (TWO_RETIRED, "/detail/statusCode", json!("cancelled"), "detail.statusCode"),
        (TWO_RETIRED, "/detail/affectedEntities", json!(null), "detail.affectedEntities"),
        (TWO_RETIRED, "/detail/affectedEntities/0", json!("i-1a2b3c4d"), "detail.affectedEntities[0]"),
        (TWO_RETIRED, "/detail/affectedEntities/1/entityValue", json!(7), "detail.affectedEntities[1].entityValue"),
    ]
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    for (name, place, value, path) in wrong() {
        let event = with(&samples::sample(name), place, value.clone());
        for function in samples::functions(name) {
            let (at, problem) = mistake(function, &event);
            assert_eq!(at, path, "{name} with {value} at {place} to {function:?}: {problem}");
        }
    }
}

#[test]
fn an_alarm_in_a_message_is_named_by_its_path_in_there() {
    let event = samples::sample("aws.sns/notification--several-records");
    let place = "/Records/1/Sns/Message";
    let message: Value = serde_json::from_str(event.pointer(place).unwrap().as_str().unwrap()).unwrap();
    for (inner, path) in [
        (without(&message, "/AlarmName"), "Records[1].Sns.Message.AlarmName"),
        (without(&message, "/NewStateValue"), "Records[1].Sns.Message.NewStateValue"),
        (without(&message, "/StateChangeTime"), "Records[1].Sns.Message.StateChangeTime"),
        (with(&message, "/StateChangeTime", "soon"), "Records[1].Sns.Message.StateChangeTime"),
        (with(&message, "/NewStateValue", "FINE"), "Records[1].Sns.Message.NewStateValue"),
    ] {
        assert_eq!(mistake(Function::Deployer, &with(&event, place, inner.to_string())).0, path);
    }
}

#[test]
fn what_should_be_an_object_is_said_to_be_one() {
    for odd in [json!("a"), json!("a, expected b"), json!(1)] {
        for (name, place, path) in [
            ("invoke/deploy--with-strategy", "/strategy", "strategy"),
            ("signalbox.ci/deployment-requested", "/detail", "detail"),
        ] {
            let event = with(&samples::sample(name), place, odd.clone());
            assert_eq!(mistake(Function::Deployer, &event), (path.to_owned(), "must be an object".to_owned()));
        }
    }
}

#[test]
fn a_misspelt_field_is_answered_with_those_there_are() {
    let event = json!({"command": "deploy", "service": "codedetect", "release": "v43", "stratgy": {}});
    let (path, problem) = mistake(Function::Deployer, &event);
    assert_eq!(path, "stratgy");
    assert!(problem.contains("stratgy") && problem.contains("`strategy`"), "{problem}");
}

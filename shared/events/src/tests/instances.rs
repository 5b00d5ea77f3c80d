//! What the replacer hears of instances: whose they are, until when, and what is taken back.

use serde_json::{Value, json};
use signalbox_domain::trigger::{InstanceReport, ReportCause};

use super::samples::{self, Replacer, summary, with, without};
use crate::{EventError, Incoming, LifecycleEvent, LifecycleKind};

const ONE_RETIRED: &str = "aws.health/aws-health-event";
const TWO_RETIRED: &str = "aws.health/aws-health-event--two-instances";

/// What is read of a scheduled change with these entities, each with its status.
fn read(entities: &[(&str, &str)]) -> Vec<String> {
    let entities: Vec<Value> =
        entities.iter().map(|(value, status)| json!({"entityValue": value, "status": status})).collect();
    let event = with(&samples::sample(ONE_RETIRED), "/detail/affectedEntities", entities);
    Replacer.read(&event).unwrap().iter().map(summary).collect()
}

/// The time at which AWS takes the instance, where `startTime` is `written`.
fn ends(written: &str) -> Option<String> {
    let event = with(&samples::sample(ONE_RETIRED), "/detail/startTime", written);
    let incoming = Replacer.read(&event).unwrap().remove(0);
    let Incoming::InstancesReported(report) = incoming else { panic!("{incoming:?}") };
    report.ends.map(|at| at.to_string())
}

#[test]
fn a_lifecycle_action_keeps_what_completes_it() {
    let read = Replacer.read(&samples::sample("aws.autoscaling/ec2-instance-terminate-lifecycle-action")).unwrap();
    let expected = LifecycleEvent {
        group: "codedetect-prod-blue-asg".parse().unwrap(),
        kind: LifecycleKind::Terminating,
        instance: "i-0a1b2c3d4e5f60718".parse().unwrap(),
        hook: "codedetect-prod-drain".to_owned(),
        token: "7e6d5c4b-3a29-4180-9f0e-000000000003".to_owned(),
        at: "2026-11-23T01:39:12Z".parse().unwrap(),
    };
    assert_eq!(read, [Incoming::Lifecycle(expected)]);
}

#[test]
fn a_scheduled_change_keeps_its_instances_and_its_time() {
    let expected = |withdrawn, at: &str| InstanceReport {
        instances: vec!["i-0a1b2c3d4e5f60718".parse().unwrap(), "i-0f9e8d7c6b5a49382".parse().unwrap()],
        cause: ReportCause::ScheduledChange,
        ends: Some("2026-12-07T15:00:00Z".parse().unwrap()),
        withdrawn,
        at: at.parse().unwrap(),
    };
    let announced = Replacer.read(&samples::sample(TWO_RETIRED)).unwrap();
    assert_eq!(announced, [Incoming::InstancesReported(expected(false, "2026-11-23T09:01:12Z"))]);
    let cancelled = Replacer.read(&samples::sample("aws.health/aws-health-event--closed")).unwrap();
    assert_eq!(cancelled, [Incoming::InstancesReported(expected(true, "2026-11-24T11:30:40Z"))]);
}

#[test]
fn a_closed_event_is_closed_for_all_of_its_instances() {
    let event = with(&samples::sample(TWO_RETIRED), "/detail/statusCode", "closed");
    let read: Vec<_> = Replacer.read(&event).unwrap().iter().map(summary).collect();
    let both = "i-0a1b2c3d4e5f60718, i-0f9e8d7c6b5a49382";
    assert_eq!(read, [format!("{both} will not be changed at 2026-12-07T15:00:00Z 2026-11-23T09:01:12Z")]);
}

#[test]
fn only_a_resolved_entity_is_taken_out_of_an_event_that_stands() {
    let at = "at 2026-12-07T15:00:00Z 2026-11-23T09:00:12Z";
    for status in ["PENDING", "IMPAIRED", "UNIMPAIRED", "UNKNOWN", "", "OF_TOMORROW"] {
        assert_eq!(read(&[("i-1a2b3c4d", status)]), [format!("i-1a2b3c4d will be changed {at}")], "{status}");
    }
    assert_eq!(read(&[("i-1a2b3c4d", "RESOLVED")]), [format!("i-1a2b3c4d will not be changed {at}")]);
}

#[test]
fn an_instance_is_reported_once_and_stands_if_it_is_named_both_ways() {
    let at = "at 2026-12-07T15:00:00Z 2026-11-23T09:00:12Z";
    let twice = [("i-1a", "RESOLVED"), ("i-2b", "PENDING"), ("i-1a", "PENDING"), ("i-2b", ""), ("i-3c", "RESOLVED")];
    assert_eq!(read(&twice), [format!("i-2b, i-1a will be changed {at}"), format!("i-3c will not be changed {at}")]);
}

#[test]
fn an_instance_is_known_by_its_id_or_its_arn_and_everything_else_is_skipped() {
    let others = [
        ("", ""),
        ("i-", ""),
        ("123456789012", ""),
        ("AWS_ACCOUNT", ""),
        ("i-1a2b3c4d | eu-west-1a", ""),
        ("vol-1a2b3c4d", ""),
        ("arn:aws:ec2:eu-west-1:123456789012:volume/vol-1a2b3c4d", ""),
        ("arn:aws:ec2:eu-west-1:123456789012:instance/", ""),
        ("arn:aws:ec2:eu-west-1:123456789012:instance/1a2b3c4d", ""),
        ("arn:aws:ec2:eu-west-1:123456789012:instance/i-1a2b3c4d/more", ""),
        ("arn:aws:ecs:eu-west-1:123456789012:instance/i-1a2b3c4d", ""),
        ("arn:aws:ec2:instance/i-1a2b3c4d", ""),
        ("arn:", ""),
    ];
    assert_eq!(read(&others), ["irrelevant: a change that AWS schedules on EC2, but on no instance"]);
    let instances = [
        ("vol-1a2b3c4d", ""),
        ("i-1a2b3c4d", ""),
        ("arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-0f9e8d7c6b5a49382", ""),
        ("arn:aws:ec2:eu-west-1:123456789012:instance/i-1a2b3c4d", ""),
    ];
    let at = "at 2026-12-07T15:00:00Z 2026-11-23T09:00:12Z";
    assert_eq!(read(&instances), [format!("i-1a2b3c4d, i-0f9e8d7c6b5a49382 will be changed {at}")]);
}

#[test]
fn a_change_without_a_time_is_still_one() {
    let read = Replacer.read(&without(&samples::sample(ONE_RETIRED), "/detail/startTime")).unwrap();
    assert_eq!(summary(&read[0]), "i-0a1b2c3d4e5f60718 will be changed 2026-11-23T09:00:12Z");
}

#[test]
fn a_time_is_read_with_its_zone_and_whatever_its_weekday() {
    // Of AWS's own examples: that day was a Sunday.
    assert_eq!(ends("Sat, 05 Jun 2016 15:00:00 GMT").as_deref(), Some("2016-06-05T15:00:00Z"));
    assert_eq!(ends("Mon, 7 Dec 2026 15:00:00 UTC").as_deref(), Some("2026-12-07T15:00:00Z"));
    assert_eq!(ends("Mon, 07 Dec 2026 15:00:00 +0100").as_deref(), Some("2026-12-07T14:00:00Z"));
}

#[test]
fn of_an_event_that_is_not_for_us_nothing_else_is_asked() {
    for (name, place, value) in [
        ("aws.health/aws-health-event--other-service", "/detail/startTime", json!("soon")),
        ("aws.health/aws-health-event--other-service", "/detail/affectedEntities", json!("all")),
        ("aws.health/aws-health-event--issue", "/detail/statusCode", json!("worse")),
        ("aws.health/aws-health-event--public", "/detail/startTime", json!("")),
    ] {
        let read = Replacer.read(&with(&samples::sample(name), place, value)).unwrap();
        assert!(matches!(read[..], [Incoming::Irrelevant { .. }]), "{name}: {read:?}");
    }
}

#[test]
fn other_events_of_the_same_sources_are_unrecognised() {
    for (source, detail_type) in [
        ("aws.ec2", "EBS Volume Notification"),
        ("aws.ec2", "EC2 Instance Launch Successful"),
        ("aws.autoscaling", "EC2 Instance State-change Notification"),
        ("aws.health", "AWS Health Abuse Event"),
        ("signalbox.ci", "Deployment Requested"),
    ] {
        let event = json!({"source": source, "detail-type": detail_type, "detail": {}});
        let error = Replacer.read(&event).unwrap_err();
        assert!(matches!(error, EventError::Unrecognized { .. }), "{source} {detail_type}: {error}");
    }
}

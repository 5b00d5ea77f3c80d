//! Every sample is somebody's, exactly one parser's, and means what it should.

use serde_json::Value;

use super::samples::{self, Deployer, Function, REQUEST, Rollback, summary};
use crate::registry::{DEPLOYER, Parser, ROLLBACK};
use crate::shape::Shape;

/// Sample, function, and what it is read as; several records are joined by `; `. `@` stands
/// for the invocation's id.
const EXPECTED: &[(&str, Function, &str)] = &[
    (
        "aws.autoscaling/ec2-instance-launch-successful",
        Deployer,
        "codedetect-prod-blue-asg launched i-0a1b2c3d4e5f60718 2026-11-23T01:02:41Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-successful--short-id",
        Deployer,
        "codedetect-prod-green-asg launched i-1a2b3c4d 2026-11-23T01:03:02Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-unsuccessful",
        Deployer,
        "codedetect-prod-green-asg did not launch i-0f9e8d7c6b5a49382 2026-11-23T01:04:12Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-unsuccessful--empty-instance",
        Deployer,
        "codedetect-prod-green-asg did not launch an instance 2026-11-23T01:04:40Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-unsuccessful--without-instance",
        Deployer,
        "codedetect-prod-green-asg did not launch an instance 2026-11-23T01:05:09Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-successful",
        Deployer,
        "codedetect-prod-blue-asg terminated i-0a1b2c3d4e5f60718 2026-11-23T01:40:18Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-successful--unhealthy",
        Deployer,
        "codedetect-prod-green-asg terminated i-0f9e8d7c6b5a49382 2026-11-23T01:41:55Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-unsuccessful",
        Deployer,
        "codedetect-prod-blue-asg did not terminate i-0a1b2c3d4e5f60718 2026-11-23T01:42:03Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-unsuccessful--green",
        Deployer,
        "codedetect-prod-green-asg did not terminate i-0f9e8d7c6b5a49382 2026-11-23T01:43:30Z",
    ),
    ("aws.cloudwatch/alarm-action", Deployer, "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z"),
    (
        "aws.cloudwatch/alarm-action--composite",
        Deployer,
        "codedetect-prod-service-health ALARM 2026-11-23T01:12:08.115Z",
    ),
    (
        "aws.cloudwatch/alarm-action--contributor",
        Deployer,
        "codedetect-prod-instances-cpu ALARM 2026-11-23T03:05:12.64Z",
    ),
    (
        "aws.cloudwatch/alarm-action--contributor-ok",
        Deployer,
        "irrelevant: one time series of an alarm is back, which is not yet the alarm itself",
    ),
    ("aws.cloudwatch/alarm-action--ok", Deployer, "codedetect-prod-alb-5xx OK 2026-11-23T01:21:07.422Z"),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change",
        Deployer,
        "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--composite",
        Deployer,
        "codedetect-prod-service-health ALARM 2026-11-23T01:12:08.115Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--insufficient-data",
        Deployer,
        "codedetect-prod-cpu-high INSUFFICIENT_DATA 2026-11-23T02:03:31.004Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--metric-math",
        Deployer,
        "codedetect-prod-alb-error-rate ALARM 2026-11-23T01:13:44.733Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--ok",
        Deployer,
        "codedetect-prod-alb-5xx OK 2026-11-23T01:21:07.422Z",
    ),
    ("aws.events/scheduled-event", Deployer, "heartbeat"),
    ("aws.events/scheduled-event--two-rules", Deployer, "heartbeat"),
    ("aws.scheduler/heartbeat", Deployer, "heartbeat"),
    ("aws.sns/notification--alarm", Deployer, "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z"),
    (
        "aws.sns/notification--alarm-composite",
        Deployer,
        "codedetect-prod-service-health ALARM 2026-11-23T01:12:08.115Z",
    ),
    (
        "aws.sns/notification--alarm-contributor-ok",
        Deployer,
        "irrelevant: one time series of an alarm is back, which is not yet the alarm itself",
    ),
    (
        "aws.sns/notification--alarm-metric-math",
        Deployer,
        "codedetect-prod-alb-error-rate ALARM 2026-11-23T01:13:44.733Z",
    ),
    ("aws.sns/notification--alarm-without-milliseconds", Deployer, "codedetect-prod-alb-5xx OK 2026-11-23T01:21:07Z"),
    ("aws.sns/notification--own-notice", Deployer, "irrelevant: a notice of our own that came back through its topic"),
    (
        "aws.sns/notification--own-text-notice",
        Deployer,
        "irrelevant: a notice of our own that came back through its topic",
    ),
    (
        "aws.sns/notification--several-records",
        Deployer,
        "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z; codedetect-prod-cpu-high INSUFFICIENT_DATA 2026-11-23T01:12:09.01Z",
    ),
    ("aws.sns/notification--test-notification", Deployer, "irrelevant: a group tests whether its notifications arrive"),
    (
        "aws.sns/notification--test-notification-green",
        Deployer,
        "irrelevant: a group tests whether its notifications arrive",
    ),
    ("invoke/abort", Deployer, "abort codedetect"),
    ("invoke/abort--from-dashboard", Deployer, "abort codedetect"),
    ("invoke/adopt", Deployer, "blue of codedetect runs v42"),
    ("invoke/adopt--green", Deployer, "green of codedetect runs sha-4f1c9e2"),
    ("invoke/deploy", Deployer, "deploy v43 to codedetect as @ by invoke"),
    ("invoke/deploy--linear", Deployer, "deploy v43 to codedetect as @ by invoke"),
    ("invoke/deploy--with-strategy", Deployer, "deploy v43 to codedetect as manual-7 by invoke"),
    ("invoke/freeze", Deployer, "freeze codedetect until 2026-11-30T07:00:00Z: the fair is on until Monday"),
    ("invoke/freeze--open", Deployer, "freeze codedetect until thawed: the database is being moved"),
    ("invoke/pause", Deployer, "pause codedetect"),
    ("invoke/pause--from-dashboard", Deployer, "pause codedetect"),
    ("invoke/plan", Deployer, "plan v43 for codedetect"),
    ("invoke/promote", Deployer, "promote codedetect"),
    ("invoke/promote--from-dashboard", Deployer, "promote codedetect"),
    ("invoke/resume", Deployer, "resume codedetect"),
    ("invoke/resume--from-dashboard", Deployer, "resume codedetect"),
    ("invoke/thaw", Deployer, "thaw codedetect"),
    ("invoke/rollback", Rollback, "roll codedetect back from anything as @ by invoke"),
    ("invoke/rollback--from-dashboard", Rollback, "roll codedetect back from v43 as button-1 by invoke"),
    ("invoke/status", Deployer, "status of codedetect"),
    ("invoke/status--from-dashboard", Deployer, "status of codedetect"),
    (
        "signalbox.ci/deployment-requested",
        Deployer,
        "deploy v43 to codedetect as 3c4d5e6f-7a8b-4c9d-8e0f-000000000001 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/deployment-requested--fix-forward",
        Deployer,
        "deploy v44 to codedetect as 3c4d5e6f-7a8b-4c9d-8e0f-000000000003 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/deployment-requested--with-strategy",
        Deployer,
        "deploy v43 to codedetect as ci-1043 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/rollback-requested",
        Rollback,
        "roll codedetect back from anything as 3c4d5e6f-7a8b-4c9d-8e0f-000000000004 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/rollback-requested--from-release",
        Rollback,
        "roll codedetect back from v43 as ci-1043-back by event of 2026-11-23T01:00:03Z",
    ),
];

fn claimants<T>(parsers: &[Parser<T>], event: &Value) -> Vec<&'static str> {
    let shape = Shape::of(event);
    parsers.iter().filter(|parser| (parser.claims)(shape)).map(|parser| parser.name).collect()
}

#[test]
fn every_sample_means_what_it_should() {
    for (name, function, expected) in EXPECTED {
        let read = function.read(&samples::sample(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read: Vec<String> = read.iter().map(summary).collect();
        assert_eq!(read.join("; ").replace(REQUEST, "@"), *expected, "{name}");
    }
}

#[test]
fn every_sample_is_in_the_table_and_every_row_has_a_sample() {
    let found: Vec<String> = samples::all().into_keys().collect();
    let mut rows: Vec<String> = EXPECTED.iter().map(|(name, _, _)| (*name).to_owned()).collect();
    rows.sort();
    assert_eq!(rows, found);
    assert!(EXPECTED.iter().all(|(name, function, _)| Function::of(name) == *function));
}

#[test]
fn every_sample_is_claimed_by_exactly_one_parser_of_its_function_and_by_none_of_the_other() {
    for (name, event) in samples::all() {
        let (own, other) = match Function::of(&name) {
            Deployer => (claimants(DEPLOYER, &event), claimants(ROLLBACK, &event)),
            Rollback => (claimants(ROLLBACK, &event), claimants(DEPLOYER, &event)),
        };
        assert_eq!((own.len(), other.len()), (1, 0), "{name}: {own:?}, {other:?}");
    }
}

#[test]
fn every_parser_has_at_least_two_samples_and_a_schedules_payload_has_the_only_one_there_is() {
    let samples = samples::all();
    let of = |name| {
        samples
            .values()
            .filter(move |event| claimants(DEPLOYER, event) == [name] || claimants(ROLLBACK, event) == [name])
    };
    for name in DEPLOYER.iter().map(|parser| parser.name).chain(ROLLBACK.iter().map(|parser| parser.name)) {
        let least = if name == "heartbeat, by schedule" { 1 } else { 2 };
        assert!(of(name).count() >= least, "{name}");
    }
}

#[test]
fn the_readme_lists_every_sample_and_no_other() {
    let readme = std::fs::read_to_string(samples::folder().join("README.md")).unwrap();
    let mut listed: Vec<String> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once(".json` |"))
        .map(|(name, _)| name.to_owned())
        .collect();
    listed.sort();
    assert_eq!(listed, samples::all().into_keys().collect::<Vec<_>>());
}

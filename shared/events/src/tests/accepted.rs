//! Every sample is somebody's, exactly one parser's, and means what it should.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::billing_guard::TO_BILLING_GUARD;
use super::reporter::TO_REPORTER;
use super::samples::{self, BillingGuard, Deployer, Function, REQUEST, Replacer, Reporter, Rollback, told};
use crate::registry::{Accepted, BILLING_GUARD, DEPLOYER, REPLACER, REPORTER, ROLLBACK};
use crate::shape::Shape;

/// The functions that look after a service, whatever it is about.
const SHARED: &[Function] = &[Deployer, Replacer];

/// Sample, those of its functions that look after a service, and what each of them reads it as; several records
/// are joined by `; `. `@` stands for the invocation's id.
const EXPECTED: &[(&str, &[Function], &str)] = &[
    (
        "aws.autoscaling/ec2-instance-launch-lifecycle-action",
        &[Replacer],
        "codedetect-prod-blue-asg holds i-0a1b2c3d4e5f60718 at codedetect-prod-warm-up while launching 2026-11-23T01:02:31Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-lifecycle-action--without-metadata",
        &[Replacer],
        "codedetect-prod-green-asg holds i-0f9e8d7c6b5a49382 at codedetect-prod-warm-up while launching 2026-11-23T01:04:02Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-successful",
        SHARED,
        "codedetect-prod-blue-asg launched i-0a1b2c3d4e5f60718 2026-11-23T01:02:41Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-successful--short-id",
        SHARED,
        "codedetect-prod-green-asg launched i-1a2b3c4d 2026-11-23T01:03:02Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-unsuccessful",
        SHARED,
        "codedetect-prod-green-asg did not launch i-0f9e8d7c6b5a49382 2026-11-23T01:04:12Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-unsuccessful--empty-instance",
        SHARED,
        "codedetect-prod-green-asg did not launch an instance 2026-11-23T01:04:40Z",
    ),
    (
        "aws.autoscaling/ec2-instance-launch-unsuccessful--without-instance",
        SHARED,
        "codedetect-prod-green-asg did not launch an instance 2026-11-23T01:05:09Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-lifecycle-action",
        &[Replacer],
        "codedetect-prod-blue-asg holds i-0a1b2c3d4e5f60718 at codedetect-prod-drain while terminating 2026-11-23T01:39:12Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-successful",
        SHARED,
        "codedetect-prod-blue-asg terminated i-0a1b2c3d4e5f60718 2026-11-23T01:40:18Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-successful--unhealthy",
        SHARED,
        "codedetect-prod-green-asg terminated i-0f9e8d7c6b5a49382 2026-11-23T01:41:55Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-unsuccessful",
        SHARED,
        "codedetect-prod-blue-asg did not terminate i-0a1b2c3d4e5f60718 2026-11-23T01:42:03Z",
    ),
    (
        "aws.autoscaling/ec2-instance-terminate-unsuccessful--green",
        SHARED,
        "codedetect-prod-green-asg did not terminate i-0f9e8d7c6b5a49382 2026-11-23T01:43:30Z",
    ),
    ("aws.cloudwatch/alarm-action", SHARED, "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z"),
    ("aws.cloudwatch/alarm-action--billing", SHARED, "codedetect-monthly-charges ALARM 2026-11-20T21:04:11.536Z"),
    (
        "aws.cloudwatch/alarm-action--billing-metric-math-ok",
        SHARED,
        "codedetect-compute-charges OK 2026-12-01T09:04:11.539Z",
    ),
    ("aws.cloudwatch/alarm-action--composite", SHARED, "codedetect-prod-service-health ALARM 2026-11-23T01:12:08.115Z"),
    ("aws.cloudwatch/alarm-action--contributor", SHARED, "codedetect-prod-instances-cpu ALARM 2026-11-23T03:05:12.64Z"),
    (
        "aws.cloudwatch/alarm-action--contributor-ok",
        SHARED,
        "irrelevant: one time series of an alarm is back, which is not yet the alarm itself",
    ),
    ("aws.cloudwatch/alarm-action--instance", SHARED, "codedetect-prod-status-check ALARM 2026-11-23T02:20:05.311Z"),
    ("aws.cloudwatch/alarm-action--ok", SHARED, "codedetect-prod-alb-5xx OK 2026-11-23T01:21:07.422Z"),
    ("aws.cloudwatch/cloudwatch-alarm-state-change", SHARED, "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z"),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--billing",
        SHARED,
        "codedetect-monthly-charges ALARM 2026-11-20T21:04:11.536Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--billing-insufficient-data",
        SHARED,
        "codedetect-monthly-charges INSUFFICIENT_DATA 2026-12-01T03:04:11.541Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--composite",
        SHARED,
        "codedetect-prod-service-health ALARM 2026-11-23T01:12:08.115Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--insufficient-data",
        SHARED,
        "codedetect-prod-cpu-high INSUFFICIENT_DATA 2026-11-23T02:03:31.004Z",
    ),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--metric-math",
        SHARED,
        "codedetect-prod-alb-error-rate ALARM 2026-11-23T01:13:44.733Z",
    ),
    ("aws.cloudwatch/cloudwatch-alarm-state-change--ok", SHARED, "codedetect-prod-alb-5xx OK 2026-11-23T01:21:07.422Z"),
    (
        "aws.cloudwatch/cloudwatch-alarm-state-change--unhealthy-targets",
        SHARED,
        "codedetect-prod-unhealthy-targets ALARM 2026-11-23T02:15:40.121Z",
    ),
    (
        "aws.ec2/ec2-instance-rebalance-recommendation",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 had better be moved 2026-11-23T02:05:00Z",
    ),
    (
        "aws.ec2/ec2-instance-state-change-notification--pending",
        &[Replacer],
        "irrelevant: an instance starts or runs, and nothing is wrong with that",
    ),
    (
        "aws.ec2/ec2-instance-state-change-notification--running",
        &[Replacer],
        "irrelevant: an instance starts or runs, and nothing is wrong with that",
    ),
    (
        "aws.ec2/ec2-instance-state-change-notification--shutting-down",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 shuts down 2026-11-23T02:40:07Z",
    ),
    (
        "aws.ec2/ec2-instance-state-change-notification--stopped",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 is stopped 2026-11-23T02:30:41Z",
    ),
    (
        "aws.ec2/ec2-instance-state-change-notification--stopping",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 stops 2026-11-23T02:30:03Z",
    ),
    (
        "aws.ec2/ec2-instance-state-change-notification--terminated",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 is terminated 2026-11-23T02:41:22Z",
    ),
    (
        "aws.ec2/ec2-spot-instance-interruption-warning",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 will be interrupted 2026-11-23T02:10:00Z",
    ),
    (
        "aws.ec2/ec2-spot-instance-interruption-warning--hibernate",
        &[Replacer],
        "i-0f9e8d7c6b5a49382 will be interrupted 2026-11-23T02:11:00Z",
    ),
    ("aws.events/scheduled-event", SHARED, "heartbeat"),
    ("aws.events/scheduled-event--two-rules", SHARED, "heartbeat"),
    (
        "aws.health/aws-health-event",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 will be changed at 2026-12-07T15:00:00Z 2026-11-23T09:00:12Z",
    ),
    (
        "aws.health/aws-health-event--backup-copy",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 will be changed at 2026-12-07T15:00:00Z 2026-11-23T09:00:12Z",
    ),
    (
        "aws.health/aws-health-event--closed",
        &[Replacer],
        "i-0a1b2c3d4e5f60718, i-0f9e8d7c6b5a49382 will not be changed at 2026-12-07T15:00:00Z 2026-11-24T11:30:40Z",
    ),
    (
        "aws.health/aws-health-event--hosts-and-volumes",
        &[Replacer],
        "irrelevant: a change that AWS schedules on EC2, but on no instance",
    ),
    (
        "aws.health/aws-health-event--issue",
        &[Replacer],
        "irrelevant: an AWS Health event about EC2 that schedules no change",
    ),
    (
        "aws.health/aws-health-event--least",
        &[Replacer],
        "i-0a1b2c3d4e5f60718 will be changed at 2026-12-07T15:00:00Z 2026-11-23T09:07:12Z",
    ),
    (
        "aws.health/aws-health-event--notification",
        &[Replacer],
        "irrelevant: an AWS Health event about EC2 that schedules no change",
    ),
    (
        "aws.health/aws-health-event--one-resolved",
        &[Replacer],
        "i-0f9e8d7c6b5a49382 will be changed at 2026-12-07T15:00:00Z 2026-11-24T12:00:03Z; i-0a1b2c3d4e5f60718 will not be changed at 2026-12-07T15:00:00Z 2026-11-24T12:00:03Z",
    ),
    (
        "aws.health/aws-health-event--other-service",
        &[Replacer],
        "irrelevant: an AWS Health event about another service than EC2",
    ),
    (
        "aws.health/aws-health-event--page-2-of-3",
        &[Replacer],
        "i-0b2c3d4e5f6071829, i-0c3d4e5f607182930, i-0d4e5f60718293041 will be changed at 2026-12-07T15:00:00Z 2026-11-23T09:02:12Z",
    ),
    (
        "aws.health/aws-health-event--public",
        &[Replacer],
        "irrelevant: an AWS Health event about EC2 that schedules no change",
    ),
    (
        "aws.health/aws-health-event--public-change",
        &[Replacer],
        "irrelevant: a change that AWS schedules on EC2, but on no instance",
    ),
    (
        "aws.health/aws-health-event--reboot-by-arn",
        &[Replacer],
        "i-0a1b2c3d4e5f60718, i-0f9e8d7c6b5a49382 will be changed at 2026-12-09T02:00:00Z 2026-11-23T09:05:12Z",
    ),
    (
        "aws.health/aws-health-event--two-instances",
        &[Replacer],
        "i-0a1b2c3d4e5f60718, i-0f9e8d7c6b5a49382 will be changed at 2026-12-07T15:00:00Z 2026-11-23T09:01:12Z",
    ),
    ("aws.scheduler/heartbeat", SHARED, "heartbeat"),
    ("aws.sns/notification--alarm", SHARED, "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z"),
    ("aws.sns/notification--alarm-composite", SHARED, "codedetect-prod-service-health ALARM 2026-11-23T01:12:08.115Z"),
    (
        "aws.sns/notification--alarm-contributor-ok",
        SHARED,
        "irrelevant: one time series of an alarm is back, which is not yet the alarm itself",
    ),
    (
        "aws.sns/notification--alarm-metric-math",
        SHARED,
        "codedetect-prod-alb-error-rate ALARM 2026-11-23T01:13:44.733Z",
    ),
    ("aws.sns/notification--alarm-of-group", SHARED, "codedetect-prod-cpu-high ALARM 2026-11-23T02:33:31.004Z"),
    ("aws.sns/notification--alarm-without-milliseconds", SHARED, "codedetect-prod-alb-5xx OK 2026-11-23T01:21:07Z"),
    ("aws.sns/notification--billing-alarm", SHARED, "codedetect-monthly-charges ALARM 2026-11-20T21:04:11.536Z"),
    (
        "aws.sns/notification--billing-alarm-metric-math",
        SHARED,
        "codedetect-compute-charges ALARM 2026-11-20T21:05:40.02Z",
    ),
    ("aws.sns/notification--own-notice", SHARED, "irrelevant: a notice of our own that came back through its topic"),
    (
        "aws.sns/notification--own-text-notice",
        SHARED,
        "irrelevant: a notice of our own that came back through its topic",
    ),
    (
        "aws.sns/notification--several-records",
        SHARED,
        "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z; codedetect-prod-cpu-high INSUFFICIENT_DATA 2026-11-23T01:12:09.01Z",
    ),
    ("aws.sns/notification--test-notification", SHARED, "irrelevant: a group tests whether its notifications arrive"),
    (
        "aws.sns/notification--test-notification-green",
        SHARED,
        "irrelevant: a group tests whether its notifications arrive",
    ),
    ("invoke/abort", &[Deployer], "abort codedetect"),
    ("invoke/abort--from-dashboard", &[Deployer], "abort codedetect"),
    ("invoke/adopt", &[Deployer], "blue of codedetect runs v42"),
    ("invoke/adopt--green", &[Deployer], "green of codedetect runs sha-4f1c9e2"),
    ("invoke/deploy", &[Deployer], "deploy v43 to codedetect as @ by invoke"),
    ("invoke/deploy--linear", &[Deployer], "deploy v43 to codedetect as @ by invoke"),
    ("invoke/deploy--with-strategy", &[Deployer], "deploy v43 to codedetect as manual-7 by invoke"),
    ("invoke/freeze", &[Deployer], "freeze codedetect until 2026-11-30T07:00:00Z: the fair is on until Monday"),
    ("invoke/freeze--open", &[Deployer], "freeze codedetect until thawed: the database is being moved"),
    ("invoke/pause", &[Deployer], "pause codedetect"),
    ("invoke/pause--from-dashboard", &[Deployer], "pause codedetect"),
    ("invoke/plan", &[Deployer], "plan v43 for codedetect"),
    ("invoke/promote", &[Deployer], "promote codedetect"),
    ("invoke/promote--from-dashboard", &[Deployer], "promote codedetect"),
    ("invoke/replace", &[Replacer], "replace i-0a1b2c3d4e5f60718 of codedetect: its disk is full and logs say so"),
    (
        "invoke/replace--from-dashboard",
        &[Replacer],
        "replace i-0f9e8d7c6b5a49382 of codedetect: answers slower than the others",
    ),
    ("invoke/resume", &[Deployer], "resume codedetect"),
    ("invoke/resume--from-dashboard", &[Deployer], "resume codedetect"),
    ("invoke/thaw", &[Deployer], "thaw codedetect"),
    ("invoke/rollback", &[Rollback], "roll codedetect back from anything as @ by invoke"),
    ("invoke/rollback--from-dashboard", &[Rollback], "roll codedetect back from v43 as button-1 by invoke"),
    ("invoke/status", &[Deployer], "status of codedetect"),
    ("invoke/status--from-dashboard", &[Deployer], "status of codedetect"),
    (
        "signalbox.ci/deployment-requested",
        &[Deployer],
        "deploy v43 to codedetect as 3c4d5e6f-7a8b-4c9d-8e0f-000000000001 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/deployment-requested--fix-forward",
        &[Deployer],
        "deploy v44 to codedetect as 3c4d5e6f-7a8b-4c9d-8e0f-000000000003 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/deployment-requested--with-strategy",
        &[Deployer],
        "deploy v43 to codedetect as ci-1043 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/rollback-requested",
        &[Rollback],
        "roll codedetect back from anything as 3c4d5e6f-7a8b-4c9d-8e0f-000000000004 by event of 2026-11-23T01:00:03Z",
    ),
    (
        "signalbox.ci/rollback-requested--from-release",
        &[Rollback],
        "roll codedetect back from v43 as ci-1043-back by event of 2026-11-23T01:00:03Z",
    ),
];

/// Sample, function, and what the function reads it as, out of all tables.
fn expected() -> impl Iterator<Item = (&'static str, Function, &'static str)> {
    let of_services = EXPECTED.iter().flat_map(|(name, of, read)| of.iter().map(|function| (*name, *function, *read)));
    let of_billing = TO_BILLING_GUARD.iter().map(|(name, read)| (*name, BillingGuard, *read));
    of_services.chain(of_billing).chain(TO_REPORTER.iter().map(|(name, read)| (*name, Reporter, *read)))
}

fn names<T>(accepted: Accepted<T>, claims: impl Fn(fn(Shape<'_>) -> bool) -> bool) -> Vec<&'static str> {
    accepted.iter().copied().flatten().filter(|parser| claims(parser.claims)).map(|parser| parser.name).collect()
}

/// The names of the function's parsers that pass.
fn parsers(of: Function, claims: impl Fn(fn(Shape<'_>) -> bool) -> bool) -> Vec<&'static str> {
    match of {
        Deployer => names(DEPLOYER, claims),
        Replacer => names(REPLACER, claims),
        Rollback => names(ROLLBACK, claims),
        BillingGuard => names(BILLING_GUARD, claims),
        Reporter => names(REPORTER, claims),
    }
}

fn claimants(function: Function, event: &Value) -> Vec<&'static str> {
    parsers(function, |claims| claims(Shape::of(event)))
}

#[test]
fn every_sample_means_what_it_should_to_each_of_its_functions() {
    for (name, function, expected) in expected() {
        let read = function.understand(&samples::sample(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read: Vec<String> = read.iter().map(told).collect();
        assert_eq!(read.join("; ").replace(REQUEST, "@"), expected, "{name} to {function:?}");
    }
}

#[test]
fn every_sample_is_in_the_table_and_every_row_has_a_sample() {
    let found: BTreeSet<String> = samples::all().into_keys().collect();
    let rows: BTreeSet<String> = expected().map(|(name, _, _)| name.to_owned()).collect();
    assert_eq!(rows, found);
}

#[test]
fn every_sample_is_claimed_by_exactly_one_parser_of_each_of_its_functions_and_by_none_of_the_others() {
    for (name, event) in samples::all() {
        let functions = samples::functions(&name);
        for function in Function::ALL {
            let claimants = claimants(function, &event);
            // Whose it is, the shape does not always say: then the others claim it too, and refuse what is in it.
            let expected = if functions.contains(&function) || may_be_anybodys(function, &event) { 1 } else { 0 };
            assert_eq!(claimants.len(), expected, "{name} to {function:?}: {claimants:?}");
            assert_eq!(function.understand(&event).is_ok(), functions.contains(&function), "{name} to {function:?}");
        }
    }
}

/// A command, by its name, and a message of SNS, by what it says.
fn may_be_anybodys(function: Function, event: &Value) -> bool {
    match function {
        Deployer | Replacer | BillingGuard | Reporter => {
            matches!(Shape::of(event), Shape::Command | Shape::Notifications)
        }
        Rollback => false,
    }
}

#[test]
fn every_parser_has_at_least_two_samples_and_a_schedules_payload_has_the_only_one_there_is() {
    let samples = samples::all();
    for function in Function::ALL {
        let own = || samples.iter().filter(|(name, _)| samples::functions(name).contains(&function));
        for name in parsers(function, |_| true) {
            let least = if name.ends_with(", by schedule") { 1 } else { 2 };
            let count = own().filter(|(_, event)| claimants(function, event) == [name]).count();
            assert!(count >= least, "{name} of {function:?}");
        }
    }
}

#[test]
fn the_readme_lists_every_sample_and_no_other() {
    let listed: Vec<String> = samples::listed().into_keys().collect();
    assert_eq!(listed, samples::all().into_keys().collect::<Vec<_>>());
    assert_eq!(samples::readme_rows().len(), listed.len(), "a sample is listed twice");
}

#[test]
fn the_readme_names_the_functions_of_every_sample() {
    let mut rows: BTreeMap<&str, Vec<Function>> = BTreeMap::new();
    for (name, function, _) in expected() {
        rows.entry(name).or_default().push(function);
    }
    for (name, functions) in rows {
        assert_eq!(samples::functions(name), functions, "{name}");
    }
}

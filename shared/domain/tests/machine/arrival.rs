//! A deploy that arrives while another moves, and deployments that are frozen.

use jiff::SignedDuration;
use signalbox_domain::decision::Outcome;
use signalbox_domain::notice::Kind;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::{AlarmState, DeployRequest, OnFailure, Origin, Trigger, Word};

use crate::behaviours::{CANARY, release, rest};
use crate::bench::{Bench, alarm, deploy, deploy_request, rollback, say};

fn arriving(arrival: &str, phase: &str) -> Bench {
    let mut bench = rest(&format!("{CANARY},\"arrival\":\"{arrival}\""));
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase(phase);
    bench
}

fn queued(bench: &Bench) -> Option<&str> {
    bench.record.as_ref()?.queued.as_ref().map(|queued| queued.request.release.as_str())
}

fn freeze(bench: &mut Bench, seconds: Option<i64>) -> Outcome {
    let until = seconds.map(|seconds| bench.now + SignedDuration::from_secs(seconds));
    bench.look(&Trigger::FreezeRequested { until, reason: "the fair is on".to_owned() }).answer.outcome
}

#[test]
fn the_newest_deploy_waits_and_begins_when_the_first_has_succeeded() {
    let mut bench = arriving("queue_latest", "shifting");
    let waits = bench.look(&deploy("d-2", "v3"));
    assert_eq!((waits.answer.outcome, waits.answer.operation.as_deref()), (Outcome::Waiting, Some("d-2")));
    assert_eq!(waits.accepted, Some(("d-2".parse().unwrap(), "d-2".parse().unwrap())), "it acts once");
    let newer = bench.look(&deploy("d-3", "v4"));
    let told = newer.next.unwrap().outbox.iter().map(|notice| notice.text.clone()).collect::<Vec<_>>().join("\n");
    assert!(told.contains("v3 will not be deployed: v4 came after it"), "{told}");
    assert_eq!((bench.phase(), queued(&bench)), ("shifting", Some("v4")));
    bench.until_phase("provisioning");
    assert_eq!(queued(&bench), None);
    bench.until_phase("standby");
    assert_eq!(release(&bench, Slot::Blue), Some("v4"));
    assert_eq!(bench.record.unwrap().way_back.unwrap().as_str(), "v2");
}

#[test]
fn a_newer_release_takes_the_moving_one_back_first_and_its_way_back_is_what_succeeded() {
    let mut bench = arriving("supersede", "baking");
    let answer = bench.look(&deploy("d-2", "v3")).answer;
    assert_eq!((answer.outcome, bench.phase()), (Outcome::Waiting, "rolling_back"));
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
    assert_eq!(bench.seen.groups.green.capacity.desired, 1, "what carried traffic a moment ago is not shrunk");
    bench.until_phase("standby");
    assert_eq!(release(&bench, Slot::Green), Some("v3"));
    assert_eq!(bench.record.unwrap().way_back.unwrap().as_str(), "v1", "v2 never succeeded");
}

#[test]
fn a_release_that_migrated_a_database_and_a_rollback_are_not_superseded() {
    let mut bench = rest(&format!("{CANARY},\"arrival\":\"supersede\""));
    let mut request = deploy_request("d-1", "v2");
    request.on_failure = OnFailure::Ask;
    bench.look(&Trigger::DeployRequested(request));
    bench.until_phase("baking");
    bench.look(&deploy("d-2", "v3"));
    assert_eq!((bench.phase(), queued(&bench)), ("baking", Some("v3")));
}

#[test]
fn whoever_goes_back_does_not_see_the_next_release_begin() {
    for word in [None, Some(Word::Abort)] {
        let mut bench = arriving("queue_latest", "shifting");
        bench.look(&deploy("d-2", "v3"));
        bench.look(&word.map_or_else(|| rollback("r-1"), say));
        assert_eq!(queued(&bench), None);
        bench.until_phase("at rest");
        assert_eq!(release(&bench, Slot::Blue), Some("v1"));
    }
}

#[test]
fn the_door_may_open_a_little_later_for_a_deploy_that_waits_but_not_for_ever() {
    let mut bench = arriving("queue_latest", "shifting");
    bench.look(&deploy("d-2", "v3"));
    bench.set_alarm(AlarmState::Alarm);
    bench.look(&alarm(AlarmState::Alarm, bench.now));
    for _ in 0..20 {
        bench.pass(30);
        bench.beat();
    }
    assert_eq!((bench.phase(), queued(&bench)), ("at rest", Some("v3")), "the alarm of v2 may still fire");
    let mut patient = bench.clone();
    patient.set_alarm(AlarmState::Ok);
    patient.beat();
    assert_eq!((patient.phase(), queued(&patient)), ("provisioning", None));
    let mut told = Vec::new();
    for _ in 0..40 {
        bench.pass(30);
        told.extend(bench.beat().next.unwrap().outbox.iter().map(|notice| notice.kind));
    }
    assert_eq!((bench.phase(), queued(&bench)), ("at rest", None));
    assert!(told.contains(&Kind::RequestRefused));
}

#[test]
fn an_older_event_that_comes_late_does_not_displace_the_newer_one() {
    let mut bench = arriving("queue_latest", "shifting");
    let put = |bench: &Bench, id: &str, release: &str, seconds_ago: i64| {
        let at = bench.now - SignedDuration::from_secs(seconds_ago);
        Trigger::DeployRequested(DeployRequest { origin: Origin::Event { at }, ..deploy_request(id, release) })
    };
    let newer = put(&bench, "d-3", "v4", 10);
    bench.look(&newer);
    let older = put(&bench, "d-2", "v3", 60);
    assert_eq!(bench.look(&older).answer.outcome, Outcome::Refused);
    assert_eq!(queued(&bench), Some("v4"));
}

#[test]
fn a_request_that_waits_is_known_when_it_comes_again() {
    let mut bench = arriving("queue_latest", "shifting");
    bench.look(&deploy("d-2", "v3"));
    let again = bench.look(&Trigger::Repeated { operation: "d-2".parse().unwrap() }).answer;
    assert_eq!(again.outcome, Outcome::Waiting);
    assert!(again.reason.contains("waits for its turn"), "{}", again.reason);
}

#[test]
fn a_freeze_refuses_deploys_with_its_reason_and_lets_rollbacks_pass() {
    let mut bench = arriving("reject", "standby");
    assert_eq!(freeze(&mut bench, None), Outcome::Accepted);
    let refused = bench.look(&deploy("d-2", "v3")).answer;
    assert_eq!(refused.outcome, Outcome::Refused);
    assert!(refused.reason.contains("until somebody thaws them: the fair is on"), "{}", refused.reason);
    assert_eq!(bench.look(&rollback("r-1")).answer.outcome, Outcome::Accepted);
    bench.until_phase("at rest");
    assert_eq!(bench.look(&Trigger::ThawRequested).answer.outcome, Outcome::Accepted);
    assert_eq!(bench.look(&Trigger::ThawRequested).answer.outcome, Outcome::Idle);
    assert_eq!(bench.look(&deploy("d-2", "v3")).answer.outcome, Outcome::Accepted);
}

#[test]
fn a_freeze_ends_by_itself_and_cannot_end_in_the_past() {
    let mut bench = rest("");
    assert_eq!(freeze(&mut bench, Some(-5)), Outcome::Refused);
    assert_eq!(freeze(&mut bench, Some(3_600)), Outcome::Accepted);
    bench.pass(3_599);
    assert_eq!(bench.look(&deploy("d-1", "v2")).answer.outcome, Outcome::Refused);
    bench.pass(1);
    assert_eq!(bench.look(&deploy("d-1", "v2")).answer.outcome, Outcome::Accepted);
}

#[test]
fn what_moves_goes_on_when_deployments_are_frozen_and_nothing_queues_behind_it() {
    let mut bench = arriving("queue_latest", "shifting");
    freeze(&mut bench, Some(7_200));
    assert_eq!(bench.look(&deploy("d-2", "v3")).answer.outcome, Outcome::Refused);
    bench.until_phase("standby");
    assert_eq!(release(&bench, Slot::Green), Some("v2"));
}

//! The hard cases: combinations that a first version got wrong, each found by a fresh pair of eyes or
//! by the simulation, and kept so that they stay right.

use jiff::SignedDuration;
use signalbox_domain::decision::{Action, Outcome};
use signalbox_domain::definition::Capacity;
use signalbox_domain::notice::Kind;
use signalbox_domain::observation::{Process, TargetHealth};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{
    AlarmState, DeployRequest, GroupScaling, OnFailure, RollbackRequest, ScalingKind, Trigger,
};

use crate::behaviours::{CANARY, assert_clean, at, release, rest};
use crate::bench::{Bench, alarm, definition_with, deploy, deploy_request, rollback, rollback_request};

fn beat_for(bench: &mut Bench, seconds: i64) -> Vec<Kind> {
    let mut told = Vec::new();
    for _ in 0..seconds / 60 {
        bench.pass(60);
        told.extend(bench.beat().next.unwrap().outbox.iter().map(|notice| notice.kind));
    }
    told
}

#[test]
fn a_release_that_asks_first_is_not_flipped_back_out_of_standby_either() {
    let mut bench = rest(CANARY);
    bench.look(&Trigger::DeployRequested(DeployRequest { on_failure: OnFailure::Ask, ..deploy_request("d-1", "v2") }));
    bench.until_phase("standby");
    bench.pass(5);
    let held = bench.look(&alarm(AlarmState::Alarm, bench.now));
    assert!(held.next.unwrap().outbox.iter().any(|notice| notice.kind == Kind::DeploymentHeld));
    beat_for(&mut bench, 7_200);
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("standby", 100), "kept warm until a person decides");
    assert_eq!(bench.look(&rollback("r-1")).answer.outcome, Outcome::Refused);
    let forced = RollbackRequest { force: true, ..rollback_request("r-2") };
    bench.look(&Trigger::RollbackRequested(forced));
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn observe_mode_takes_the_hands_off_a_deployment_but_not_off_a_rollback() {
    let mut bench = at("shifting", CANARY);
    bench.definition = definition_with(&format!("{CANARY},\"mode\":\"observe\""));
    bench.seen.routing.raw = BySlot { blue: Some(100), green: Some(0) };
    for _ in 0..100 {
        bench.pass(60);
        assert!(bench.beat().actions.is_empty());
    }
    assert_eq!(bench.phase(), "shifting");
    bench.look(&rollback("r-1"));
    bench.until_phase("at rest");
    assert_eq!(bench.seen.groups.green.capacity, Capacity::NONE);
}

#[test]
fn a_cure_that_is_sick_as_well_does_not_lock_the_service() {
    let mut bench = rest("");
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    bench.sick = BySlot { blue: true, green: true };
    let cure = DeployRequest { fix_forward: true, ..deploy_request("d-1", "v2") };
    bench.look(&Trigger::DeployRequested(cure));
    bench.until_phase("at rest");
    bench.sick.green = false;
    let next = DeployRequest { fix_forward: true, ..deploy_request("d-2", "v3") };
    assert_eq!(bench.look(&Trigger::DeployRequested(next)).answer.outcome, Outcome::Accepted);
    bench.until_phase("baking");
    assert_eq!(bench.seen.weight(Slot::Green), 100);
}

#[test]
fn what_a_person_retired_by_hand_stays_retired() {
    let mut bench = at("baking", "");
    bench.look(&rollback("r-1"));
    bench.seen.quiet.green = None;
    bench.until_phase("stuck");
    bench.seen.groups.green.capacity = Capacity::NONE;
    bench.settle_groups();
    bench.until_phase("at rest");
    assert_clean(&bench, Slot::Blue);
}

#[test]
fn an_alarm_while_a_sticky_standby_ends_still_finds_the_way_back() {
    let mut bench = at("standby", "");
    bench.seen.routing.sticky = Some(SignedDuration::from_hours(1));
    bench.pass(1_800);
    bench.beat();
    assert_eq!(bench.seen.routing.raw.blue, None, "only the keeping slot is named");
    bench.set_health(Slot::Blue, TargetHealth::Unused);
    bench.pass(5);
    bench.look(&alarm(AlarmState::Alarm, bench.now));
    assert_eq!(bench.seen.routing.raw.blue, Some(0), "named again, so that its targets are checked");
    bench.set_health(Slot::Blue, TargetHealth::Healthy);
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn a_rollback_whose_alarms_could_not_be_read_at_first_is_not_turned_round() {
    let mut bench = at("standby", CANARY);
    bench.until_phase("at rest");
    bench.seen.alarms = None;
    bench.look(&rollback("r-1"));
    bench.set_alarm(AlarmState::Alarm);
    bench.until_phase("standby");
    assert_eq!(release(&bench, Slot::Blue), Some("v1"));
}

#[test]
fn a_guard_that_cannot_be_read_holds_and_then_goes_back() {
    let mut bench = at("shifting", CANARY);
    bench.seen.alarms = None;
    bench.pass(600);
    bench.beat();
    assert_eq!(bench.phase(), "shifting", "nothing moves forward without its guard");
    beat_for(&mut bench, 4 * 3_600 + 120);
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn what_cannot_be_given_back_is_told_once() {
    let mut bench = at("baking", "");
    let refuses = |bench: &mut Bench| {
        bench.seen.groups.green.suspended.extend(Process::ALL);
    };
    let mut told = Vec::new();
    for _ in 0..60 {
        bench.pass(60);
        refuses(&mut bench);
        told.extend(bench.beat().next.unwrap().outbox.iter().map(|notice| notice.kind));
        refuses(&mut bench);
    }
    assert_eq!(told.iter().filter(|kind| **kind == Kind::OperationStuck).count(), 1, "{told:?}");
    let mut bench = at("standby", "");
    bench.seen.quiet.blue = None;
    let told = beat_for(&mut bench, 2 * 3_600);
    assert_eq!(told.iter().filter(|kind| **kind == Kind::OperationStuck).count(), 1, "{told:?}");
}

#[test]
fn a_rollback_does_not_wait_for_releases_that_cannot_be_read() {
    let mut bench = at("shifting", CANARY);
    bench.seen.releases = None;
    bench.look(&alarm(AlarmState::Alarm, bench.now));
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
    let mut launching = rest("");
    launching.look(&deploy("d-1", "v2"));
    launching.seen.releases = None;
    launching.pass(60);
    launching.beat();
    assert_eq!(launching.phase(), "provisioning", "nothing is verified whose release was not read");
}

#[test]
fn adopting_moves_the_traffic_whatever_the_weights_were() {
    let mut bench = rest("");
    bench.seen.routing.raw = BySlot { blue: Some(1), green: Some(1) };
    bench.seen.groups.green.capacity = Capacity { min: 1, desired: 1, max: 2 };
    bench.settle_groups();
    let adopted = bench.look(&Trigger::AdoptRequested { live: Slot::Green, release: "v5".parse().unwrap() });
    assert_eq!(adopted.answer.outcome, Outcome::Accepted);
    assert_eq!(bench.seen.weight(Slot::Green), 100);
    let told = &adopted.next.unwrap().outbox;
    assert!(!told.iter().any(|notice| notice.text.contains("somebody changed the weights")), "{told:?}");
}

#[test]
fn instances_that_boot_are_not_sick() {
    let mut bench = at("baking", r#","capacity":{"min":2,"desired":2,"max":4}"#);
    bench.set_health(Slot::Blue, TargetHealth::Initial);
    bench.look(&rollback("r-1"));
    for _ in 0..10 {
        bench.pass(5);
        bench.beat();
    }
    assert_eq!(bench.seen.groups.blue.capacity.desired, 2, "they only need time");
}

#[test]
fn a_person_who_raises_a_group_and_puts_it_back_leaves_sizes_that_aws_accepts() {
    let mut bench = at("shifting", CANARY);
    for capacity in [Capacity { min: 5, desired: 5, max: 5 }, Capacity { min: 1, desired: 1, max: 2 }] {
        bench.seen.groups.blue.capacity = capacity;
        bench.settle_groups();
        bench.pass(5);
        let decision = bench.beat();
        for action in &decision.actions {
            if let Action::Resize { to, .. } = action {
                assert!(to.min <= to.desired && to.desired <= to.max, "{to}");
            }
        }
    }
}

#[test]
fn an_ignored_alarm_that_was_ok_once_counts_again_in_standby() {
    let mut bench = rest(CANARY);
    bench.set_alarm(AlarmState::Alarm);
    bench.look(&Trigger::DeployRequested(DeployRequest { fix_forward: true, ..deploy_request("d-1", "v2") }));
    bench.until_phase("standby");
    bench.set_alarm(AlarmState::Ok);
    bench.pass(5);
    bench.beat();
    bench.set_alarm(AlarmState::Alarm);
    bench.pass(5);
    bench.beat();
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Blue)), ("rolling_back", 100));
}

#[test]
fn the_old_instances_of_a_slot_are_none_of_the_new_releases_launches() {
    let mut bench = at("standby", r#","capacity":{"min":3,"desired":3,"max":4}"#);
    let old: Vec<_> = bench.seen.groups.blue.instances.iter().map(|instance| instance.id.clone()).collect();
    bench.look(&deploy("d-2", "v3"));
    bench.pass(1);
    bench.beat();
    for id in old {
        let event = GroupScaling {
            slot: Slot::Blue,
            kind: ScalingKind::Terminated,
            activity: format!("a-{id}"),
            instance: Some(id),
            at: bench.now,
        };
        bench.look(&Trigger::GroupScaled(event));
    }
    assert_ne!(bench.phase(), "rolling_back");
}

#[test]
fn a_repeated_request_is_answered_with_its_own_operation() {
    let mut bench = at("standby", "");
    bench.until_phase("at rest");
    let repeated = Trigger::Repeated { operation: "d-1".parse().unwrap() };
    assert_eq!(bench.look(&repeated).answer.operation.as_deref(), Some("d-1"));
    bench.look(&deploy("d-2", "v3"));
    let answer = bench.look(&repeated).answer;
    assert_eq!((answer.operation.as_deref(), answer.outcome), (Some("d-1"), Outcome::Idle));
}

#[test]
fn looking_at_a_service_creates_nothing() {
    let mut bench = rest("");
    bench.seen.groups.green.capacity = Capacity { min: 1, desired: 1, max: 1 };
    bench.settle_groups();
    assert!(bench.beat().next.is_none());
}

#[test]
fn every_notice_has_an_id_of_its_own_even_when_the_clock_stands_still() {
    let mut bench = rest("");
    let mut ids = std::collections::BTreeSet::new();
    let mut told = 0;
    bench.look(&deploy("d-1", "v2"));
    for _ in 0..50 {
        let notices = bench.beat().next.unwrap().outbox;
        told += notices.len();
        ids.extend(notices.into_iter().map(|notice| notice.id));
        bench.pass(if told % 2 == 0 { 0 } else { 60 });
    }
    assert_eq!(ids.len(), told);
}

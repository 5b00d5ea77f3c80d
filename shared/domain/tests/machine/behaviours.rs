//! The behaviours that people rely on, by name.

use jiff::SignedDuration;
use signalbox_domain::decision::{Action, Outcome};
use signalbox_domain::definition::Capacity;
use signalbox_domain::notice::{Kind, OUTBOX_LIMIT};
use signalbox_domain::observation::{Process, TargetHealth};
use signalbox_domain::record::Record;
use signalbox_domain::slot::{BySlot, Slot, Split};
use signalbox_domain::trigger::{
    AlarmState, DeployRequest, GroupScaling, OnFailure, Origin, RollbackRequest, ScalingKind, Trigger, Word,
};

use crate::bench::{ALARM, Bench, alarm, definition_with, deploy, deploy_request, rollback, rollback_request, say};

pub(crate) const CANARY: &str = r#","strategy":{"kind":"canary","weight":10,"bake":"5m"}"#;

pub(crate) fn rest(more: &str) -> Bench {
    Bench::new(definition_with(more))
}

pub(crate) fn at(phase: &str, more: &str) -> Bench {
    let mut bench = rest(more);
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase(phase);
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.phase(), phase);
    bench
}

pub(crate) fn record(bench: &Bench) -> &Record {
    bench.record.as_ref().unwrap()
}

pub(crate) fn release(bench: &Bench, slot: Slot) -> Option<&str> {
    record(bench).releases[slot].as_ref().map(|release| release.as_str())
}

/// Everything as it was, on `live`: pins and suspensions given back, the other slot at 0/0/0.
pub(crate) fn assert_clean(bench: &Bench, live: Slot) {
    assert_eq!(bench.phase(), "at rest");
    assert!(!record(bench).is_busy(), "nothing is owed");
    assert_eq!(bench.seen.weight(live), 100);
    assert_eq!(bench.seen.groups[live].capacity, Capacity { min: 1, desired: 1, max: 2 });
    assert_eq!(bench.seen.groups[live.other()].capacity, Capacity::NONE);
    for slot in Slot::BOTH {
        assert!(bench.seen.groups[slot].suspended.is_empty(), "{slot} is left suspended");
    }
}

#[test]
fn a_deployment_moves_the_release_in_and_gives_everything_back() {
    let mut bench = rest(CANARY);
    let accepted = bench.look(&deploy("d-1", "v2"));
    assert_eq!(accepted.answer.outcome, Outcome::Accepted);
    assert_eq!(accepted.answer.phase.as_deref(), Some("provisioning"));
    bench.until_phase("standby");
    assert_eq!((record(&bench).live, release(&bench, Slot::Green)), (Slot::Green, Some("v2")));
    assert_eq!(record(&bench).way_back.as_ref().map(|release| release.as_str()), Some("v1"));
    assert_eq!(bench.seen.groups.blue.capacity.desired, 1, "the old slot stays warm");
    bench.until_phase("at rest");
    assert_clean(&bench, Slot::Green);
}

#[test]
fn both_groups_are_named_before_anything_is_launched() {
    let mut bench = rest("");
    let accepted = bench.look(&deploy("d-1", "v2"));
    assert_eq!(accepted.actions[0], Action::Route { split: Split::all_to(Slot::Blue) });
    let writes = |action: &Action| matches!(action, Action::WriteRelease { .. });
    let launches = |action: &Action| matches!(action, Action::Resize { slot: Slot::Green, .. });
    assert!(accepted.actions.iter().any(writes) && !accepted.actions.iter().any(launches));
    assert!(bench.beat().actions.iter().any(launches), "it was seen to be written, and the slot to be empty");
}

#[test]
fn an_alarm_takes_the_release_back_from_every_phase() {
    for phase in ["provisioning", "verifying", "shifting", "baking", "standby"] {
        let mut bench = rest(CANARY);
        bench.sick.green = phase == "provisioning";
        bench.look(&deploy("d-1", "v2"));
        bench.until_phase(phase);
        bench.pass(5);
        let decision = bench.look(&alarm(AlarmState::Alarm, bench.now));
        assert_eq!(bench.phase(), "rolling_back", "in {phase}");
        assert!(decision.answer.reason.contains(ALARM), "{}", decision.answer.reason);
        assert_eq!(bench.seen.weight(Slot::Blue), 100, "in {phase} the very same look moved the weights");
        bench.until_phase("at rest");
        assert_clean(&bench, Slot::Blue);
        assert_eq!(record(&bench).live, Slot::Blue);
    }
}

#[test]
fn an_alarm_event_older_than_the_phase_is_no_evidence() {
    let mut bench = at("shifting", CANARY);
    let old = bench.now - SignedDuration::from_hours(1);
    bench.look(&alarm(AlarmState::Alarm, old));
    assert_eq!(bench.phase(), "shifting");
}

#[test]
fn no_data_of_an_alarm_is_no_evidence() {
    let mut bench = at("shifting", CANARY);
    bench.look(&alarm(AlarmState::InsufficientData, bench.now));
    bench.set_alarm(AlarmState::InsufficientData);
    bench.beat();
    assert_eq!(bench.phase(), "shifting");
}

#[test]
fn a_deploy_is_refused_while_its_guard_alarm_fires_unless_it_is_the_cure() {
    let mut bench = rest(CANARY);
    bench.set_alarm(AlarmState::Alarm);
    let refused = bench.look(&deploy("d-1", "v2"));
    assert_eq!(refused.answer.outcome, Outcome::Refused);
    assert!(refused.answer.reason.contains(ALARM) && refused.actions.is_empty());
    let cure = DeployRequest { fix_forward: true, ..deploy_request("d-1", "v2") };
    assert_eq!(
        bench.look(&Trigger::DeployRequested(cure)).answer.outcome,
        Outcome::Accepted,
        "a refused id may be sent again"
    );
    bench.until_phase("shifting");
    bench.set_alarm(AlarmState::Ok);
    bench.pass(5);
    bench.beat();
    bench.set_alarm(AlarmState::Alarm);
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.phase(), "rolling_back", "an alarm that was OK once counts again");
}

#[test]
fn the_door_refuses_what_cannot_begin_and_changes_nothing() {
    type Change = fn(&mut Bench);
    let cases: [(&str, Change); 8] = [
        ("does not exist", |bench| bench.seen.alarms = Some(Default::default())),
        ("could not be read", |bench| bench.seen.alarms = None),
        ("could not be read", |bench| bench.seen.surroundings = None),
        ("healthy", |bench| bench.set_health(Slot::Blue, TargetHealth::Unhealthy)),
        ("another listener or rule", |bench| {
            bench.seen.surroundings.as_mut().unwrap().other_routes.push("arn:rule".to_owned());
        }),
        ("instance refresh", |bench| bench.seen.surroundings.as_mut().unwrap().refreshing.push(Slot::Green)),
        ("app_cookie", |bench| bench.seen.surroundings.as_mut().unwrap().app_cookie = true),
        ("split", |bench| bench.seen.routing.raw = BySlot { blue: Some(60), green: Some(40) }),
    ];
    for (word, change) in cases {
        let mut bench = rest("");
        change(&mut bench);
        let refused = bench.look(&deploy("d-1", "v2"));
        assert_eq!(refused.answer.outcome, Outcome::Refused, "{word}");
        assert!(refused.answer.reason.contains(word), "{}", refused.answer.reason);
        assert!(refused.actions.is_empty() && refused.accepted.is_none());
        assert_eq!(refused.answer.reason.lines().count(), 1, "one sentence");
    }
    let mut observing = rest(r#","mode":"observe""#);
    assert!(observing.look(&deploy("d-1", "v2")).answer.reason.contains("observe"));
    let mut named_none = rest("");
    assert!(named_none.look(&deploy("d-1", "none")).answer.reason.contains("no release"));
}

#[test]
fn a_second_deploy_is_refused_while_the_first_moves() {
    let mut bench = at("shifting", CANARY);
    let refused = bench.look(&deploy("d-2", "v3"));
    assert_eq!(refused.answer.outcome, Outcome::Refused);
    assert!(refused.answer.reason.contains("d-1"));
}

#[test]
fn an_old_event_is_refused_and_told() {
    let mut bench = rest("");
    let stale = Origin::Event { at: bench.now - SignedDuration::from_mins(16) };
    let request = DeployRequest { origin: stale, ..deploy_request("d-1", "v2") };
    let refused = bench.look(&Trigger::DeployRequested(request));
    assert_eq!(refused.answer.outcome, Outcome::Refused);
    let told: Vec<Kind> = refused.next.unwrap().outbox.iter().map(|notice| notice.kind).collect();
    assert_eq!(told, [Kind::RequestRefused], "nobody reads the answer to an event");
}

#[test]
fn a_release_that_never_becomes_healthy_is_taken_back_at_the_deadline() {
    let mut bench = rest("");
    bench.sick.green = true;
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("rolling_back");
    bench.until_phase("at rest");
    assert_clean(&bench, Slot::Blue);
    assert!(bench.now.duration_since("2026-11-23T01:00:00Z".parse().unwrap()) < SignedDuration::from_mins(20));
}

#[test]
fn a_launch_loop_is_seen_long_before_the_deadline() {
    let mut bench = rest("");
    bench.sick.green = true;
    bench.look(&deploy("d-1", "v2"));
    for number in 0..3 {
        assert_eq!(bench.phase(), "provisioning");
        bench.pass(20);
        let event = GroupScaling {
            slot: Slot::Green,
            kind: ScalingKind::Terminated,
            instance: Some(format!("i-dead{number}").parse().unwrap()),
            activity: format!("a-{number}"),
            at: bench.now,
        };
        for _ in 0..3 {
            bench.look(&Trigger::GroupScaled(event.clone()));
        }
    }
    assert_eq!(bench.phase(), "rolling_back", "three dead instances, each told three times, are three");
}

#[test]
fn the_new_slot_losing_its_health_under_traffic_takes_the_release_back_at_once() {
    let mut bench = at("baking", "");
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    bench.pass(5);
    bench.beat();
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Blue)), ("rolling_back", 100));
}

#[test]
fn no_step_is_taken_that_the_old_slot_could_not_take_back() {
    let mut bench = at("verifying", &format!("{CANARY},\"capacity\":{{\"min\":2,\"desired\":2,\"max\":4}}"));
    assert_eq!(bench.seen.groups.blue.capacity.desired, 1, "the old slot is smaller than the new one must be");
    bench.sick.blue = true;
    for _ in 0..30 {
        bench.pass(5);
        bench.beat();
    }
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("shifting", 0));
    assert_eq!(bench.seen.groups.blue.capacity.desired, 2, "the old slot is grown first");
    bench.set_health(Slot::Blue, TargetHealth::Healthy);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Green), 10);
}

#[test]
fn weights_go_on_only_from_weights_that_were_seen() {
    let mut bench = at("shifting", CANARY);
    for _ in 0..100 {
        bench.seen.routing.raw = BySlot { blue: Some(100), green: Some(0) };
        bench.pass(5);
        let decision = bench.decide(&Trigger::Heartbeat);
        assert_eq!(decision.actions, [Action::Route { split: Split::Blue(90.try_into().unwrap()) }]);
        bench.record = decision.next;
    }
    assert_eq!(bench.phase(), "shifting", "eight minutes at 10 % were never seen");
}

#[test]
fn nothing_is_torn_down_before_a_late_write_would_have_shown() {
    let mut bench = at("shifting", CANARY);
    bench.look(&say(Word::Abort));
    let back = bench.now;
    while bench.seen.groups.green.capacity != Capacity::NONE {
        bench.pass(1);
        bench.beat();
    }
    let waited = bench.now.duration_since(back);
    // route_settle 2m and a deregistration delay of 60 s, both longer than settle_guard.
    assert!(waited >= SignedDuration::from_secs(180), "retired after {waited:?}");
}

#[test]
fn requests_on_the_old_slot_keep_the_standby() {
    let mut bench = at("standby", "");
    bench.seen.quiet.blue.as_mut().unwrap().requests = 1;
    bench.pass(7_200);
    for _ in 0..20 {
        bench.pass(60);
        bench.beat();
    }
    assert_eq!((bench.phase(), bench.seen.groups.blue.capacity.desired), ("standby", 1));
    bench.seen.quiet.blue.as_mut().unwrap().requests = 0;
    bench.until_phase("at rest");
    assert_clean(&bench, Slot::Green);
}

#[test]
fn sticky_clients_are_freed_by_an_action_that_names_only_the_keeping_slot() {
    let mut bench = at("standby", "");
    bench.seen.routing.sticky = Some(SignedDuration::from_hours(1));
    bench.until_phase("at rest");
    assert_eq!(bench.seen.routing.raw, BySlot { blue: None, green: Some(100) });
    let mut bench = at("shifting", CANARY);
    bench.seen.routing.sticky = Some(SignedDuration::from_hours(1));
    bench.look(&rollback("r-1"));
    assert_eq!(bench.seen.routing.raw, BySlot { blue: Some(100), green: None });
}

#[test]
fn a_rollback_after_retirement_launches_the_way_back_and_a_second_one_is_idle() {
    let mut bench = at("standby", CANARY);
    bench.until_phase("at rest");
    let accepted = bench.look(&rollback("r-1"));
    assert_eq!(accepted.answer.outcome, Outcome::Accepted);
    assert_eq!(accepted.accepted.unwrap().0.as_str(), "r-1");
    bench.until_phase("verifying");
    bench.until_phase("at rest");
    assert_clean(&bench, Slot::Blue);
    assert_eq!((record(&bench).live, release(&bench, Slot::Blue)), (Slot::Blue, Some("v1")));
    assert_eq!(bench.look(&rollback("r-2")).answer.outcome, Outcome::Idle);
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn a_rollback_is_never_refused_for_alarms_that_fire_or_a_sick_live_slot() {
    let mut bench = at("standby", CANARY);
    bench.until_phase("at rest");
    bench.set_alarm(AlarmState::Alarm);
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    bench.sick.green = true;
    assert_eq!(bench.look(&rollback("r-1")).answer.outcome, Outcome::Accepted);
    for _ in 0..400 {
        bench.pass(5);
        bench.beat();
    }
    assert_eq!(bench.seen.weight(Slot::Blue), 100, "the way back has the traffic");
}

#[test]
fn a_rollback_that_names_another_release_is_refused() {
    let mut bench = at("standby", CANARY);
    let request = RollbackRequest { from: Some("v1".parse().unwrap()), ..rollback_request("r-1") };
    let refused = bench.look(&Trigger::RollbackRequested(request));
    assert_eq!(refused.answer.outcome, Outcome::Refused);
    assert_eq!(bench.phase(), "standby");
}

#[test]
fn a_rollback_goes_at_once_to_whatever_is_healthy_when_the_new_slot_is_dead() {
    let mut bench = at("baking", r#","capacity":{"min":2,"desired":2,"max":4}"#);
    bench.seen.groups.blue.instances[0].target = TargetHealth::Unhealthy;
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn a_rollback_waits_for_the_old_slot_to_carry_everything_and_grows_it() {
    let mut bench = at("baking", r#","capacity":{"min":2,"desired":2,"max":4}"#);
    bench.seen.groups.blue.instances[0].target = TargetHealth::Unhealthy;
    bench.look(&rollback("r-1"));
    assert_eq!(bench.seen.weight(Slot::Green), 100, "one of two cannot take what two carry");
    assert_eq!(bench.seen.groups.blue.capacity.desired, 3);
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn a_failing_release_that_asks_first_is_held_and_only_force_goes_back() {
    let mut bench = rest(CANARY);
    bench.look(&Trigger::DeployRequested(DeployRequest { on_failure: OnFailure::Ask, ..deploy_request("d-1", "v2") }));
    bench.until_phase("shifting");
    bench.pass(5);
    bench.beat();
    let held = bench.look(&alarm(AlarmState::Alarm, bench.now));
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("shifting", 10));
    assert!(held.next.unwrap().outbox.iter().any(|notice| notice.kind == Kind::DeploymentHeld));
    assert_eq!(bench.look(&rollback("r-1")).answer.outcome, Outcome::Refused);
    assert_eq!(bench.look(&say(Word::Abort)).answer.outcome, Outcome::Refused);
    let forced = RollbackRequest { force: true, ..rollback_request("r-2") };
    assert_eq!(bench.look(&Trigger::RollbackRequested(forced)).answer.outcome, Outcome::Advanced);
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn a_pause_holds_the_deadline_still_and_ends_in_a_rollback_when_it_lasts_too_long() {
    let mut bench = at("verifying", "");
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    bench.look(&say(Word::Pause));
    bench.pass(3_600);
    bench.beat();
    assert_eq!(bench.phase(), "verifying", "an hour of pause is not an hour of the fifteen minutes");
    bench.look(&say(Word::Resume));
    bench.set_health(Slot::Green, TargetHealth::Healthy);
    bench.until_phase("baking");
    bench.look(&say(Word::Pause));
    bench.pass(4 * 3_600 + 1);
    bench.beat();
    assert_eq!(bench.phase(), "rolling_back");
}

#[test]
fn promote_ends_only_the_present_wait() {
    let mut bench = at("shifting", r#","strategy":{"kind":"linear","percent":20,"every":"10m"}"#);
    assert_eq!(bench.seen.weight(Slot::Green), 20);
    bench.look(&say(Word::Promote));
    bench.pass(5);
    bench.beat();
    bench.pass(5);
    bench.beat();
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("shifting", 40));
    bench.pass(60);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Green), 40, "the next step waits as it should");
}

#[test]
fn somebodys_resize_is_respected_in_the_end_and_safe_until_then() {
    let mut bench = at("shifting", CANARY);
    bench.seen.groups.blue.capacity.max = 7;
    bench.seen.groups.blue.capacity.min = 0;
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.groups.blue.capacity.min, 1, "held while it may have to take everything back");
    bench.look(&say(Word::Abort));
    bench.until_phase("at rest");
    assert_eq!(bench.seen.groups.blue.capacity, Capacity { min: 0, desired: 1, max: 7 });
}

#[test]
fn a_process_that_was_suspended_before_stays_suspended() {
    let mut bench = rest("");
    bench.seen.groups.blue.suspended.insert(Process::AZRebalance);
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("shifting");
    bench.look(&say(Word::Abort));
    bench.until_phase("at rest");
    assert_eq!(bench.seen.groups.blue.suspended.iter().copied().collect::<Vec<_>>(), [Process::AZRebalance]);
}

#[test]
fn a_deploy_during_standby_empties_the_warm_slot_before_it_launches() {
    let mut bench = at("standby", CANARY);
    let accepted = bench.look(&deploy("d-2", "v3"));
    assert_eq!(accepted.answer.outcome, Outcome::Accepted);
    assert!(accepted.actions.iter().all(|action| !matches!(action, Action::WriteRelease { .. })));
    bench.until_phase("shifting");
    assert_eq!(bench.seen.releases.as_ref().unwrap().blue.as_ref().map(|release| release.as_str()), Some("v3"));
    let old = |instance: &signalbox_domain::observation::Instance| instance.id.as_str() == "i-blue1";
    assert!(!bench.seen.groups.blue.instances.iter().any(old), "the old instance is never verified as the new release");
    bench.look(&say(Word::Abort));
    bench.until_phase("at rest");
    assert_eq!(release(&bench, Slot::Green), Some("v2"), "the way back of v3 is v2");
    assert_eq!(record(&bench).way_back.as_ref().map(|release| release.as_str()), Some("v1"));
}

#[test]
fn drift_is_told_once_and_put_right_twice_an_hour_at_most() {
    let mut telling = at("standby", "");
    telling.until_phase("at rest");
    telling.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 1 };
    telling.settle_groups();
    telling.seen.routing.raw = BySlot { blue: Some(30), green: Some(70) };
    let told = telling.look(&Trigger::Heartbeat);
    assert!(told.actions.is_empty() && told.next.unwrap().outbox.iter().any(|notice| notice.kind == Kind::DriftFound));
    assert!(telling.look(&Trigger::Heartbeat).next.unwrap().outbox.is_empty(), "once");

    let mut correcting = telling.clone();
    correcting.definition = definition_with(r#","drift":{"on_external_change":"correct"}"#);
    let mut corrections = 0;
    for _ in 0..5 {
        correcting.seen.routing.raw = BySlot { blue: Some(30), green: Some(70) };
        correcting.pass(300);
        corrections += correcting.beat().actions.len();
        correcting.pass(5);
        correcting.beat();
    }
    assert_eq!(corrections, 2);
}

#[test]
fn a_difference_that_is_an_earlier_wish_of_ours_is_put_right_and_blamed_on_nobody() {
    let mut bench = at("standby", CANARY);
    bench.until_phase("at rest");
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 1 };
    bench.settle_groups();
    bench.seen.routing.raw = BySlot { blue: Some(90), green: Some(10) };
    let decision = bench.beat();
    assert!(decision.actions.contains(&Action::Route { split: record(&bench).routing.split }));
    let blames = |notice: &signalbox_domain::notice::Notice| notice.text.contains("weights");
    assert!(!decision.next.unwrap().outbox.iter().any(blames));
}

#[test]
fn what_is_live_is_adopted_by_a_persons_word_where_nobody_can_tell() {
    let mut bench = rest("");
    bench.seen.routing.raw = BySlot { blue: Some(60), green: Some(40) };
    bench.seen.groups.green.capacity = Capacity { min: 1, desired: 1, max: 2 };
    bench.settle_groups();
    let refused = bench.look(&deploy("d-1", "v2"));
    assert!(refused.answer.reason.contains("adopt"), "{}", refused.answer.reason);
    let adopted = bench.look(&Trigger::AdoptRequested { live: Slot::Green, release: "v5".parse().unwrap() });
    assert_eq!(adopted.answer.outcome, Outcome::Accepted);
    assert_eq!((bench.seen.weight(Slot::Green), release(&bench, Slot::Green)), (100, Some("v5")));
}

#[test]
fn a_stuck_rollback_is_loud_says_how_to_finish_and_goes_on_when_the_world_allows() {
    let mut bench = at("baking", "");
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    bench.sick.blue = true;
    bench.look(&rollback("r-1"));
    bench.until_phase("stuck");
    assert_eq!(bench.seen.weight(Slot::Green), 100, "traffic stays on what still serves");
    bench.set_health(Slot::Blue, TargetHealth::Healthy);
    bench.sick.blue = false;
    bench.until_phase("at rest");
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn fifty_notices_wait_at_most_and_none_is_lost_without_a_word() {
    let mut bench = rest("");
    bench.look(&deploy("d-1", "v2"));
    let mut record = record(&bench).clone();
    let template = bench.decide(&say(Word::Abort)).next.unwrap().outbox[0].clone();
    for number in 0..80 {
        record.tell([signalbox_domain::notice::Notice { id: format!("n-{number}"), ..template.clone() }]);
    }
    assert_eq!(record.outbox.len(), OUTBOX_LIMIT);
    assert_eq!(record.outbox[0].kind, Kind::Coalesced);
    assert_eq!(record.outbox.last().unwrap().id, "n-79");
}

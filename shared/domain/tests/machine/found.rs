//! What the simulation found: each of these was a violation in a mixture of everything, shrunk to a few
//! lines, and is kept here as the decision that was wrong.

use jiff::SignedDuration;
use signalbox_domain::decision::Action;
use signalbox_domain::definition::Capacity;
use signalbox_domain::observation::TargetHealth;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{AlarmState, Trigger, Word};

use crate::behaviours::{CANARY, assert_clean, at, rest};
use crate::bench::{Bench, alarm, deploy, say};

fn sticks(bench: &mut Bench) {
    bench.seen.routing.sticky = Some(SignedDuration::from_hours(1));
}

fn somebody_reaches(bench: &mut Bench, slot: Slot, requests: u64) {
    if let Some(quiet) = &mut bench.seen.quiet[slot] {
        quiet.requests = requests;
    }
}

/// A deploy of v3 while blue stands by and clients stick to it.
fn over_a_sticky_standby() -> Bench {
    let mut bench = at("standby", CANARY);
    sticks(&mut bench);
    somebody_reaches(&mut bench, Slot::Blue, 9);
    bench.look(&deploy("d-3", "v3"));
    bench
}

#[test]
fn a_deploy_over_a_sticky_standby_frees_its_clients_before_it_empties_the_slot() {
    let mut bench = over_a_sticky_standby();
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.routing.raw, BySlot { blue: None, green: Some(100) }, "only that ends their stickiness");
    assert!(bench.seen.groups.blue.capacity.desired > 0, "they are still there");
    somebody_reaches(&mut bench, Slot::Blue, 0);
    bench.until_phase("verifying");
    assert_eq!(bench.seen.routing.raw, BySlot { blue: Some(0), green: Some(100) }, "named again, to be checked");
    bench.until_phase("standby");
}

#[test]
fn going_back_before_the_slot_was_emptied_waits_until_nobody_reaches_it() {
    let mut bench = over_a_sticky_standby();
    bench.look(&say(Word::Abort));
    for _ in 0..60 {
        bench.pass(5);
        bench.beat();
        assert!(bench.seen.groups.blue.capacity.desired > 0, "requests still reach blue");
    }
    somebody_reaches(&mut bench, Slot::Blue, 0);
    bench.until_phase("at rest");
    assert_eq!(bench.seen.groups.blue.capacity, Capacity::NONE);
}

#[test]
fn traffic_that_somebody_else_gave_the_new_slot_is_drained_before_it_is_retired() {
    let mut bench = at("verifying", CANARY);
    bench.seen.routing.raw = BySlot { blue: Some(48), green: Some(77) };
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.routing.raw, BySlot { blue: Some(100), green: Some(0) });
    somebody_reaches(&mut bench, Slot::Green, 3);
    bench.look(&say(Word::Abort));
    for _ in 0..60 {
        bench.pass(5);
        bench.beat();
        assert!(bench.seen.groups.green.capacity.desired > 0, "requests still reach green");
    }
    somebody_reaches(&mut bench, Slot::Green, 0);
    bench.until_phase("at rest");
}

#[test]
fn a_standby_on_its_way_out_is_not_launched_again_when_somebody_touches_the_weights() {
    let mut bench = at("standby", &format!("{CANARY},\"standby\":\"5m\""));
    while bench.seen.groups.blue.capacity != Capacity::NONE {
        bench.pass(5);
        bench.beat();
    }
    assert_eq!(bench.phase(), "standby", "its instances are still draining");
    bench.seen.routing.raw = BySlot { blue: Some(38), green: Some(70) };
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.groups.blue.capacity, Capacity::NONE);
    bench.until_phase("at rest");
}

#[test]
fn the_new_slot_takes_over_when_the_live_one_dies_while_traffic_moves() {
    let mut bench = at("shifting", CANARY);
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    bench.sick.blue = true;
    bench.beat();
    bench.pass(20);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Green), 10, "one missed check moves nothing");
    bench.pass(15);
    bench.beat();
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("baking", 100));
}

#[test]
fn a_rollback_to_a_slot_that_died_is_served_by_the_new_one_until_it_has_healed() {
    let mut bench = at("shifting", CANARY);
    bench.look(&alarm(AlarmState::Alarm, bench.now));
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    bench.sick.blue = true;
    bench.beat();
    bench.pass(35);
    bench.beat();
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("rolling_back", 100), "bad is better than nobody");
    bench.sick.blue = false;
    bench.set_health(Slot::Blue, TargetHealth::Healthy);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
    bench.until_phase("at rest");
}

#[test]
fn a_tear_down_that_began_goes_on_when_requests_cannot_be_counted_any_more() {
    let mut bench = at("shifting", CANARY);
    bench.look(&say(Word::Abort));
    while bench.seen.groups.green.capacity != Capacity::NONE {
        bench.pass(5);
        bench.beat();
    }
    bench.seen.quiet = BySlot { blue: None, green: None };
    let decision = bench.beat();
    assert!(decision.actions.is_empty(), "{:?}", decision.actions);
    bench.until_phase("at rest");
    assert_clean(&bench, Slot::Blue);
}

#[test]
fn instances_that_boot_on_the_old_slot_are_not_counted_as_sick() {
    let mut bench = at("shifting", CANARY);
    // Its only instance was replaced; the load balancer calls a booting one unhealthy.
    bench.sick.blue = true;
    bench.seen.groups.blue.instances.clear();
    bench.settle_groups();
    bench.look(&alarm(AlarmState::Alarm, bench.now));
    for _ in 0..10 {
        bench.pass(5);
        bench.beat();
    }
    assert_eq!(bench.seen.groups.blue.capacity.desired, 1);
}

#[test]
fn a_release_that_proved_itself_is_not_taken_back_because_scaling_sizes_it_again() {
    let mut bench = at("baking", &format!("{CANARY},\"capacity\":{{\"min\":1,\"desired\":3,\"max\":4}}"));
    while bench.seen.groups.green.capacity.min > 1 {
        bench.pass(5);
        let decision = bench.decide(&Trigger::Heartbeat);
        bench.record.clone_from(&decision.next);
        // The function dies in the middle of giving back: the floor is lowered, the processes are suspended.
        for action in &decision.actions {
            let Action::Resize { slot: Slot::Green, to } = action else { continue };
            bench.seen.groups.green.capacity = Capacity { desired: 2, ..*to };
            bench.settle_groups();
        }
    }
    for _ in 0..20 {
        bench.pass(5);
        bench.beat();
    }
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("standby", 100));
    assert_eq!(bench.seen.groups.green.capacity, Capacity { min: 1, desired: 2, max: 4 });
}

#[test]
fn what_was_known_of_the_old_slot_long_ago_does_not_hold_a_flip_back_up() {
    let mut bench = at("verifying", CANARY);
    // Blue dies, green takes over, and blue has healed by the time green fails in standby.
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    bench.until_phase("standby");
    bench.set_health(Slot::Blue, TargetHealth::Healthy);
    bench.look(&alarm(AlarmState::Alarm, bench.now));
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Blue)), ("rolling_back", 100));
}

#[test]
fn a_rollback_ends_no_sooner_than_a_late_write_of_ours_would_show() {
    let mut bench = at("verifying", CANARY);
    bench.look(&say(Word::Abort));
    let turned = bench.now;
    bench.until_phase("at rest");
    assert!(bench.now.duration_since(turned) >= SignedDuration::from_secs(60));
}

#[test]
fn weights_that_cannot_be_put_right_yet_are_looked_at_until_they_can() {
    let mut bench = at("standby", "");
    bench.until_phase("at rest");
    bench.beat();
    assert!(!bench.record.as_ref().unwrap().is_busy());
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    bench.seen.routing.raw = BySlot { blue: Some(50), green: Some(50) };
    assert!(bench.beat().actions.is_empty(), "nobody could take what blue has");
    assert!(bench.record.as_ref().unwrap().is_busy());
    bench.set_health(Slot::Green, TargetHealth::Healthy);
    bench.beat();
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Green), 100);
    assert!(!bench.record.as_ref().unwrap().is_busy());
}

#[test]
fn what_somebody_launched_on_the_idle_slot_is_taken_away_where_the_definition_says_so() {
    let mut bench = at("standby", r#","drift":{"on_external_change":"correct"}"#);
    bench.until_phase("at rest");
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 1 };
    bench.settle_groups();
    bench.pass(300);
    bench.beat();
    assert_eq!(bench.seen.groups.blue.capacity, Capacity::NONE);
}

#[test]
fn a_flip_back_to_a_slot_that_was_just_told_to_go_waits_for_that_to_show() {
    let mut bench = at("standby", &format!("{CANARY},\"standby\":\"5m\""));
    loop {
        bench.pass(5);
        let decision = bench.decide(&Trigger::Heartbeat);
        bench.record = decision.next;
        if !decision.actions.is_empty() {
            break;
        }
    }
    // It is decided and saved; the function stalls before it does it. Then the alarm fires.
    bench.look(&alarm(AlarmState::Alarm, bench.now));
    assert_eq!((bench.phase(), bench.seen.weight(Slot::Green)), ("rolling_back", 100));
    bench.seen.groups.blue.capacity = Capacity::NONE;
    bench.settle_groups();
    bench.pass(5);
    bench.beat();
    assert_eq!(bench.seen.groups.blue.capacity.desired, 1, "the late write has shown and is put right");
    bench.pass(60);
    bench.beat();
    assert_eq!(bench.seen.weight(Slot::Blue), 100);
}

#[test]
fn an_instance_that_somebody_launched_before_the_release_was_written_is_never_taken_for_a_new_one() {
    let mut bench = rest(CANARY);
    let decision = bench.look(&deploy("d-1", "v2"));
    assert!(!decision.actions.iter().any(|action| matches!(action, Action::Resize { slot: Slot::Green, .. })));
    // A schedule fires before its process is suspended, and what it launches boots something else.
    bench.seen.groups.green.capacity = Capacity { min: 1, desired: 2, max: 3 };
    bench.settle_groups();
    let stray: Vec<_> = bench.seen.groups.green.instances.iter().map(|instance| instance.id.clone()).collect();
    bench.until_phase("verifying");
    let kept = bench.seen.groups.green.instances.iter().filter(|instance| stray.contains(&instance.id)).count();
    assert_eq!(kept, 0);
}

//! What holds whatever happens: histories of looks at a world that anybody may change in between.

use proptest::prelude::*;
use signalbox_domain::decision::{Action, Outcome};
use signalbox_domain::interlock::permit;
use signalbox_domain::observation::{Observation, TargetHealth};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{AlarmState, Trigger, Word};

use crate::bench::{Bench, alarm, definition_with, deploy, rollback, say};

/// Something happens to the world or somebody says something.
#[derive(Clone, Debug)]
enum Event {
    Pass(i64),
    Deploy(u8),
    Rollback(u8),
    Say(Word),
    Alarm(AlarmState),
    AlarmToldOf(AlarmState),
    AlarmsUnreadable,
    Health(Slot, TargetHealth),
    OneHealth(Slot, TargetHealth),
    Weights(u16, u16),
    Unnamed(Slot),
    Desired(Slot, u32),
    SickLaunches(Slot, bool),
    Requests(Slot, u64),
}

fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![Just(Slot::Blue), Just(Slot::Green)]
}

fn health() -> impl Strategy<Value = TargetHealth> {
    prop_oneof![Just(TargetHealth::Healthy), Just(TargetHealth::Unhealthy), Just(TargetHealth::Initial)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => prop_oneof![Just(5i64), Just(30), Just(70), Just(400), Just(2_000)].prop_map(Event::Pass),
        3 => (0u8..4).prop_map(Event::Deploy),
        2 => (0u8..4).prop_map(Event::Rollback),
        2 => prop_oneof![Just(Word::Promote), Just(Word::Pause), Just(Word::Resume), Just(Word::Abort)].prop_map(Event::Say),
        1 => prop_oneof![Just(AlarmState::Ok), Just(AlarmState::Alarm), Just(AlarmState::InsufficientData)].prop_map(Event::Alarm),
        1 => prop_oneof![Just(AlarmState::Ok), Just(AlarmState::Alarm)].prop_map(Event::AlarmToldOf),
        1 => Just(Event::AlarmsUnreadable),
        1 => (slot(), health()).prop_map(|(slot, health)| Event::Health(slot, health)),
        2 => (slot(), health()).prop_map(|(slot, health)| Event::OneHealth(slot, health)),
        1 => (0u16..=100, 0u16..=100).prop_map(|(blue, green)| Event::Weights(blue, green)),
        1 => slot().prop_map(Event::Unnamed),
        1 => (slot(), 0u32..5).prop_map(|(slot, desired)| Event::Desired(slot, desired)),
        1 => (slot(), any::<bool>()).prop_map(|(slot, sick)| Event::SickLaunches(slot, sick)),
        1 => (slot(), 0u64..2).prop_map(|(slot, requests)| Event::Requests(slot, requests)),
    ]
}

fn happen(bench: &mut Bench, event: &Event) -> Trigger {
    match event {
        Event::Pass(seconds) => bench.pass(*seconds),
        Event::Deploy(id) => return deploy(&format!("d-{id}-{}", bench.now.as_second()), "v2"),
        Event::Rollback(id) => return rollback(&format!("r-{id}-{}", bench.now.as_second())),
        Event::Say(word) => return say(*word),
        Event::AlarmToldOf(state) => return alarm(*state, bench.now),
        Event::Alarm(state) => bench.set_alarm(*state),
        Event::AlarmsUnreadable => bench.seen.alarms = None,
        Event::Health(slot, health) => bench.set_health(*slot, *health),
        Event::OneHealth(slot, health) => {
            if let Some(first) = bench.seen.groups[*slot].instances.first_mut() {
                first.target = *health;
            }
        }
        Event::Weights(blue, green) => {
            bench.seen.routing.raw = BySlot { blue: Some(*blue), green: Some(*green) };
        }
        Event::Unnamed(slot) => bench.seen.routing.raw[*slot] = None,
        Event::Desired(slot, desired) => {
            let capacity = &mut bench.seen.groups[*slot].capacity;
            capacity.desired = (*desired).clamp(capacity.min, capacity.max.max(capacity.min));
            bench.settle_groups();
        }
        Event::SickLaunches(slot, sick) => bench.sick[*slot] = *sick,
        Event::Requests(slot, requests) => {
            if let Some(quiet) = &mut bench.seen.quiet[*slot] {
                quiet.requests = *requests;
            }
        }
    }
    Trigger::Heartbeat
}

/// Healthy targets that traffic reaches.
fn serving(seen: &Observation) -> u32 {
    Slot::BOTH.into_iter().filter(|slot| seen.weight(*slot) > 0).map(|slot| seen.healthy(slot)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_decision_takes_traffic_from_where_it_is_served(events in prop::collection::vec(event(), 1..60)) {
        let mut bench = Bench::new(definition_with(r#","strategy":{"kind":"canary","weight":10,"bake":"1m"},"drift":{"on_external_change":"correct"}"#));
        for event in &events {
            let trigger = happen(&mut bench, event);
            // `look` holds every action against the interlock and panics where it refuses one.
            let before = bench.seen.clone();
            let decision = bench.look(&trigger);
            let shrunk = decision.actions.iter().any(|action| matches!(action, Action::Resize { .. } | Action::Route { .. }));
            if shrunk && serving(&before) > 0 {
                prop_assert!(serving(&bench.seen) > 0, "{:?} left nobody serving", decision.actions);
            }
            for action in &decision.actions {
                if let Action::Route { split } = action {
                    prop_assert_eq!(u32::from(split.weight(Slot::Blue)) + u32::from(split.weight(Slot::Green)), 100);
                }
                if let Action::Resize { slot, to } = action {
                    prop_assert!(to.min <= to.desired && to.desired <= to.max, "{to} is no size");
                    prop_assert!(before.weight(*slot) == 0 || to.max >= before.groups[*slot].capacity.desired);
                }
            }
        }
    }

    #[test]
    fn deciding_twice_changes_nothing(events in prop::collection::vec(event(), 1..40)) {
        let mut bench = Bench::new(definition_with(r#","strategy":{"kind":"canary","weight":10,"bake":"1m"},"drift":{"on_external_change":"correct"}"#));
        for event in &events {
            let trigger = happen(&mut bench, event);
            let once = bench.decide(&trigger);
            let mut again = bench.clone();
            again.record.clone_from(&once.next);
            let twice = again.decide(&Trigger::Heartbeat);
            prop_assert_eq!(&twice.next, &once.next, "after {:?}", trigger);
            prop_assert_eq!(&twice.actions, &once.actions, "what is to be done is still to be done");
            prop_assert!(twice.entries().next().is_none(), "nothing happened twice");
            bench.look(&trigger);
        }
    }

    #[test]
    fn an_operation_that_ended_stays_ended(events in prop::collection::vec(event(), 1..30)) {
        let mut bench = Bench::new(definition_with(r#","standby":"0s""#));
        bench.look(&deploy("d-1", "v2"));
        bench.until_phase("at rest");
        for event in &events {
            let mut trigger = happen(&mut bench, event);
            if trigger.request_id().is_some() {
                trigger = Trigger::Repeated { operation: "d-1".parse().unwrap() };
            }
            let decision = bench.look(&trigger);
            prop_assert_eq!(bench.phase(), "at rest");
            prop_assert!(decision.answer.outcome != Outcome::Accepted && decision.answer.outcome != Outcome::Advanced);
        }
    }

    #[test]
    fn the_interlock_lets_nothing_through_that_leaves_nobody_serving(
        weights in (0u16..=100, 0u16..=100), healthy in (0usize..3, 0usize..3), desired in (0u32..3, 0u32..3, 0u32..3), slot in slot(), blue in 0u8..=100,
    ) {
        let mut bench = Bench::new(definition_with(""));
        bench.seen.routing.raw = BySlot { blue: Some(weights.0), green: Some(weights.1) };
        let template = bench.seen.groups.blue.instances[0].clone();
        for (slot, healthy) in [(Slot::Blue, healthy.0), (Slot::Green, healthy.1)] {
            bench.seen.groups[slot].capacity = signalbox_domain::definition::Capacity { min: 0, desired: healthy as u32, max: 5 };
            bench.seen.groups[slot].instances = vec![template.clone(); healthy];
        }
        let before = serving(&bench.seen);
        let split = signalbox_domain::slot::Split::Blue(blue.try_into().unwrap());
        if permit(&Action::Route { split }, &bench.seen).is_ok() {
            let mut after = bench.seen.clone();
            after.routing.raw = BySlot::from_fn(|slot| Some(u16::from(split.weight(slot))));
            prop_assert!(before == 0 || serving(&after) > 0 || Slot::BOTH.iter().all(|slot| after.weight(*slot) <= bench.seen.weight(*slot)));
        }
        let to = signalbox_domain::definition::Capacity { min: 0, desired: desired.0, max: desired.0.max(desired.1) };
        if permit(&Action::Resize { slot, to }, &bench.seen).is_ok() && bench.seen.weight(slot) > 0 {
            prop_assert!(to.desired >= bench.seen.groups[slot].capacity.desired);
        }
    }
}

//! What billing holds a service to: what passes, what does not, and what is given back.

use proptest::prelude::*;
use signalbox_domain::billing::plan::Measure;
use signalbox_domain::cap::Constraint;
use signalbox_domain::decision::{Action, Decision, Outcome};
use signalbox_domain::definition::Capacity;
use signalbox_domain::interlock;
use signalbox_domain::money::Cents;
use signalbox_domain::observation::{Process, TargetHealth};
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::{Role, Trigger};

use crate::bench::{Bench, definition_with, deploy, rollback};

pub(crate) const ALL_BUT_STOP: [Measure; 4] =
    [Measure::Notify, Measure::FreezeDeployments, Measure::RetireStandby, Measure::CapScaling];

pub(crate) fn constraint(dollars: i64, measures: &[Measure]) -> Constraint {
    Constraint { rung: Cents(dollars * 100), measures: measures.iter().copied().collect(), outage_allowed: false }
}

pub(crate) fn stop() -> Constraint {
    Constraint { outage_allowed: true, ..constraint(50, &[Measure::StopLive]) }
}

/// One of one, up to two, as CodeDetect runs.
pub(crate) fn bench() -> Bench {
    Bench::new(definition_with(r#","health":{"settle":"10s"},"bake":"1m","standby":"30m""#))
}

/// The guard looks.
pub(crate) fn guard(bench: &mut Bench, wanted: Option<&Constraint>) -> Decision {
    let role = std::mem::replace(&mut bench.role, Role::BillingGuard);
    let decision = bench.look(&Trigger::Constrained(wanted.cloned()));
    bench.role = role;
    decision
}

/// The guard looks a few times, a quarter of an hour apart, with the deployer's heartbeats in between.
pub(crate) fn settle(bench: &mut Bench, wanted: Option<&Constraint>) {
    for _ in 0..4 {
        guard(bench, wanted);
        for _ in 0..90 {
            bench.pass(10);
            bench.beat();
        }
    }
}

pub(crate) fn live(bench: &Bench) -> Capacity {
    bench.seen.groups[Slot::Blue].capacity
}

#[test]
fn a_capped_group_grows_no_further_and_gets_its_maximum_back() {
    let mut bench = bench();
    let capped = guard(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!(capped.actions, [Action::Bound { slot: Slot::Blue, min: 1, max: 1 }]);
    assert_eq!(guard(&mut bench, Some(&constraint(50, &ALL_BUT_STOP))).answer.outcome, Outcome::Idle);
    let back = guard(&mut bench, None);
    assert_eq!(back.actions, [Action::Bound { slot: Slot::Blue, min: 1, max: 2 }]);
    assert!(bench.record.as_ref().unwrap().cap.is_some(), "a late write of ours would still show");
    bench.pass(60);
    assert_eq!(guard(&mut bench, None).answer.outcome, Outcome::Idle);
    assert!(bench.record.as_ref().unwrap().cap.is_none());
}

#[test]
fn a_cap_never_takes_anybody_away() {
    let mut bench = bench();
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 2, max: 4 };
    bench.settle_groups();
    guard(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!(live(&bench), Capacity { min: 1, desired: 2, max: 2 });
    let mut small = Bench::new(definition_with(r#","capacity":{"min":2,"desired":2,"max":4}"#));
    small.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 4 };
    guard(&mut small, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!(live(&small).max, 2, "never below what the definition calls the least");
}

#[test]
fn a_group_that_sleeps_is_held_when_it_wakes() {
    let mut bench = bench();
    bench.seen.groups.blue.capacity = Capacity { min: 0, desired: 0, max: 3 };
    bench.settle_groups();
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!(live(&bench), Capacity { min: 0, desired: 0, max: 3 });
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 2, max: 3 };
    bench.settle_groups();
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!(live(&bench), Capacity { min: 1, desired: 2, max: 2 });
}

#[test]
fn no_deployment_begins_and_a_rollback_passes() {
    let mut bench = bench();
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("standby");
    guard(&mut bench, Some(&constraint(20, &[Measure::FreezeDeployments])));
    let refused = bench.look(&deploy("d-2", "v3")).answer;
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(
        refused.reason,
        "AWS charges have passed $20.00: no deployment begins (rollbacks pass). `signalbox billing release` lifts it, a rollback passes"
    );
    assert_eq!(bench.look(&rollback("r-1")).answer.outcome, Outcome::Accepted);
    bench.until_phase("at rest");
    assert_eq!(bench.record.as_ref().unwrap().live, Slot::Blue);
}

#[test]
fn the_warm_way_back_ends_at_once_and_a_rollback_still_passes() {
    let mut bench = bench();
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("standby");
    let wanted = constraint(50, &ALL_BUT_STOP);
    settle(&mut bench, Some(&wanted));
    assert_eq!(bench.phase(), "at rest");
    assert_eq!(bench.seen.groups[Slot::Blue].capacity, Capacity::NONE);
    assert_eq!(bench.seen.groups[Slot::Green].capacity.max, 1, "and who is live grows no further");
    // Launching the former release anew is past the cap; what comes to be live is capped in its turn.
    assert_eq!(bench.look(&rollback("r-1")).answer.outcome, Outcome::Accepted);
    assert_eq!(guard(&mut bench, Some(&wanted)).answer.outcome, Outcome::Waiting);
    bench.until_phase("at rest");
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 2 }, "it went live as if nothing held it back");
    settle(&mut bench, Some(&wanted));
    assert_eq!(live(&bench).max, 1);
    assert!(!bench.seen.groups[Slot::Green].suspended.contains(&Process::ScheduledActions));
    settle(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 2 });
    assert_eq!(bench.record.as_ref().unwrap().cap, None);
}

#[test]
fn a_deployment_that_moves_already_goes_on_and_is_held_back_afterwards() {
    let mut bench = bench();
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("baking");
    let wanted = constraint(50, &ALL_BUT_STOP);
    let waits = guard(&mut bench, Some(&wanted));
    assert_eq!(waits.actions, []);
    bench.until_phase("standby");
    settle(&mut bench, Some(&wanted));
    assert_eq!((bench.phase(), bench.seen.groups[Slot::Green].capacity.max), ("at rest", 1));
}

#[test]
fn a_replacement_has_its_surge_of_one_past_a_cap_and_gives_the_cap_back() {
    let mut bench = bench();
    let wanted = constraint(50, &ALL_BUT_STOP);
    guard(&mut bench, Some(&wanted));
    bench.role = Role::Replacer;
    bench.beat();
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    bench.until_phase("surging");
    assert_eq!(live(&bench), Capacity { min: 2, desired: 2, max: 2 });
    assert_eq!(guard(&mut bench, Some(&wanted)).actions, []);
    bench.until_phase("at rest");
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 1 });
    assert!(bench.seen.groups.blue.instances.iter().all(|one| one.target == TargetHealth::Healthy));
    bench.role = Role::Deployer;
    settle(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 2 });
}

#[test]
fn what_a_person_changed_is_left_and_said() {
    let mut bench = bench();
    let wanted = constraint(50, &ALL_BUT_STOP);
    guard(&mut bench, Some(&wanted));
    guard(&mut bench, Some(&wanted));
    bench.seen.groups.blue.capacity.max = 5;
    let seen = guard(&mut bench, Some(&wanted));
    assert_eq!(seen.actions, []);
    let said = &seen.next.unwrap().outbox[0].text;
    assert!(said.contains("somebody set blue's group to 1/1/5 although billing holds it at 1/1/1"), "{said}");
    assert_eq!(guard(&mut bench, Some(&wanted)).next.unwrap().outbox, [], "once");
    settle(&mut bench, None);
    assert_eq!(live(&bench).max, 5);
    assert_eq!(bench.record.as_ref().unwrap().cap, None);
}

#[test]
fn who_was_changed_before_our_write_was_done_gets_that_back() {
    let mut bench = bench();
    let decided = {
        bench.role = Role::BillingGuard;
        bench.decide(&Trigger::Constrained(Some(constraint(50, &ALL_BUT_STOP))))
    };
    bench.record = decided.next;
    bench.role = Role::Deployer;
    // Nothing was done, and meanwhile somebody raised the maximum and scaling grew.
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 2, max: 6 };
    bench.settle_groups();
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!(live(&bench), Capacity { min: 1, desired: 2, max: 2 });
    settle(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 1, desired: 2, max: 6 });
}

#[test]
fn a_service_stops_only_where_the_plan_says_so_in_so_many_words() {
    let forbidden = Action::Stop { slot: Slot::Blue, outage_allowed: false };
    assert!(interlock::permit(&forbidden, &bench().seen).is_err());
    let mut bench = bench();
    let stopped = guard(&mut bench, Some(&stop()));
    let suspended = Action::Suspend { slot: Slot::Blue, processes: [Process::ScheduledActions].into() };
    let emptied = Action::Stop { slot: Slot::Blue, outage_allowed: true };
    assert_eq!(stopped.actions, [suspended, emptied], "who resizes by the clock is suspended first");
    settle(&mut bench, Some(&stop()));
    assert_eq!(live(&bench), Capacity::NONE, "nobody launches it again");
    bench.role = Role::Replacer;
    assert_eq!(bench.beat().actions, [], "and who is not there is not sick");
    bench.role = Role::Deployer;
    guard(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 2 });
}

#[test]
fn from_a_cap_to_a_stop_and_back_to_a_cap_the_first_sizes_are_kept() {
    let mut bench = bench();
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    settle(&mut bench, Some(&stop()));
    assert_eq!(live(&bench), Capacity::NONE);
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 1 });
    settle(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 2 });
}

#[test]
fn a_stop_waits_until_nobody_stands_by() {
    let mut bench = bench();
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("standby");
    let first = guard(&mut bench, Some(&stop()));
    assert!(first.actions.iter().all(|action| !matches!(action, Action::Stop { .. })), "traffic would flip back");
    settle(&mut bench, Some(&stop()));
    assert_eq!(bench.seen.groups[Slot::Green].capacity, Capacity::NONE);
    settle(&mut bench, None);
    assert_eq!(bench.seen.groups[Slot::Green].capacity, Capacity { min: 1, desired: 1, max: 2 });
}

#[test]
fn in_observe_mode_it_is_said_and_nothing_is_done() {
    let mut bench = Bench::new(definition_with(r#","mode":"observe""#));
    let told = guard(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    assert_eq!((told.actions.len(), live(&bench).max), (0, 2));
    assert!(told.next.unwrap().outbox[0].text.contains("in observe mode nothing is done"));
    assert!(guard(&mut bench, Some(&constraint(50, &ALL_BUT_STOP))).next.is_some_and(|next| next.outbox.is_empty()));
}

#[test]
fn a_preview_says_what_would_be_done_and_changes_nothing() {
    let mut bench = bench();
    bench.role = Role::BillingGuard;
    let before = bench.seen.clone();
    let preview = bench.look(&Trigger::ConstraintsPreviewed(vec![
        constraint(20, &[Measure::FreezeDeployments]),
        constraint(50, &ALL_BUT_STOP),
    ]));
    let lines = preview.answer.plan.unwrap();
    assert_eq!(lines[0], "no deployment begins (rollbacks pass)");
    assert!(lines[1].ends_with("blue's group goes from 1/1/2 to 1/1/1 [keep blue between 1 and 1]"), "{lines:?}");
    assert_eq!((bench.seen, bench.record), (before, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever sizes a group has and whatever is enforced, one after the other: if nobody else changes anything,
    /// it has its sizes and its processes back in the end.
    #[test]
    fn enforced_then_released_everything_is_as_it_was(
        min in 0u32..4, more in 0u32..4, room in 0u32..4, by_clock in any::<bool>(), kinds in proptest::collection::vec(0u8..4, 1..5),
    ) {
        let mut bench = bench();
        let capacity = Capacity { min, desired: min + more, max: min + more + room };
        bench.seen.groups.blue.capacity = capacity;
        if by_clock {
            bench.seen.groups.blue.suspended.insert(Process::ScheduledActions);
        }
        bench.settle_groups();
        let suspended = bench.seen.groups.blue.suspended.clone();
        for kind in kinds {
            let wanted = [None, Some(constraint(20, &[Measure::FreezeDeployments])), Some(constraint(50, &ALL_BUT_STOP)), Some(stop())];
            settle(&mut bench, wanted[usize::from(kind)].as_ref());
        }
        settle(&mut bench, None);
        prop_assert_eq!(live(&bench), capacity);
        prop_assert_eq!(&bench.seen.groups.blue.suspended, &suspended);
        prop_assert!(bench.record.is_none_or(|record| record.cap.is_none()));
    }
}

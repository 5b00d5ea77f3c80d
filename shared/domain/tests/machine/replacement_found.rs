//! Histories in which a replacement went wrong before: each was found by somebody who read the machine with fresh eyes.

use signalbox_domain::decision::{Action, Outcome};
use signalbox_domain::definition::Capacity;
use signalbox_domain::notice::Kind;
use signalbox_domain::observation::{Lifecycle, Process, TargetHealth};
use signalbox_domain::slot::BySlot;
use signalbox_domain::trigger::{ReportCause, Trigger};

use crate::bench::{Bench, deploy, rollback};
use crate::replacement::{QUICK, fleet, report, told};

/// One of one that recovered, and fell sick again when the new one was to go.
fn relapsed() -> Bench {
    let mut bench = fleet(1, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    bench.set(&sick, TargetHealth::Healthy);
    bench.until_phase("standing_down");
    bench.sicken(&sick);
    bench
}

/// A fleet with a warm standby, as it is minutes after a deployment.
fn after_a_deployment(more: &str) -> Bench {
    let mut bench = fleet(1, &format!("{QUICK}{more}"));
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 2 };
    bench.as_deployer(|bench| {
        bench.look(&deploy("d-1", "v2"));
        bench.until_phase("standby");
    });
    bench
}

#[test]
fn where_the_one_that_was_to_stay_falls_sick_again_the_new_one_stays() {
    let mut bench = relapsed();
    let sick = bench.ids().into_iter().find(|id| bench.own().instance == *id).unwrap();
    bench.until_phase("removing");
    bench.until_phase("at rest");
    assert!(!bench.ids().contains(&sick));
    assert_eq!(bench.capacity(), Capacity { min: 1, desired: 1, max: 1 });
}

#[test]
fn a_new_one_that_is_well_too_late_is_kept_all_the_same() {
    for within in ["0s", "2m"] {
        let mut bench =
            fleet(1, &format!(r#","health":{{"settle":"10s"}},"replacement":{{"confirm":"30s","within":"{within}"}}"#));
        let sick = bench.ids().remove(0);
        bench.sicken(&sick);
        bench.run(1_200);
        assert_eq!(bench.phase(), "at rest", "within {within}");
        assert!(!bench.ids().contains(&sick), "within {within}");
    }
}

#[test]
fn what_takes_too_long_is_told_once_and_never_asks_for_a_smaller_size() {
    let mut bench = fleet(3, QUICK);
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 3, max: 6 };
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("removing");
    let mut decisions = Vec::new();
    for _ in 0..700 {
        bench.pass(5);
        let decision = bench.decide(&Trigger::Heartbeat);
        // The function may not change the group.
        bench.record.clone_from(&decision.next);
        bench.record.as_mut().unwrap().outbox.clear();
        decisions.push(decision);
    }
    let said = told(&decisions, Kind::OperationStuck);
    assert!((1..=2).contains(&said.len()), "{said:?}");
    assert!(said[0].contains("set min to 1 and max to 6") && !said[0].contains("1/3/6"), "{said:?}");
}

#[test]
fn a_breaker_does_not_open_and_close_by_turns() {
    for rules in [r#""max_in_window":0"#, r#""hold_above_percent":20"#, r#""hold_above_percent":20,"confirm":"0s""#] {
        let confirm = if rules.contains("confirm") { "" } else { r#","confirm":"30s""# };
        let mut bench = fleet(3, &format!(r#","replacement":{{{rules}{confirm}}}"#));
        let sick = bench.ids().remove(0);
        bench.sicken(&sick);
        let decisions = bench.run(3_600);
        let (held, resumed) = (told(&decisions, Kind::ReplacementHeld), told(&decisions, Kind::ReplacementResumed));
        assert_eq!((held.len(), resumed.len()), (1, 0), "{rules}");
    }
}

#[test]
fn a_flip_back_does_not_wait_for_the_size_that_a_replacement_raised() {
    let mut bench = after_a_deployment("");
    let sick = bench.seen.groups.green.instances[0].id.clone();
    bench.look(&report(ReportCause::SpotInterruption, &[sick]));
    assert_eq!(bench.phase(), "surging");
    let decision = bench.as_deployer(|bench| bench.look(&rollback("r-1")));
    assert!(matches!(decision.actions[0], Action::Route { .. }), "{:?}", decision.actions);
}

#[test]
fn a_way_back_takes_the_sizes_as_they_were_before_the_replacement() {
    let mut bench = fleet(3, QUICK);
    bench.definition.capacity = None;
    bench.as_deployer(|bench| {
        bench.look(&deploy("d-1", "v2"));
        bench.until_phase("standby");
        bench.until_phase("at rest");
    });
    let id = bench.seen.groups.green.instances[0].id.clone();
    bench.look(&report(ReportCause::ScheduledChange, &[id]));
    assert_eq!(bench.phase(), "surging");
    bench.as_deployer(|bench| {
        bench.look(&rollback("r-1"));
        bench.until_phase("standby");
        bench.until_phase("at rest");
    });
    assert_eq!(bench.capacity(), Capacity { min: 3, desired: 3, max: 3 });
}

#[test]
fn launching_that_a_replacement_had_suspended_is_resumed_for_a_rollback() {
    let mut bench = after_a_deployment("");
    let sick = bench.seen.groups.green.instances[0].id.clone();
    bench.look(&report(ReportCause::SpotInterruption, &[sick]));
    let pin = bench.record.as_mut().unwrap().pins.green.as_mut().unwrap();
    pin.suspended.insert(Process::Launch);
    bench.seen.groups.green.suspended.insert(Process::Launch);
    bench.as_deployer(|bench| bench.look(&rollback("r-1")));
    assert!(!bench.seen.groups.green.suspended.contains(&Process::Launch));
}

#[test]
fn in_observe_mode_two_functions_do_not_tell_by_turns() {
    let mut bench = fleet(3, &format!(r#"{QUICK},"mode":"observe""#));
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    let mut decisions = bench.run(60);
    for _ in 0..30 {
        bench.pass(30);
        decisions.push(bench.as_deployer(Bench::beat));
        bench.pass(30);
        decisions.push(bench.beat());
    }
    let observed = told(&decisions, Kind::Observed);
    assert!(observed.len() <= 2, "{observed:?}");
}

#[test]
fn weights_are_held_while_an_instance_is_replaced() {
    let mut bench = fleet(3, QUICK);
    bench.as_deployer(Bench::beat);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    bench.seen.routing.raw = BySlot { blue: Some(0), green: Some(100) };
    let decision = bench.as_deployer(Bench::beat);
    assert!(matches!(decision.actions[..], [Action::Route { .. }]), "{:?}", decision.actions);
    assert_eq!(bench.phase(), "surging");
}

#[test]
fn the_maximum_does_not_grow_with_each_replacement_of_a_busy_group() {
    let mut bench = fleet(2, QUICK);
    for _ in 0..3 {
        let sick = bench.ids().remove(0);
        bench.sicken(&sick);
        bench.until_phase("removing");
        while bench.ids().contains(&sick) {
            bench.pass(5);
            bench.beat();
        }
        bench.pass(1);
        bench.beat();
        // Scaling takes whatever room there is.
        let max = bench.capacity().max;
        bench.seen.groups.blue.capacity.desired = max;
        bench.settle_groups();
        bench.until_phase("at rest");
    }
    assert_eq!(bench.capacity(), Capacity { min: 2, desired: 2, max: 2 });
}

#[test]
fn a_group_that_takes_the_sick_one_during_the_removal_ends_as_large_as_it_was() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("removing");
    bench.seen.groups.blue.instances.retain(|one| one.id != sick);
    bench.settle_groups();
    bench.run(600);
    assert_eq!((bench.phase(), bench.capacity()), ("at rest", Capacity { min: 3, desired: 3, max: 3 }));
}

#[test]
fn whoever_follows_the_advice_is_healed() {
    for elb in [true, false] {
        let mut bench = fleet(3, QUICK);
        let sick = bench.ids().remove(0);
        bench.sicken(&sick);
        bench.seen.groups.blue.heals_itself = elb;
        bench.seen.groups.blue.instances[0].protected = !elb;
        bench.run(300);
        bench.seen.groups.blue.heals_itself = false;
        bench.seen.groups.blue.instances.iter_mut().for_each(|one| one.protected = false);
        bench.run(600);
        assert!(!bench.ids().contains(&sick), "ELB: {elb}");
    }
}

#[test]
fn a_short_illness_of_a_protected_one_is_nobodys_news() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.seen.groups.blue.instances[0].protected = true;
    let mut decisions = Vec::new();
    for _ in 0..10 {
        bench.sicken(&sick);
        decisions.extend(bench.run(10));
        bench.set(&sick, TargetHealth::Healthy);
        decisions.extend(bench.run(50));
    }
    assert!(told(&decisions, Kind::ReplacementStoodDown).is_empty());
}

#[test]
fn a_deploy_that_waits_goes_between_two_attempts() {
    let mut bench = fleet(3, &format!(r#"{QUICK},"arrival":"queue_latest""#));
    bench.seen.groups.blue.capacity.min = 1;
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    let queued = bench.as_deployer(|bench| bench.look(&deploy("d-1", "v2")));
    assert_eq!(queued.answer.outcome, Outcome::Waiting, "{}", queued.answer.reason);
    bench.until_phase("at rest");
    let other = bench.ids().remove(0);
    bench.sicken(&other);
    bench.run(60);
    assert_eq!(bench.phase(), "at rest", "the deploy is next");
    bench.set(&other, TargetHealth::Healthy);
    bench.as_deployer(Bench::beat);
    assert_eq!(bench.phase(), "provisioning");
}

#[test]
fn what_is_announced_of_the_new_slot_during_a_deployment_is_remembered() {
    let mut bench = fleet(1, &format!(r#"{QUICK},"standby":"1s","route_settle":"1s""#));
    bench.as_deployer(|bench| {
        bench.look(&deploy("d-1", "v2"));
        bench.until_phase("baking");
    });
    let id = bench.seen.groups.green.instances[0].id.clone();
    let answer = bench.look(&report(ReportCause::ScheduledChange, std::slice::from_ref(&id))).answer;
    assert_eq!(answer.outcome, Outcome::Waiting, "{}", answer.reason);
    bench.as_deployer(|bench| {
        bench.until_phase("standby");
        bench.until_phase("at rest");
    });
    bench.run(300);
    assert!(bench.seen.groups.green.instances.iter().all(|one| one.id != id));
}

#[test]
fn taken_out_by_a_person_is_not_recovered() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    bench.set(&sick, TargetHealth::Absent);
    bench.until_phase("removing");
    bench.until_phase("at rest");
    assert!(!bench.ids().contains(&sick), "it is replaced, and the new one stays");
}

#[test]
fn who_was_never_seen_healthy_has_its_grace_whatever_the_first_look_saw() {
    let mut bench = fleet(3, QUICK);
    let first = bench.ids().remove(0);
    bench.look(&report(ReportCause::RebalanceRecommended, &[first]));
    bench.until_phase("at rest");
    bench.seen.groups.blue.capacity = Capacity { min: 3, desired: 4, max: 6 };
    bench.settle_groups();
    let new = bench.ids().pop().unwrap();
    bench.sicken(&new);
    bench.run(290);
    assert_eq!(bench.phase(), "at rest");
    bench.run(20);
    assert_eq!(bench.phase(), "confirming");
}

#[test]
fn somebody_in_standby_keeps_nobody_from_giving_the_size_back() {
    let mut bench = fleet(3, r#","health":{"settle":"10s"},"replacement":{"confirm":"30s","within":"2m"}"#);
    let ids = bench.ids();
    bench.seen.groups.blue.instances[2].lifecycle = Lifecycle::Standby;
    bench.seen.groups.blue.capacity = Capacity { min: 2, desired: 2, max: 3 };
    bench.sicken(&ids[0]);
    let nobody_new = bench.seen.groups.blue.instances.clone();
    let mut ended = Vec::new();
    for _ in 0..120 {
        bench.seen.groups.blue.instances.clone_from(&nobody_new);
        bench.pass(5);
        let decision = bench.beat();
        ended.extend(decision.touched.iter().map(|touched| touched.operation.phase()));
    }
    assert!(ended.contains(&"stood_down"), "{ended:?}");
}

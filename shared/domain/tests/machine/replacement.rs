//! The replacement machine: what heals, what holds back, and who goes first.

use jiff::SignedDuration;
use signalbox_domain::decision::{Action, Decision, Outcome};
use signalbox_domain::definition::Capacity;
use signalbox_domain::healing::Breaker;
use signalbox_domain::notice::Kind;
use signalbox_domain::observation::{Lifecycle, Process, TargetHealth};
use signalbox_domain::replacement::Replacement;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::InstanceId;
use signalbox_domain::trigger::{HeldInstance, InstanceReport, ReportCause, Role, Trigger, Word};

use crate::bench::{Bench, definition_with, deploy, rollback, say};

/// A fleet of this size that was looked at once, by the replacer.
pub(crate) fn fleet(size: u32, more: &str) -> Bench {
    let mut bench = Bench::new(definition_with(more));
    bench.seen.groups.blue.capacity = Capacity { min: size, desired: size, max: size };
    bench.settle_groups();
    bench.role = Role::Replacer;
    bench.beat();
    bench
}

impl Bench {
    pub(crate) fn ids(&self) -> Vec<InstanceId> {
        self.seen.groups.blue.instances.iter().map(|one| one.id.clone()).collect()
    }

    pub(crate) fn sicken(&mut self, id: &InstanceId) {
        self.set(id, TargetHealth::Unhealthy);
    }

    pub(crate) fn set(&mut self, id: &InstanceId, target: TargetHealth) {
        let instances = &mut self.seen.groups.blue.instances;
        instances.iter_mut().filter(|one| one.id == *id).for_each(|one| one.target = target);
    }

    pub(crate) fn own(&self) -> &Replacement {
        self.record.as_ref().unwrap().replacement().unwrap()
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.seen.groups.blue.capacity
    }

    /// Lets time pass with a look every five seconds.
    pub(crate) fn run(&mut self, seconds: i64) -> Vec<Decision> {
        (0..seconds / 5)
            .map(|_| {
                self.pass(5);
                self.beat()
            })
            .collect()
    }

    pub(crate) fn as_deployer<T>(&mut self, does: impl FnOnce(&mut Bench) -> T) -> T {
        self.role = Role::Deployer;
        let done = does(self);
        self.role = Role::Replacer;
        done
    }
}

pub(crate) fn told(decisions: &[Decision], kind: Kind) -> Vec<String> {
    let outboxes = decisions.iter().filter_map(|decision| decision.next.as_ref()).flat_map(|next| &next.outbox);
    outboxes.filter(|notice| notice.kind == kind).map(|notice| notice.text.clone()).collect()
}

pub(crate) fn report(cause: ReportCause, instances: &[InstanceId]) -> Trigger {
    let at = "2026-11-23T01:00:00Z".parse().unwrap();
    Trigger::InstancesReported(InstanceReport {
        instances: instances.to_vec(),
        cause,
        ends: None,
        withdrawn: false,
        at,
    })
}

fn replace(instance: &InstanceId) -> Trigger {
    Trigger::ReplaceRequested { instance: instance.clone(), reason: "it looks wrong".to_owned() }
}

pub(crate) const QUICK: &str = r#","health":{"settle":"10s"},"replacement":{"confirm":"30s"}"#;

#[test]
fn one_of_one_is_healed_by_launching_first_and_removing_exactly_the_sick_one() {
    let mut bench = fleet(1, "");
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.beat();
    assert_eq!(bench.phase(), "confirming");
    bench.pass(59);
    bench.beat();
    assert_eq!(bench.phase(), "confirming", "a minute is not over");
    bench.pass(1);
    bench.beat();
    assert_eq!(bench.phase(), "surging");
    assert_eq!(bench.capacity(), Capacity { min: 2, desired: 2, max: 2 });
    bench.until_phase("removing");
    assert!(bench.ids().contains(&sick), "nobody goes before the minimum is seen to allow it");
    assert_eq!(bench.capacity(), Capacity { min: 1, desired: 2, max: 2 });
    bench.pass(5);
    let removes = bench.beat();
    assert_eq!(removes.actions, [Action::Terminate { slot: Slot::Blue, instance: sick.clone() }]);
    bench.until_phase("at rest");
    assert_eq!(bench.capacity(), Capacity { min: 1, desired: 1, max: 1 });
    assert!(!bench.ids().contains(&sick));
    assert!(bench.record.unwrap().pins.blue.is_none());
}

#[test]
fn the_replacer_asks_for_releases_only_to_make_the_first_record() {
    let mut bench = fleet(1, "");
    assert!(bench.record.is_none() && bench.needs(&Trigger::Heartbeat).releases);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.beat();
    assert!(bench.record.is_some() && !bench.needs(&Trigger::Heartbeat).releases);
    assert!(bench.as_deployer(|bench| bench.needs(&Trigger::Heartbeat).releases));
}

#[test]
fn nothing_is_lowered_before_a_late_write_of_ours_must_have_shown() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    let began = bench.now;
    bench.until_phase("removing");
    assert!(bench.now.duration_since(began) >= SignedDuration::from_secs(60));
    bench.until_phase("at rest");
    let gone = bench.now;
    assert!(gone.duration_since(began) >= SignedDuration::from_secs(120), "and the same after the removal");
}

#[test]
fn who_recovers_before_it_is_confirmed_is_left_alone_and_nobody_is_woken() {
    let mut bench = fleet(1, "");
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.beat();
    bench.set(&sick, TargetHealth::Healthy);
    bench.pass(20);
    let decision = bench.beat();
    assert_eq!(decision.answer.phase.as_deref(), Some("stood_down"));
    assert_eq!(bench.phase(), "at rest");
    assert!(decision.next.unwrap().outbox.is_empty());
}

#[test]
fn who_recovers_while_another_is_launched_stays_and_the_new_one_goes_again() {
    let mut bench = fleet(3, QUICK);
    let before = bench.ids();
    bench.sicken(&before[1]);
    bench.until_phase("surging");
    bench.set(&before[1], TargetHealth::Healthy);
    bench.until_phase("standing_down");
    bench.until_phase("at rest");
    let mut after = bench.ids();
    after.sort();
    assert_eq!((after, bench.capacity().desired), (before, 3));
}

#[test]
fn where_nobody_new_comes_up_the_size_is_given_back_without_a_running_launch() {
    let mut bench = fleet(1, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    bench.seen.groups.blue.instances.retain(|one| one.id == sick);
    let mut decisions = Vec::new();
    for _ in 0..300 {
        bench.pass(5);
        let decision = bench.decide(&Trigger::Heartbeat);
        // No capacity: the group wants two and has one.
        bench.look(&Trigger::Heartbeat);
        bench.seen.groups.blue.instances.retain(|one| one.id == sick);
        decisions.push(decision);
        if bench.phase() == "at rest" || decisions.iter().any(|d| d.answer.phase.as_deref() == Some("stood_down")) {
            break;
        }
    }
    let actions: Vec<String> = decisions.iter().flat_map(|d| &d.actions).map(ToString::to_string).collect();
    let expected = [
        "keep blue between 1 and 2",
        "suspend Launch on blue",
        "resize blue to 1/1/2",
        "keep blue between 1 and 1",
        "resume AZRebalance and ScheduledActions and Launch on blue",
    ];
    assert_eq!(actions, expected);
    assert!(!bench.seen.groups.blue.suspended.contains(&Process::Launch));
}

#[test]
fn one_of_two_may_always_heal_and_two_of_two_never_do() {
    let mut bench = fleet(2, QUICK);
    let ids = bench.ids();
    bench.sicken(&ids[0]);
    bench.until_phase("surging");
    let mut both = fleet(2, QUICK);
    let ids = both.ids();
    ids.iter().for_each(|id| both.sicken(id));
    let decisions = both.run(60);
    let held = told(&decisions, Kind::ReplacementHeld);
    assert_eq!(held.len(), 1, "{held:?}");
    assert!(held[0].contains("2 of 2 instances are sick, more than 40 %"), "{}", held[0]);
    assert!(held[0].contains("signalbox replace codedetect i-blue"), "{}", held[0]);
    assert!(decisions.iter().all(|decision| decision.actions.is_empty()));
    assert_eq!(both.decide(&Trigger::Heartbeat).answer.outcome, Outcome::Waiting);
}

#[test]
fn the_share_breaker_closes_at_half_of_what_opened_it_and_not_at_once() {
    let mut bench = fleet(10, QUICK);
    let ids = bench.ids();
    ids[..5].iter().for_each(|id| bench.sicken(id));
    bench.run(40);
    assert_eq!(bench.record.as_ref().unwrap().healing.hold.as_ref().unwrap().breaker, Breaker::Share);
    ids[3..5].iter().for_each(|id| bench.set(id, TargetHealth::Healthy));
    bench.run(60);
    assert!(
        bench.record.as_ref().unwrap().healing.hold.is_some(),
        "three of ten are less than 40 %, and more than half of it"
    );
    bench.set(&ids[2], TargetHealth::Healthy);
    bench.run(20);
    assert!(bench.record.as_ref().unwrap().healing.hold.is_some(), "it must have looked well for a while");
    let decisions = bench.run(20);
    assert_eq!(told(&decisions, Kind::ReplacementResumed).len(), 1);
    assert_eq!(bench.phase(), "surging");
}

#[test]
fn sick_ones_of_one_zone_alone_are_the_zones_fault() {
    let mut bench = fleet(6, QUICK);
    let ids = bench.ids();
    for one in &mut bench.seen.groups.blue.instances[..2] {
        one.zone = "eu-west-1b".to_owned();
    }
    ids[..2].iter().for_each(|id| bench.sicken(id));
    let held = told(&bench.run(60), Kind::ReplacementHeld);
    assert!(held[0].contains("all 2 sick instances are in eu-west-1b"), "{held:?}");
}

#[test]
fn a_window_takes_so_many_and_no_more() {
    let mut bench = fleet(3, r#","health":{"settle":"10s"},"replacement":{"confirm":"30s","max_in_window":1}"#);
    let ids = bench.ids();
    bench.sicken(&ids[0]);
    bench.until_phase("removing");
    bench.until_phase("at rest");
    bench.sicken(&ids[1]);
    let held = told(&bench.run(60), Kind::ReplacementHeld);
    assert!(held[0].contains("1 were launched within 1h already"), "{held:?}");
    bench.run(3_600);
    assert!(!bench.ids().contains(&ids[1]), "the hour is over");
}

#[test]
fn a_person_overrides_a_breaker_for_one_instance() {
    let mut bench = fleet(3, QUICK);
    let ids = bench.ids();
    ids.iter().for_each(|id| bench.sicken(id));
    bench.run(60);
    let decision = bench.look(&replace(&ids[1]));
    assert_eq!(decision.answer.outcome, Outcome::Accepted);
    assert_eq!(bench.phase(), "surging");
    assert_eq!(bench.own().instance, ids[1]);
    assert_eq!(bench.look(&replace(&ids[1])).answer.outcome, Outcome::Waiting, "it is under way");
    assert!(bench.look(&replace(&ids[0])).answer.reason.starts_with("one at a time"));
}

#[test]
fn what_is_no_business_of_ours_is_said_once() {
    for (more, what) in [(true, "health-check type ELB"), (false, "protected from scale-in")] {
        let mut bench = fleet(3, QUICK);
        let sick = bench.ids().remove(0);
        bench.sicken(&sick);
        bench.seen.groups.blue.heals_itself = more;
        bench.seen.groups.blue.instances[0].protected = !more;
        let decisions = bench.run(300);
        let told = told(&decisions, Kind::ReplacementStoodDown);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(what), "{told:?}");
        assert!(decisions.iter().all(|decision| decision.actions.is_empty()));
    }
}

#[test]
fn who_has_just_been_launched_is_not_judged() {
    let mut bench = fleet(3, QUICK);
    let new = bench.ids().remove(2);
    bench.set(&new, TargetHealth::Initial);
    bench.beat();
    bench.sicken(&new);
    bench.run(290);
    assert_eq!(bench.phase(), "at rest");
    bench.run(10);
    assert_eq!(bench.phase(), "confirming", "its group gives it five minutes");
}

#[test]
fn out_of_service_detached_or_in_standby_is_not_sick() {
    for lifecycle in [Lifecycle::Standby, Lifecycle::Leaving, Lifecycle::Coming] {
        let mut bench = fleet(3, QUICK);
        let id = bench.ids().remove(0);
        bench.sicken(&id);
        bench.seen.groups.blue.instances[0].lifecycle = lifecycle;
        bench.run(120);
        assert_eq!(bench.phase(), "at rest", "{lifecycle:?}");
    }
}

#[test]
fn one_incident_reported_in_every_way_is_one_replacement() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    for cause in [ReportCause::Stopping, ReportCause::SpotInterruption, ReportCause::RebalanceRecommended] {
        bench.look(&report(cause, std::slice::from_ref(&sick)));
        bench.look(&report(cause, std::slice::from_ref(&sick)));
    }
    let id = bench.own().id.clone();
    assert_eq!(bench.phase(), "surging", "what AWS takes in two minutes needs no confirming");
    bench.until_phase("at rest");
    bench.look(&report(ReportCause::SpotInterruption, &[sick]));
    assert_eq!((bench.phase(), bench.ids().len()), ("at rest", 3), "late copies of it say nothing any more: {id}");
}

#[test]
fn an_announcement_names_two_and_both_are_replaced_one_after_the_other() {
    let mut bench = fleet(3, QUICK);
    let ids = bench.ids();
    bench.look(&report(ReportCause::ScheduledChange, &ids[..2]));
    let decisions = bench.run(600);
    assert!(ids[..2].iter().all(|id| !bench.ids().contains(id)));
    let smallest = decisions.iter().filter_map(|decision| decision.next.as_ref()).count();
    assert!(smallest > 0 && bench.capacity() == Capacity { min: 3, desired: 3, max: 3 });
}

#[test]
fn of_two_announcements_the_withdrawn_one_alone_is_forgotten() {
    let mut bench = fleet(3, r#","replacement":{"max_in_window":0}"#);
    let id = bench.ids().remove(0);
    let times = ["2026-11-25T01:00:00Z", "2026-12-25T01:00:00Z"].map(|at| Some(at.parse().unwrap()));
    let said = |ends, withdrawn| {
        let (instances, at) = (vec![id.clone()], "2026-11-23T01:00:00Z".parse().unwrap());
        Trigger::InstancesReported(InstanceReport {
            instances,
            cause: ReportCause::ScheduledChange,
            ends,
            withdrawn,
            at,
        })
    };
    times.iter().for_each(|ends| drop(bench.look(&said(*ends, false))));
    bench.look(&said(times[0], true));
    let left: Vec<_> = bench.record.as_ref().unwrap().healing.announced.iter().map(|one| one.ends).collect();
    assert_eq!(left, [times[1]]);
    bench.look(&said(None, true));
    assert!(bench.record.as_ref().unwrap().healing.announced.is_empty(), "without a time it means all");
}

#[test]
fn a_report_about_others_is_ignored_with_the_reason() {
    let mut bench = fleet(3, "");
    let decision = bench.look(&report(ReportCause::SpotInterruption, &["i-0dead".parse().unwrap()]));
    assert_eq!(decision.answer.outcome, Outcome::Ignored);
    assert!(decision.answer.reason.contains("i-0dead"), "{}", decision.answer.reason);
}

#[test]
fn each_function_leaves_the_others_operation_alone() {
    let mut bench = fleet(3, QUICK);
    let ids = bench.ids();
    bench.sicken(&ids[0]);
    bench.until_phase("surging");
    let before = bench.record.clone();
    let decision = bench.as_deployer(Bench::beat);
    assert_eq!(decision.answer.outcome, Outcome::Waiting);
    assert!(decision.actions.is_empty());
    assert_eq!(before.unwrap().operation, bench.record.unwrap().operation);
    let mut bench = fleet(1, "");
    bench.as_deployer(|bench| bench.look(&deploy("d-1", "v2")));
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    let decision = bench.beat();
    assert_eq!((decision.answer.outcome, decision.actions.len()), (Outcome::Waiting, 0));
    assert_eq!(bench.phase(), "provisioning");
}

#[test]
fn a_deploy_waits_for_a_replacement_that_has_begun_and_displaces_a_suspicion() {
    let mut bench = fleet(3, QUICK);
    let ids = bench.ids();
    bench.sicken(&ids[0]);
    bench.until_phase("confirming");
    let mut displaced = bench.clone();
    displaced.seen.groups.blue.capacity.min = 2;
    let decision = displaced.as_deployer(|bench| bench.look(&deploy("d-1", "v2")));
    assert_eq!(decision.answer.outcome, Outcome::Accepted, "{}", decision.answer.reason);
    assert_eq!(decision.touched.len(), 2, "the replacement's item says that it stood down");
    bench.until_phase("surging");
    let decision = bench.as_deployer(|bench| bench.look(&deploy("d-1", "v2")));
    assert_eq!(decision.answer.outcome, Outcome::Refused);
    assert!(decision.answer.reason.starts_with("an instance is being replaced"), "{}", decision.answer.reason);
}

#[test]
fn a_rollback_goes_first_and_what_was_raised_is_given_back() {
    let mut bench = fleet(1, QUICK);
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 2 };
    bench.as_deployer(|bench| {
        bench.look(&deploy("d-1", "v2"));
        bench.until_phase("standby");
    });
    let sick = bench.seen.groups.green.instances[0].id.clone();
    let confirmed = report(ReportCause::SpotInterruption, &[sick]);
    bench.look(&confirmed);
    assert_eq!(bench.phase(), "surging");
    let decision = bench.as_deployer(|bench| bench.look(&rollback("r-1")));
    assert_eq!(decision.answer.phase.as_deref(), Some("rolling_back"), "{}", decision.answer.reason);
    bench.as_deployer(|bench| bench.until_phase("at rest"));
    assert_eq!(bench.seen.groups.green.capacity, Capacity::NONE);
    assert!(bench.seen.groups.green.suspended.is_empty());
}

#[test]
fn a_person_aborts_it_and_what_was_raised_is_put_back() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    let decision = bench.as_deployer(|bench| bench.look(&say(Word::Abort)));
    assert_eq!(decision.answer.phase.as_deref(), Some("standing_down"));
    let mut twice = bench.clone();
    bench.until_phase("at rest");
    assert_eq!(bench.capacity(), Capacity { min: 3, desired: 3, max: 3 });
    bench.run(300);
    assert_eq!(bench.phase(), "at rest", "and it is not begun again for this instance");
    let decision = twice.as_deployer(|bench| bench.look(&say(Word::Abort)));
    assert_eq!(decision.answer.phase.as_deref(), Some("stood_down"), "whatever became of the replacer");
}

#[test]
fn a_wholly_sick_slot_with_a_warm_standby_is_the_deployers_to_leave() {
    let mut bench = fleet(1, QUICK);
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 2 };
    bench.as_deployer(|bench| {
        bench.look(&deploy("d-1", "v2"));
        bench.until_phase("standby");
    });
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    let decision = bench.beat();
    assert!(decision.actions.is_empty() && bench.phase() == "standby");
    bench.as_deployer(Bench::beat);
    assert_eq!(bench.phase(), "rolling_back");
}

#[test]
fn in_observe_mode_what_would_be_replaced_is_told_and_nothing_done() {
    let mut bench = fleet(3, &format!(r#"{QUICK},"mode":"observe""#));
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    let decisions = bench.run(60);
    assert!(decisions.iter().all(|decision| decision.actions.is_empty()));
    let observed = told(&decisions, Kind::Observed);
    assert!(observed.last().unwrap().contains("resize blue to 4/4/4"), "{observed:?}");
    assert_eq!(bench.look(&replace(&sick)).answer.outcome, Outcome::Refused);
}

#[test]
fn a_hook_of_ours_is_prolonged_while_its_instance_drains_and_then_completed() {
    let mut bench = fleet(3, "");
    let id = bench.ids().remove(0);
    let held = |hook: &str| {
        let at = "2026-11-23T01:00:00Z".parse().unwrap();
        Trigger::InstanceHeld(HeldInstance { slot: Slot::Blue, instance: id.clone(), hook: hook.to_owned(), at })
    };
    assert_eq!(bench.look(&held("backup-logs")).answer.outcome, Outcome::Ignored);
    bench.seen.groups.blue.instances[0].lifecycle = Lifecycle::LeavingHeld;
    bench.set(&id, TargetHealth::Draining);
    let first = bench.decide(&held("signalbox-drain")).actions;
    assert!(matches!(first[..], [Action::ProlongLifecycle { .. }]), "{first:?}");
    bench.look(&held("signalbox-drain"));
    bench.seen.groups.blue.instances.retain(|one| one.id != id);
    let mut drained = fleet(3, "");
    let id = drained.ids().remove(0);
    drained.seen.groups.blue.instances[0].lifecycle = Lifecycle::LeavingHeld;
    drained.set(&id, TargetHealth::Absent);
    let hook = "signalbox-drain".to_owned();
    let trigger = Trigger::InstanceHeld(HeldInstance {
        slot: Slot::Blue,
        instance: id.clone(),
        hook: hook.clone(),
        at: drained.now,
    });
    assert_eq!(drained.decide(&trigger).actions, [Action::CompleteLifecycle { slot: Slot::Blue, instance: id, hook }]);
}

#[test]
fn a_removal_that_was_lost_is_asked_for_again() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("removing");
    bench.pass(5);
    let lost = bench.decide(&Trigger::Heartbeat);
    bench.record = lost.next;
    bench.pass(5);
    assert_eq!(bench.decide(&Trigger::Heartbeat).actions, lost.actions);
}

#[test]
fn its_group_takes_it_away_by_itself_and_is_not_fought() {
    let mut bench = fleet(3, QUICK);
    let sick = bench.ids().remove(0);
    bench.sicken(&sick);
    bench.until_phase("surging");
    bench.seen.groups.blue.instances.retain(|one| one.id != sick);
    bench.settle_groups();
    bench.until_phase("standing_down");
    bench.until_phase("at rest");
    assert_eq!(bench.capacity(), Capacity { min: 3, desired: 3, max: 3 });
    assert_eq!(bench.ids().len(), 3);
}

//! Histories in which an earlier version of the billing guard went wrong.

use std::collections::BTreeMap;

use jiff::Timestamp;
use signalbox_domain::billing::plan::Measure;
use signalbox_domain::billing::{BudgetAlert, BudgetReport, InForce, Month, MonthName, Stands, Trigger as Money};
use signalbox_domain::decision::{Action, Decision, Outcome};
use signalbox_domain::definition::{Capacity, Mode};
use signalbox_domain::money::Cents;
use signalbox_domain::notice::OUTBOX_LIMIT;
use signalbox_domain::observation::TargetHealth;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::{Role, Trigger, Word};

use crate::bench::{Bench, definition_with, deploy, rollback, say};
use crate::billing::Account;
use crate::cap::{ALL_BUT_STOP, bench, constraint, guard, live, settle, stop};

fn told(decision: &Decision) -> Vec<String> {
    decision.next.iter().flat_map(|next| &next.outbox).map(|one| one.text.clone()).collect()
}

/// The guard saves and dies before it acts.
fn saves_and_dies(bench: &mut Bench, wanted: &signalbox_domain::cap::Constraint) -> Vec<Action> {
    let role = std::mem::replace(&mut bench.role, Role::BillingGuard);
    let decided = bench.decide(&Trigger::Constrained(Some(wanted.clone())));
    bench.role = role;
    bench.record = decided.next;
    if let Some(record) = &mut bench.record {
        record.outbox.clear();
    }
    decided.actions
}

/// The replacer watches for so many minutes while whoever runs is sick: whether it healed them.
fn heals(bench: &mut Bench, minutes: u32) -> bool {
    bench.role = Role::Replacer;
    bench.beat();
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    for _ in 0..minutes * 2 {
        bench.pass(30);
        bench.beat();
    }
    bench.role = Role::Deployer;
    bench.seen.groups.blue.instances.iter().all(|one| one.target == TargetHealth::Healthy)
}

#[test]
fn what_was_stopped_before_observe_mode_is_given_back_after_it() {
    let mut bench = bench();
    settle(&mut bench, Some(&stop()));
    bench.definition.mode = Mode::Observe;
    assert_eq!(guard(&mut bench, None).answer.outcome, Outcome::Waiting, "it is not given back");
    assert_eq!(live(&bench), Capacity::NONE);
    bench.definition.mode = Mode::Act;
    settle(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 2 });
}

#[test]
fn a_stop_that_was_decided_and_never_done_switches_no_healing_off() {
    let mut bench = bench();
    saves_and_dies(&mut bench, &stop());
    assert!(heals(&mut bench, 30), "who runs is healed");
    // Scaling grows, and a person releases before the guard has looked again.
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 2, max: 2 };
    bench.settle_groups();
    settle(&mut bench, None);
    assert_eq!((live(&bench).desired, bench.record.unwrap().cap), (2, None));
}

#[test]
fn who_is_back_after_a_stop_is_healed_at_once() {
    let mut bench = bench();
    settle(&mut bench, Some(&stop()));
    guard(&mut bench, None);
    assert!(heals(&mut bench, 14));
}

#[test]
fn a_replacement_that_was_aborted_by_force_is_not_taken_for_a_persons_wish() {
    let mut bench = bench();
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 1, max: 4 };
    let wanted = constraint(50, &ALL_BUT_STOP);
    settle(&mut bench, Some(&wanted));
    bench.role = Role::Replacer;
    bench.beat();
    bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
    bench.until_phase("surging");
    bench.role = Role::Deployer;
    bench.look(&say(Word::Abort));
    bench.look(&say(Word::Abort));
    for _ in 0..60 {
        bench.pass(10);
        bench.beat();
    }
    assert_eq!(told(&guard(&mut bench, Some(&wanted))), Vec::<String>::new());
    settle(&mut bench, None);
    assert_eq!(live(&bench).max, 4);
}

#[test]
fn a_stop_comes_after_a_cap_that_somebody_changed() {
    let mut bench = bench();
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    bench.seen.groups.blue.capacity.max = 5;
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    settle(&mut bench, Some(&stop()));
    assert_eq!(live(&bench), Capacity::NONE);
    settle(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 1, desired: 1, max: 5 });
}

#[test]
fn scaling_after_a_stop_was_lifted_is_nobodys_meddling() {
    let mut bench = bench();
    settle(&mut bench, Some(&stop()));
    guard(&mut bench, None);
    bench.pass(600);
    bench.seen.groups.blue.capacity.desired = 2;
    bench.settle_groups();
    assert_eq!(told(&guard(&mut bench, None)), Vec::<String>::new());
}

#[test]
fn a_minimum_that_was_set_under_a_cap_outlives_a_stop() {
    let mut bench = bench();
    bench.seen.groups.blue.capacity = Capacity { min: 1, desired: 2, max: 4 };
    bench.settle_groups();
    settle(&mut bench, Some(&constraint(50, &ALL_BUT_STOP)));
    bench.seen.groups.blue.capacity.min = 2;
    settle(&mut bench, Some(&stop()));
    settle(&mut bench, None);
    assert_eq!(live(&bench), Capacity { min: 2, desired: 2, max: 4 });
}

#[test]
fn a_cap_that_lands_after_a_rollback_began_is_nobodys_wish() {
    let mut bench = bench();
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("standby");
    bench.until_phase("at rest");
    bench.seen.groups.green.capacity.max = 4;
    bench.beat();
    let late = saves_and_dies(&mut bench, &constraint(50, &ALL_BUT_STOP));
    bench.sick.blue = true;
    bench.look(&rollback("r-1"));
    let Some(Action::Bound { slot: Slot::Green, max, .. }) = late.first() else { panic!("{late:?}") };
    bench.seen.groups.green.capacity.max = *max;
    bench.pass(5);
    assert!(told(&bench.beat()).iter().all(|text| !text.contains("somebody set")));
    bench.until_phase("at rest");
    settle(&mut bench, None);
    assert_eq!(bench.seen.groups.green.capacity.max, 4, "it stayed live, as it was");
}

#[test]
fn a_cap_that_was_never_done_beside_a_persons_change_is_forgotten() {
    let mut bench = bench();
    saves_and_dies(&mut bench, &constraint(50, &ALL_BUT_STOP));
    bench.seen.groups.blue.capacity.max = 6;
    settle(&mut bench, None);
    assert_eq!((live(&bench).max, bench.record.unwrap().cap), (6, None));
}

#[test]
fn a_group_that_sleeps_keeps_its_maximum_and_its_schedule() {
    let mut bench = Bench::new(definition_with(r#","capacity":{"min":1,"desired":2,"max":4}"#));
    let asleep = Capacity { min: 0, desired: 0, max: 4 };
    bench.seen.groups.blue.capacity = asleep;
    bench.settle_groups();
    for wanted in [constraint(50, &ALL_BUT_STOP), stop()] {
        settle(&mut bench, Some(&wanted));
        assert_eq!((live(&bench), bench.seen.groups.blue.suspended.len()), (asleep, 0));
    }
}

#[test]
fn a_higher_rung_with_the_same_measures_is_no_news_to_a_service() {
    let mut bench = bench();
    guard(&mut bench, Some(&constraint(20, &[Measure::FreezeDeployments])));
    assert_eq!(told(&guard(&mut bench, Some(&constraint(30, &[Measure::FreezeDeployments])))), Vec::<String>::new());
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn month() -> Month {
    let now = at("2026-11-10T00:00:00Z");
    Month { owes: true, ..Month::new(MonthName::of(now), None, now) }
}

fn stands(done: bool) -> Option<Stands> {
    Some(Stands { done, ..Stands::waiting("x") })
}

#[test]
fn what_was_seen_under_an_older_constraint_settles_nothing() {
    let services = BTreeMap::from([("a".parse().unwrap(), Stands::waiting("held back"))]);
    let released = Month { services, ..month() };
    let seen = BTreeMap::from([("a".parse().unwrap(), stands(true))]);
    let settled = released.settled(&seen, Some(&constraint(50, &ALL_BUT_STOP)), released.last_look);
    assert!(settled.owes, "it was done under what is no longer in force");
}

#[test]
fn more_services_than_one_look_can_ask_settle_all_the_same() {
    let mut month = month();
    for look in 0..4u32 {
        let of =
            |number: u32| (format!("s{number}").parse().unwrap(), if number == look % 3 { None } else { stands(true) });
        month = month.settled(&(0..3).map(of).collect(), None, month.last_look);
    }
    assert!(!month.owes && month.services.is_empty());
}

#[test]
fn what_fails_for_hundreds_is_one_notice_and_the_month_stays_small() {
    let force = InForce { constraint: stop(), since: month().last_look };
    let mut month = Month { in_force: Some(force), ..month() };
    let why = "UpdateAutoScalingGroup on codedetect-prod-blue-asg failed (may work later): Rate exceeded".repeat(3);
    for round in 0..200u32 {
        let failing = u32::from(round % 3 < 2);
        let stands = || Some(Stands { failing, done: failing == 0, ..Stands::waiting(&why) });
        let all = (0..200u32).map(|number| (format!("service-{number}").parse().unwrap(), stands())).collect();
        month = month.settled(&all, Some(&stop()), month.last_look);
    }
    assert!(month.outbox.len() <= OUTBOX_LIMIT);
    let size = serde_json::to_string(&month).unwrap().len();
    assert!(size < 300_000, "{size}: an item has 400 KB");
}

#[test]
fn last_months_total_after_the_first_new_one_or_corrected_by_a_cent_is_still_last_months() {
    for readings in [[0.2, 55.4], [55.39, 55.39]] {
        let mut account = Account::new().known();
        account.reads(55.4);
        account.now = at("2026-11-30T23:00:00Z");
        for reading in readings {
            let decision = account.reads(reading);
            assert!(decision.fired.is_empty() && decision.constraint.is_none(), "{readings:?}");
        }
    }
}

#[test]
fn what_was_confirmed_is_known_after_the_turn_of_the_month() {
    let mut account = Account::new().known();
    account.reads(400.0);
    account.look(&Money::Confirm { reason: "the GPU run".into() });
    for total in [410.0, 420.0, 430.0] {
        account.reads(total);
    }
    account.now = at("2026-12-03T06:00:00Z");
    assert_eq!(account.reads(95.0).fired, [Cents(1_000), Cents(2_000), Cents(5_000)]);
}

#[test]
fn an_absurd_first_reading_is_forgotten_when_a_real_one_comes() {
    let mut account = Account::new();
    account.reads(9_000_000.0);
    for number in 0..28 {
        assert_eq!(account.reads(0.1 * f64::from(number)).constraint, None);
    }
    assert_eq!(account.reads(8_999_999.0).constraint, None);
    assert!(account.month.unwrap().implausible.is_some());
}

#[test]
fn what_four_absurd_first_readings_enforced_ends_with_the_first_real_one() {
    let mut account = Account::new();
    for _ in 0..4 {
        account.reads(9_000_000.0);
    }
    // Nothing else was ever known of this account.
    assert!(account.look(&Money::Heartbeat).constraint.is_some());
    assert_eq!(account.reads(6.0).constraint, None);
}

#[test]
fn a_real_reading_beside_an_absurd_one_fires_its_rungs() {
    let mut account = Account::new().known();
    account.puts(25.0);
    let decision = account.reads(9_000_000.0);
    assert_eq!(decision.fired, [Cents(1_000), Cents(2_000)]);
}

#[test]
fn each_forecast_speaks_for_its_own_rungs() {
    let mut account = Account::new();
    account.now = at("2026-11-01T00:00:00Z");
    for number in 1..=12 {
        account.reads(0.5 * f64::from(number));
    }
    account.puts(6.5);
    account.look(&Money::BudgetReported(BudgetReport { alert: BudgetAlert::Forecasted, amount: Cents(1_200) }));
    let by_budgets: Vec<&String> =
        account.told.iter().map(|(_, text)| text).filter(|text| text.contains("AWS Budgets")).collect();
    assert!(by_budgets.iter().all(|text| !text.contains("$50.00")), "{by_budgets:?}");
}

#[test]
fn that_an_outage_is_allowed_is_nothing_in_force_by_itself() {
    let mut account = Account::new().known();
    account.reads(25.0);
    let told = account.told.len();
    account.plan.allow_outage = true;
    account.look(&Money::Heartbeat);
    assert_eq!(account.told.len(), told, "{:?}", account.told.last());
}

#[test]
fn a_confirmation_while_nothing_can_be_read_is_refused() {
    let mut account = Account::new().known();
    account.reads(400.0);
    account.seen.charges = None;
    let refused = account.look(&Money::Confirm { reason: "x".into() });
    assert_eq!(refused.answer.outcome, Some(Outcome::Refused));
}

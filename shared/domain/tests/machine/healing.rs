//! The replacement machine on one page: every phase against every input, by either function.

use std::fmt::Write as _;

use signalbox_domain::definition::{Capacity, Mode};
use signalbox_domain::observation::{Lifecycle, TargetHealth};
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::{AlarmState, InstanceReport, ReportCause, Role, Trigger};

use crate::bench::{Bench, alarm, definition_with, deploy, rollback};

/// Three instances; the first one is who falls sick.
fn fleet() -> Bench {
    let mut bench = Bench::new(definition_with(r#","health":{"settle":"10s"}"#));
    bench.seen.groups.blue.capacity = Capacity { min: 3, desired: 3, max: 6 };
    bench.settle_groups();
    bench.role = Role::Replacer;
    bench
}

fn sicken(bench: &mut Bench, number: usize) {
    let mut ids: Vec<_> = bench.seen.groups.blue.instances.iter().map(|one| one.id.clone()).collect();
    ids.sort();
    set(bench, ids[number].as_str(), TargetHealth::Unhealthy);
}

fn set(bench: &mut Bench, id: &str, target: TargetHealth) {
    let instances = &mut bench.seen.groups.blue.instances;
    instances.iter_mut().filter(|one| one.id.as_str() == id).for_each(|one| one.target = target);
}

/// Who falls sick first, and who is launched first.
const SICK: &str = "i-blue2";
const NEW: &str = "i-blue4";

/// The bench in every phase, by name.
fn phases() -> Vec<(&'static str, Bench)> {
    let rest = fleet();
    let mut confirming = rest.clone();
    sicken(&mut confirming, 1);
    confirming.beat();
    let mut surging = confirming.clone();
    surging.until_phase("surging");
    set(&mut surging, NEW, TargetHealth::Initial);
    let mut removing = confirming.clone();
    removing.until_phase("removing");
    let mut gone = removing.clone();
    gone.pass(5);
    gone.beat();
    gone.pass(5);
    gone.beat();
    let mut standing_down = surging.clone();
    set(&mut standing_down, SICK, TargetHealth::Healthy);
    standing_down.until_phase("standing_down");
    let mut nobody_came = surging.clone();
    nobody_came.seen.groups.blue.instances.retain(|one| one.id.as_str() != NEW);
    nobody_came.pass(1_000);
    nobody_came.role = Role::Replacer;
    nobody_came.beat();
    nobody_came.seen.groups.blue.instances.retain(|one| one.id.as_str() != "i-blue5");
    let mut held = rest.clone();
    (0..3).for_each(|number| sicken(&mut held, number));
    held.beat();
    held.pass(60);
    held.beat();
    vec![
        ("at rest, no record", rest),
        ("confirming", confirming),
        ("surging", surging),
        ("removing", removing),
        ("removing, gone", gone),
        ("standing down, with a new one", standing_down),
        ("standing down, nobody came", nobody_came),
        ("held", held),
    ]
}

fn report(bench: &Bench, id: &str, cause: ReportCause) -> Trigger {
    let instances = vec![id.parse().unwrap()];
    Trigger::InstancesReported(InstanceReport { instances, cause, ends: None, withdrawn: false, at: bench.now })
}

fn replace(id: &str) -> Trigger {
    Trigger::ReplaceRequested { instance: id.parse().unwrap(), reason: "it looks wrong".to_owned() }
}

type Change = fn(&mut Bench) -> Trigger;

/// Every kind of input.
fn inputs() -> Vec<(&'static str, Change)> {
    vec![
        ("heartbeat", |_| Trigger::Heartbeat),
        ("two minutes later", |bench| {
            bench.pass(120);
            Trigger::Heartbeat
        }),
        ("a day later", |bench| {
            bench.pass(86_400);
            Trigger::Heartbeat
        }),
        ("alarm event", |bench| alarm(AlarmState::Alarm, bench.now)),
        ("the sick one recovers", |bench| {
            set(bench, SICK, TargetHealth::Healthy);
            bench.pass(5);
            Trigger::Heartbeat
        }),
        ("its group takes it away", |bench| {
            let instances = &mut bench.seen.groups.blue.instances;
            instances
                .iter_mut()
                .filter(|one| one.id.as_str() == SICK)
                .for_each(|one| one.lifecycle = Lifecycle::Leaving);
            Trigger::Heartbeat
        }),
        ("the new one falls sick", |bench| {
            set(bench, NEW, TargetHealth::Unhealthy);
            Trigger::Heartbeat
        }),
        ("all are sick", |bench| {
            bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
            Trigger::Heartbeat
        }),
        ("spot takes the sick one", |bench| report(bench, SICK, ReportCause::SpotInterruption)),
        ("spot takes another", |bench| report(bench, "i-blue3", ReportCause::SpotInterruption)),
        ("a stranger is reported", |bench| report(bench, "i-0dead", ReportCause::Stopping)),
        ("replace the sick one", |_| replace(SICK)),
        ("replace another", |_| replace("i-blue3")),
        ("type ELB", |bench| {
            bench.seen.groups.blue.heals_itself = true;
            Trigger::Heartbeat
        }),
        ("sized 2/2/6 by a person", |bench| {
            bench.seen.groups.blue.capacity = Capacity { min: 2, desired: 2, max: 6 };
            Trigger::Heartbeat
        }),
        ("sized 5/5/9 by a person", |bench| {
            bench.seen.groups.blue.capacity = Capacity { min: 5, desired: 5, max: 9 };
            Trigger::Heartbeat
        }),
        ("observe mode", |bench| {
            bench.definition.mode = Mode::Observe;
            Trigger::Heartbeat
        }),
        ("deployer: heartbeat", |bench| {
            bench.role = Role::Deployer;
            Trigger::Heartbeat
        }),
        ("deployer: deploy v9", |bench| {
            bench.role = Role::Deployer;
            deploy("d-9", "v9")
        }),
        ("deployer: rollback", |bench| {
            bench.role = Role::Deployer;
            rollback("r-9")
        }),
    ]
}

#[test]
fn every_phase_of_a_replacement_against_every_input() {
    let mut page = String::new();
    for (name, bench) in phases() {
        writeln!(page, "## {name}").unwrap();
        for (input, change) in inputs() {
            let mut bench = bench.clone();
            let trigger = change(&mut bench);
            let decision = bench.decide(&trigger);
            let actions: Vec<String> = decision.actions.iter().map(ToString::to_string).collect();
            let phase = decision.answer.phase.as_deref().unwrap_or("at rest");
            let actions = if actions.is_empty() { "-".to_owned() } else { actions.join(", ") };
            writeln!(page, "{input:<24} {:<9} {phase:<14} {actions}", decision.answer.outcome.name()).unwrap();
        }
        writeln!(page).unwrap();
    }
    insta::assert_snapshot!("healing", page);
}

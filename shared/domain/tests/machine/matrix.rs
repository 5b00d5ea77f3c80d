//! The whole machine on one page: every phase against every input. A change to the machine shows
//! here as the lines that changed, and nowhere else.

use std::fmt::Write as _;

use signalbox_domain::observation::TargetHealth;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::{AlarmState, DeployRequest, OnFailure, ScalingKind, Trigger, Word};

use crate::bench::{Bench, alarm, definition_with, deploy, deploy_request, rollback, rollback_request, say};

const STEPS: &str =
    r#","strategy":{"kind":"steps","steps":[{"weight":10,"bake":"5m"},{"approval":{"within":"1h"}},{"weight":100}]}"#;

/// The bench in every phase, by name.
fn phases() -> Vec<(&'static str, Bench)> {
    let rest = Bench::new(definition_with(STEPS));
    let mut provisioning = rest.clone();
    provisioning.sick.green = true;
    provisioning.look(&deploy("d-1", "v2"));
    let mut verifying = rest.clone();
    verifying.look(&deploy("d-1", "v2"));
    verifying.pass(5);
    verifying.beat();
    let mut shifting_unseen = verifying.clone();
    shifting_unseen.until_phase("shifting");
    let mut shifting = shifting_unseen.clone();
    shifting.pass(5);
    shifting.beat();
    let mut approval = shifting.clone();
    approval.until_phase("awaiting_approval");
    let mut baking = approval.clone();
    baking.look(&say(Word::Promote));
    baking.until_phase("baking");
    let mut standby = baking.clone();
    standby.until_phase("standby");
    let mut retired = standby.clone();
    retired.until_phase("at rest");
    let mut clearing = standby.clone();
    clearing.look(&deploy("d-2", "v3"));
    let mut paused = shifting.clone();
    paused.look(&say(Word::Pause));
    let mut asking = rest.clone();
    asking.look(&Trigger::DeployRequested(DeployRequest { on_failure: OnFailure::Ask, ..deploy_request("d-1", "v2") }));
    asking.until_phase("shifting");
    asking.pass(5);
    asking.beat();
    asking.set_alarm(AlarmState::Alarm);
    asking.beat();
    asking.set_alarm(AlarmState::Ok);
    let mut rolling_back = shifting.clone();
    rolling_back.look(&rollback("r-1"));
    let mut stuck = baking.clone();
    stuck.set_health(Slot::Blue, TargetHealth::Unhealthy);
    stuck.sick.blue = true;
    stuck.look(&rollback("r-1"));
    stuck.until_phase("stuck");
    vec![
        ("at rest, no record", rest),
        ("at rest, with a way back", retired),
        ("clearing for v3", clearing),
        ("provisioning", provisioning),
        ("verifying", verifying),
        ("shifting 10, not seen", shifting_unseen),
        ("shifting 10, seen", shifting),
        ("shifting 10, paused", paused),
        ("shifting 10, asking", asking),
        ("awaiting approval", approval),
        ("baking", baking),
        ("standby", standby),
        ("rolling back", rolling_back),
        ("stuck", stuck),
    ]
}

type Change = fn(&mut Bench) -> Trigger;

/// Every kind of input.
fn inputs() -> Vec<(&'static str, Change)> {
    vec![
        ("heartbeat", |_| Trigger::Heartbeat),
        ("an hour later", |bench| {
            bench.pass(3_600);
            Trigger::Heartbeat
        }),
        ("a day later", |bench| {
            bench.pass(86_400);
            Trigger::Heartbeat
        }),
        ("alarm seen", |bench| {
            bench.set_alarm(AlarmState::Alarm);
            Trigger::Heartbeat
        }),
        ("alarm event, OK by now", |bench| alarm(AlarmState::Alarm, bench.now)),
        ("alarm event, old", |_| alarm(AlarmState::Alarm, "2026-11-22T00:00:00Z".parse().unwrap())),
        ("alarm event OK", |bench| alarm(AlarmState::Ok, bench.now)),
        ("alarms unreadable", |bench| {
            bench.seen.alarms = None;
            Trigger::Heartbeat
        }),
        ("green sick", |bench| {
            bench.set_health(Slot::Green, TargetHealth::Unhealthy);
            Trigger::Heartbeat
        }),
        ("blue sick", |bench| {
            bench.set_health(Slot::Blue, TargetHealth::Unhealthy);
            Trigger::Heartbeat
        }),
        ("weights 50/50", |bench| {
            bench.seen.routing.raw.blue = Some(50);
            bench.seen.routing.raw.green = Some(50);
            Trigger::Heartbeat
        }),
        ("instance lost", |bench| {
            Trigger::GroupScaled(signalbox_domain::trigger::GroupScaling {
                slot: Slot::Green,
                kind: ScalingKind::Terminated,
                instance: Some("i-0dead".parse().unwrap()),
                activity: "a-1".to_owned(),
                at: bench.now,
            })
        }),
        ("deploy v9", |_| deploy("d-9", "v9")),
        ("repeated d-1", |_| Trigger::Repeated { operation: "d-1".parse().unwrap() }),
        ("rollback", |_| rollback("r-9")),
        ("rollback, forced", |_| {
            Trigger::RollbackRequested(signalbox_domain::trigger::RollbackRequest {
                force: true,
                ..rollback_request("r-9")
            })
        }),
        ("rollback from v7", |_| {
            let from = Some("v7".parse().unwrap());
            Trigger::RollbackRequested(signalbox_domain::trigger::RollbackRequest { from, ..rollback_request("r-9") })
        }),
        ("promote", |_| say(Word::Promote)),
        ("pause", |_| say(Word::Pause)),
        ("resume", |_| say(Word::Resume)),
        ("abort", |_| say(Word::Abort)),
        ("adopt green", |_| Trigger::AdoptRequested { live: Slot::Green, release: "v9".parse().unwrap() }),
        ("status", |_| Trigger::StatusRequested),
    ]
}

#[test]
fn every_phase_answers_every_input() {
    let mut page = String::new();
    for (phase, bench) in phases() {
        writeln!(page, "## {phase}").unwrap();
        for (input, change) in inputs() {
            let mut bench = bench.clone();
            let trigger = change(&mut bench);
            let decision = bench.look(&trigger);
            let after = bench.phase();
            let actions: Vec<String> = decision.actions.iter().map(ToString::to_string).collect();
            let acts = if actions.is_empty() { "-".to_owned() } else { actions.join(", ") };
            writeln!(page, "{input:<24} {:<9} {after:<18} {acts}", decision.answer.outcome.name()).unwrap();
        }
        writeln!(page).unwrap();
    }
    insta::assert_snapshot!("matrix", page);
}

//! What a deploy would do, asked before it is done.

use signalbox_domain::decision::Outcome;
use signalbox_domain::trigger::{AlarmState, Trigger};

use crate::behaviours::{CANARY, at, rest};
use crate::bench::deploy_request;

fn plan(release: &str) -> Trigger {
    Trigger::PlanRequested(deploy_request("p-1", release))
}

#[test]
fn a_plan_names_every_call_and_what_running_twice_costs_and_changes_nothing() {
    let bench = rest(CANARY);
    let decision = bench.decide(&plan("v2"));
    assert_eq!(decision.next, bench.record);
    assert!(decision.actions.is_empty() && decision.accepted.is_none() && decision.touched.is_empty());
    assert_eq!(decision.answer.outcome, Outcome::Idle);
    // Canary 5 min, settle 30 s, bake 10 min, standby 30 min, route settle 2 min.
    let said = "v2 would be deployed to green: 1 more instances for at least 47m30s, 0.7 instance-hours";
    assert_eq!(decision.answer.reason, said);
    let steps = decision.answer.plan.unwrap();
    assert_eq!(steps[0], "route blue 100 / green 0");
    for step in [
        "write v2 for green",
        "route blue 90 / green 10, watch it for 5m",
        "route blue 0 / green 100",
        "watch v2 with all traffic for 10m",
        "keep blue warm for 30m, then resize blue to 0/0/0",
    ] {
        assert!(steps.iter().any(|own| own == step), "{step} is missing in {steps:#?}");
    }
}

#[test]
fn a_plan_stands_at_the_same_door_as_a_deploy() {
    let mut bench = rest("");
    bench.set_alarm(AlarmState::Alarm);
    let answer = bench.decide(&plan("v2")).answer;
    assert_eq!((answer.outcome, answer.plan), (Outcome::Refused, None));
    assert!(answer.reason.contains("is in ALARM"), "{}", answer.reason);
    let answer = at("shifting", CANARY).decide(&plan("v3")).answer;
    assert_eq!(answer.outcome, Outcome::Refused);
}

#[test]
fn a_plan_says_that_a_warm_slot_is_emptied_first() {
    let steps = at("standby", CANARY).decide(&plan("v3")).answer.plan.unwrap();
    assert!(steps.iter().any(|step| step.starts_with("wait until nobody reaches blue")), "{steps:#?}");
}

//! The thin whole: a deploy event flips the traffic, an alarm takes it back, a rollback takes it back
//! later; with the real binaries.

use serde_json::{Value, json};
use signalbox_tests::events::{AlarmChange, deployment_requested, rollback_requested, scheduled};
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Slot, Stack, Weights};

use crate::drive::{
    assert_clean, assert_idle_heartbeats_cost_two_calls, beat_until, beat_until_at_rest, beat_until_phase, deploy,
    deploy_to_the_end,
};

#[tokio::test]
async fn a_deploy_event_flips_the_traffic_and_a_rollback_hours_later_takes_it_back() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    let event = deployment_requested(&stack.name, "v2").id("run-1").json();

    let accepted = deployer.invoke(&event).await.unwrap();
    assert_eq!((&accepted["outcome"], &accepted["operation"]), (&json!("accepted"), &json!("run-1")));
    assert_eq!(stack.parameter(Slot::Green).await, "v2");
    assert_eq!(stack.parameter(Slot::Blue).await, "v1", "written to green's parameter only");

    let again = deployer.invoke(&event).await.unwrap();
    assert_eq!((&again["outcome"], &again["operation"]), (&json!("waiting"), &json!("run-1")), "the same deployment");

    beat_until(&stack, &deployer, "standby", async |record| record["standby"]["slot"] == "blue").await;
    assert_eq!(stack.weights().await, Weights::of(0, 100));
    assert_eq!(stack.group(Slot::Blue).await.instances.len(), 1, "blue stays warm");
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Green, "v2").await;
    assert_eq!(deployer.invoke(&event).await.unwrap()["outcome"], "idle", "delivered again when it is over");
    assert_eq!(stack.deployments().await.len(), 1);

    let rollback = stack.start("rollback").await;
    let asked = json!({"service": stack.name, "reason": "wrong results", "id": "r-1"});
    assert_eq!(rollback.invoke(&asked).await.unwrap()["outcome"], "accepted");
    assert_eq!(rollback.invoke(&asked).await.unwrap()["outcome"], "waiting", "the same rollback");
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
    let second = json!({"service": stack.name, "reason": "again", "id": "r-2"});
    assert_eq!(rollback.invoke(&second).await.unwrap()["outcome"], "idle");
    assert_eq!(rollback.invoke(&asked).await.unwrap()["outcome"], "idle", "hours later it changes nothing");
    assert_clean(&stack, Slot::Blue, "v1").await;
}

#[tokio::test]
async fn the_invocation_that_carries_the_alarm_has_moved_the_weights_back() {
    let envelopes: [fn(&AlarmChange, &Stack) -> Value; 3] = [
        |change, _| change.eventbridge(),
        |change, _| change.direct(),
        |change, stack| change.sns(&stack.alerts_topic_arn),
    ];
    for envelope in envelopes {
        let stack = Stack::builder(&Moto::shared()).canary().define(json!({"strategy": {"bake": "1h"}})).create().await;
        let deployer = stack.start("deployer").await;
        deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
        beat_until(&stack, &deployer, "10 %", async |_| stack.weights().await == Weights::of(90, 10)).await;

        stack.set_alarm("ALARM").await;
        let answer = deployer.invoke(envelope(&AlarmChange::new(&stack.alarm, "ALARM"), &stack)).await.unwrap();
        assert_eq!(stack.weights().await, Weights::of(100, 0), "moved back before it answered");
        assert_eq!(answer["services"][0]["outcome"], "advanced", "{answer}");
        assert!(answer["services"][0]["reason"].as_str().unwrap().contains(&stack.alarm), "{answer}");
        beat_until_at_rest(&stack, &deployer).await;
        assert_clean(&stack, Slot::Blue, "v1").await;
        let item = stack.deployment("d-1").await.unwrap();
        assert_eq!(item["phase"], "rolled_back");
        let timeline = item["timeline"].as_array().unwrap();
        assert!(
            timeline.iter().any(|entry| entry["what"].as_str().unwrap().contains(&stack.alarm)),
            "the evidence is kept"
        );
    }
}

#[tokio::test]
async fn an_alarm_during_standby_flips_back_to_the_warm_slot() {
    let stack = Stack::builder(&Moto::shared()).define(json!({"standby": "1h"})).create().await;
    let deployer = stack.start("deployer").await;
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    beat_until(&stack, &deployer, "standby", async |record| record["standby"]["slot"] == "blue").await;
    stack.set_alarm("ALARM").await;
    deployer.invoke(AlarmChange::new(&stack.alarm, "ALARM").eventbridge()).await.unwrap();
    assert_eq!(stack.weights().await, Weights::of(100, 0));
    stack.set_alarm("OK").await;
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
}

#[tokio::test]
async fn a_heartbeat_lingers_and_carries_a_whole_deployment() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.launch("deployer").env(&[("SIGNALBOX_LINGER_SECONDS", "40")]).start().await;
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    let answer = deployer.invoke(scheduled().json()).await.unwrap();
    assert!(answer["looked_at"].as_u64().unwrap() >= 1, "{answer}");
    assert_clean(&stack, Slot::Green, "v2").await;
}

#[tokio::test]
async fn a_release_whose_instances_never_become_healthy_is_taken_back() {
    let stack = Stack::builder(&Moto::shared()).define(json!({"health": {"within": "2s"}})).create().await;
    stack.set_health(Slot::Green, signalbox_tests::stack::Health::Unhealthy).await;
    let deployer = stack.start("deployer").await;
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    beat_until_phase(&stack, &deployer, "rolling_back").await;
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
    assert_eq!(stack.weights().await, Weights::of(100, 0), "green never had traffic");
}

#[tokio::test]
async fn everything_else_about_the_listener_stays_as_it_was() {
    let stack = Stack::create(&Moto::shared()).await;
    let before = stack.aws.elb.describe_listeners().listener_arns(&stack.listener_arn).send().await.unwrap();
    let deployer = stack.start("deployer").await;
    deploy_to_the_end(&stack, &deployer, "v2", "d-1").await;
    let after = stack.aws.elb.describe_listeners().listener_arns(&stack.listener_arn).send().await.unwrap();
    let (before, after) = (&before.listeners()[0], &after.listeners()[0]);
    assert_eq!(before.port(), after.port());
    assert_eq!(before.protocol(), after.protocol());
    assert_eq!(before.default_actions().len(), after.default_actions().len());
}

#[tokio::test]
async fn every_transition_is_told_once_with_the_text_people_read_first() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    deploy_to_the_end(&stack, &deployer, "v2", "d-1").await;
    let notices = stack.notices().await;
    let kinds: Vec<&str> = notices.iter().filter_map(|notice| notice["kind"].as_str()).collect();
    for kind in ["deployment_started", "deployment_progressed", "deployment_succeeded", "standby_ended"] {
        assert!(kinds.contains(&kind), "{kind} is missing in {kinds:?}");
    }
    let mut ids: Vec<&str> = notices.iter().filter_map(|notice| notice["id"].as_str()).collect();
    let sent = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), sent, "each one once");
    for notice in &notices {
        assert!(notice["text"].as_str().unwrap().starts_with(&stack.name), "{notice}");
        assert_eq!(notice["source"], "signalbox");
    }
}

#[tokio::test]
async fn a_rollback_event_works_like_the_command() {
    let stack = Stack::builder(&Moto::shared()).define(json!({"standby": "1h"})).create().await;
    let deployer = stack.start("deployer").await;
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    beat_until(&stack, &deployer, "standby", async |record| record["standby"]["slot"] == "blue").await;
    let rollback = stack.start("rollback").await;
    let answer = rollback.invoke(rollback_requested(&stack.name, "wrong results").id("r-1").json()).await.unwrap();
    assert_eq!(answer["outcome"], "accepted", "{answer}");
    assert_eq!(stack.weights().await, Weights::of(100, 0));
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
}

#[tokio::test]
async fn commands_hold_and_move_a_deployment() {
    let stack = Stack::builder(&Moto::shared()).canary().define(json!({"strategy": {"bake": "1h"}})).create().await;
    let deployer = stack.start("deployer").await;
    let say = async |command: &str| deployer.invoke(json!({"command": command, "service": stack.name})).await.unwrap();
    assert_eq!(say("promote").await["outcome"], "idle");
    assert_eq!(say("abort").await["outcome"], "idle");
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    beat_until(&stack, &deployer, "10 %", async |_| stack.weights().await == Weights::of(90, 10)).await;
    deployer.invoke(json!({"heartbeat": true})).await.unwrap();
    let status = say("status").await;
    assert_eq!(status["record"]["operation"]["step"], 0);
    assert_eq!(status["record"]["operation"]["kind"], "deployment");
    assert_eq!(say("pause").await["outcome"], "advanced");
    assert_eq!(say("promote").await["outcome"], "refused");
    assert_eq!(say("resume").await["outcome"], "advanced");
    assert_eq!(say("promote").await["outcome"], "advanced");
    beat_until(&stack, &deployer, "100 %", async |_| stack.weights().await == Weights::of(0, 100)).await;
    let aborted = say("abort").await;
    assert_eq!((&aborted["outcome"], &aborted["phase"]), (&json!("advanced"), &json!("rolling_back")));
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
}

#[tokio::test]
async fn an_idle_heartbeat_costs_two_calls_however_many_services_there_are() {
    assert_idle_heartbeats_cost_two_calls("deployer").await;
}

#[tokio::test]
async fn two_records_of_one_event_are_answered_in_one_list() {
    let stack = Stack::builder(&Moto::shared()).define(json!({"standby": "1h"})).create().await;
    let deployer = stack.start("deployer").await;
    let mut event = AlarmChange::new(&stack.alarm, "OK").sns(&stack.alerts_topic_arn);
    let record = event["Records"][0].clone();
    event["Records"].as_array_mut().unwrap().push(record);
    let answer = deployer.invoke(event).await.unwrap();
    let services: Vec<&Value> = answer["services"].as_array().unwrap().iter().map(|one| &one["service"]).collect();
    assert_eq!(services, [&json!(stack.name), &json!(stack.name)], "{answer}");
}

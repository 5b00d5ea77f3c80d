//! Who goes first, where deployer and replacer want the same service.

use serde_json::{Value, json};
use signalbox_tests::events::{heartbeat, instance_event};
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Slot, Stack, Weights};

use super::{Watch, fleet, looked_at, replace, sicken, unhealthy_hosts};
use crate::drive::{assert_clean, beat_until, beat_until_at_rest, beat_until_phase, deploy, deploy_to_the_end};

/// Each has its own schedule: what the one leaves, the other finds.
async fn beat_both_until_at_rest(stack: &Stack, deployer: &Function, replacer: &Function) {
    beat_until(stack, deployer, "at rest, with both at work", async |_| {
        replacer.invoke(heartbeat()).await.expect("a heartbeat");
        stack.record().await.is_some_and(|record| record.busy.is_none())
    })
    .await;
}

/// A Spot Instance is about to be interrupted.
fn interruption(instance: &str) -> Value {
    instance_event("EC2 Spot Instance Interruption Warning", instance).with("instance-action", "stop").json()
}

/// Green is live: somebody goes back while its instance is replaced.
async fn roll_back_during_a_surge(stack: &Stack, replacer: &Function) {
    let live = stack.group(Slot::Green).await.instances.remove(0);
    let answer = replacer.invoke(interruption(&live)).await.unwrap();
    assert_eq!(answer["services"][0]["phase"], "surging", "{answer}");
    let rollback = stack.start("rollback").await;
    let asked = json!({"service": stack.name, "reason": "wrong results", "id": "r-1"});
    let answer = rollback.invoke(asked).await.unwrap();
    assert_eq!(answer["outcome"], "accepted", "{answer}");
}

#[tokio::test]
async fn nothing_is_replaced_while_a_deployment_owns_the_service() {
    let stack = fleet(&Moto::shared(), (1, 1, 2)).define(json!({"bake": "1h"})).create().await;
    let (deployer, replacer) = (stack.start("deployer").await, stack.start("replacer").await);
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    beat_until_phase(&stack, &deployer, "baking").await;
    let before = [stack.group(Slot::Blue).await, stack.group(Slot::Green).await];
    let live = before[0].instances[0].clone();
    let events = [
        interruption(&live),
        unhealthy_hosts(&stack).eventbridge(),
        unhealthy_hosts(&stack).sns(&stack.alerts_topic_arn),
    ];
    for event in events {
        let answer = replacer.invoke(&event).await.unwrap();
        let said = &answer["services"][0];
        assert_eq!((&said["outcome"], &said["operation"]), (&json!("waiting"), &json!("d-1")), "{answer}");
        assert_eq!(said["phase"], "baking");
    }
    let asked = replacer.invoke(replace(&stack, &live)).await.unwrap();
    assert_eq!(asked["outcome"], "refused", "{asked}");
    assert!(asked["reason"].as_str().unwrap().starts_with("d-1 is under way"), "{asked}");
    assert_eq!([stack.group(Slot::Blue).await, stack.group(Slot::Green).await], before);
    assert!(stack.replacements().await.is_empty());
    stack.define(json!({"bake": "1s"})).await;
    beat_both_until_at_rest(&stack, &deployer, &replacer).await;
    assert_clean(&stack, Slot::Green, "v2").await;
}

#[tokio::test]
async fn a_deploy_during_a_surge_is_refused_with_a_sentence_and_may_be_sent_again() {
    let (stack, replacer) = looked_at(fleet(&Moto::shared(), (1, 1, 2))).await;
    let deployer = stack.start("deployer").await;
    let sick = sicken(&stack, 0).await;
    let mut watch = Watch::begin(&stack).await;
    replacer.invoke(unhealthy_hosts(&stack).eventbridge()).await.unwrap();
    beat_until_phase(&stack, &replacer, "surging").await;
    let refused = deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    assert_eq!(refused["outcome"], "refused", "{refused}");
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.starts_with("an instance is being replaced") && reason.contains(&sick), "{refused}");
    assert!(stack.deployment("d-1").await.is_none());
    watch.until_at_rest(&replacer).await;
    watch.assert_only_replaced(&[&sick]).await;
    assert_eq!(deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap()["outcome"], "accepted");
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Green, "v2").await;
}

#[tokio::test]
async fn of_a_deploy_and_an_interruption_at_once_one_owns_the_service() {
    let stack = fleet(&Moto::shared(), (1, 1, 2)).create().await;
    let (deployer, replacer) = (stack.start("deployer").await, stack.start("replacer").await);
    let live = stack.group(Slot::Blue).await.instances.remove(0);
    let both = (deployer.begin(deploy(&stack, "v2", "d-1")), replacer.begin(interruption(&live)));
    let (deployed, warned) = (both.0.await.unwrap().unwrap(), both.1.await.unwrap().unwrap());
    let replaces = warned["services"][0]["phase"] == "surging";
    let answers = (deployed["outcome"].as_str().unwrap(), warned["services"][0]["outcome"].as_str().unwrap());
    let expected = if replaces { ("refused", "accepted") } else { ("accepted", "waiting") };
    assert_eq!(answers, expected, "{deployed} {warned}");
    beat_both_until_at_rest(&stack, &deployer, &replacer).await;
    let (live, release) = if replaces { (Slot::Blue, "v1") } else { (Slot::Green, "v2") };
    assert_clean(&stack, live, release).await;
    assert_eq!(
        (stack.deployments().await.len(), stack.replacements().await.len()),
        (usize::from(!replaces), usize::from(replaces))
    );
}

#[tokio::test]
async fn a_rollback_during_a_surge_goes_first_and_nothing_stays_raised() {
    let stack = fleet(&Moto::shared(), (1, 1, 2)).define(json!({"standby": "1h"})).create().await;
    let (deployer, replacer) = (stack.start("deployer").await, stack.start("replacer").await);
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    beat_until(&stack, &deployer, "standby", async |record| record["standby"]["slot"] == "blue").await;
    roll_back_during_a_surge(&stack, &replacer).await;
    assert_eq!(stack.weights().await, Weights::of(100, 0), "moved back before it answered");
    beat_both_until_at_rest(&stack, &deployer, &replacer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
    let items = stack.replacements().await;
    assert_eq!((items.len(), &items[0].doc["phase"]), (1, &json!("stood_down")), "{items:#?}");
}

#[tokio::test]
async fn a_rollback_during_a_surge_that_launches_the_old_release_anew_makes_it_as_large_as_it_was() {
    let stack = fleet(&Moto::shared(), (1, 1, 2)).create().await;
    let (deployer, replacer) = (stack.start("deployer").await, stack.start("replacer").await);
    deploy_to_the_end(&stack, &deployer, "v2", "d-1").await;
    roll_back_during_a_surge(&stack, &replacer).await;
    beat_both_until_at_rest(&stack, &deployer, &replacer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
}

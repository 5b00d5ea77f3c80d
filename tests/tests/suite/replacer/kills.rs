//! The replacer is killed, again and again: before and after every kind of effect, and at random moments. Whatever
//! the moment, each replacement costs exactly one instance, the sick one, and leaves its group as it was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox_tests::events::heartbeat;
use signalbox_tests::moto::{Call, Moto};

use super::{Watch, fleet, looked_at, sicken, unhealthy_hosts};
use crate::fire::{Dice, Fire};

/// Every call of the replacer that changes something.
const EFFECTS: [&str; 6] = [
    "TransactWriteItems",
    "UpdateAutoScalingGroup",
    "SuspendProcesses",
    "ResumeProcesses",
    "TerminateInstanceInAutoScalingGroup",
    "Publish",
];
/// How many of the kills come at a random moment; two dozen are aimed.
const RANDOM_KILLS: usize = 80;
/// Longest time for one replacement. What a dead writer left untold waits a quarter of a minute.
const LIMIT: Duration = Duration::from_secs(90);
/// No more replacements than this; they end when every planned kill has fallen.
const MOST_REPLACEMENTS: usize = 40;

#[tokio::test]
async fn a_replacement_survives_being_killed_at_any_moment_and_takes_nobody_twice() {
    let moto = Moto::start();
    let many = json!({"replacement": {"max_in_window": 1_000}});
    let (stack, replacer) = looked_at(fleet(&moto, (1, 2, 2)).define(many)).await;
    let mut dice = Dice(2026);
    let mut fire = Fire::new(stack, replacer, &EFFECTS, RANDOM_KILLS, &mut dice);
    let mut replacements = 0;
    while !fire.is_over() && replacements < MOST_REPLACEMENTS {
        let sick = sicken(&fire.stack, dice.roll(2) as usize).await;
        fire.take_done().await;
        one_replacement(&mut fire, &sick).await;
        replacements += 1;
        let items = fire.stack.replacements().await;
        assert_eq!(items.len(), replacements, "one item each: {items:#?}");
        let of_sick: Vec<_> = items.iter().filter(|item| item.doc["instance"] == sick.as_str()).collect();
        let [item] = of_sick.as_slice() else { panic!("one item of {sick}: {items:#?}") };
        assert_eq!(item.doc["phase"], "replaced", "{:#}", item.doc);
        fire.assert_told(item.sk.trim_start_matches("REPLACEMENT#"), "replacement_completed").await;
    }
    println!("{}", fire.report(&format!("{replacements} replacements")));
    fire.assert_hit_everywhere();
}

/// From the alarm to the end, watched all the way.
async fn one_replacement(fire: &mut Fire, sick: &str) {
    let stack = Arc::clone(&fire.stack);
    let mut watch = Watch::begin(&stack).await;
    let alarm = unhealthy_hosts(&stack).eventbridge();
    let begins = Instant::now();
    let begun = async || stack.replacements().await.iter().any(|item| item.doc["instance"] == sick);
    while !begun().await {
        assert!(begins.elapsed() < LIMIT, "it does not begin: {:#?}", stack.record().await);
        fire.nudge(&alarm).await;
        watch.look().await;
    }
    while stack.record().await.is_none_or(|record| record.busy.is_some()) {
        assert!(begins.elapsed() < LIMIT, "it does not end: {:#?}", stack.record().await);
        fire.nudge(&heartbeat()).await;
        watch.look().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    watch.assert_only_replaced(&[sick]).await;
    let removed: Vec<Call> = fire.take_done().await;
    let removed: Vec<&Value> =
        removed.iter().filter(|call| call.operation.starts_with("Terminate")).map(|call| &call.params).collect();
    assert!(!removed.is_empty() && removed.iter().all(|params| params["InstanceId"] == sick), "{removed:?}");
}

//! The deployer is killed, again and again: before and after every kind of effect, and at random
//! moments. Whatever the moment, there is one clean outcome, and never weight on an empty slot.

use std::time::Duration;

use serde_json::json;
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Slot, Stack};

use crate::drive::assert_clean;
use crate::fire::{Dice, Fire};

/// Every call that changes something: the save, the four things done to the world and their
/// undoing, and the notice.
const EFFECTS: [&str; 7] = [
    "TransactWriteItems",
    "ModifyListener",
    "PutParameter",
    "UpdateAutoScalingGroup",
    "SuspendProcesses",
    "ResumeProcesses",
    "Publish",
];
/// How many of the kills come at a random moment.
const RANDOM_KILLS: usize = 80;
/// No more deployments than this; they end when every planned kill has fallen.
const MOST_DEPLOYMENTS: usize = 40;

async fn is_at_rest(stack: &Stack, id: &str) -> bool {
    let ended =
        stack.deployment(id).await.is_some_and(|item| item["phase"] == "succeeded" || item["phase"] == "rolled_back");
    ended && stack.record().await.is_some_and(|record| record.busy.is_none())
}

#[tokio::test]
async fn a_deployment_survives_being_killed_at_any_moment() {
    let stack = Stack::builder(&Moto::start()).canary().define(json!({"standby": "1s"})).create().await;
    let deployer = stack.start("deployer").await;
    let mut fire = Fire::new(stack, deployer, &EFFECTS, RANDOM_KILLS, &mut Dice(2026));
    let (mut live, mut release) = (Slot::Blue, "v1".to_owned());
    let mut deployments = 0;
    while !fire.is_over() && deployments < MOST_DEPLOYMENTS {
        deployments += 1;
        let (id, next) = (format!("d-{deployments}"), format!("v{}", deployments + 1));
        // Every third release is bad: its alarm fires as soon as it has traffic.
        let bad = deployments % 3 == 0;
        let event = json!({"command": "deploy", "service": fire.stack.name, "release": next, "id": id});
        for _ in 0..200 {
            if fire.stack.deployment(&id).await.is_some() {
                break;
            }
            fire.nudge(&event).await;
        }
        for _ in 0..2_000 {
            if is_at_rest(&fire.stack, &id).await {
                break;
            }
            let carries = fire.stack.weights().await;
            let new = if live == Slot::Blue { carries.green } else { carries.blue };
            if bad && new.unwrap_or(0) > 0 {
                fire.stack.set_alarm("ALARM").await;
            }
            fire.nudge(&json!({"heartbeat": true})).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        fire.stack.set_alarm("OK").await;
        if !bad {
            (live, release) = (live.other(), next);
        }
        assert_clean(&fire.stack, live, &release).await;
        fire.assert_told(&id, if bad { "rollback_completed" } else { "deployment_succeeded" }).await;
    }
    println!("{}", fire.report(&format!("{deployments} deployments")));
    fire.assert_hit_everywhere();
}

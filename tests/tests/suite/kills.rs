//! The function is killed, again and again: before and after every kind of effect, and at random
//! moments. Whatever the moment, there is one clean outcome, and never weight on an empty slot.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use signalbox_tests::moto::{Moto, On, When};
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Slot, Stack};

use crate::drive::{assert_clean, assert_never_on_an_empty_slot};

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

/// A kill to come.
#[derive(Clone, Debug)]
enum Kill {
    /// At the `skip` + 1-th such call from now.
    At(&'static str, When, u32),
    /// So long after the invocation began.
    After(Duration),
}

/// Random, but the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn plan(dice: &mut Dice) -> Vec<Kill> {
    let mut plan: Vec<Kill> = EFFECTS
        .iter()
        .flat_map(|effect| {
            [(When::Before, 0), (When::After, 0), (When::Before, 1), (When::After, 1)]
                .map(|(when, skip)| Kill::At(effect, when, skip))
        })
        .collect();
    plan.extend((0..RANDOM_KILLS).map(|_| Kill::After(Duration::from_millis(dice.roll(70)))));
    for index in (1..plan.len()).rev() {
        plan.swap(index, dice.roll(index as u64 + 1) as usize);
    }
    plan
}

/// A deployment under fire.
struct Fire {
    moto: Moto,
    stack: Stack,
    deployer: Function,
    plan: Vec<Kill>,
    armed: Option<(&'static str, When)>,
    /// Where the kills fell, and how often.
    log: BTreeMap<String, u32>,
}

impl Fire {
    fn kills(&self) -> u32 {
        self.log.values().sum()
    }

    /// Invokes the deployer, and kills it on the way if the plan says so.
    async fn nudge(&mut self, event: &Value) {
        let kill = if self.armed.is_some() { None } else { self.plan.pop() };
        self.moto.clear_calls().await;
        if let Some(Kill::At(effect, when, skip)) = kill {
            self.moto.hold(On::call(effect), when, skip).await;
            self.armed = Some((effect, when));
        }
        let running = self.deployer.begin(event);
        match (kill, self.armed) {
            (Some(Kill::After(delay)), _) => {
                tokio::time::sleep(delay).await;
                let ended = running.is_finished();
                self.deployer.kill().await;
                let place = if ended { "after the answer".to_owned() } else { self.last_effect().await };
                *self.log.entry(format!("at random, {place}")).or_default() += 1;
            }
            (_, Some((effect, when))) => {
                while !running.is_finished() && !self.moto.hold_state().await.held {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                if !self.moto.hold_state().await.held {
                    return;
                }
                self.deployer.kill().await;
                self.moto.wait_let_go(Duration::from_secs(10)).await;
                self.armed = None;
                let side = if when == When::Before { "before" } else { "after" };
                *self.log.entry(format!("aimed, {side} {effect}")).or_default() += 1;
            }
            (_, None) => {
                running.await.unwrap().expect("an answer");
                return;
            }
        }
        let _ = running.await;
        assert_never_on_an_empty_slot(&self.stack).await;
        self.deployer.restart().await;
    }

    /// The last call that changed something, as the emulator saw it.
    async fn last_effect(&self) -> String {
        // A call that is under way when its client dies is finished a moment later.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let calls = self.moto.calls().await;
        match calls.iter().rev().find(|call| EFFECTS.contains(&call.operation.as_str())) {
            Some(call) if call.processed => format!("after {}", call.operation),
            Some(call) => format!("before {}", call.operation),
            None => "before any effect".to_owned(),
        }
    }

    async fn is_at_rest(&self, id: &str) -> bool {
        let ended = self
            .stack
            .deployment(id)
            .await
            .is_some_and(|item| item["phase"] == "succeeded" || item["phase"] == "rolled_back");
        ended && self.stack.record().await.is_some_and(|record| record.busy.is_none())
    }
}

#[tokio::test]
async fn a_deployment_survives_being_killed_at_any_moment() {
    let moto = Moto::start();
    let stack = Stack::builder(&moto).canary().define(json!({"standby": "1s"})).create().await;
    let deployer = stack.start("deployer").await;
    let mut dice = Dice(2026);
    let plan = plan(&mut dice);
    let planned = plan.len();
    let mut fire = Fire { moto, stack, deployer, plan, armed: None, log: BTreeMap::new() };
    let (mut live, mut release) = (Slot::Blue, "v1".to_owned());
    let mut deployments = 0;
    while !(fire.plan.is_empty() && fire.armed.is_none()) && deployments < MOST_DEPLOYMENTS {
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
            if fire.is_at_rest(&id).await {
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
        assert_told(&fire, &id, if bad { "rollback_completed" } else { "deployment_succeeded" }).await;
    }
    println!("{} kills over {deployments} deployments, {planned} planned:", fire.kills());
    for (place, count) in &fire.log {
        println!("{count:>4}  {place}");
    }
    assert!(fire.kills() >= 100, "{} kills", fire.kills());
    for effect in EFFECTS {
        for side in ["before", "after"] {
            assert!(fire.log.contains_key(&format!("aimed, {side} {effect}")), "no kill fell {side} {effect}");
        }
    }
}

/// The end was told, whatever was killed on the way; perhaps more than once, but with one id.
async fn assert_told(fire: &Fire, id: &str, kind: &str) {
    let notices = fire.stack.notices().await;
    let mut ids: Vec<&str> = notices
        .iter()
        .filter(|notice| notice["kind"] == kind && notice["operation"] == id)
        .filter_map(|notice| notice["id"].as_str())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{kind} of {id}: {ids:?}");
}

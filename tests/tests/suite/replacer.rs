//! The replacer, as a real binary: sick instances of the live slot are replaced, one larger first and never one smaller.
//!
//! The emulator's instances are healthy as soon as they are launched, and gone as soon as they are terminated. What
//! takes minutes here takes a second or two; how long it must take is the simulation's to show.

mod heals;
mod incident;
mod kills;
mod leaves;
mod rivals;

use serde_json::{Value, json};
use signalbox_tests::events::AlarmChange;
use signalbox_tests::moto::{Call, Moto};
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Group, Health, Slot, Stack, StackBuilder};

use crate::drive::beat_until;

/// A stack whose blue group has these sizes, and whose replacements are quick.
fn fleet(moto: &Moto, (min, desired, max): (i32, i32, i32)) -> StackBuilder {
    Stack::builder(moto).blue(min, desired, max).define(json!({
        "health": {"settle": "1s"},
        "replacement": {"confirm": "1s", "within": "20s"},
    }))
}

/// It with a replacer that has seen its instances healthy: who was never healthy is booting, and not sick.
async fn looked_at(builder: StackBuilder) -> (Stack, Function) {
    let stack = builder.create().await;
    let replacer = stack.start("replacer").await;
    let answer = replacer.invoke(hosts(&stack, "OK").eventbridge()).await.expect("a look");
    assert_eq!(answer["services"][0]["outcome"], "idle", "{answer}");
    (stack, replacer)
}

/// The target group as alarms name it.
fn named_by_alarms(stack: &Stack, slot: Slot) -> &str {
    stack.target_groups[slot].rsplit(':').next().unwrap()
}

/// An alarm on blue's unhealthy hosts, which guards nothing.
fn unhealthy_hosts(stack: &Stack) -> AlarmChange {
    hosts(stack, "ALARM")
}

fn hosts(stack: &Stack, state: &str) -> AlarmChange {
    let alarm = format!("{}-unhealthy-hosts", stack.name);
    AlarmChange::new(&alarm, state).about("TargetGroup", named_by_alarms(stack, Slot::Blue))
}

/// The command `replace`.
fn replace(stack: &Stack, instance: &str) -> Value {
    json!({"command": "replace", "service": stack.name, "instance_id": instance, "reason": "its disk is full"})
}

/// Blue, and what it was at first: looked at again and again, it is never smaller than it was.
struct Watch<'a> {
    stack: &'a Stack,
    before: Group,
    serving: usize,
    /// What was seen, in order: desired capacity and the instances.
    seen: Vec<(i32, Vec<String>)>,
}

impl<'a> Watch<'a> {
    async fn begin(stack: &'a Stack) -> Watch<'a> {
        let before = stack.group(Slot::Blue).await;
        let serving = healthy(stack).await;
        Watch { stack, before, serving, seen: Vec::new() }
    }

    async fn look(&mut self) {
        let (now, serving) = (self.stack.group(Slot::Blue).await, healthy(self.stack).await);
        let least = self.before.instances.len();
        assert!(now.desired >= self.before.desired && now.instances.len() >= least, "smaller than it was: {now:?}");
        assert!(now.instances.len() <= least + 1, "more than one larger than it was: {now:?}");
        assert!(serving >= self.serving, "{serving} serve, and {} did: {now:?}", self.serving);
        self.seen.push((now.desired, now.instances));
    }

    /// Sends heartbeats until nothing is under way, owed or untold, and looks after each.
    async fn until_at_rest(&mut self, replacer: &Function) {
        let stack = self.stack;
        beat_until(stack, replacer, "at rest", async |_| {
            self.look().await;
            stack.record().await.is_some_and(|record| record.busy.is_none())
        })
        .await;
    }

    /// The group is as it was, with another instance in the place of each of these.
    async fn assert_only_replaced(&self, sick: &[&str]) {
        let after = self.stack.group(Slot::Blue).await;
        assert_eq!(after.size(), self.before.size(), "the capacity is as it was");
        assert_eq!(after.suspended, self.before.suspended, "nothing is left suspended");
        assert_eq!(after.instances.len(), self.before.instances.len());
        let gone = self.before.instances.iter().filter(|id| !after.instances.contains(id));
        let mut gone: Vec<&str> = gone.map(String::as_str).collect();
        let mut sick = sick.to_vec();
        gone.sort_unstable();
        sick.sort_unstable();
        assert_eq!(gone, sick, "who is gone is who was sick, and nobody else");
        let targets = self.stack.targets(Slot::Blue).await;
        assert_eq!(targets.into_keys().collect::<Vec<_>>(), after.instances);
    }
}

async fn healthy(stack: &Stack) -> usize {
    stack.targets(Slot::Blue).await.into_values().filter(|state| state == "healthy").count()
}

/// Makes blue's instance of this number sick; returns its id.
async fn sicken(stack: &Stack, number: usize) -> String {
    let sick = stack.group(Slot::Blue).await.instances.swap_remove(number);
    stack.set_instance_health(&sick, Health::Unhealthy).await;
    sick
}

/// What was done to blue's group and its instances so far, oldest first.
async fn changes(stack: &Stack) -> Vec<Call> {
    let ours = |call: &Call| call.mutates() && call.service == "autoscaling" && call.params.get("Tags").is_none();
    let group = &stack.groups[Slot::Blue];
    let mut known = stack.group(Slot::Blue).await.instances;
    known.extend(stack.replacements().await.iter().filter_map(|item| item.doc["instance"].as_str().map(str::to_owned)));
    let about = |call: &Call| call.mentions(group) || known.iter().any(|id| call.mentions(id));
    let made = |call: &Call| call.operation == "CreateAutoScalingGroup" || !call.processed;
    stack.moto().calls().await.into_iter().filter(|call| ours(call) && about(call) && !made(call)).collect()
}

/// The phases of a replacement's timeline, in their order.
fn phases(item: &Value) -> Vec<&str> {
    let entries = item["timeline"].as_array().expect("a timeline").iter();
    let mut phases: Vec<&str> = entries.map(|entry| entry["phase"].as_str().unwrap()).collect();
    phases.dedup();
    phases
}

/// The notices of this kind, each told once however often it was sent.
async fn told(stack: &Stack, kind: &str) -> Vec<Value> {
    let mut notices: Vec<Value> = Vec::new();
    for notice in stack.notices().await.into_iter().filter(|notice| notice["kind"] == kind) {
        if notices.iter().all(|known| known["id"] != notice["id"]) {
            notices.push(notice);
        }
    }
    notices
}

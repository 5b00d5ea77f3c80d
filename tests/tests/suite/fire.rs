//! A function under fire: killed before and after every kind of effect, and at random moments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use signalbox_tests::moto::{Call, Moto, On, When};
use signalbox_tests::runtime::{Function, InvokeError};
use signalbox_tests::stack::Stack;
use tokio::task::JoinHandle;

use crate::drive::assert_never_on_an_empty_slot;

/// A kill to come.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// At the `skip` + 1-th such call from now.
    At(&'static str, When, u32),
    /// So long after the invocation began.
    After(Duration),
    /// So long after it began to change something.
    Amid(Duration),
}

/// Random, but the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn plan(effects: &[&'static str], random: usize, dice: &mut Dice) -> Vec<Kill> {
    let mut plan: Vec<Kill> = effects
        .iter()
        .flat_map(|effect| {
            [(When::Before, 0), (When::After, 0), (When::Before, 1), (When::After, 1)]
                .map(|(when, skip)| Kill::At(effect, when, skip))
        })
        .collect();
    // Most looks change nothing: some of the kills wait for one that does. Not many, since a notice whose writer
    // is dead waits a quarter of a minute for another.
    plan.extend((0..random).map(|number| match number % 10 {
        0 => Kill::Amid(Duration::from_millis(dice.roll(12))),
        _ => Kill::After(Duration::from_millis(dice.roll(70))),
    }));
    for index in (1..plan.len()).rev() {
        plan.swap(index, dice.roll(index as u64 + 1) as usize);
    }
    plan
}

/// A function under fire, in an emulator of its own.
pub(crate) struct Fire {
    pub(crate) stack: Arc<Stack>,
    moto: Moto,
    function: Function,
    /// Every call of the function that changes something.
    effects: &'static [&'static str],
    plan: Vec<Kill>,
    armed: Option<(&'static str, When)>,
    /// Where the kills fell, and how often.
    log: BTreeMap<String, u32>,
    /// What took effect, oldest first, until it is taken.
    done: Vec<Call>,
}

impl Fire {
    /// So many kills at random moments, besides four aimed at each of these effects.
    pub(crate) fn new(
        stack: Stack,
        function: Function,
        effects: &'static [&'static str],
        random: usize,
        dice: &mut Dice,
    ) -> Fire {
        let (moto, plan) = (stack.moto().clone(), plan(effects, random, dice));
        let stack = Arc::new(stack);
        Fire { stack, moto, function, effects, plan, armed: None, log: BTreeMap::new(), done: Vec::new() }
    }

    /// Whether every planned kill has fallen.
    pub(crate) fn is_over(&self) -> bool {
        self.plan.is_empty() && self.armed.is_none()
    }

    /// Invokes the function, and kills it on the way if the plan says so.
    pub(crate) async fn nudge(&mut self, event: &Value) {
        let kill = if self.armed.is_some() { None } else { self.plan.pop() };
        self.keep_calls().await;
        if let Some(Kill::At(effect, when, skip)) = kill {
            self.moto.hold(On::call(effect), when, skip).await;
            self.armed = Some((effect, when));
        }
        let running = self.function.begin(event);
        match (kill, self.armed) {
            (Some(Kill::After(delay) | Kill::Amid(delay)), _) => {
                if matches!(kill, Some(Kill::Amid(_))) && !self.begins_to_change(&running).await {
                    self.plan.extend(kill);
                    running.await.unwrap().expect("an answer");
                    return;
                }
                tokio::time::sleep(delay).await;
                let ended = running.is_finished();
                self.function.kill().await;
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
                self.function.kill().await;
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
        self.function.restart().await;
    }

    /// Waits until the function changes something, or is done without.
    async fn begins_to_change(&self, running: &JoinHandle<Result<Value, InvokeError>>) -> bool {
        while !running.is_finished() {
            if self.moto.calls().await.iter().any(|call| self.effects.contains(&call.operation.as_str())) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }

    /// What took effect since this was last asked, oldest first.
    pub(crate) async fn take_done(&mut self) -> Vec<Call> {
        self.keep_calls().await;
        std::mem::take(&mut self.done)
    }

    async fn keep_calls(&mut self) {
        let is_effect = |call: &Call| call.processed && self.effects.contains(&call.operation.as_str());
        let done = self.moto.calls().await.into_iter().filter(is_effect);
        self.done.extend(done);
        self.moto.clear_calls().await;
    }

    /// The last call that changed something, as the emulator saw it.
    async fn last_effect(&self) -> String {
        // A call that is under way when its client dies is finished a moment later.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let calls = self.moto.calls().await;
        match calls.iter().rev().find(|call| self.effects.contains(&call.operation.as_str())) {
            Some(call) if call.processed => format!("after {}", call.operation),
            Some(call) => format!("before {}", call.operation),
            None => "before any effect".to_owned(),
        }
    }

    fn kills(&self) -> u32 {
        self.log.values().sum()
    }

    /// Where the kills fell over so many operations.
    pub(crate) fn report(&self, operations: &str) -> String {
        let places = self.log.iter().map(|(place, count)| format!("\n{count:>4}  {place}"));
        format!("{} kills over {operations}:{}", self.kills(), places.collect::<String>())
    }

    /// There were a hundred kills or more, and some on either side of every effect.
    pub(crate) fn assert_hit_everywhere(&self) {
        assert!(self.kills() >= 100, "{} kills", self.kills());
        for effect in self.effects {
            for side in ["before", "after"] {
                assert!(self.log.contains_key(&format!("aimed, {side} {effect}")), "no kill fell {side} {effect}");
            }
        }
    }

    /// An end was told, whatever was killed on the way; perhaps more than once, but with one id.
    pub(crate) async fn assert_told(&self, operation: &str, kind: &str) {
        let notices = self.stack.notices().await;
        let mut ids: Vec<&str> = notices
            .iter()
            .filter(|notice| notice["kind"] == kind && notice["operation"] == operation)
            .filter_map(|notice| notice["id"].as_str())
            .collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{kind} of {operation}: {ids:?}");
    }
}

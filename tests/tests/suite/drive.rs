//! What every suite does: nudge a function until something is so.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox_tests::events::{heartbeat, sns};
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Slot, Stack, Weights};

/// The longest that any deployment of these tests takes.
const LIMIT: Duration = Duration::from_secs(90);

/// Sends heartbeats until `done` says so; panics with the record if it never does.
pub(crate) async fn beat_until(
    stack: &Stack,
    deployer: &Function,
    what: &str,
    mut done: impl AsyncFnMut(&Value) -> bool,
) {
    let end = Instant::now() + LIMIT;
    loop {
        let record = stack.record().await.map_or(Value::Null, |record| record.doc);
        if done(&record).await {
            return;
        }
        assert!(Instant::now() < end, "{what}: not within {LIMIT:?}; the record is {record:#}");
        deployer.invoke(json!({"heartbeat": true})).await.expect("a heartbeat");
        assert_never_on_an_empty_slot(stack).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Sends heartbeats until the operation is in this phase.
pub(crate) async fn beat_until_phase(stack: &Stack, deployer: &Function, phase: &str) {
    beat_until(stack, deployer, phase, async |record| record["operation"]["phase"] == phase).await;
}

/// Sends heartbeats until nothing is under way, owed or untold.
pub(crate) async fn beat_until_at_rest(stack: &Stack, deployer: &Function) {
    beat_until(stack, deployer, "at rest", async |_| stack.record().await.is_some_and(|record| record.busy.is_none()))
        .await;
}

/// A slot with weight has an instance.
pub(crate) async fn assert_never_on_an_empty_slot(stack: &Stack) {
    let weights = stack.weights().await;
    for (slot, weight) in [(Slot::Blue, weights.blue), (Slot::Green, weights.green)] {
        if weight.unwrap_or(0) > 0 {
            assert!(!stack.group(slot).await.instances.is_empty(), "{slot} has weight {weight:?} and no instance");
        }
    }
}

/// All traffic is on `live`, which is as large as it was; the other slot is retired; nothing is suspended.
pub(crate) async fn assert_clean(stack: &Stack, live: Slot, release: &str) {
    let record = stack.record().await.expect("a record");
    assert_eq!(record.busy, None, "nothing is owed: {:#}", record.doc);
    assert_eq!(record.doc["live"], live.name());
    assert_eq!(record.doc["operation"], Value::Null);
    assert_eq!(record.doc["standby"], Value::Null);
    let Weights { blue, green } = stack.weights().await;
    let (on, off) = if live == Slot::Blue { (blue, green) } else { (green, blue) };
    assert_eq!((on, off.unwrap_or(0)), (Some(100), 0));
    assert_eq!(stack.group(live).await.size(), (1, 1, 2), "the live group is as it was");
    assert_eq!(stack.group(live.other()).await.size(), (0, 0, 0), "the other one is retired");
    for slot in Slot::BOTH {
        assert!(stack.group(slot).await.suspended.is_empty(), "{slot} is left suspended");
    }
    assert_eq!(stack.parameter(live).await, release);
}

/// An idle heartbeat of this function is two calls, with five services as with one.
pub(crate) async fn assert_idle_heartbeats_cost_two_calls(function: &str) {
    let moto = Moto::start();
    let first = Stack::create(&moto).await;
    for _ in 0..4 {
        Stack::builder(&moto).beside(&first).define(json!({"drift": {"every": "24h"}})).create().await;
    }
    first.define(json!({"drift": {"every": "24h"}})).await;
    let function = first.start(function).await;
    function.invoke(heartbeat()).await.unwrap();
    moto.clear_calls().await;
    let answer = function.invoke(heartbeat()).await.unwrap();
    let calls: Vec<String> = moto.calls().await.into_iter().map(|call| call.operation).collect();
    assert_eq!(answer["looked_at"], 0, "{answer}");
    assert_eq!(calls, ["Query", "Query"]);
}

/// Each event is an error of this type that names this and repeats nothing; so is what no function understands.
pub(crate) async fn assert_not_understood(
    function: &Function,
    cases: impl IntoIterator<Item = (Value, &'static str, &'static str)>,
) {
    let nobodys = [
        (json!({}), "UnrecognizedEvent", ""),
        (json!([1, 2]), "UnrecognizedEvent", ""),
        (
            sns("arn:aws:sns:eu-west-1:123456789012:someone-elses", "{\"AlarmName\":\"hunter2\"}"),
            "UntrustedSource",
            "someone-elses",
        ),
    ];
    for (event, error_type, names) in cases.into_iter().chain(nobodys) {
        let error = function.invoke(&event).await.expect_err("an error");
        assert_eq!(error.error_type, error_type, "{event}: {error}");
        assert!(error.message.contains(names), "{event}: {error}");
        assert!(names == "hunter2" || !error.message.contains("hunter2"), "{error}");
    }
    let error = function.invoke_raw("{\"command\": hunter2").await.expect_err("no JSON");
    assert!(!error.message.contains("hunter2"), "{error}");
    assert!(function.is_alive());
}

/// The command `deploy`.
pub(crate) fn deploy(stack: &Stack, release: &str, id: &str) -> Value {
    json!({"command": "deploy", "service": stack.name, "release": release, "id": id})
}

/// Deploys by command and drives it to its end, standby included.
pub(crate) async fn deploy_to_the_end(stack: &Stack, deployer: &Function, release: &str, id: &str) {
    let answer = deployer.invoke(deploy(stack, release, id)).await.expect("an answer");
    assert_eq!(answer["outcome"], "accepted", "{answer}");
    beat_until_at_rest(stack, deployer).await;
}

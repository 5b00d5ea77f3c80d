//! Whom a deployment asks before it goes on, and what it measures: with the real binaries, a server that stands for
//! the load balancer and for Lambda, and metrics in the emulator.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Slot, Stack, Weights};
use signalbox_tests::wait::eventually;
use tokio::net::TcpListener;

use crate::drive::{assert_clean, beat_until, beat_until_at_rest, deploy};

/// Longest time until minutes are closed, late and judged: one begins, one passes, two are waited for.
const MEASURED: Duration = Duration::from_secs(330);

/// Who is asked, and when.
struct Witness {
    stack: Stack,
    /// The status of the application's new release.
    status: StatusCode,
    /// What functions answer, one after the other; the last one again and again.
    hooks: Mutex<Vec<Value>>,
    /// Who was asked for what, and green's weight at that time.
    asked: Mutex<Vec<(Value, i32)>>,
}

impl Witness {
    async fn hear(&self, what: Value) {
        let weight = self.stack.weights().await.green.unwrap_or(0);
        self.asked.lock().unwrap().push((what, weight));
    }

    fn asked(&self) -> Vec<(Value, i32)> {
        self.asked.lock().unwrap().clone()
    }
}

/// A service whose definition has these changes, somebody to ask, and a deployer that asks there. `{at}` in the
/// changes becomes the address.
async fn asking(status: StatusCode, hooks: &[Value], changes: Value) -> (Arc<Witness>, Function) {
    let stack = Stack::create(&Moto::shared()).await;
    let witness = Arc::new(Witness { stack, status, hooks: Mutex::new(hooks.to_vec()), asked: Mutex::new(Vec::new()) });
    let app = Router::new()
        .route("/health", get(answer_by_header))
        .route("/2015-03-31/functions/{name}/invocations", post(answer_as_function))
        .with_state(Arc::clone(&witness));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, app).await.unwrap() });
    let changes = changes.to_string().replace("{at}", &at);
    witness.stack.define(serde_json::from_str(&changes).unwrap()).await;
    let deployer = witness.stack.launch("deployer").env(&[("AWS_ENDPOINT_URL_LAMBDA", &at)]).start().await;
    (witness, deployer)
}

/// As a listener with a rule for the header of green does.
async fn answer_by_header(State(witness): State<Arc<Witness>>, headers: HeaderMap) -> (StatusCode, &'static str) {
    let slot = headers.get("x-signalbox-slot").map(|slot| slot.to_str().unwrap().to_owned());
    let is_green = slot.as_deref() == Some("green");
    witness.hear(json!(slot)).await;
    if is_green { (witness.status, "this is v2 on green") } else { (StatusCode::OK, "this is v1 on blue") }
}

/// As Lambda does.
async fn answer_as_function(
    State(witness): State<Arc<Witness>>,
    Path(name): Path<String>,
    payload: Bytes,
) -> Json<Value> {
    let event: Value = serde_json::from_slice(&payload).unwrap();
    witness.hear(json!([name, event])).await;
    let mut hooks = witness.hooks.lock().unwrap();
    Json(if hooks.len() > 1 { hooks.remove(0) } else { hooks[0].clone() })
}

fn smoke() -> Value {
    json!({"smoke": {
        "url": "{at}/health",
        "header": {"x-signalbox-slot": "{slot}"},
        "contains": "this is {release} on green",
        "attempts": 2,
    }})
}

/// Drives it to its end; green never gets anything.
async fn assert_taken_back_before_traffic(stack: &Stack, deployer: &Function, why: &str) {
    beat_until(stack, deployer, "taken back", async |_| {
        assert_eq!(stack.weights().await.green.unwrap_or(0), 0, "traffic moved");
        stack.record().await.is_some_and(|record| record.busy.is_none())
    })
    .await;
    assert_clean(stack, Slot::Blue, "v1").await;
    let item = stack.deployment("d-1").await.unwrap();
    assert_eq!(item["phase"], "rolled_back");
    assert!(item["timeline"].to_string().contains(why), "{item:#}");
    let notices = json!(stack.notices().await).to_string();
    assert!(notices.contains(why), "people are told why: {notices}");
}

#[tokio::test]
async fn a_smoke_check_reaches_green_by_its_header_before_traffic_does() {
    let (witness, deployer) = asking(StatusCode::OK, &[], smoke()).await;
    deployer.invoke(deploy(&witness.stack, "v2", "d-1")).await.unwrap();
    beat_until_at_rest(&witness.stack, &deployer).await;
    assert_clean(&witness.stack, Slot::Green, "v2").await;
    assert_eq!(witness.asked(), [(json!("green"), 0)], "once, while green had no traffic");
}

#[tokio::test]
async fn a_release_that_fails_its_smoke_check_never_gets_traffic() {
    let (witness, deployer) = asking(StatusCode::INTERNAL_SERVER_ERROR, &[], smoke()).await;
    deployer.invoke(deploy(&witness.stack, "v2", "d-1")).await.unwrap();
    assert_taken_back_before_traffic(&witness.stack, &deployer, "answered 500 instead of 200").await;
    assert_eq!(witness.asked(), [(json!("green"), 0), (json!("green"), 0)], "as often as it may be");
}

#[tokio::test]
async fn hooks_are_asked_before_and_after_traffic_until_they_say_yes() {
    let hooks = json!({"hooks": {"before_traffic": "ready", "after_traffic": "told"}});
    let answers = [json!({"outcome": "waiting"}), json!({"outcome": "passed"}), Value::Null];
    let (witness, deployer) = asking(StatusCode::OK, &answers, hooks).await;
    deployer.invoke(deploy(&witness.stack, "v2", "d-1")).await.unwrap();
    beat_until_at_rest(&witness.stack, &deployer).await;
    assert_clean(&witness.stack, Slot::Green, "v2").await;
    let question = |function: &str, hook: &str| {
        let service = &witness.stack.name;
        json!([function, {"hook": hook, "operation": "d-1", "service": service, "release": "v2", "slot": "green"}])
    };
    let before = (question("ready", "before_traffic"), 0);
    assert_eq!(witness.asked(), [before.clone(), before, (question("told", "after_traffic"), 100)]);
}

#[tokio::test]
async fn a_hook_that_says_no_keeps_the_traffic_where_it_is() {
    let hooks = json!({"hooks": {"before_traffic": "ready"}});
    let answers = [json!({"outcome": "refused", "reason": "the index is not built"})];
    let (witness, deployer) = asking(StatusCode::OK, &answers, hooks).await;
    deployer.invoke(deploy(&witness.stack, "v2", "d-1")).await.unwrap();
    assert_taken_back_before_traffic(&witness.stack, &deployer, "the index is not built").await;
}

/// This one takes three to five minutes, since only closed minutes are judged and the functions' clock is the real
/// one; the others run meanwhile.
#[tokio::test]
async fn a_release_that_fails_more_than_it_may_is_taken_back_by_its_metrics() {
    let checks = json!({
        "strategy": {"kind": "canary", "weight": 10, "bake": "1h"},
        "guard": {"checks": [{"metric": "error_rate", "max_percent": 1.0, "min_requests": 50}]},
    });
    let stack = Stack::builder(&Moto::shared()).define(checks).create().await;
    let deployer = stack.start("deployer").await;
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    beat_until(&stack, &deployer, "10 %", async |_| stack.weights().await == Weights::of(90, 10)).await;
    let now = SystemTime::now();
    for minute in 0..6 {
        let at = now + Duration::from_secs(60 * minute);
        stack.put_metric(Slot::Blue, "RequestCount", 900.0, at).await;
        stack.put_metric(Slot::Green, "RequestCount", 100.0, at).await;
        stack.put_metric(Slot::Green, "HTTPCode_Target_5XX_Count", 20.0, at).await;
        stack.put_metric(Slot::Green, "TargetConnectionErrorCount", 5.0, at).await;
    }
    eventually("taken back", MEASURED, async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        deployer.invoke(json!({"heartbeat": true})).await.expect("a heartbeat");
        (stack.weights().await.green.unwrap_or(0) == 0).then_some(())
    })
    .await;
    // The requests that the emulator was given would keep green from being retired for minutes. How a rollback
    // ends is another test's; here the record must be readable after a check has failed.
    let record = stack.record().await.unwrap().doc;
    assert_eq!(record["operation"]["phase"], "rolling_back", "{record:#}");
    let answer = deployer.invoke(json!({"command": "status", "service": stack.name})).await.unwrap();
    assert!(
        answer["reason"].as_str().unwrap().contains("25 of 100 requests failed"),
        "by its first minute: {answer:#}"
    );
}

//! The Runtime API and the Invoke API, with a small script as the function.

use std::collections::BTreeSet;
use std::env;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};
use signalbox_tests::http;
use signalbox_tests::invoke_api::InvokeApi;
use signalbox_tests::runtime::{Function, Invocation, Launch};

const SOON: Duration = Duration::from_secs(10);

fn script() -> Launch {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/harness/client.py");
    Launch::program("script", python).argument(script)
}

async fn start() -> Function {
    script().env(&[("SIGNALBOX_TABLE", "t")]).start().await
}

fn pid(answer: &Value) -> u64 {
    answer["pid"].as_u64().expect("a process id")
}

#[tokio::test]
async fn an_event_arrives_with_its_id_deadline_and_environment() {
    let function = start().await;
    let event = json!({"service": "web"});
    let invocation = Invocation::from(&event).request_id("r-1").timeout(Duration::from_secs(20));
    let answer = function.invoke(invocation).await.unwrap();
    assert_eq!((&answer["event"], &answer["request_id"]), (&event, &json!("r-1")));
    let remaining = answer["remaining"].as_f64().unwrap();
    assert!((15.0..=20.0).contains(&remaining), "{remaining}");
    assert_eq!(answer["arn"], function.arn());
    let environment = &answer["environment"];
    assert_eq!(environment["SIGNALBOX_TABLE"], "t");
    assert_eq!(environment["AWS_REGION"], "eu-west-1");
    assert_eq!(environment["AWS_ENDPOINT_URL"], "http://127.0.0.1:9", "never the real AWS");
    assert_eq!(environment.get("CARGO_MANIFEST_DIR"), None, "nothing of the test's own environment");
    let second = function.invoke(json!({})).await.unwrap();
    assert_ne!(second["request_id"], function.invoke(json!({})).await.unwrap()["request_id"]);
}

#[tokio::test]
async fn an_error_is_the_functions_own() {
    let function = start().await;
    let error = function.invoke_raw("no json").await.unwrap_err();
    assert_eq!(error.error_type, "BadEvent");
    assert!(error.message.contains("Expecting value"), "{error}");
    assert!(function.is_alive());
}

#[tokio::test]
async fn a_killed_function_fails_its_event_and_comes_back_when_told() {
    let function = start().await;
    let first = pid(&function.invoke(json!({})).await.unwrap());
    let running = function.begin(json!({"say": "busy", "sleep": 60}));
    function.wait_for_log("busy", SOON).await;
    function.kill().await;
    assert!(!function.is_alive());
    assert_eq!(running.await.unwrap().unwrap_err().error_type, "Runtime.ExitError");
    assert_eq!(function.invoke(json!({})).await.unwrap_err().error_type, "Runtime.ExitError");
    function.restart().await;
    assert!(function.is_alive());
    assert_ne!(pid(&function.invoke(json!({})).await.unwrap()), first);
    assert_eq!(function.logs(), ["started", "busy", "started"]);
}

#[tokio::test]
async fn a_function_that_exits_or_takes_too_long_is_over() {
    let function = start().await;
    let error = function.invoke(json!({"exit": 7})).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert_eq!(function.exit_status().unwrap().code(), Some(7));
    function.restart().await;
    let begun = Instant::now();
    let slow = Invocation::from(json!({"sleep": 60})).timeout(Duration::from_millis(300));
    let error = function.invoke(slow).await.unwrap_err();
    assert_eq!(error.to_string(), "Sandbox.Timedout: Task timed out after 0.30 seconds");
    assert!(begun.elapsed() < SOON && !function.is_alive());
}

#[tokio::test]
async fn a_failed_start_tells_why() {
    let failure = script().env(&[("FAIL_AT_START", "1")]).start_expecting_failure().await;
    assert_eq!(failure.status.code(), Some(3));
    assert_eq!(failure.reported.unwrap()["errorMessage"], "no table");
    assert_eq!(failure.logs, ["no table"]);
}

#[tokio::test]
async fn events_for_one_function_wait_their_turn_and_rivals_run_at_once() {
    let function = start().await;
    let begun = Instant::now();
    let (first, second) = (function.begin(json!({"sleep": 0.2})), function.begin(json!({"sleep": 0.2})));
    assert_eq!(pid(&first.await.unwrap().unwrap()), pid(&second.await.unwrap().unwrap()));
    assert!(begun.elapsed() >= Duration::from_millis(400));

    let rivals = script().start_many(5).await;
    let answers: Vec<_> = rivals.iter().map(|rival| rival.begin(json!({"sleep": 0.5}))).collect();
    let mut pids = BTreeSet::new();
    for answer in answers {
        pids.insert(pid(&answer.await.unwrap().unwrap()));
    }
    assert_eq!(pids.len(), 5);
}

#[tokio::test]
async fn a_dropped_function_is_gone() {
    let function = start().await;
    let pid = pid(&function.invoke(json!({})).await.unwrap());
    drop(function);
    let gone = async || (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(());
    signalbox_tests::wait::eventually("the process is gone", SOON, gone).await;
}

#[tokio::test]
async fn the_invoke_api_passes_events_and_errors() {
    let function = start().await;
    let api = InvokeApi::start(&[("web-deployer", &function)]).await;
    let post = async |name: &str, body: &str| {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        http::send(api.endpoint(), Method::POST, &path, &[], body.to_owned()).await
    };
    let answer = post("arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aweb-deployer", "{\"a\":1}").await;
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, None));
    assert_eq!(answer.json()["event"], json!({"a": 1}));
    assert_eq!(api.received(), [("web-deployer".to_owned(), json!({"a": 1}))]);
    assert_eq!(post("unknown", "{}").await.header("x-amzn-errortype"), Some("ResourceNotFoundException"));
    assert_eq!(post("web-deployer", "no json").await.status, 400);
    let failed = post("web-deployer", "{\"exit\":1}").await;
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, Some("Unhandled")));
    assert_eq!(failed.json()["errorType"], "Runtime.ExitError");
}

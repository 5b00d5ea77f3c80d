//! Bad input gets a clear answer, leaks nothing, and leaves the function alive and the world as it was.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use signalbox_tests::events::{AlarmChange, deployment_requested};
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Listener, Slot, Stack, Weights};

use crate::drive::{assert_not_understood, beat_until_at_rest, deploy};

async fn calls_that_change_something(moto: &Moto, stack: &Stack) -> Vec<String> {
    let own = |call: &signalbox_tests::moto::Call| call.mutates() && call.mentions(&stack.name);
    let service = |call: &signalbox_tests::moto::Call| ["elbv2", "autoscaling", "ssm"].contains(&call.service.as_str());
    moto.calls().await.into_iter().filter(|call| own(call) && service(call)).map(|call| call.operation).collect()
}

#[tokio::test]
async fn what_cannot_be_understood_is_an_error_by_type_that_repeats_nothing() {
    let moto = Moto::start();
    let stack = Stack::create(&moto).await;
    let (deployer, rollback) = (stack.start("deployer").await, stack.start("rollback").await);
    moto.clear_calls().await;
    let cases = [
        (
            json!({"command": "deploy", "service": stack.name, "release": "v2", "hunter2": 1}),
            "MalformedEvent",
            "hunter2",
        ),
        (json!({"command": "deploy", "service": stack.name}), "MalformedEvent", "release"),
        (json!({"command": "deploy", "service": stack.name, "release": 7}), "MalformedEvent", "release"),
        (
            json!({"command": "deploy", "service": stack.name, "release": "v2", "strategy": {"kind": "canary", "weight": -5}}),
            "MalformedEvent",
            "strategy",
        ),
        (json!({"command": "explode", "service": stack.name}), "MalformedEvent", "command"),
        (
            json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {"secret": "hunter2"}}),
            "UnrecognizedEvent",
            "aws.s3",
        ),
    ];
    assert_not_understood(&deployer, cases).await;
    let error = rollback.invoke(json!({"service": stack.name})).await.expect_err("a reason is required");
    assert!(error.message.contains("reason"), "{error}");
    assert!(rollback.is_alive());
    assert_eq!(deployer.invoke(json!({"command": "status", "service": stack.name})).await.unwrap()["outcome"], "idle");
    assert!(calls_that_change_something(&moto, &stack).await.is_empty(), "the world is as it was");
}

#[tokio::test]
async fn a_refusal_is_an_answer_in_one_sentence_that_changes_nothing() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    let unknown = deployer.invoke(json!({"command": "deploy", "service": "nobody", "release": "v2"})).await.unwrap();
    assert_eq!((&unknown["outcome"], &unknown["service"]), (&json!("refused"), &json!("nobody")));

    stack.set_alarm("ALARM").await;
    let refused = deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    assert_eq!(refused["outcome"], "refused");
    assert!(refused["reason"].as_str().unwrap().contains(&stack.alarm), "{refused}");
    assert_eq!(stack.weights().await.green, None);
    assert_eq!(stack.parameter(Slot::Green).await, "none");
    assert!(stack.deployment("d-1").await.is_none(), "a refusal creates no operation");
    assert_eq!(stack.decisions().await.len(), 1, "but it is explained");

    stack.set_alarm("OK").await;
    assert_eq!(
        deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap()["outcome"],
        "accepted",
        "its id may be sent again"
    );
    let second = deployer.invoke(deploy(&stack, "v3", "d-2")).await.unwrap();
    assert_eq!(second["outcome"], "refused");
    assert!(second["reason"].as_str().unwrap().contains("d-1"), "{second}");
    beat_until_at_rest(&stack, &deployer).await;
}

#[tokio::test]
async fn an_event_that_is_old_is_refused_and_told() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    let stale = deployment_requested(&stack.name, "v2").at(Timestamp::now() - SignedDuration::from_mins(16)).json();
    assert_eq!(deployer.invoke(&stale).await.unwrap()["outcome"], "refused");
    let notices = stack.notices().await;
    assert_eq!(notices[0]["kind"], "request_refused", "nobody reads the answer to an event");
    assert_eq!(stack.weights().await.green, None);
}

#[tokio::test]
async fn an_event_for_a_service_that_nobody_defined_is_refused_and_told() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    let answer = deployer.invoke(deployment_requested("nobody", "v2").json()).await.unwrap();
    assert_eq!((&answer["outcome"], &answer["service"]), (&json!("refused"), &json!("nobody")));
    let notices = stack.notices().await;
    assert!(
        notices.iter().any(|notice| notice["kind"] == "request_refused" && notice["service"] == "nobody"),
        "{notices:?}"
    );
}

#[tokio::test]
async fn a_split_listener_is_refused_until_a_person_says_what_is_live() {
    let stack = Stack::builder(&Moto::shared()).listener(Listener::Weighted(60, 40)).green(1, 1, 2).create().await;
    let deployer = stack.start("deployer").await;
    let refused = deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    assert_eq!(refused["outcome"], "refused");
    assert!(refused["reason"].as_str().unwrap().contains("adopt"), "{refused}");
    assert!(stack.record().await.is_none());
    let adopt = json!({"command": "adopt", "service": stack.name, "live": "green", "release": "v7"});
    assert_eq!(deployer.invoke(adopt).await.unwrap()["outcome"], "accepted");
    assert_eq!(stack.weights().await, Weights::of(0, 100));
    assert_eq!(stack.record().await.unwrap().doc["releases"]["green"], "v7");
}

#[tokio::test]
async fn what_concerns_nobody_is_ignored_with_the_reason() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    let foreign = deployer.invoke(AlarmChange::new("somebody-elses-alarm", "ALARM").eventbridge()).await.unwrap();
    assert_eq!(foreign["outcome"], "ignored", "{foreign}");
    assert!(foreign["reason"].is_string());
    assert!(stack.record().await.is_none(), "and creates nothing");
}

#[tokio::test]
async fn a_definition_with_a_mistake_is_an_error_that_names_the_field() {
    let stack = Stack::builder(&Moto::shared()).define(json!({"bake": "soon"})).create().await;
    let deployer = stack.start("deployer").await;
    let error = deployer.invoke(deploy(&stack, "v2", "d-1")).await.expect_err("an error");
    assert_eq!(error.error_type, "InvalidDefinition");
    assert!(error.message.contains("bake") && !error.message.contains("soon"), "{error}");
}

#[tokio::test]
async fn a_newer_record_is_left_alone() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    stack
        .put_item(
            &stack.partition(),
            "RECORD",
            &json!({"from": "the future"}),
            &[("version", json!(3)), ("schema", json!(99))],
        )
        .await;
    let error = deployer.invoke(deploy(&stack, "v2", "d-1")).await.expect_err("an error");
    assert_eq!(error.error_type, "NewerSchema");
    assert_eq!(stack.record().await.unwrap().version, 3);
    assert_eq!(stack.weights().await.green, None);
}

#[tokio::test]
async fn a_missing_or_malformed_variable_stops_the_function_with_its_name() {
    let stack = Stack::create(&Moto::shared()).await;
    for function in ["deployer", "rollback", "replacer"] {
        let failure = stack.launch(function).without("SIGNALBOX_TABLE").start_expecting_failure().await;
        assert!(!failure.status.success());
        assert!(failure.logs.join("\n").contains("SIGNALBOX_TABLE"), "{}", failure.logs.join("\n"));
    }
    let wrong: [(&str, &str); 3] = [
        ("SIGNALBOX_LINGER_SECONDS", "hunter2"),
        ("SIGNALBOX_ALERTS_TOPIC_ARN", "hunter2"),
        ("SIGNALBOX_TRUSTED_TOPICS", "hunter2"),
    ];
    for variable in wrong {
        let failure = stack.launch("deployer").env(&[variable]).start_expecting_failure().await;
        assert!(
            failure.logs.join("\n").contains(variable.0) && !failure.logs.join("\n").contains("hunter2"),
            "{}",
            failure.logs.join("\n")
        );
    }
}

#[tokio::test]
async fn logs_and_metrics_say_what_was_done() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer: Function = stack.start("deployer").await;
    deployer.invoke(deploy(&stack, "v2", "d-1")).await.unwrap();
    let lines: Vec<serde_json::Value> =
        deployer.logs().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let looked = lines.iter().find(|line| line["message"] == "looked").expect("a line for the look");
    assert_eq!((&looked["service"], &looked["operation"]), (&json!(stack.name), &json!("d-1")));
    assert!(looked.to_string().contains("requestId"), "{looked}");
    let metric = lines.iter().find(|line| line["Looks"].is_number()).expect("metrics of the look");
    assert_eq!(metric["Deployments"], 1.0);
    assert_eq!(metric["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Signalbox");
    beat_until_at_rest(&stack, &deployer).await;
}

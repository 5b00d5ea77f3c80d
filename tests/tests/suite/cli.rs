//! The command, against the real functions.

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};
use signalbox_tests::invoke_api::InvokeApi;
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Slot, Stack};

use crate::drive::{assert_clean, beat_until_at_rest};
use crate::shell::{signalbox, text};

struct Shell<'a> {
    stack: &'a Stack,
    lambda: InvokeApi,
}

impl<'a> Shell<'a> {
    async fn new(stack: &'a Stack, deployer: &Function, rollback: &Function) -> Shell<'a> {
        Shell::of(stack, &[("signalbox-deployer", deployer), ("signalbox-rollback", rollback)]).await
    }

    async fn of(stack: &'a Stack, functions: &[(&str, &Function)]) -> Shell<'a> {
        Shell { stack, lambda: InvokeApi::start(functions).await }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        signalbox(self.stack, &self.lambda, arguments).await
    }
}

fn file(name: &str, content: &Value) -> PathBuf {
    let path = std::env::temp_dir().join(format!("signalbox-{}-{name}", std::process::id()));
    std::fs::write(&path, content.to_string()).unwrap();
    path
}

#[tokio::test]
async fn a_service_is_defined_deployed_followed_and_rolled_back_from_the_shell() {
    let stack = Stack::builder(&Moto::shared()).undefined().create().await;
    let (deployer, rollback) = (stack.start("deployer").await, stack.start("rollback").await);
    let shell = Shell::new(&stack, &deployer, &rollback).await;
    let definition = file("definition.json", stack.definition());
    let defined = shell.run(&["define", definition.to_str().unwrap()]).await;
    assert!(defined.status.success(), "{}", text(&defined));

    let arguments = ["deploy", &stack.name, "v2", "--id", "d-1", "--wait"];
    let deploying = shell.run(&arguments);
    let beating = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        beat_until_at_rest(&stack, &deployer).await;
    };
    let (deployed, ()) = tokio::join!(deploying, beating);
    assert!(deployed.status.success(), "{}", text(&deployed));
    assert!(text(&deployed).contains("v2 is live on green"), "{}", text(&deployed));

    let status = shell.run(&["--json", "status", &stack.name]).await;
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["record"]["live"], "green");
    let readable = shell.run(&["status", &stack.name]).await;
    assert!(text(&readable).contains("a rollback goes to v1"), "{}", text(&readable));

    let back = shell.run(&["rollback", &stack.name, "--reason", "wrong results"]).await;
    assert!(back.status.success(), "{}", text(&back));
    beat_until_at_rest(&stack, &deployer).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
}

#[tokio::test]
async fn a_request_is_followed_to_its_end_whoever_made_it_and_however_it_ends() {
    let stack = Stack::create(&Moto::shared()).await;
    let (deployer, rollback) = (stack.start("deployer").await, stack.start("rollback").await);
    let shell = Shell::new(&stack, &deployer, &rollback).await;
    let arguments = ["wait", &stack.name, "github-1"];
    // The event comes after somebody already waits for it.
    let asked = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let event = json!({"command": "deploy", "service": stack.name, "release": "v2", "id": "github-1"});
        deployer.invoke(event).await.unwrap();
        beat_until_at_rest(&stack, &deployer).await;
    };
    let (followed, ()) = tokio::join!(shell.run(&arguments), asked);
    assert_eq!(followed.status.code(), Some(0), "{}", text(&followed));
    let said = String::from_utf8_lossy(&followed.stdout);
    assert!(said.trim_end().ends_with("v2 is live on green"), "{said}");

    stack.set_alarm("ALARM").await;
    let refused = json!({"command": "deploy", "service": stack.name, "release": "v3", "id": "github-2"});
    assert_eq!(deployer.invoke(refused).await.unwrap()["outcome"], "refused");
    let told = shell.run(&["wait", &stack.name, "github-2"]).await;
    assert_eq!(told.status.code(), Some(1), "{}", text(&told));
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(said.lines().last().unwrap().contains(&stack.alarm), "{said}");

    let nobody = shell.run(&["wait", &stack.name, "github-3", "--taken-within", "0"]).await;
    assert_eq!(nobody.status.code(), Some(3), "{}", text(&nobody));
    assert!(text(&nobody).contains("nobody has taken request github-3"), "{}", text(&nobody));
}

#[tokio::test]
async fn a_plan_changes_nothing_a_freeze_refuses_and_a_newer_release_waits_its_turn() {
    let moto = Moto::shared();
    let stack = Stack::builder(&moto).canary().define(json!({"arrival": "queue_latest"})).create().await;
    let (deployer, rollback) = (stack.start("deployer").await, stack.start("rollback").await);
    let shell = Shell::new(&stack, &deployer, &rollback).await;
    let before = moto.calls().await.len();
    let plan = shell.run(&["plan", &stack.name, "v2"]).await;
    assert!(plan.status.success() && text(&plan).contains("  - route blue 90 / green 10"), "{}", text(&plan));
    let changes: Vec<_> = moto.calls().await.into_iter().skip(before).collect();
    assert!(!changes.iter().any(|call| call.mutates() && call.mentions(&stack.name)), "{changes:?}");
    assert!(stack.record().await.is_none(), "not even a record is written");

    let frozen = shell.run(&["freeze", &stack.name, "--reason", "the fair is on"]).await;
    assert!(frozen.status.success(), "{}", text(&frozen));
    let refused = shell.run(&["deploy", &stack.name, "v2"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("the fair is on"), "{}", text(&refused));
    let past = shell.run(&["freeze", &stack.name, "--reason", "x", "--until", "2020-01-01T00:00:00Z"]).await;
    assert_eq!(past.status.code(), Some(1), "{}", text(&past));
    assert!(shell.run(&["thaw", &stack.name]).await.status.success());

    assert!(shell.run(&["deploy", &stack.name, "v2", "--id", "d-1"]).await.status.success());
    let waits = shell.run(&["deploy", &stack.name, "v3", "--id", "d-2"]).await;
    assert!(text(&waits).contains("v3 waits until d-1 has ended"), "{}", text(&waits));
    beat_until_at_rest(&stack, &deployer).await;
    assert_eq!(stack.deployments().await.len(), 2, "one after the other");
    assert_clean(&stack, Slot::Blue, "v3").await;
}

#[tokio::test]
async fn an_instance_is_replaced_from_the_shell_and_that_is_followed_to_its_end() {
    let stack = Stack::create(&Moto::shared()).await;
    let replacer = stack.start("replacer").await;
    let shell = Shell::of(&stack, &[("signalbox-replacer", &replacer)]).await;
    let before = stack.group(Slot::Blue).await;
    let asked = shell.run(&["replace", &stack.name, &before.instances[0], "--reason", "its disk is full"]).await;
    assert_eq!(asked.status.code(), Some(0), "{}", text(&asked));
    let items = stack.replacements().await;
    let id = items[0].sk.trim_start_matches("REPLACEMENT#");
    let arguments = ["wait", &stack.name, id];
    let (followed, ()) = tokio::join!(shell.run(&arguments), beat_until_at_rest(&stack, &replacer));
    assert_eq!(followed.status.code(), Some(0), "{}", text(&followed));
    assert!(
        text(&followed).contains(&format!("{} on blue was replaced by", before.instances[0])),
        "{}",
        text(&followed)
    );
    assert_clean(&stack, Slot::Blue, "v1").await;
    assert_ne!(stack.group(Slot::Blue).await.instances, before.instances);

    let gone = shell.run(&["replace", &stack.name, &before.instances[0], "--reason", "again"]).await;
    assert_eq!(gone.status.code(), Some(1), "{}", text(&gone));
    assert!(text(&gone).contains("is not in blue's group"), "{}", text(&gone));
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_line_with_one_line_of_what_to_do() {
    let stack = Stack::create(&Moto::shared()).await;
    let (deployer, rollback) = (stack.start("deployer").await, stack.start("rollback").await);
    let shell = Shell::new(&stack, &deployer, &rollback).await;
    let mut wrong = stack.definition().clone();
    wrong["strategy"] = json!({"kind": "canary", "weight": 150});
    let wrong = file("wrong.json", &wrong);
    for (arguments, code, says) in [
        (vec!["define", wrong.to_str().unwrap()], 2, "strategy.weight"),
        (vec!["define", "nowhere.json"], 2, "nowhere.json"),
        (vec!["deploy", "nobody", "v2"], 1, "no service named nobody"),
        (vec!["deploy", &stack.name, "v 2"], 1, "release"),
        (vec!["--deployer", "missing", "status", &stack.name], 1, "missing"),
        (vec!["rollback", &stack.name], 2, "--reason"),
        (vec!["freeze", &stack.name, "--reason", "x", "--until", "tomorrow"], 2, "such as 2026-11-30T07:00:00Z"),
    ] {
        let output = shell.run(&arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(says), "{arguments:?}: {}", text(&output));
    }
}

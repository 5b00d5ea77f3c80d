//! The billing guard, as the binary that is deployed: what AWS charges, from the reading to the service.

use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};
use signalbox_tests::events::heartbeat;
use signalbox_tests::invoke_api::InvokeApi;
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Slot, Stack};

use crate::shell::{signalbox, text};

/// The topic in us-east-1 that alarms on charges and Budgets publish to.
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:codedetect-prod-billing";

/// An account of its own: readings are the whole account's.
struct Account {
    stack: Stack,
    guard: Function,
    lambda: InvokeApi,
}

impl Account {
    async fn new() -> Account {
        let stack = Stack::create(&Moto::start()).await;
        // As Terraform leaves variables out.
        let variables = [("SIGNALBOX_CHAT_TOPIC_ARN", ""), ("SIGNALBOX_TRUSTED_TOPICS", TOPIC)];
        let guard = stack.launch("billing-guard").env(&variables).start().await;
        let lambda = InvokeApi::start(&[("signalbox-billing-guard", &guard)]).await;
        Account { stack, guard, lambda }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        signalbox(&self.stack, &self.lambda, &[&["billing"], arguments].concat()).await
    }

    async fn write_plan(&self, plan: &Value) -> Output {
        let name = format!("signalbox-{}-{}-plan.json", std::process::id(), self.stack.name);
        let path: PathBuf = std::env::temp_dir().join(name);
        std::fs::write(&path, plan.to_string()).unwrap();
        let output = self.run(&["plan", path.to_str().unwrap()]).await;
        std::fs::remove_file(path).unwrap();
        output
    }
}

fn plan() -> Value {
    json!({"rungs": [
        {"at_usd": 10, "do": ["notify"]},
        {"at_usd": 20.5, "do": ["notify", "freeze_deployments"]},
        {"at_usd": 50, "do": ["notify", "freeze_deployments", "retire_standby", "cap_scaling"]},
    ]})
}

#[tokio::test]
async fn charges_fire_their_rungs_once_and_a_person_lifts_what_is_in_force_from_the_shell() {
    let account = Account::new().await;
    let beat = async || account.guard.invoke(heartbeat()).await.unwrap();
    let unplanned = beat().await;
    assert!(unplanned["reason"].as_str().unwrap().contains("there is no billing plan"), "{unplanned}");

    let mut wrong = plan();
    wrong["rungs"][1]["at_usd"] = json!(5);
    let refused = account.write_plan(&wrong).await;
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("rungs[1].at_usd: must be above"), "{}", text(&refused));
    assert!(text(&refused).contains("nothing was written"), "{}", text(&refused));
    assert!(account.stack.item("ACCOUNT", "BILLING#PLAN").await.is_none());
    let written = account.write_plan(&plan()).await;
    assert!(written.status.success() && text(&written).contains("$10.00, $20.50, $50.00"), "{}", text(&written));
    assert_eq!(account.stack.item("ACCOUNT", "BILLING#PLAN").await.unwrap().doc, plan());

    for (minutes_ago, dollars) in [(20, 4.0), (15, 8.0), (10, 16.0), (5, 24.0)] {
        account.stack.put_charge(minutes_ago, dollars).await;
    }
    let fired = beat().await;
    assert_eq!((&fired["rungs_fired"], &fired["reading_usd"]), (&json!([10, 20.5]), &json!(24)), "{fired}");
    let again = beat().await;
    assert_eq!(again["rungs_fired"], json!([]), "{again}");
    let notices = account.stack.moto().outbox().await;
    for rung in ["$10.00", "$20.50"] {
        let text = format!("AWS charges: {rung} is passed");
        let says = |notice: &&Value| notice["message"].as_str().unwrap().contains(&text);
        assert_eq!(notices.iter().filter(says).count(), 1, "{rung}: {notices:?}");
    }

    let status = account.run(&["status"]).await;
    assert!(status.status.success(), "{}", text(&status));
    for line in
        ["$24.00 so far in ", "\nIn force since ", "\nTo lift it: signalbox billing release", "\n  last reading: "]
    {
        assert!(text(&status).contains(line), "{line}: {}", text(&status));
    }
    assert!(text(&status).contains(&format!("\n  {}: ", account.stack.name)), "{}", text(&status));
    let before = account.stack.moto().calls().await.len();
    let preview = account.run(&["preview"]).await;
    assert!(preview.status.success(), "{}", text(&preview));
    assert!(text(&preview).contains("at $50.00: notify, freeze_deployments, retire_standby, cap_scaling"));
    let calls = account.stack.moto().calls().await;
    let changes: Vec<_> = calls.iter().skip(before).filter(|call| call.mutates()).collect();
    assert!(changes.is_empty(), "{changes:?}");

    let released = account.run(&["release", "--reason", "the fair is paid for"]).await;
    assert!(released.status.success() && text(&released).starts_with("accepted: released"), "{}", text(&released));
    let idle = account.run(&["release", "--reason", "once more"]).await;
    assert!(idle.status.success() && text(&idle).starts_with("idle: nothing"), "{}", text(&idle));
    let status = account.run(&["--json", "status"]).await;
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["status"]["in_force"], json!([]), "{status}");
}

#[tokio::test]
async fn what_is_typed_wrongly_or_comes_too_late_is_said() {
    let account = Account::new().await;
    assert!(account.write_plan(&plan()).await.status.success());
    for (arguments, code, says) in [
        (vec!["release"], 2, "--reason"),
        (vec!["plan", "nowhere.json"], 2, "nowhere.json"),
        (vec!["exempt", "--until", "tomorrow", "--owner", "ada", "--reason", "x"], 2, "2026-11-30T07:00:00Z"),
        (vec!["exempt", "--until", "2020-01-01T00:00:00Z", "--owner", "ada", "--reason", "x"], 1, "is over already"),
        (vec!["--billing-guard", "missing", "status"], 1, "missing"),
        (vec!["confirm", "--reason", "x"], 0, "no reading that waits"),
    ] {
        let output = account.run(&arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(says), "{arguments:?}: {}", text(&output));
    }
}

#[tokio::test]
async fn a_month_that_a_newer_version_wrote_is_left_alone_loudly() {
    let account = Account::new().await;
    assert!(account.write_plan(&plan()).await.status.success());
    let sk = month();
    let newer = json!({"of": "the future"});
    account.stack.put_item("ACCOUNT", &sk, &newer, &[("version", json!(4)), ("schema", json!(99))]).await;
    let error = account.guard.invoke(heartbeat()).await.unwrap_err();
    assert_eq!(error.error_type, "CloudCallFailed");
    assert!(error.message.contains(&sk) && error.message.contains("newer"), "{}", error.message);
    assert_eq!(account.stack.item("ACCOUNT", &sk).await.unwrap().doc, newer);
}

/// Four small readings, the last of them a quarter of an hour old.
async fn with_a_history() -> Account {
    let account = Account::new().await;
    assert!(account.write_plan(&plan()).await.status.success());
    for (minutes_ago, dollars) in [(60, 6.0), (45, 7.0), (30, 8.0), (15, 9.0)] {
        account.stack.put_charge(minutes_ago, dollars).await;
    }
    account
}

/// What was told about charges, oldest first, one line each.
async fn told(account: &Account) -> Vec<String> {
    let outbox = account.stack.moto().outbox().await;
    let texts = outbox.iter().filter_map(|notice| serde_json::from_str::<Value>(notice["message"].as_str()?).ok());
    texts.filter_map(|text| Some(text["default"].as_str()?.lines().next()?.to_owned())).collect()
}

#[tokio::test]
async fn a_jump_past_all_rungs_holds_the_group_back_and_a_release_gives_it_back() {
    let account = with_a_history().await;
    account.stack.define(json!({"settle_guard": "1s"})).await;
    let quiet = account.guard.invoke(heartbeat()).await.unwrap();
    assert_eq!((&quiet["rungs_fired"], &quiet["reading_usd"]), (&json!([]), &json!(9)), "{quiet}");

    account.stack.put_charge(0, 55.0).await;
    let fired = account.guard.invoke(heartbeat()).await.unwrap();
    assert_eq!(fired["rungs_fired"], json!([10, 20.5, 50]), "{fired}");
    let group = account.stack.group(Slot::Blue).await;
    assert_eq!((group.min, group.desired, group.max, group.suspended.len()), (1, 1, 1, 0));
    let lines = told(&account).await;
    let passed: Vec<&str> = lines.iter().filter_map(|line| Some(line.split_once(" is passed")?.0)).collect();
    assert_eq!(passed, ["AWS charges: $10.00", "AWS charges: $20.50", "AWS charges: $50.00"], "{lines:#?}");
    let month = account.stack.item("ACCOUNT", &month()).await.unwrap().doc;
    assert_eq!(month["services"][&account.stack.name]["held"][1]["former"]["max"], 2, "{month:#}");

    let deployer = account.stack.start("deployer").await;
    let deploy = json!({"command": "deploy", "service": account.stack.name, "release": "v2"});
    let refused = deployer.invoke(deploy).await.unwrap();
    assert_eq!(refused["outcome"], "refused", "{refused}");
    assert!(refused["reason"].as_str().unwrap().contains("AWS charges have passed $50.00"), "{refused}");

    let released = account.guard.invoke(json!({"command": "release", "reason": "we knew"})).await.unwrap();
    assert_eq!(released["outcome"], "accepted", "{released}");
    assert_eq!(account.stack.group(Slot::Blue).await.max, 2);
    account.stack.put_charge(0, 56.0).await;
    let again = account.guard.invoke(heartbeat()).await.unwrap();
    assert_eq!(again["rungs_fired"], json!([]), "{again}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    account.guard.invoke(heartbeat()).await.unwrap();
    assert_eq!(account.stack.group(Slot::Blue).await.max, 2);
    assert_eq!(account.stack.record().await.unwrap().doc["cap"], Value::Null, "nothing is owed any more");
}

#[tokio::test]
async fn a_million_times_what_was_charged_before_is_told_once_and_nothing_is_done() {
    let account = with_a_history().await;
    account.stack.put_charge(0, 9_000_000.0).await;
    for _ in 0..3 {
        let answer = account.guard.invoke(heartbeat()).await.unwrap();
        assert_eq!((&answer["rungs_fired"], &answer["reading_usd"]), (&json!([]), &json!(9_000_000)), "{answer}");
    }
    assert_eq!(account.stack.group(Slot::Blue).await.max, 2);
    let lines = told(&account).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("AWS charges: $9,000,000.00 for "), "{lines:?}");
    let confirmed = account.guard.invoke(json!({"command": "confirm", "reason": "it is"})).await.unwrap();
    assert_eq!(confirmed["rungs_fired"], json!([10, 20.5, 50]), "{confirmed}");
    assert_eq!(account.stack.group(Slot::Blue).await.max, 1);
}

#[tokio::test]
async fn one_service_that_cannot_be_held_back_does_not_keep_the_others_from_it() {
    let account = with_a_history().await;
    account.stack.put_item("SERVICES", "broken", &json!({"name": "broken"}), &[]).await;
    account.stack.put_charge(0, 55.0).await;
    let fired = account.guard.invoke(heartbeat()).await.unwrap();
    let reason = fired["reason"].as_str().unwrap();
    assert!(reason.contains("broken: the definition of broken is wrong at "), "{reason}");
    assert_eq!(account.stack.group(Slot::Blue).await.max, 1);
    let incomplete = |lines: &[String]| lines.iter().filter(|line| line.contains("is tried again: broken: ")).count();
    assert_eq!(incomplete(&told(&account).await), 0, "once is no news");
    for _ in 0..3 {
        account.guard.invoke(heartbeat()).await.unwrap();
    }
    assert_eq!(incomplete(&told(&account).await), 1);
}

#[tokio::test]
async fn only_a_trusted_topic_is_believed_and_no_mail_is_ever_enforced() {
    let account = with_a_history().await;
    let sample = |name: &str| {
        let path = format!("{}/../events/aws.sns/notification--{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut forged = sample("budget-actual");
    forged["Records"][0]["Sns"]["TopicArn"] = json!("arn:aws:sns:us-east-1:999999999999:codedetect-prod-billing");
    assert_eq!(account.guard.invoke(forged).await.unwrap_err().error_type, "UntrustedSource");
    let mut torn = sample("budget-actual");
    torn["Records"][0]["Sns"]["Message"] =
        json!("AWS Budget Notification November 20, 2026\nBudget Type: Cost\nAlert Type: ACTUAL\n");
    assert_eq!(account.guard.invoke(torn).await.unwrap_err().error_type, "MalformedEvent");
    for name in ["budget-actual", "budget-actual-with-commas", "budget-forecasted"] {
        let answer = account.guard.invoke(sample(name)).await.unwrap();
        assert_eq!(answer["rungs_fired"], json!([]), "{name}: {answer}");
    }
    assert_eq!(account.stack.group(Slot::Blue).await.max, 2);
    let lines = told(&account).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("a forecast for "), "{lines:?}");
}

/// The key of this month's item.
fn month() -> String {
    format!("BILLING#{}", &jiff::Timestamp::now().to_string()[..7])
}

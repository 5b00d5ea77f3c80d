//! The billing guard, as the binary that is deployed: what AWS charges, from the reading to the service.

use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::config::Region;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use serde_json::{Value, json};
use signalbox_tests::events::heartbeat;
use signalbox_tests::invoke_api::InvokeApi;
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::Function;
use signalbox_tests::stack::{Stack, sdk_config};
use tokio::process::Command;

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
        let guard = stack.launch("billing-guard").env(&[("SIGNALBOX_CHAT_TOPIC_ARN", "")]).start().await;
        let lambda = InvokeApi::start(&[("signalbox-billing-guard", &guard)]).await;
        Account { stack, guard, lambda }
    }

    /// Puts a reading of the whole account that is so many minutes old.
    async fn charge(&self, minutes_ago: u64, dollars: f64) {
        let config = sdk_config(self.stack.moto());
        let config = aws_sdk_cloudwatch::config::Builder::from(&config).region(Region::from_static("us-east-1"));
        let at = SystemTime::now() - Duration::from_secs(60 * minutes_ago);
        let usd = Dimension::builder().name("Currency").value("USD").build();
        let datum = MetricDatum::builder().metric_name("EstimatedCharges").dimensions(usd);
        let datum = datum.value(dollars).timestamp(at.into()).build();
        let put = aws_sdk_cloudwatch::Client::from_conf(config.build()).put_metric_data();
        put.namespace("AWS/Billing").metric_data(datum).send().await.unwrap();
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        Command::new(signalbox_tests::build::binary("signalbox"))
            .arg("billing")
            .args(arguments)
            .envs(self.stack.env())
            .env("AWS_ENDPOINT_URL_LAMBDA", self.lambda.endpoint())
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .output()
            .await
            .expect("the command runs")
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

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
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
        account.charge(minutes_ago, dollars).await;
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
    let now = jiff::Timestamp::now().to_string();
    let sk = format!("BILLING#{}", &now[..7]);
    let newer = json!({"of": "the future"});
    account.stack.put_item("ACCOUNT", &sk, &newer, &[("version", json!(4)), ("schema", json!(99))]).await;
    let error = account.guard.invoke(heartbeat()).await.unwrap_err();
    assert_eq!(error.error_type, "CloudCallFailed");
    assert!(error.message.contains(&sk) && error.message.contains("newer"), "{}", error.message);
    assert_eq!(account.stack.item("ACCOUNT", &sk).await.unwrap().doc, newer);
}

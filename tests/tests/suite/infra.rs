//! The reference stack as Terraform makes it, applied once to an emulator of its own and then used as it is: the
//! real binaries get the variables that their functions were created with, and move what the definition in the table
//! names. Nothing of it is defined here.
//!
//! One story, because an apply takes two minutes. The functions' packages are empty archives: the emulator stores and
//! never runs them.

mod made;
mod patterns;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox_tests::events::{AlarmChange, EventBridge};
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::{Function, Invocation};
use signalbox_tests::stack::{Health, Slot, Stack, Weights};
use signalbox_tests::terraform::Terraform;
use tokio::process::Command;

use self::made::{Made, Rule, hosted_zone, receivers};
use crate::drive::{assert_clean, assert_never_on_an_empty_slot};

/// Longest time for a deployment or a rollback. The target groups drain for a minute.
const LIMIT: Duration = Duration::from_secs(240);
/// The sample of an alarm on a target group.
const UNHEALTHY_TARGETS: &str = "--unhealthy-targets";
/// The alarm on what users report.
const BUG_REPORTS: &str = "signalbox-codedetect-bug-reports";
/// A zip archive with nothing in it.
const EMPTY_ARCHIVE: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[tokio::test]
#[cfg_attr(terraform = "missing", ignore = "terraform is not installed")]
#[cfg_attr(terraform = "without_provider", ignore = "no provider for terraform: neither a copy here nor the registry")]
#[cfg_attr(terraform = "without_jq", ignore = "jq is not installed")]
async fn what_terraform_makes_carries_a_release_in_and_back_and_no_plan_sees_a_change() {
    let moto = Moto::start();
    let terraform = applied(&moto).await;
    assert_no_change(&terraform, "after the apply").await;

    let outputs = terraform.outputs().await;
    let functions = &outputs["signalbox"]["functions"];
    let deployer = Made::read(&moto, functions["deployer"].as_str().unwrap()).await;
    let rollback = Made::read(&moto, functions["rollback"].as_str().unwrap()).await;
    let replacer = Made::read(&moto, functions["replacer"].as_str().unwrap()).await;
    let reporter = Made::read(&moto, functions["reporter"].as_str().unwrap()).await;
    let (table, topic) = (deployer.variable("SIGNALBOX_TABLE"), deployer.variable("SIGNALBOX_ALERTS_TOPIC_ARN"));
    let stack = Stack::found(&moto, table, outputs["service"].as_str().unwrap(), topic).await;
    assert_eq!(stack.weights().await, Weights::of(100, 0), "blue is live, and green is named");

    let rules = Rule::all(&moto).await;
    assert_every_sample_reaches_its_function(
        &rules,
        &Suite { deployer: &deployer, rollback: &rollback, replacer: &replacer },
        &stack,
    );
    // Users guard it as well, as they were asked to.
    assert_eq!(stack.definition()["guard"]["alarms"], json!([stack.alarm, BUG_REPORTS]));
    let users = AlarmChange::new(BUG_REPORTS, "ALARM").eventbridge();
    assert_eq!(receivers(&rules, &users), [deployer.arn.as_str(), replacer.arn.as_str()]);
    let beat = heartbeat(&rules, &deployer, "rate(1 minute)");

    let asked = put_by_the_pipeline(&terraform, &stack.name, "v2", "github-7-1").await;
    assert_eq!(receivers(&rules, &asked), [deployer.arn.as_str()]);
    let beating = deployer.start(&moto, "deployer").await;
    let accepted = beating.invoke(&asked).await.expect("the definition is accepted");
    assert_eq!((&accepted["outcome"], &accepted["operation"]), (&json!("accepted"), &json!("github-7-1")));

    let beats = Beats { function: &beating, event: &beat, timeout: deployer.timeout, stack: &stack };
    beats.until("standby", async |record| record["standby"]["slot"] == "blue").await;
    assert_eq!(stack.weights().await, Weights::of(0, 100));
    assert_eq!((stack.parameter(Slot::Blue).await, stack.parameter(Slot::Green).await), ("v1".into(), "v2".into()));
    assert_eq!(stack.group(Slot::Blue).await.instances.len(), 1, "blue stays warm");
    assert_eq!(phases(&stack, "github-7-1").await, ["provisioning", "verifying", "shifting", "baking", "succeeded"]);
    assert!(told(&stack).await.contains(&"deployment_succeeded".to_owned()), "on the stack's own topic");
    assert_no_change(&terraform, "with all traffic on green and blue warm").await;

    let going_back = rollback.start(&moto, "rollback").await;
    let back = json!({"service": stack.name, "reason": "wrong results", "id": "r-1"});
    let answer = going_back.invoke(Invocation::from(&back).timeout(rollback.timeout)).await.expect("an answer");
    assert_eq!(answer["outcome"], "accepted", "{answer}");
    assert_eq!(stack.weights().await, Weights::of(100, 0), "moved back before it answered");
    beats.until("at rest", async |_| stack.record().await.is_some_and(|record| record.busy.is_none())).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
    assert_no_change(&terraform, "after the rollback").await;

    let healing = replacer.start(&moto, "replacer").await;
    let beat = heartbeat(&rules, &replacer, "rate(1 minute)");
    let beats = Beats { function: &healing, event: &beat, timeout: replacer.timeout, stack: &stack };
    heals_the_instance_that_an_alarm_is_about(&beats).await;
    assert_clean(&stack, Slot::Blue, "v1").await;
    assert_no_change(&terraform, "after the replacement").await;

    passes_on_what_the_application_publishes(&moto, &rules, &reporter, &stack).await;

    let guard = Made::read(&moto, functions["billing-guard"].as_str().unwrap()).await;
    let guarding = guard.start(&moto, "billing-guard").await;
    let beat = heartbeat(&rules, &guard, "rate(15 minutes)");
    for (minutes_ago, dollars) in [(60, 6.0), (45, 7.0), (30, 8.0), (15, 9.0), (0, 55.0)] {
        stack.put_charge(minutes_ago, dollars).await;
    }
    let tell = async |event: Value| guarding.invoke(Invocation::from(event).timeout(guard.timeout)).await.unwrap();
    assert_eq!(tell(beat).await["rungs_fired"], json!([10, 20, 50]), "by the plan that Terraform wrote");
    assert_eq!(stack.group(Slot::Blue).await.max, 1);
    assert_no_change(&terraform, "with charges too high").await;
    assert_eq!(tell(json!({"command": "release", "reason": "we knew"})).await["outcome"], "accepted");
    assert_clean(&stack, Slot::Blue, "v1").await;
}

/// The replacer on nothing but what Terraform made: one of one is sick, and another one takes its place.
async fn heals_the_instance_that_an_alarm_is_about(beats: &Beats<'_>) {
    let stack = beats.stack;
    let mut samples = samples(&["aws.cloudwatch"]).into_iter();
    let (_, sample) = samples.find(|(path, _)| path.to_string_lossy().contains(UNHEALTHY_TARGETS)).unwrap();
    let alarm = about_blue(sample, stack);
    let mut back = alarm.clone();
    back["detail"]["state"]["value"] = json!("OK");
    let tell = async |event: Value| {
        beats.function.invoke(Invocation::from(event).timeout(beats.timeout)).await.expect("an answer")
    };
    // Who was never seen healthy is booting, and not sick.
    assert_eq!(tell(back).await["services"][0]["outcome"], "idle");
    let sick = stack.group(Slot::Blue).await.instances.remove(0);
    stack.set_instance_health(&sick, Health::Unhealthy).await;
    let answer = tell(alarm).await;
    assert_eq!(answer["services"][0]["outcome"], "accepted", "{answer}");
    beats.until("replaced", async |_| stack.record().await.is_some_and(|record| record.busy.is_none())).await;
    let instances = stack.group(Slot::Blue).await.instances;
    assert!(instances.len() == 1 && !instances.contains(&sick), "{sick} was replaced: {instances:?}");
    let items = stack.replacements().await;
    assert_eq!((items.len(), &items[0].doc["phase"]), (1, &json!("replaced")), "{items:#?}");
    assert!(told(stack).await.contains(&"replacement_completed".to_owned()), "on the stack's own topic");
}

/// The reporter on nothing but what Terraform made: a report is mailed to the team and published, and is in the digest.
async fn passes_on_what_the_application_publishes(moto: &Moto, rules: &[Rule], reporter: &Made, stack: &Stack) {
    let setting = stack.aws.ssm.get_parameter().name("/codedetect/prod/app/REPORTS_TOPIC_ARN").send().await;
    let topic = setting.expect("GetParameter").parameter.and_then(|parameter| parameter.value).expect("a topic");
    let listed = stack.aws.sns.list_subscriptions_by_topic().topic_arn(&topic).send().await;
    let listed = listed.expect("ListSubscriptionsByTopic");
    let subscribed: Vec<_> = listed.subscriptions().iter().filter_map(|one| one.endpoint()).collect();
    assert_eq!(subscribed, [reporter.arn.as_str()]);

    stack.aws.ses.create_email_identity().email_identity("example.com").send().await.expect("CreateEmailIdentity");
    let reporting = reporter.start(moto, "reporter").await;
    let tell = async |event: Value| reporting.invoke(Invocation::from(event).timeout(reporter.timeout)).await.unwrap();
    let report = sample("aws.sns", "notification--report.json");
    assert_eq!(report["Records"][0]["Sns"]["TopicArn"], topic.as_str());
    assert_eq!(tell(report).await, json!({"accepted": 1, "duplicate": 0, "limited": 0, "rejected": []}));
    let mails = moto.calls().await.into_iter().filter(|call| call.operation == "SendEmail");
    let mails: Vec<Value> = mails.map(|mail| mail.params).collect();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let (from, to) = (&mails[0]["FromEmailAddress"], &mails[0]["Destination"]["ToAddresses"]);
    assert_eq!((from, to), (&json!("reports@example.com"), &json!(["team@example.com"])));
    let told = moto.outbox().await.into_iter();
    let mut told = told.filter(|message| message["topic_arn"] == reporter.variable("SIGNALBOX_REPORTS_TOPIC_ARN"));
    let told: Value = serde_json::from_str(told.next().unwrap()["message"].as_str().unwrap()).unwrap();
    assert_eq!((&told["service"], &told["release"]), (&json!(stack.name), &json!("v1")), "{told}");

    assert_eq!(tell(heartbeat(rules, reporter, "cron(0 7 * * ? *)")).await, json!({"digest": true}));
    let resend = command(rules, reporter, "rate(15 minutes)");
    assert_eq!(tell(resend.clone()).await, json!({"resent": 0, "owed": 0}));
}

/// The whole reference stack, with everything that is there only if it is asked for, and with short waits.
async fn applied(moto: &Moto) -> Terraform {
    let zone = hosted_zone(moto, "example.com").await;
    let artifacts = "../../lambda";
    let variables = json!({
        "domain": "app.example.com",
        "zone_id": zone,
        "alert_email": "oncall@example.com",
        "budget_emails": ["oncall@example.com"],
        "github_repository": "example/codedetect",
        "report_mail": {"from": "reports@example.com", "to": "team@example.com"},
        "report_alarm": {"guards": true},
        "reporter_concurrency": 5,
        "signalbox_artifacts": artifacts,
        // The stack's own plan, and in earnest.
        "billing_plan": {"rungs": [
            {"at_usd": 10, "do": ["notify"]},
            {"at_usd": 20, "do": ["notify", "freeze_deployments"]},
            {"at_usd": 50, "do": ["notify", "freeze_deployments", "retire_standby", "cap_scaling"]},
        ]},
        // The emulator's load balancer answers nobody.
        "smoke": false,
        "signalbox_service": {
            "strategy": {"kind": "canary", "weight": 10, "bake": "1s"},
            "bake": "1s",
            "standby": "1h",
            "route_settle": "0s",
            "settle_guard": "1s",
            "health": {"within": "60s", "settle": "0s"},
            "replacement": {"confirm": "1s"},
        },
    });
    let overrides = [("codedetect_override.tf", "codedetect"), ("signalbox_override.tf", "modules/signalbox")];
    let terraform = Terraform::new(moto, "codedetect", &overrides, &variables).await;
    for function in ["deployer", "rollback", "replacer", "billing-guard", "reporter"] {
        let folder = terraform.folder().join("lambda").join(function);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bootstrap.zip"), EMPTY_ARCHIVE).unwrap();
    }
    let verdict = terraform.apply().await;
    say(&verdict);
    terraform
}

async fn assert_no_change(terraform: &Terraform, when: &str) {
    let plan = terraform.plan().await;
    say(&format!("{when}: {}", plan.verdict));
    assert!(!plan.changes, "{when} terraform would change something:\n{}", plan.text);
}

/// The functions that are installed.
struct Suite<'a> {
    deployer: &'a Made,
    rollback: &'a Made,
    replacer: &'a Made,
}

/// The sample events that a rule has to select go to the functions that read them, once each; and others to nobody.
fn assert_every_sample_reaches_its_function(rules: &[Rule], suite: &Suite<'_>, stack: &Stack) {
    let mut seen = 0;
    let folders = ["aws.autoscaling", "aws.cloudwatch", "aws.ec2", "aws.health", "signalbox.ci"];
    for (path, event) in samples(&folders) {
        if event["detail-type"].is_null() {
            continue; // an alarm's own action, which no rule carries
        }
        let file = path.file_name().unwrap().to_string_lossy();
        assert_eq!(receivers(rules, &event), suite.readers_of(&event, stack), "{file}");
        if file.contains(UNHEALTHY_TARGETS) {
            let about_blue = about_blue(event, stack);
            assert_eq!(receivers(rules, &about_blue), [suite.replacer.arn.as_str()], "{file} about blue");
        }
        seen += 1;
    }
    assert!(seen >= 40, "only {seen} samples were looked at");
    let others = EventBridge::new("aws.autoscaling", "EC2 Instance Launch Successful", json!({}));
    assert!(receivers(rules, &others.with("AutoScalingGroupName", "somebody-elses").json()).is_empty());
    let own = EventBridge::new("signalbox.ci", "Deployment Finished", json!({"service": stack.name})).json();
    assert!(receivers(rules, &own).is_empty());
}

impl Suite<'_> {
    /// Who has to get this sample, by ARN.
    fn readers_of(&self, event: &Value, stack: &Stack) -> Vec<&str> {
        let detail = &event["detail"];
        let readers = match (event["source"].as_str().unwrap(), event["detail-type"].as_str().unwrap()) {
            ("signalbox.ci", "Rollback Requested") => vec![self.rollback],
            ("signalbox.ci", _) => vec![self.deployer],
            // It holds an instance, which is the replacer's to let go on.
            ("aws.autoscaling", kind) if kind.ends_with("Lifecycle Action") => vec![self.replacer],
            ("aws.autoscaling", _) => vec![self.deployer, self.replacer],
            ("aws.cloudwatch", _) if detail["alarmName"] == stack.alarm.as_str() => vec![self.deployer, self.replacer],
            // An alarm that guards nothing, about one of the groups all the same.
            ("aws.cloudwatch", _) if names_a_group(detail, stack) => vec![self.replacer],
            ("aws.ec2", _) if detail["state"] != "pending" && detail["state"] != "running" => vec![self.replacer],
            ("aws.health", _) if detail["service"] == "EC2" && detail["eventTypeCategory"] == "scheduledChange" => {
                vec![self.replacer]
            }
            _ => vec![],
        };
        let mut arns: Vec<&str> = readers.into_iter().map(|made| made.arn.as_str()).collect();
        arns.sort_unstable();
        arns
    }
}

/// The sample names somebody's target group; this is it about blue's.
fn about_blue(mut unhealthy_targets: Value, stack: &Stack) -> Value {
    let metric = &mut unhealthy_targets["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"];
    metric["dimensions"]["TargetGroup"] = json!(stack.target_groups[Slot::Blue].rsplit(':').next());
    unhealthy_targets
}

fn names_a_group(detail: &Value, stack: &Stack) -> bool {
    let metrics = detail["configuration"]["metrics"].as_array().into_iter().flatten();
    let mut named = metrics.map(|metric| &metric["metricStat"]["metric"]["dimensions"]["AutoScalingGroupName"]);
    named.any(|group| Slot::BOTH.iter().any(|slot| group == stack.groups[*slot].as_str()))
}

fn samples(folders: &[&str]) -> Vec<(PathBuf, Value)> {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let files = folders.iter().flat_map(|folder| fs::read_dir(events.join(folder)).unwrap());
    let read = |path: &Path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    files.map(|file| file.unwrap().path()).map(|path| (path.clone(), read(&path))).collect()
}

fn sample(folder: &str, file: &str) -> Value {
    samples(&[folder]).into_iter().find(|(path, _)| path.ends_with(file)).unwrap().1
}

/// What a function's schedule sends it: the sample, from the rule that there is.
fn heartbeat(rules: &[Rule], of: &Made, rate: &str) -> Value {
    let rule = scheduled(rules, of, rate);
    assert_eq!(rule.input, None, "{}", rule.name);
    let mut event = sample("aws.events", "scheduled-event.json");
    event["resources"] = json!([rule.arn]);
    event
}

/// What another schedule of the function sends it.
fn command<'a>(rules: &'a [Rule], of: &Made, rate: &str) -> &'a Value {
    scheduled(rules, of, rate).input.as_ref().expect("an input")
}

fn scheduled<'a>(rules: &'a [Rule], of: &Made, rate: &str) -> &'a Rule {
    let is_its = |rule: &&Rule| rule.schedule.as_deref() == Some(rate) && rule.targets == [of.arn.as_str()];
    rules.iter().find(is_its).unwrap_or_else(|| panic!("{} is not woken at {rate}", of.name))
}

/// Runs the workflow's script with a stand-in for `aws`; returns its entry as the event that EventBridge delivers.
async fn put_by_the_pipeline(terraform: &Terraform, service: &str, release: &str, id: &str) -> Value {
    let (stand_in, entries) = (terraform.folder().join("bin/aws"), terraform.folder().join("entries.json"));
    fs::create_dir_all(stand_in.parent().unwrap()).unwrap();
    let script = "#!/bin/sh\nset -eu\n[ \"$1 $2 $3 $5 $6\" = 'events put-events --entries --output json' ]\n\
        printf %s \"$4\" >\"$ENTRIES\"\nprintf '{\"FailedEntryCount\": 0, \"Entries\": [{\"EventId\": \"1\"}]}'\n";
    fs::write(&stand_in, script).unwrap();
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", stand_in.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let ended = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/scripts/request-deployment.sh"))
        .env("PATH", path)
        .env("ENTRIES", &entries)
        .envs([("SERVICE", service), ("RELEASE", release), ("DEPLOYMENT_ID", id), ("REQUESTED_BY", "Ada Lovelace")])
        .output()
        .await
        .expect("the script runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let entries: Value = serde_json::from_str(&fs::read_to_string(&entries).unwrap()).unwrap();
    let [entry] = entries.as_array().unwrap().as_slice() else { panic!("one entry: {entries}") };
    let word = |field: &str| entry[field].as_str().unwrap();
    assert_eq!(word("EventBusName"), "default", "where the rules are");
    let detail = serde_json::from_str(word("Detail")).unwrap();
    EventBridge::new(word("Source"), word("DetailType"), detail).json()
}

/// The schedule, as often as it takes. A beat stays with what moves for as long as the function's settings say.
struct Beats<'a> {
    function: &'a Function,
    event: &'a Value,
    timeout: Duration,
    stack: &'a Stack,
}

impl Beats<'_> {
    async fn until(&self, what: &str, mut done: impl AsyncFnMut(&Value) -> bool) {
        let began = Instant::now();
        loop {
            let record = self.stack.record().await.map_or(Value::Null, |record| record.doc);
            if done(&record).await {
                return say(&format!("{what}: {} s", began.elapsed().as_secs()));
            }
            assert!(began.elapsed() < LIMIT, "{what}: not within {LIMIT:?}; the record is {record:#}");
            let beat = Invocation::from(self.event).timeout(self.timeout);
            self.function.invoke(beat).await.expect("a heartbeat");
            assert_never_on_an_empty_slot(self.stack).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// The phases that a deployment went through, in their order.
async fn phases(stack: &Stack, id: &str) -> Vec<String> {
    let deployment = stack.deployment(id).await.expect("the deployment's item");
    let entries = deployment["timeline"].as_array().expect("a timeline").iter();
    let mut phases: Vec<String> = entries.map(|entry| entry["phase"].as_str().unwrap().to_owned()).collect();
    phases.dedup();
    phases
}

async fn told(stack: &Stack) -> Vec<String> {
    stack.notices().await.iter().filter_map(|notice| notice["kind"].as_str().map(str::to_owned)).collect()
}

/// Past the test runner's capture: the story takes minutes.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

//! The reporter, as the binary that is deployed: a report from the message to everybody who is to read it.

mod hostile;
mod http;
mod kills;
mod reading;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use signalbox_tests::events::{heartbeat, sns};
use signalbox_tests::moto::{Moto, On};
use signalbox_tests::runtime::{Function, Invocation, Launch};
use signalbox_tests::stack::Stack;

const ORIGIN: &str = "https://codedetect.example";

/// A desk of its own in the shared emulator, told apart by the domain that it mails from.
pub(crate) struct Desk {
    pub(crate) stack: Stack,
    pub(crate) domain: String,
    intake: String,
    pub(crate) reports: String,
    chat: String,
}

impl Desk {
    pub(crate) async fn new() -> Desk {
        Desk::within(&Moto::shared()).await
    }

    async fn within(moto: &Moto) -> Desk {
        let stack = Stack::create(moto).await;
        let domain = format!("{}.example", stack.name);
        stack.aws.ses.create_email_identity().email_identity(&domain).send().await.expect("CreateEmailIdentity");
        let topic = async |what: &str| {
            let made = stack.aws.sns.create_topic().name(format!("{}-{what}", stack.name)).send().await;
            made.expect("CreateTopic").topic_arn.expect("the topic's ARN")
        };
        let (intake, reports, chat) = (topic("intake").await, topic("reports").await, topic("chat").await);
        Desk { stack, domain, intake, reports, chat }
    }

    pub(crate) fn launch(&self) -> Launch {
        let (from, to) = (format!("reports@{}", self.domain), format!("team@{0}, lead@{0}", self.domain));
        self.stack.launch("reporter").env(&[
            ("SIGNALBOX_REPORTS_TOPIC_ARN", &self.reports),
            ("SIGNALBOX_CHAT_TOPIC_ARN", &self.chat),
            ("SIGNALBOX_TRUSTED_TOPICS", &self.intake),
            ("SIGNALBOX_MAIL_FROM", &from),
            ("SIGNALBOX_MAIL_TO", &to),
            ("SIGNALBOX_REPORT_ORIGINS", &ORIGIN.to_owned()),
        ])
    }

    async fn start(&self) -> Function {
        self.launch().start().await
    }

    /// These reports as the records of one event.
    fn event(&self, reports: &[Value]) -> Value {
        let records = reports.iter().map(|report| sns(&self.intake, &report.to_string())["Records"][0].take());
        json!({"Records": records.collect::<Vec<_>>()})
    }

    /// The mails that were sent, as SES was asked for them.
    pub(crate) async fn mails(&self) -> Vec<Value> {
        let calls = self.stack.moto().calls().await.into_iter();
        let sent = calls.filter(|call| call.operation == "SendEmail" && call.processed);
        sent.filter(|call| call.mentions(&self.domain)).map(|call| call.params).collect()
    }

    pub(crate) async fn published(&self, topic: &str) -> Vec<Value> {
        self.stack.moto().outbox().await.into_iter().filter(|message| message["topic_arn"] == topic).collect()
    }

    /// How many mails, messages for machines and messages for chat there are.
    pub(crate) async fn sent(&self) -> (usize, usize, usize) {
        let (mails, chat) = (self.mails().await.len(), self.published(&self.chat).await.len());
        (mails, self.published(&self.reports).await.len(), chat)
    }

    /// What the table keeps of reports, by partition key.
    async fn kept(&self) -> HashMap<String, HashMap<String, AttributeValue>> {
        let scanned = self.stack.aws.dynamodb.scan().table_name(&self.stack.table).consistent_read(true).send().await;
        let items = scanned.expect("Scan").items.unwrap_or_default().into_iter();
        let keyed = items.map(|item| (item["pk"].as_s().unwrap().clone(), item));
        keyed.filter(|(pk, _)| pk.starts_with("REPORT#")).collect()
    }
}

pub(crate) fn bug(email: &str, message: &str) -> Value {
    json!({"type": "bug", "email": email, "message": message})
}

fn answer(accepted: u64, duplicate: u64, limited: u64) -> Value {
    json!({"accepted": accepted, "duplicate": duplicate, "limited": limited, "rejected": []})
}

pub(crate) fn subject(mail: &Value) -> &str {
    mail["Content"]["Simple"]["Subject"]["Data"].as_str().unwrap()
}

fn body(mail: &Value) -> &str {
    mail["Content"]["Simple"]["Body"]["Text"]["Data"].as_str().unwrap()
}

/// A sample of `events/`, with this method and this report.
fn http(method: &str, report: &Value) -> Value {
    let mut event = sample("aws.http/post");
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["requestId"] = json!(signalbox_tests::runtime::unique_id());
    event["body"] = json!(report.to_string());
    event
}

fn sample(name: &str) -> Value {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// P2.
#[tokio::test]
async fn one_message_is_one_mail_however_often_and_at_once_it_is_delivered() {
    let desk = Desk::new().await;
    let event = desk.event(&[bug("ada@example.com", "Upload fails")]);
    let functions = desk.launch().start_many(8).await;
    let rivals: Vec<_> = functions.iter().map(|function| function.begin(&event)).collect();
    let (mut accepted, mut duplicate) = (0, 0);
    for rival in rivals {
        let answer = rival.await.unwrap().unwrap();
        accepted += answer["accepted"].as_u64().unwrap();
        duplicate += answer["duplicate"].as_u64().unwrap();
    }
    assert_eq!((accepted, duplicate), (1, 7));
    assert_eq!(functions[0].invoke(&event).await.unwrap(), answer(0, 1, 0));
    assert_eq!(desk.sent().await, (1, 1, 1));

    let mail = desk.mails().await.remove(0);
    let name = &desk.stack.name;
    assert_eq!(subject(&mail), format!("{name} bug: Upload fails"));
    assert_eq!(mail["ReplyToAddresses"], json!(["ada@example.com"]));
    let team = [format!("team@{}", desk.domain), format!("lead@{}", desk.domain)];
    assert_eq!(mail["Destination"]["ToAddresses"], json!(team));
    assert!(mail["Content"]["Simple"]["Body"]["Html"]["Data"].as_str().unwrap().contains("Upload fails"), "{mail}");
    let message = desk.published(&desk.reports).await.remove(0);
    let report: Value = serde_json::from_str(message["message"].as_str().unwrap()).unwrap();
    assert_eq!((&report["kind"], &report["service"], &report["number"]), (&json!("report"), &json!(name), &json!(1)));
    let attributes = message["attributes"].to_string();
    for attribute in ["type", "severity", "service", "thread"] {
        assert!(attributes.contains(&format!("\"{attribute}\"")), "{attributes}");
    }
    assert_eq!(message["subject"], format!("{name} bug: Upload fails"));
}

/// P3.
#[tokio::test]
async fn what_failed_is_sent_alone_when_it_comes_again() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let reports = ["the first", "the second", "the third"].map(|text| bug("ada@example.com", text));
    let event = desk.event(&reports);
    // Both tries of the SDK.
    let second = On::call("SendEmail").containing("the second");
    desk.stack.moto().fail_with_status(second, 2, "TooManyRequestsException", 429).await;
    // Others use the emulator too, but none of their mails says this of ours.
    let error = reporter.invoke(&event).await.unwrap_err();
    assert_eq!(error.error_type, "ReportNotSent");
    assert!(error.message.contains("SendEmail") && !error.message.contains('@'), "{}", error.message);
    assert_eq!(desk.sent().await, (2, 3, 3));

    assert_eq!(reporter.invoke(&event).await.unwrap(), answer(0, 3, 0));
    assert_eq!(desk.sent().await, (3, 3, 3));
    let mails = desk.mails().await;
    let subjects: Vec<&str> = mails.iter().map(|mail| subject(mail).rsplit(' ').next().unwrap()).collect();
    assert_eq!(subjects, ["first", "third", "second"]);
    assert_eq!(reporter.invoke(&event).await.unwrap(), answer(0, 3, 0));
    assert_eq!(desk.sent().await, (3, 3, 3));
}

#[tokio::test]
async fn a_broken_report_keeps_no_other_from_being_taken_and_is_counted() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let event =
        desk.event(&[bug("ada@example.com", "it fails"), bug("nobody", "hunter2"), bug("eve@example.com", "so")]);
    let taken = reporter.invoke(&event).await.unwrap();
    assert_eq!((&taken["accepted"], &taken["rejected"][0]["record"]), (&json!(2), &json!("Records[1]")), "{taken}");
    let reason = taken["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Records[1].Sns.Message.email: must be") && !reason.contains("nobody"), "{reason}");
    assert_eq!(desk.sent().await, (2, 2, 2));
    assert_eq!(reporter.invoke(heartbeat()).await.unwrap(), json!({"digest": true}));
    assert!(body(&desk.mails().await[2]).contains("1 rejected"), "{:?}", desk.mails().await[2]);
}

/// P2.
#[tokio::test]
async fn the_same_from_several_people_is_one_thread_and_each_is_mailed() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    for (number, name) in ["ada", "grace", "barbara"].iter().enumerate() {
        let report = bug(&format!("{name}@example.com"), &format!("Upload FAILS at 12:0{number}, code 50{number}"));
        assert_eq!(reporter.invoke(desk.event(&[report])).await.unwrap(), answer(1, 0, 0));
    }
    let (mails, name) = (desk.mails().await, &desk.stack.name);
    let begin: Vec<_> = mails.iter().map(|mail| subject(mail).split_once(": ").unwrap().0.to_owned()).collect();
    assert_eq!(begin, [format!("{name} bug"), format!("{name} bug (2nd report)"), format!("{name} bug (3rd report)")]);
    let kept = desk.kept().await;
    assert_eq!(kept.len(), 5, "three reports, a thread, the desk: {kept:?}");
    let threads: Vec<_> = kept.values().filter(|item| item["sk"].as_s().unwrap() == "REPORT").collect();
    let doc: Value = serde_json::from_str(threads[0]["doc"].as_s().unwrap()).unwrap();
    assert_eq!((threads.len(), &doc["count"], &doc["state"]), (1, &json!(3), &json!("ongoing")));
    for (pk, item) in &kept {
        assert_eq!(item.contains_key("expires_at"), pk != "REPORT#DESK", "{pk}");
        assert!(item["version"].is_n() && item["schema"].is_n() && item["writer"].is_s(), "{item:?}");
    }
}

/// P6.
#[tokio::test]
async fn the_sixth_of_an_address_within_the_hour_is_limited_and_the_digest_tells_it() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    assert_eq!(reporter.invoke(heartbeat()).await.unwrap(), json!({"digest": false}));
    for number in 1..=6u64 {
        // One mailbox, however it is written.
        let report =
            bug(&format!("Ada+{number}@example.com"), &format!("thing {} is broken", "x".repeat(number as usize)));
        let limited = u64::from(number == 6);
        assert_eq!(reporter.invoke(desk.event(&[report])).await.unwrap(), answer(1 - limited, 0, limited));
    }
    assert_eq!(reporter.invoke(http("POST", &bug("ada@example.com", "a seventh"))).await.unwrap()["statusCode"], 429);
    assert_eq!(reporter.invoke(desk.event(&[bug("eve@example.com", "another")])).await.unwrap(), answer(1, 0, 0));
    assert_eq!(desk.sent().await, (6, 6, 6));

    assert_eq!(reporter.invoke(heartbeat()).await.unwrap(), json!({"digest": true}));
    let mail = desk.mails().await.remove(6);
    assert_eq!(subject(&mail), "Reports: 8 bug, 2 limited");
    assert!(mail["ReplyToAddresses"].is_null(), "{mail}");
    assert_eq!(desk.sent().await, (7, 6, 7));
    assert_eq!(reporter.invoke(heartbeat()).await.unwrap(), json!({"digest": false}));
    assert_eq!(desk.sent().await, (7, 6, 7));
}

#[tokio::test]
async fn where_nothing_is_owed_a_resend_is_one_read_and_a_digest_two() {
    let moto = Moto::start();
    let desk = Desk::within(&moto).await;
    let reporter = desk.start().await;
    let resend = sample("invoke/resend");
    assert_eq!(reporter.invoke(desk.event(&[bug("ada@example.com", "it fails")])).await.unwrap(), answer(1, 0, 0));
    reporter.invoke(&resend).await.unwrap();
    reporter.invoke(heartbeat()).await.unwrap();
    for (event, reads) in [(&resend, 1), (&heartbeat(), 2)] {
        moto.clear_calls().await;
        reporter.invoke(event).await.unwrap();
        let calls: Vec<String> = moto.calls().await.into_iter().map(|call| call.operation).collect();
        assert_eq!(calls, vec!["GetItem"; reads]);
    }
}

#[tokio::test]
async fn a_report_by_invoke_is_taken_once_and_what_is_not_ours_is_not_believed() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let report = bug("ada@example.com", "it fails");
    let invocation = || Invocation::from(&report).request_id("5f1d2c3b-0000-4000-8000-0000000000aa");
    assert_eq!(reporter.invoke(invocation()).await.unwrap(), answer(1, 0, 0));
    assert_eq!(reporter.invoke(invocation()).await.unwrap(), answer(0, 1, 0));
    let mistaken = reporter.invoke(json!({"type": "rant", "email": "ada@example.com", "message": "x"})).await.unwrap();
    assert_eq!(mistaken["rejected"][0]["record"], ".", "{mistaken}");
    assert_eq!(desk.sent().await, (1, 1, 1));

    let foreign = sns("arn:aws:sns:eu-west-1:123456789012:somebody-elses", &report.to_string());
    assert_eq!(reporter.invoke(foreign).await.unwrap_err().error_type, "UntrustedSource");
    let unclear = reporter.invoke(json!({"hello": "world"})).await.unwrap_err();
    assert_eq!(unclear.error_type, "UnrecognizedEvent");
    let mut own = sample("aws.sns/notification--own-notice");
    own["Records"][0]["Sns"]["TopicArn"] = json!(desk.intake);
    assert_eq!(reporter.invoke(own).await.unwrap()["outcome"], "ignored");
    assert_eq!(desk.sent().await, (1, 1, 1));
}

/// P7.
#[tokio::test]
async fn bugs_soon_after_a_flip_are_told_to_the_alerts_and_count_for_their_release() {
    let desk = Desk::new().await;
    let deployer = desk.stack.start("deployer").await;
    super::drive::deploy_to_the_end(&desk.stack, &deployer, "v2", "d-1").await;
    let before = desk.stack.messages().await.len();
    let reporter = desk.start().await;
    for name in ["ada", "grace", "barbara", "margaret"] {
        let report = bug(&format!("{name}@example.com"), "Upload fails");
        assert_eq!(reporter.invoke(desk.event(&[report])).await.unwrap(), answer(1, 0, 0));
    }
    let told = desk.stack.messages().await.split_off(before);
    assert_eq!(told.len(), 1, "{told:?}");
    let own = desk.stack.aws.sns.create_topic().name(format!("{}-own", desk.stack.name)).send().await;
    let own = own.expect("CreateTopic").topic_arn.expect("the topic's ARN");
    desk.stack.define(json!({"alerts_topic_arn": own})).await;
    for name in ["ada", "grace", "barbara"] {
        let report = bug(&format!("{name}@example.com"), "Download fails");
        assert_eq!(reporter.invoke(desk.event(&[report])).await.unwrap(), answer(1, 0, 0));
    }
    assert_eq!(desk.published(&own).await.len(), 1, "the definition's topic wins");
    let text = told[0]["message"].as_str().unwrap();
    assert!(text.contains(&format!("{}: 3 similar bug reports", desk.stack.name)), "{text}");
    assert!(subject(&desk.mails().await[2]).starts_with("CRITICAL "), "{:?}", desk.mails().await[2]);

    let metrics: Vec<Value> = reporter.logs().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let metrics: Vec<&Value> = metrics.iter().filter(|line| line["BugReports"] == 1.0).collect();
    let by = |dimensions: Value| {
        let has = |line: &&&Value| line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == dimensions;
        metrics.iter().filter(has).collect::<Vec<_>>()
    };
    let of_release = by(json!([["service", "release"]]));
    assert_eq!((by(json!([["service"]])).len(), of_release.len()), (7, 7));
    assert_eq!((&of_release[0]["service"], &of_release[0]["release"]), (&json!(desk.stack.name), &json!("v2")));
}

#[tokio::test]
async fn a_desk_without_ways_out_keeps_reports_and_one_that_is_half_set_up_does_not_start() {
    let desk = Desk::new().await;
    let bare = desk.stack.launch("reporter").without("SIGNALBOX_ALERTS_TOPIC_ARN").start().await;
    assert_eq!(bare.invoke(bug("ada@example.com", "it fails")).await.unwrap(), answer(1, 0, 0));
    assert_eq!((desk.sent().await, desk.kept().await.len()), ((0, 0, 0), 3));
    for (name, value, problem) in [
        ("SIGNALBOX_MAIL_TO", "", "Missing"),
        ("SIGNALBOX_MAIL_FROM", "the team", "Malformed"),
        ("SIGNALBOX_REPORT_ORIGINS", "codedetect.example", "Malformed"),
        ("SIGNALBOX_REPORTS_TOPIC_ARN", "reports", "Malformed"),
    ] {
        let failure = desk.launch().env(&[(name, value)]).start_expecting_failure().await;
        let said = failure.logs.join("\n");
        assert!(!failure.status.success() && said.contains(name) && said.contains(problem), "{said}");
    }
}

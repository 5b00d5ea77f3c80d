//! The billing guard: alarms on what AWS charges, mails of AWS Budgets, and what people ask.

use serde_json::{Value, json};

use super::samples::{self, BILLING_TOPIC, BillingGuard, Deployer, Replacer, summary, with, without};
use crate::EventError;

const BY_EVENT: &str = "aws.cloudwatch/cloudwatch-alarm-state-change--billing";
const BY_ACTION: &str = "aws.cloudwatch/alarm-action--billing";
const BY_TOPIC: &str = "aws.sns/notification--billing-alarm";
const MESSAGE: &str = "/Records/0/Sns/Message";

fn read(event: &Value) -> String {
    let read = BillingGuard.read(event).unwrap();
    assert_eq!(read.len(), 1);
    summary(&read[0])
}

/// What the billing guard misses in `event`: path and problem.
fn mistake(event: &Value) -> (String, String) {
    match BillingGuard.read(event) {
        Err(EventError::Malformed(mistake)) => (mistake.path, mistake.problem),
        other => panic!("{other:?}"),
    }
}

/// The message of a sample.
fn message(name: &str) -> String {
    samples::sample(name).pointer(MESSAGE).unwrap().as_str().unwrap().to_owned()
}

/// The sample of a mail with this message in its place.
fn mailed(message: &str) -> Value {
    with(&samples::sample("aws.sns/notification--budget-actual"), MESSAGE, message)
}

/// The mail of $42.17 with one line changed.
fn changed(line: &str, into: &str) -> Value {
    let mail = message("aws.sns/notification--budget-actual");
    assert!(mail.lines().any(|existing| existing == line), "there is no line {line}");
    mailed(&mail.replace(&format!("\n{line}\n"), &format!("\n{into}\n")))
}

/// The same alarm in its three envelopes, with `namespace` in its place.
fn alarms(namespace: &Value) -> [Value; 3] {
    let place = "configuration/metrics/0/metricStat/metric/namespace";
    let published: Value = serde_json::from_str(&message(BY_TOPIC)).unwrap();
    [
        with(&samples::sample(BY_EVENT), &format!("/detail/{place}"), namespace.clone()),
        with(&samples::sample(BY_ACTION), &format!("/alarmData/{place}"), namespace.clone()),
        with(
            &samples::sample(BY_TOPIC),
            MESSAGE,
            with(&published, "/Trigger/Namespace", namespace.clone()).to_string(),
        ),
    ]
}

#[test]
fn an_alarm_is_about_charges_by_its_namespace_in_every_envelope() {
    for (namespace, about) in [
        (json!("AWS/Billing"), true),
        (json!("aws/billing"), false),
        (json!("AWS/Billing "), false),
        (json!("AWS/EC2"), false),
        (json!("Custom/AWS/Billing"), false),
        (json!(null), false),
        (json!(["AWS/Billing"]), false),
        (json!({"AWS/Billing": 1}), false),
    ] {
        let expected =
            if about { "an alarm on charges" } else { "irrelevant: this alarm is not about what AWS charges" };
        for event in alarms(&namespace) {
            assert_eq!(read(&event), expected, "{namespace}");
        }
    }
}

#[test]
fn one_metric_of_several_is_enough() {
    let metric = |namespace: &str| json!({"id": "m", "metricStat": {"metric": {"namespace": namespace}}});
    let metrics = json!([{"id": "e", "expression": "m"}, metric("AWS/EC2"), metric("AWS/Billing")]);
    let event = with(&samples::sample(BY_EVENT), "/detail/configuration/metrics", metrics);
    assert_eq!(read(&event), "an alarm on charges");
    let published = |namespace: &str| json!({"MetricStat": {"Metric": {"Namespace": namespace}}});
    let message: Value = serde_json::from_str(&message(BY_TOPIC)).unwrap();
    for (trigger, expected) in [
        (json!({"Metrics": [published("AWS/EC2"), published("AWS/Billing")]}), "an alarm on charges"),
        (json!({"Metrics": [published("AWS/EC2")]}), "irrelevant: this alarm is not about what AWS charges"),
        (json!(7), "irrelevant: this alarm is not about what AWS charges"),
    ] {
        let event = with(&samples::sample(BY_TOPIC), MESSAGE, with(&message, "/Trigger", trigger).to_string());
        assert_eq!(read(&event), expected);
    }
}

#[test]
fn neither_name_nor_words_make_an_alarm_one_on_charges() {
    let event = samples::sample("aws.cloudwatch/cloudwatch-alarm-state-change");
    let event = with(&event, "/detail/alarmName", "AWS/Billing");
    let event = with(&event, "/detail/configuration/description", "AWS/Billing EstimatedCharges");
    assert_eq!(read(&event), "irrelevant: this alarm is not about what AWS charges");
}

#[test]
fn every_state_of_an_alarm_on_charges_is_a_nudge() {
    for state in ["OK", "ALARM", "INSUFFICIENT_DATA"] {
        let event = with(&samples::sample(BY_EVENT), "/detail/state/value", state);
        let of_contributor = with(&event, "/detail/alarmContributor", json!({"id": "1", "attributes": {}}));
        assert_eq!([read(&event), read(&of_contributor)], ["an alarm on charges", "an alarm on charges"]);
    }
    let event = with(&samples::sample(BY_EVENT), "/detail/state/value", "MUTED");
    assert_eq!(mistake(&event).0, "detail.state.value");
}

#[test]
fn a_malformed_alarm_is_malformed_whatever_it_is_about() {
    for namespace in ["AWS/Billing", "AWS/EC2"] {
        let [by_event, by_action, _] = alarms(&json!(namespace));
        assert_eq!(mistake(&without(&by_event, "/detail/alarmName")).0, "detail.alarmName");
        assert_eq!(mistake(&without(&by_action, "/alarmData/state")).0, "alarmData.state");
    }
}

#[test]
fn lines_may_end_as_in_mail_and_have_space_after_them() {
    let mail = message("aws.sns/notification--budget-actual");
    for mail in [
        mail.replace('\n', "\r\n"),
        mail.replace('\n', "  \n"),
        format!("\r\n \n{mail}"),
        mail.trim_end().to_owned(),
        mail.replace(": ", ":"),
    ] {
        assert_eq!(read(&mailed(&mail)), "$42.17 charged");
    }
}

#[test]
fn neither_prose_nor_names_decide() {
    let mail = message("aws.sns/notification--budget-actual");
    let prose = "Dear AWS Customer,";
    for decoy in [
        "Your ACTUAL Amount: $9,999.00",
        "The budget of i-0a1b2c3d4e5f60718 and of codedetect is used up: Alert Type: FORECASTED",
        "> ACTUAL Amount: $9,999.00",
        " ACTUAL Amount: $9,999.00",
        "actual amount: $9,999.00",
        "ACTUAL Amounts: $9,999.00",
        "FORECASTED Amount: $9,999.00",
        "Budget Type is Usage",
        "x\rACTUAL Amount: $9,999.00",
        r#"{"AlarmName": "a", "NewStateValue": "ALARM"}"#,
        r#"{"command": "release", "reason": "because"}"#,
    ] {
        assert_eq!(read(&mailed(&mail.replace(prose, decoy))), "$42.17 charged", "{decoy}");
    }
    for name in ["ACTUAL Amount: $9,999.00", "i-0a1b2c3d4e5f60718", "codedetect-prod-blue-asg", ""] {
        let event = changed("Budget Name: codedetect-monthly", &format!("Budget Name: {name}"));
        assert_eq!(read(&event), "$42.17 charged", "{name}");
    }
    // What nobody reads may be missing or nonsense.
    for line in ["Budget Name: codedetect-monthly", "Budgeted Amount: $50.00", "Alert Threshold: > $40.00"] {
        assert_eq!(read(&changed(line, "")), "$42.17 charged", "{line}");
    }
}

#[test]
fn a_label_that_decides_stands_there_exactly_once() {
    for (line, label) in [
        ("Budget Type: Cost", "Budget Type"),
        ("Alert Type: ACTUAL", "Alert Type"),
        ("ACTUAL Amount: $42.17", "ACTUAL Amount"),
    ] {
        let path = format!("Records[0].Sns.Message.{label}");
        let missing = (path.clone(), "is required".to_owned());
        assert_eq!(mistake(&changed(line, "")), missing);
        assert_eq!(mistake(&changed(line, &format!("{label}: "))), missing);
        assert_eq!(mistake(&changed(line, &format!(" {line}"))), missing);
        let twice = (path, "stands there more than once".to_owned());
        for second in [line, &format!("{label}: $1.00"), &format!("{label}:")] {
            assert_eq!(mistake(&changed(line, &format!("{line}\n{second}"))), twice, "{second}");
            assert_eq!(mistake(&changed(line, &format!("{second}\r\n{line}"))), twice, "{second}");
        }
    }
}

#[test]
fn a_forged_second_amount_is_refused_wherever_it_stands() {
    let mail = message("aws.sns/notification--budget-actual");
    let forged = "ACTUAL Amount: $9,999.00";
    for mail in [mail.replace("Dear AWS Customer,", forged), format!("{mail}\n{forged}"), format!("{mail}{mail}")] {
        assert_eq!(BillingGuard.read(&mailed(&mail)).unwrap_err().error_type(), "MalformedEvent");
    }
}

#[test]
fn what_cannot_be_read_in_a_mail_is_named_by_its_label() {
    for (line, into, label) in [
        ("Alert Type: ACTUAL", "Alert Type: actual", "Alert Type"),
        ("Alert Type: ACTUAL", "Alert Type: ACTUAL FORECASTED", "Alert Type"),
        // The amount is that of the alert's own kind.
        ("Alert Type: ACTUAL", "Alert Type: FORECASTED", "FORECASTED Amount"),
        ("ACTUAL Amount: $42.17", "FORECASTED Amount: $42.17", "ACTUAL Amount"),
        ("ACTUAL Amount: $42.17", "ACTUAL Amount: 42.17", "ACTUAL Amount"),
        ("ACTUAL Amount: $42.17", "ACTUAL Amount: €42.17", "ACTUAL Amount"),
        ("ACTUAL Amount: $42.17", "ACTUAL Amount: $42.17 or so", "ACTUAL Amount"),
        ("ACTUAL Amount: $42.17", "ACTUAL Amount: $42.17\rACTUAL Amount: $9.00", "ACTUAL Amount"),
        ("ACTUAL Amount: $42.17", "ACTUAL Amount: $4,2.17", "ACTUAL Amount"),
        ("ACTUAL Amount: $42.17", "ACTUAL Amount: 612.5 Hrs", "ACTUAL Amount"),
    ] {
        assert_eq!(mistake(&changed(line, into)).0, format!("Records[0].Sns.Message.{label}"), "{into}");
    }
}

#[test]
fn a_budget_of_anything_but_cost_is_irrelevant_however_its_amounts_are_written() {
    for kind in ["Usage", "RI Utilization", "RI Coverage", "Savings Plans Utilization", "Costs"] {
        let event = changed("Budget Type: Cost", &format!("Budget Type: {kind}"));
        assert_eq!(read(&event), "irrelevant: a budget that is not about cost", "{kind}");
    }
    assert_eq!(read(&changed("Budget Type: Cost", "Budget Type: COST")), "$42.17 charged");
}

#[test]
fn a_mail_is_one_by_its_first_line_alone() {
    let mail = message("aws.sns/notification--budget-actual");
    for other in [
        format!("Fwd: {mail}"),
        format!("> \n{mail}"),
        mail.replace("AWS Budget Notification", "AWS Budgets Notification"),
        mail.lines().skip(1).collect::<Vec<_>>().join("\n"),
        json!(mail).to_string(),
        json!({"Message": mail}).to_string(),
    ] {
        assert_eq!(BillingGuard.read(&mailed(&other)).unwrap_err().error_type(), "UnrecognizedEvent");
    }
    assert_eq!(mistake(&mailed("AWS Budget Notification")).0, "Records[0].Sns.Message.Budget Type");
}

#[test]
fn a_mail_with_the_attributes_of_our_notices_is_still_a_mail() {
    let notice = samples::sample("aws.sns/notification--own-text-notice");
    let event = with(&notice, MESSAGE, message("aws.sns/notification--budget-actual"));
    assert_eq!(read(&event), "$42.17 charged");
}

#[test]
fn a_mail_is_as_long_as_sns_takes_it() {
    let mail = message("aws.sns/notification--budget-actual");
    let most = 256 * 1024 - mail.len();
    assert_eq!(read(&mailed(&format!("{mail}{}", "\n".repeat(most)))), "$42.17 charged");
    let (path, problem) = mistake(&mailed(&format!("{mail}{}", "\n".repeat(most + 1))));
    assert_eq!((path.as_str(), problem.as_str()), ("Records[0].Sns.Message", "is longer than what SNS takes"));
}

#[test]
fn a_mail_through_a_topic_that_is_not_trusted_is_not_believed() {
    for topic in ["arn:aws:sns:us-east-1:210987654321:codedetect-prod-billing", "arn:aws:sns:us-east-1:123456789012:x"]
    {
        for name in ["budget-actual", "budget-forecasted", "budget-usage", "billing-alarm"] {
            let sample = samples::sample(&format!("aws.sns/notification--{name}"));
            let error = BillingGuard.read(&with(&sample, "/Records/0/Sns/TopicArn", topic)).unwrap_err();
            assert_eq!(error.error_type(), "UntrustedSource");
            assert_eq!(error.to_string(), format!("the topic {topic} is not one of the trusted topics"));
        }
    }
}

#[test]
fn those_who_look_after_services_do_not_know_mails_of_budgets() {
    for name in ["budget-actual", "budget-forecasted", "budget-usage"] {
        let event = samples::sample(&format!("aws.sns/notification--{name}"));
        assert_eq!(event.pointer("/Records/0/Sns/TopicArn").unwrap(), BILLING_TOPIC);
        for function in [Deployer, Replacer] {
            let error = function.read(&event).unwrap_err();
            assert_eq!(
                error.to_string(),
                "no parser accepts this event: source aws:sns, not a JSON object with keys",
                "{name} to {function:?}"
            );
        }
    }
}

#[test]
fn no_error_repeats_anything_of_a_mail() {
    let mail = message("aws.sns/notification--budget-actual");
    for line in mail.lines().filter(|line| !line.is_empty()) {
        let label = line.split_once(": ").map_or("", |(label, _)| label);
        for into in [
            "hunter2".to_owned(),
            format!("{label}: hunter2"),
            format!("{line} hunter2"),
            format!("{line}\n{line} hunter2"),
        ] {
            if let Err(error) = BillingGuard.read(&mailed(&mail.replacen(line, &into, 1))) {
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{into}: {error:?}");
            }
        }
    }
}

#[test]
fn the_billing_guard_names_its_commands_and_knows_no_other() {
    for name in ["deploy", "replace", "Status", "stop", ""] {
        let (path, problem) = mistake(&json!({"command": name}));
        assert_eq!(path, "command");
        for known in ["status", "preview", "release", "confirm", "exempt"] {
            assert!(problem.contains(&format!("`{known}`")), "{problem}");
        }
    }
}

#[test]
fn a_status_without_a_service_is_the_billing_guards_and_one_with_a_service_is_not() {
    let of_charges = samples::sample("invoke/status--billing");
    assert_eq!(Deployer.read(&of_charges).unwrap_err().to_string(), "service: is required");
    assert_eq!(mistake(&samples::sample("invoke/status")).0, "service");
}

#[test]
fn commands_are_strict_but_for_what_a_dashboard_adds() {
    for name in ["status--billing", "preview", "release", "confirm", "exempt"] {
        let event = samples::sample(&format!("invoke/{name}"));
        assert_eq!(read(&with(&event, "/widgetContext", json!({"params": {}}))), read(&event));
        assert_eq!(mistake(&with(&event, "/dry_run", true)).0, "dry_run");
    }
}

#[test]
fn what_people_say_about_charges_is_kept_within_its_bounds() {
    let event = samples::sample("invoke/exempt");
    let long = read(&with(&event, "/reason", "é".repeat(501)));
    assert_eq!(long, format!("exempt until 2026-11-30T07:00:00Z by ada: {}…", "é".repeat(499)));
    let owner = "é".repeat(100);
    assert_eq!(
        read(&with(&with(&event, "/owner", format!(" {owner} ")), "/reason", " x\ny ")),
        format!("exempt until 2026-11-30T07:00:00Z by {owner}: x y")
    );
    for until in ["Monday", "2026-11-30T07:00:00", "2026-11-30T07:00:00[hunter2]", "hunter2"] {
        let (path, problem) = mistake(&with(&event, "/until", until));
        assert_eq!(
            (path.as_str(), problem.as_str()),
            ("until", "must be a time with its offset, like 2026-11-23T01:30:00.000+0000")
        );
    }
    let elsewhere = read(&with(&event, "/until", "2026-11-30T08:00:00+01:00"));
    assert_eq!(elsewhere, read(&event));
}

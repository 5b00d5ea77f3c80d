//! What arrives through SNS: which topics are believed, and which messages are anybody's.

use aws_lambda_events::sns::SnsEvent;
use serde_json::{Value, json};

use super::samples::{self, BillingGuard, Deployer, Replacer, TOPIC, summary, with};
use crate::sns::Form;
use crate::{EventError, Incoming};

fn through(topic: &str, message: &str) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": topic, "Message": message}}]})
}

#[test]
fn our_samples_are_envelopes_for_the_lambda_crate_too() {
    let ours = samples::all().into_iter().filter(|(name, _)| name.starts_with("aws.sns/"));
    for (name, event) in ours {
        let read = serde_json::from_value::<SnsEvent>(event);
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}

#[test]
fn only_trusted_topics_are_believed_and_an_error_names_nothing_but_the_topic() {
    let event = samples::sample("aws.sns/notification--alarm");
    let other = "arn:aws:sns:eu-west-1:123456789012:somebody-elses".to_owned();
    for trusted in [vec![], vec![other.try_into().unwrap()]] {
        for function in [Deployer, Replacer, BillingGuard] {
            let error = function.read_trusting(&event, &trusted).unwrap_err();
            assert_eq!(error.error_type(), "UntrustedSource");
            assert_eq!(error, EventError::Untrusted { topic: TOPIC.to_owned().try_into().unwrap() });
            assert_eq!(error.to_string(), format!("the topic {TOPIC} is not one of the trusted topics"));
        }
    }
}

#[test]
fn one_untrusted_record_is_enough_to_believe_none() {
    let event = samples::sample("aws.sns/notification--several-records");
    let foreign = "arn:aws:sns:eu-west-1:210987654321:codedetect-prod-alerts";
    let error = Deployer.read(&with(&event, "/Records/1/Sns/TopicArn", foreign)).unwrap_err();
    assert_eq!(error.error_type(), "UntrustedSource");
}

#[test]
fn every_message_of_the_samples_is_what_its_name_says() {
    for (name, event) in samples::all() {
        let Some(case) = name.strip_prefix("aws.sns/notification--") else { continue };
        let expected = match case {
            "own-notice" | "own-text-notice" => Form::OwnNotice,
            case if case.starts_with("test-notification") => Form::TestNotification,
            case if case.starts_with("budget-") => Form::BudgetMail,
            case if case.starts_with("report") => Form::Other,
            _ => Form::Alarm,
        };
        let forms = crate::sns::forms(&event);
        assert!(!forms.is_empty() && forms.iter().all(|form| *form == expected), "{name}: {forms:?}");
    }
}

#[test]
fn other_messages_of_a_trusted_topic_are_unrecognised_by_their_keys() {
    for (message, text) in [
        (r#"{"b":"hunter2","a":1}"#, "no parser accepts this event: source aws:sns, keys a, b"),
        (r#"{"Event":"autoscaling:EC2_INSTANCE_LAUNCH"}"#, "no parser accepts this event: source aws:sns, keys Event"),
        (r#"{"source":"signalbox.ci"}"#, "no parser accepts this event: source aws:sns, keys source"),
        ("hello hunter2", "no parser accepts this event: source aws:sns, not a JSON object with keys"),
        ("", "no parser accepts this event: source aws:sns, not a JSON object with keys"),
    ] {
        for function in [Deployer, Replacer, BillingGuard] {
            let error = function.read(&through(TOPIC, message)).unwrap_err();
            assert_eq!(error.error_type(), "UnrecognizedEvent");
            assert_eq!(error.to_string(), text);
        }
    }
}

#[test]
fn our_notice_is_ours_by_its_source_even_without_attributes() {
    let read = Deployer.read(&through(TOPIC, r#"{"source":"signalbox","kind":"started"}"#)).unwrap();
    assert!(matches!(read[..], [Incoming::Irrelevant { .. }]));
}

#[test]
fn two_of_our_three_attributes_do_not_make_a_notice() {
    let event = samples::sample("aws.sns/notification--own-text-notice");
    let event = samples::without(&event, "/Records/0/Sns/MessageAttributes/severity");
    assert_eq!(Deployer.read(&event).unwrap_err().error_type(), "UnrecognizedEvent");
}

#[test]
fn an_alarm_with_our_attributes_is_still_an_alarm() {
    let notice = samples::sample("aws.sns/notification--own-text-notice");
    let alarm = samples::sample("aws.sns/notification--alarm");
    let message = alarm.pointer("/Records/0/Sns/Message").unwrap().clone();
    let read = Deployer.read(&with(&notice, "/Records/0/Sns/Message", message)).unwrap();
    assert_eq!(summary(&read[0]), "codedetect-prod-alb-5xx ALARM 2026-11-23T01:12:07.421Z");
}

#[test]
fn a_record_with_only_what_is_read_is_enough() {
    let message = r#"{"AlarmName":"a","NewStateValue":"OK","StateChangeTime":"2019-05-23T14:28:04.000+0000"}"#;
    let read = Deployer.read(&through(TOPIC, message)).unwrap();
    assert_eq!(summary(&read[0]), "a OK 2019-05-23T14:28:04Z");
}

//! What the reporter reads its samples as, and what is answered by HTTP.

use serde_json::{Value, json};
use signalbox_domain::mistake::Mistake;

use super::samples::{self, REPORTS_TOPIC, Read, Reporter, told, with};
use crate::{Arrival, Arrived, Asked, Context, HttpAnswer, Origins, ReportEvent, Told};

/// A notice of our own.
const OWN: &str = "irrelevant: a notice of our own that came back through its topic";
/// A group's test.
const TEST: &str = "irrelevant: a group tests whether its notifications arrive";

/// Sample, and what the reporter reads it as.
pub(super) const TO_REPORTER: &[(&str, &str)] = &[
    ("aws.events/scheduled-event", "a digest is due"),
    ("aws.events/scheduled-event--two-rules", "a digest is due"),
    ("aws.http/options", "by HTTP: may I"),
    (
        "aws.http/post",
        "by HTTP: bug of ada@example.com as 5f1d2c3b-0000-4000-8000-000000000001: Upload fails with error 500",
    ),
    (
        "aws.http/post--form",
        "by HTTP: bug of ada@example.com as 5f1d2c3b-0000-4000-8000-000000000001: Upload fails / with error 500",
    ),
    (
        "aws.http/post--form-in-base64",
        "by HTTP: bug of ada@example.com as 5f1d2c3b-0000-4000-8000-000000000001: Upload fails / with error 500",
    ),
    ("aws.scheduler/heartbeat", "a digest is due"),
    ("aws.sns/notification--own-notice", OWN),
    ("aws.sns/notification--own-text-notice", OWN),
    (
        "aws.sns/notification--report",
        "bug of ada@example.com as 7d1c2b3a-0000-5000-8000-000000000040: Upload fails with error 500",
    ),
    (
        "aws.sns/notification--report-of-several",
        "bug of ada@example.com as 7d1c2b3a-0000-5000-8000-000000000041: Upload fails with error 500; \
         rejected: Records[1].Sns.Message.email: must be an address like ada@example.com, of at most 254 characters; \
         feature of grace@example.com as 7d1c2b3a-0000-5000-8000-000000000043: a dark theme",
    ),
    ("aws.sns/notification--test-notification", TEST),
    ("aws.sns/notification--test-notification-green", TEST),
    ("invoke/report", "bug of ada@example.com as @: Upload fails with error 500"),
    ("invoke/report--least", "feedback of grace@example.com as @: I like it"),
    ("invoke/resend", "what is owed is to be sent"),
    ("invoke/resend--from-dashboard", "what is owed is to be sent"),
];

fn read(event: &Value) -> Vec<String> {
    Reporter.understand(event).unwrap().iter().map(told).collect()
}

#[test]
fn a_bad_record_is_its_own_outcome_whatever_is_wrong_with_it() {
    let several = samples::sample("aws.sns/notification--report-of-several");
    for (place, value, outcome) in [
        ("/Records/0/Sns/Message", json!("hunter2"), "rejected: Records[0].Sns.Message: this is not JSON"),
        ("/Records/0/Sns/Message", json!("[]"), "rejected: Records[0].Sns.Message: must be an object"),
        ("/Records/0/Sns/Message", json!("{\"AlarmName\":1}"), "rejected: Records[0].Sns.Message: is no report"),
        ("/Records/0/Sns/MessageId", json!(""), "rejected: Records[0].Sns.MessageId: is required"),
        ("/Records/0/Sns/Message", json!("{\"source\":\"signalbox\"}"), OWN),
    ] {
        let outcomes = read(&with(&several, place, value));
        assert_eq!(outcomes.len(), 3);
        assert_eq!(outcomes[0], outcome);
        assert!(outcomes[2].starts_with("feature of grace@example.com"), "{outcomes:?}");
    }
}

#[test]
fn only_trusted_topics_are_believed() {
    let event = samples::sample("aws.sns/notification--report-of-several");
    let foreign = "arn:aws:sns:eu-west-1:210987654321:reports";
    let error = Reporter.understand(&with(&event, "/Records/2/Sns/TopicArn", foreign)).unwrap_err();
    assert_eq!(error.error_type(), "UntrustedSource");
    assert!(event.to_string().contains(REPORTS_TOPIC));
}

#[test]
fn an_alarm_on_the_topic_of_reports_is_said_loudly() {
    let error = Reporter.understand(&samples::sample("aws.sns/notification--alarm")).unwrap_err();
    assert_eq!(error.error_type(), "UnrecognizedEvent");
}

#[test]
fn a_bad_report_by_direct_invoke_is_rejected_and_no_error() {
    let event = with(&samples::sample("invoke/report"), "/type", "hunter2");
    assert_eq!(read(&event), ["rejected: type: must be bug, feature or feedback"]);
    // A rollback's fields are no report's, whatever the service is called.
    assert!(Reporter.understand(&json!({"service": "codedetect", "reason": "it fails"})).is_err());
}

fn post(place: &str, value: impl Into<Value>) -> Asked {
    let event = with(&samples::sample("aws.http/post--form"), place, value);
    let read = Reporter.understand(&event).unwrap().remove(0);
    let Read::Http(origin, asked) = read else { panic!("{read:?}") };
    assert_eq!(origin.as_deref(), Some("https://codedetect.example"));
    asked
}

#[test]
fn what_cannot_be_a_report_is_answered_without_reading_it() {
    for method in ["GET", "PUT", "DELETE", "post", ""] {
        assert_eq!(post("/requestContext/http/method", method), Asked::Answer(Told::NotAllowed), "{method}");
    }
    for media_type in ["text/plain", "multipart/form-data; boundary=x", "application/json2", ""] {
        assert_eq!(post("/headers/content-type", media_type), Asked::Answer(Told::UnknownType), "{media_type}");
    }
    let rejected = |asked: &Asked| matches!(asked, Asked::Report(Arrival { arrived: Arrived::Rejected(_), .. }));
    assert!(rejected(&post("/isBase64Encoded", true)), "a form is no base64");
    assert!(rejected(&post("/body", Value::Null)));
    assert!(rejected(&post("/headers/content-type", "application/json")), "a form is no JSON");
}

/// P4.
#[test]
fn a_body_over_256_kib_is_too_large_and_one_of_256_kib_is_read() {
    let fields = "type=bug&email=ada%40example.com&message=";
    let longest = format!("{fields}{}", "a".repeat(256 * 1024 - fields.len()));
    assert!(matches!(post("/body", longest.as_str()), Asked::Report(Arrival { arrived: Arrived::Report(_), .. })));
    assert_eq!(post("/body", format!("{longest}a")), Asked::Answer(Told::TooLarge));
}

#[test]
fn a_program_that_fills_the_hidden_field_is_trapped_by_http_alone() {
    let body = "type=bug&email=ada%40example.com&message=buy&website=https%3A%2F%2Fexample.com";
    let Asked::Report(Arrival { arrived, .. }) = post("/body", body) else { panic!("it is no report") };
    assert_eq!(arrived, Arrived::Trapped);
    let invoked = with(&samples::sample("invoke/report"), "/website", "https://example.com");
    assert!(read(&invoked)[0].starts_with("bug of ada@example.com"));
}

#[test]
fn every_answer_has_a_status_a_reason_and_the_field() {
    let mistake = Mistake::at("email", "must be \"right\"");
    for (told, status, body) in [
        (Told::Accepted, 202, json!({"outcome": "accepted", "reason": "thank you, somebody will read it"})),
        (Told::Rejected(mistake), 400, json!({"outcome": "rejected", "field": "email", "reason": "must be \"right\""})),
        (Told::TooLarge, 413, json!({"outcome": "rejected", "field": ".", "reason": "is longer than 256 KiB"})),
        (Told::NotAllowed, 405, json!({"outcome": "rejected", "reason": "reports are posted"})),
        (
            Told::Limited,
            429,
            json!({"outcome": "limited", "reason": "too many reports within the hour: it is kept and will be read"}),
        ),
        (Told::Failed, 500, json!({"outcome": "failed", "reason": "it is kept and will be passed on"})),
        (
            Told::NotKept,
            503,
            json!({"outcome": "not_kept", "reason": "it could not be kept: send it again in a minute"}),
        ),
    ] {
        let answer = HttpAnswer::to(&told, None, &Origins::Any, false);
        assert_eq!(answer.status_code, status);
        assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), body);
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    let preflight = serde_json::to_value(HttpAnswer::to(&Told::Preflight, None, &Origins::Any, false)).unwrap();
    let headers = json!({
        "access-control-allow-origin": "*", "access-control-allow-methods": "POST, OPTIONS",
        "access-control-allow-headers": "content-type", "access-control-max-age": "86400", "cache-control": "no-store",
    });
    assert_eq!(preflight, json!({"statusCode": 204, "headers": headers, "body": "", "isBase64Encoded": false}));
    assert_eq!(HttpAnswer::to(&Told::NotAllowed, None, &Origins::Any, false).headers["allow"], "POST, OPTIONS");
    assert_eq!(HttpAnswer::to(&Told::Limited, None, &Origins::Any, false).headers["retry-after"], "3600");
}

#[test]
fn a_form_without_a_script_is_answered_with_a_page() {
    let accepts = |types: &str| {
        let event = with(&samples::sample("aws.http/post--form"), "/headers/accept", types);
        let context = Context { request_id: "r-1", trusted_topics: &[] };
        let Ok(ReportEvent::Http { to_be_shown, .. }) = crate::reporter(&event, &context) else { panic!() };
        to_be_shown
    };
    assert!(accepts("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
    assert!(!accepts("*/*") && !accepts("application/json"));

    let mistake = Mistake::at("email", "must be <right>");
    for (told, status, text) in [
        (Told::Accepted, 202, "Thank you</h1><p>Your report has arrived, and somebody will read it.</p>"),
        (Told::Limited, 429, "Thank you</h1><p>Many reports came within the hour. Yours is kept and will be read.</p>"),
        (Told::Rejected(mistake), 400, "was not taken</h1><p><b>email</b>: must be &lt;right&gt;. Go back: what"),
        (Told::TooLarge, 413, "was not taken</h1><p>is longer than 256 KiB. Go back: what"),
        (Told::Failed, 500, "Thank you</h1><p>Your report is kept and will be passed on."),
        (Told::NotKept, 503, "could not be taken</h1><p>Something went wrong on our side. Go back and send it again"),
        (Told::NotAllowed, 405, "This is where reports are sent to</h1>"),
    ] {
        let answer = HttpAnswer::to(&told, None, &Origins::Any, true);
        assert_eq!((answer.status_code, answer.headers["content-type"].as_str()), (status, "text/html; charset=utf-8"));
        assert!(answer.body.contains(text) && !answer.body.contains("<script"), "{}", answer.body);
        assert!(answer.headers["content-security-policy"].starts_with("default-src 'none'"));
    }
    assert_eq!(HttpAnswer::to(&Told::Preflight, None, &Origins::Any, true).body, "");
}

#[test]
fn the_command_takes_nothing_but_its_name() {
    let event = json!({"command": "resend", "service": "codedetect"});
    let error = Reporter.understand(&event).unwrap_err().to_string();
    assert!(error.contains("service"), "{error}");
    let error = Reporter.understand(&json!({"command": "digest"})).unwrap_err().to_string();
    assert!(error.contains("command") && error.contains("resend"), "{error}");
}

#[test]
fn only_the_sites_that_are_named_may_read_an_answer() {
    let origins: Origins = "https://codedetect.example, http://localhost:5000".parse().unwrap();
    let allowed = |origin| {
        let answer = HttpAnswer::to(&Told::Accepted, origin, &origins, false);
        assert_eq!(answer.headers["vary"], "origin");
        answer.headers.get("access-control-allow-origin").cloned()
    };
    assert_eq!(allowed(Some("http://localhost:5000")).as_deref(), Some("http://localhost:5000"));
    for other in
        [None, Some("null"), Some("https://codedetect.example.evil.example"), Some("https://evil.example\r\nx: y")]
    {
        assert_eq!(allowed(other), None, "{other:?}");
    }
    let mut wrong = vec!["", "*", "codedetect.example", "https://a.example/path", "https://a.example,", "https://"];
    wrong.extend(["https://A.example", "https://a.example:443", "http://a.example:80"]);
    for wrong in wrong {
        assert!(wrong.parse::<Origins>().is_err(), "{wrong:?}");
    }
}

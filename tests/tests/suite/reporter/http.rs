//! Reports by HTTP, as a function URL hands them on.

use std::collections::HashMap;

use serde_json::{Value, json};
use signalbox_tests::events::heartbeat;
use signalbox_tests::moto::On;

use super::{Desk, ORIGIN, bug, http, sample, subject};

#[tokio::test]
async fn a_form_on_a_web_page_is_answered_by_http() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let ask = async |event: Value| {
        let answer = reporter.invoke(event).await.unwrap();
        let body = answer["body"].as_str().unwrap();
        let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
        (answer["statusCode"].as_u64().unwrap(), body, answer["headers"].clone())
    };
    let (status, body, headers) = ask(http("POST", &bug("ada@example.com", "it fails"))).await;
    assert_eq!((status, &body["outcome"]), (202, &json!("accepted")));
    assert_eq!((&headers["access-control-allow-origin"], &headers["vary"]), (&json!(ORIGIN), &json!("origin")));
    let (status, _, _) = ask(sample("aws.http/post--form-in-base64")).await;
    assert_eq!(status, 202);
    let (status, _, _) = ask(sample("aws.http/post--form-in-base64")).await;
    assert_eq!(status, 202, "the same request again");
    assert_eq!(desk.sent().await, (2, 2, 2));

    let (status, body, _) = ask(http("POST", &bug("hunter2", "it fails"))).await;
    assert_eq!((status, &body["field"]), (400, &json!("email")), "{body}");
    assert!(!body.to_string().contains("hunter2"), "{body}");
    let mut trap = bug("bot@example.com", "buy this");
    trap["website"] = json!("https://example.org");
    assert_eq!(ask(http("POST", &trap)).await.0, 202);
    assert_eq!(ask(http("GET", &Value::Null)).await.0, 405);
    let (status, _, headers) = ask(sample("aws.http/options")).await;
    assert_eq!((status, &headers["access-control-allow-methods"]), (204, &json!("POST, OPTIONS")));
    assert_eq!(desk.sent().await, (2, 2, 2));

    desk.stack.moto().fail(On::call("SendEmail").containing(&desk.domain), 1, "MessageRejected").await;
    let (status, body, headers) = ask(http("POST", &bug("ada@example.com", "it fails again"))).await;
    assert_eq!((status, &body["outcome"]), (500, &json!("failed")));
    assert_eq!(headers["access-control-allow-origin"], ORIGIN);
    assert_eq!(desk.sent().await, (2, 3, 3));
    let resend = sample("invoke/resend");
    desk.stack.moto().fail(On::call("SendEmail").containing(&desk.domain), 1, "MessageRejected").await;
    assert_eq!(reporter.invoke(&resend).await.unwrap(), json!({"resent": 0, "owed": 1}));
    assert_eq!(reporter.invoke(&resend).await.unwrap(), json!({"resent": 1, "owed": 0}));
    assert_eq!(desk.sent().await, (3, 3, 3));
    assert_eq!(reporter.invoke(&resend).await.unwrap(), json!({"resent": 0, "owed": 0}));

    let mut shown = http("POST", &bug("ada@example.com", "it fails once more"));
    shown["headers"]["accept"] = json!("text/html,application/xhtml+xml,*/*;q=0.8");
    let page = reporter.invoke(shown).await.unwrap();
    assert_eq!(
        (&page["statusCode"], &page["headers"]["content-type"]),
        (&json!(202), &json!("text/html; charset=utf-8"))
    );
    assert!(page["body"].as_str().unwrap().contains("Thank you"), "{page}");
    assert_eq!(reporter.invoke(heartbeat()).await.unwrap(), json!({"digest": true}));
    let digest = desk.mails().await.pop().unwrap();
    assert_eq!(subject(&digest), "Reports: 4 bug, 1 rejected, 1 by programs");
}

/// P6, as after a bad release: all of them change the one item that reports share.
#[tokio::test]
async fn of_many_that_come_at_once_none_is_lost() {
    const MANY: usize = 30;
    let desk = Desk::new().await;
    let functions = desk.launch().start_many(MANY).await;
    let posts: Vec<_> = functions
        .iter()
        .enumerate()
        .map(|(number, function)| function.begin(http("POST", &bug(&format!("user{number}@example.com"), "it fails"))))
        .collect();
    let mut statuses: HashMap<u64, usize> = HashMap::new();
    for post in posts {
        let answer = post.await.unwrap().unwrap();
        *statuses.entry(answer["statusCode"].as_u64().unwrap()).or_default() += 1;
    }
    assert_eq!(statuses, HashMap::from([(202, MANY)]));
    assert_eq!(desk.sent().await, (MANY, MANY, MANY));
}

#[tokio::test]
async fn how_the_service_stands_may_be_unknown_but_a_report_that_cannot_be_kept_says_so_to_every_page() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let moto = desk.stack.moto();
    desk.stack.put_doc(&format!("SERVICE#{}", desk.stack.name), "RECORD", &json!({"live": "purple"})).await;
    let taken = reporter.invoke(http("POST", &bug("ada@example.com", "it fails"))).await.unwrap();
    assert_eq!(taken["statusCode"], 202, "{taken}");
    assert_eq!(desk.sent().await, (1, 1, 1));

    // As often as the SDK tries.
    moto.fail(On::call("TransactWriteItems").containing(&desk.stack.table), 2, "AccessDeniedException").await;
    let failed = reporter.invoke(http("POST", &bug("ada@example.com", "it fails again"))).await.unwrap();
    assert_eq!(failed["statusCode"], 503, "{failed}");
    assert_eq!(failed["headers"]["access-control-allow-origin"], ORIGIN);
    assert_eq!(desk.sent().await, (1, 1, 1));
}

//! What strangers write: hostile, long or secret.

use serde_json::json;
use signalbox_tests::moto::On;

use super::{Desk, answer, body, bug, http, subject};

/// P1.
#[tokio::test]
async fn what_a_report_says_is_harmless_wherever_it_goes() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let hostile = "<img src=x onerror=alert(1)> [here](javascript:alert(1)) <!channel> @here";
    let mut report = bug("ada@example.com", &format!("{hostile}\r\nBcc: eve@example.com\nService: another"));
    report["name"] = json!("Ada\r\nReply-To: eve@example.com");
    report["page"] = json!("javascript:alert(1)\"><script>alert(2)</script>");
    report["user_agent"] = json!("curl\u{0}\u{202e}\r\nX: y");
    let mut torn = bug("ada@example.com\r\nBcc: eve@example.com", "it fails");
    let mut typed = bug("ada@example.com", "it fails");
    (torn["name"], typed["type"]) = (json!("Ada"), json!("bug\r\nBcc: eve@example.com"));
    let taken = reporter.invoke(desk.event(&[report, torn, typed])).await.unwrap();
    assert_eq!((&taken["accepted"], taken["rejected"].as_array().unwrap().len()), (&json!(1), 2), "{taken}");
    assert!(!taken.to_string().contains("eve@"), "{taken}");

    let mails = desk.mails().await;
    assert_eq!(mails.len(), 1);
    let message = &mails[0]["Content"]["Simple"];
    let html = message["Body"]["Html"]["Data"].as_str().unwrap();
    for live in ["<img", "<script", "<!channel", "href", "<a ", "src=\""] {
        assert!(!html.contains(live), "{live} in {html}");
    }
    assert_eq!(mails[0]["ReplyToAddresses"], json!(["ada@example.com"]));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let own = lines(body(&mails[0])).into_iter().filter(|line| !line.starts_with("> "));
    for line in own {
        assert!(!line.starts_with("Bcc") && !line.starts_with("Reply-To") && line != "Service: another", "{line}");
    }
    for message in [desk.published(&desk.reports).await.remove(0), desk.published(&desk.chat).await.remove(0)] {
        let subject = message["subject"].as_str().unwrap_or_default();
        assert!(subject.is_ascii() && subject.len() <= 100 && !subject.contains(['\r', '\n']), "{subject:?}");
    }
    assert!(!subject(&mails[0]).contains(['\r', '\n']) && subject(&mails[0]).chars().count() <= 100);
    let chat = desk.published(&desk.chat).await.remove(0)["message"].to_string();
    for live in ["<!", "@here", "](", "ada@"] {
        assert!(!chat.contains(live), "{live} in {chat}");
    }
}

/// P4.
#[tokio::test]
async fn what_is_long_is_cut_on_a_character_and_what_is_far_too_long_is_refused() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let long = "é漢👍 ".repeat(2_000);
    assert_eq!(reporter.invoke(desk.event(&[bug("ada@example.com", &long)])).await.unwrap(), answer(1, 0, 0));
    let too_large = reporter.invoke(http("POST", &bug("ada@example.com", &"a".repeat(256 * 1024)))).await.unwrap();
    assert_eq!(too_large["statusCode"], 413, "{too_large}");
    let mail = desk.mails().await.remove(0);
    assert_eq!((subject(&mail).chars().count(), subject(&mail).chars().last()), (100, Some('…')));
    assert!(body(&mail).contains("(cut: the first 5000 of 7999 characters)"), "{}", body(&mail));
    let kept = body(&mail).lines().next().unwrap().chars().filter(|c| *c == '漢').count();
    assert_eq!(kept, 1_250);
    let published = desk.published(&desk.reports).await.remove(0);
    assert!(published["subject"].as_str().unwrap().len() <= 100, "{published}");
}

/// P5.
#[tokio::test]
async fn secrets_are_nowhere_and_neither_address_nor_message_is_in_the_log() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    // In two pieces each, or whoever scans this file for keys would find some.
    let (key, token) =
        (["AKIA", "IOSFODNN7EXAMPLQ"].concat(), ["ghp_", "0123456789abcdefABCDEF0123456789abcd"].concat());
    let mut report = bug("ada@example.com", &format!("Lustrous upload fails with {key}\nand password=correct-horse-7"));
    report["name"] = json!(format!("Ada {token}"));
    report["page"] = json!("https://ada:battery-staple@codedetect.example/upload");
    report["user_agent"] = json!(format!("curl --password staple-correct-9 {key}"));
    let event = desk.event(&[report]);
    let moto = desk.stack.moto();
    moto.fail(On::call("SendEmail").containing(&desk.domain), 1, "MessageRejected").await;
    assert_eq!(reporter.invoke(&event).await.unwrap_err().error_type, "ReportNotSent");
    assert_eq!(reporter.invoke(&event).await.unwrap(), answer(0, 1, 0));
    assert_eq!(desk.sent().await, (1, 1, 1));

    let mails = json!(desk.mails().await).to_string();
    let chat = desk.published(&desk.chat).await;
    assert!(!json!(chat).to_string().contains("ada@"), "{chat:?}");
    let published = [desk.published(&desk.reports).await, chat].concat();
    let (published, kept) = (json!(published).to_string(), format!("{:?}", desk.kept().await));
    let logs = reporter.logs().join("\n");
    for (place, text) in [("mail", &mails), ("message", &published), ("item", &kept)] {
        assert!(text.contains("Lustrous") && text.contains("[redacted: "), "{place}: {text}");
    }
    for secret in [&key, &token, "correct-horse-7", "battery-staple", "staple-correct-9"] {
        for (place, text) in [("mail", &mails), ("message", &published), ("item", &kept), ("log", &logs)] {
            assert!(!text.contains(secret), "{secret} is in the {place}: {text}");
        }
    }
    assert!(logs.contains("taken") && logs.contains("ReportNotSent"), "{logs}");
    assert!(!logs.contains("ada") && !logs.contains("@") && !logs.contains("Lustrous"), "{logs}");
}

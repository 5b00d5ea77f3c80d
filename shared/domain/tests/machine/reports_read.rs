//! What a report is read as: what is accepted, what is refused, and what is kept of it.

use signalbox_domain::record::Record;
use signalbox_domain::report::{Context, Document, Fingerprint, Kind, Report, ReportedAt, resolve};
use signalbox_domain::slot::{BySlot, Slot, Split};
use signalbox_domain::text::ServiceName;

pub(crate) fn read(json: &str) -> Report {
    Document::from_json(json).unwrap().report().unwrap()
}

fn with(field: &str, value: &str) -> String {
    let mut report = serde_json::json!({"type": "bug", "email": "ada@example.com", "message": "it fails"});
    report[field] = value.into();
    report.to_string()
}

#[test]
fn codedetects_own_form_is_read() {
    let report = read(
        r#"{"email":"ada@example.com","type":"Bug","message":" Upload fails\r\nwith 500\t","name":"Ada",
        "timestamp":"2026-11-23T01:30:00.000Z","user_agent":"Mozilla/5.0","page":"/upload","added":{"tomorrow":1}}"#,
    );
    assert_eq!((report.kind, report.email.as_str()), (Kind::Bug, "ada@example.com"));
    assert_eq!(report.message, "Upload fails\nwith 500");
    assert_eq!(report.reported_at, Some(ReportedAt::At("2026-11-23T01:30:00Z".parse().unwrap())));
    assert_eq!(report.user_agent.as_deref(), Some("Mozilla/5.0"));
    assert_eq!((report.name.as_deref(), report.page.as_deref()), (Some("Ada"), Some("/upload")));
}

#[test]
fn a_form_is_read_as_browsers_send_it() {
    let form =
        b"type=FEATURE&email=ada%40example.com&message=a+dark+th%C3%A8me%0D%0Aplease&message=second&broken=%zz%4";
    let report = Document::from_form(form).unwrap().report().unwrap();
    assert_eq!((report.kind, report.message.as_str()), (Kind::Feature, "a dark thème\nplease"));
}

#[test]
fn only_a_bad_address_type_or_message_rejects_and_nothing_of_it_is_repeated() {
    for (field, value) in [
        ("type", ""),
        ("type", "hunter2"),
        ("email", ""),
        ("email", "hunter2"),
        ("email", "hunter2@example.com\r\nBcc: eve@example.com"),
        ("message", " \r\n\t"),
        ("message", "\u{200b}\u{0}"),
    ] {
        let mistake = Document::from_json(&with(field, value)).unwrap().report().unwrap_err();
        assert_eq!(mistake.path, field);
        assert!(mistake.problem.contains("must be") || mistake.problem.contains("is required"), "{mistake}");
        assert!(!mistake.to_string().contains("hunter2"), "{mistake}");
    }
    for (text, path) in [("[]", "."), ("hunter2", "."), ("", "."), ("{} {}", "."), ("{}", "type")] {
        let mistake = Document::from_json(text).and_then(|document| document.report()).unwrap_err();
        assert_eq!(mistake.path, path, "{text}");
    }
    for (field, value) in
        [("name", "a\r\nBcc: b\0"), ("page", "\u{7}"), ("user_agent", "\u{1b}[31m"), ("service", "no such/thing")]
    {
        let report = read(&with(field, value));
        let lines = [report.name, report.page, report.user_agent].into_iter().flatten();
        assert!(lines.into_iter().all(|line| !line.contains(char::is_control)), "{field}");
    }
    assert_eq!(read(&with("name", "a\r\nBcc: b\0")).name.as_deref(), Some("a  Bcc: b"));
}

#[test]
fn a_time_that_cannot_be_read_is_said_to_be_so_and_never_becomes_now() {
    for text in ["yesterday", "2026-11-23", "2026-11-23T01:30:00", "1795395600"] {
        assert_eq!(read(&with("timestamp", text)).reported_at, Some(ReportedAt::Unreadable), "{text}");
    }
    assert_eq!(read(&with("timestamp", " ")).reported_at, None);
}

/// P4.
#[test]
fn a_long_message_is_cut_on_a_character_and_a_longer_body_is_refused() {
    for character in ["a", "é", "漢", "👍"] {
        let exact = read(&with("message", &character.repeat(5_000)));
        assert_eq!((exact.message.chars().count(), exact.cut_from), (5_000, None));
        let longer = read(&with("message", &character.repeat(5_001)));
        assert_eq!((longer.message, longer.cut_from), (character.repeat(5_000), Some(5_001)));
    }
    let largest = with("message", &"a".repeat(256 * 1024 - with("message", "").len()));
    assert_eq!(largest.len(), 256 * 1024);
    assert!(read(&largest).cut_from.is_some());
    assert!(Document::from_json(&format!("{largest} ")).is_err());
    assert!(Document::from_form(&vec![b'a'; 256 * 1024 + 1]).is_err());
}

/// P5.
#[test]
fn a_cut_leaves_no_half_of_a_secret() {
    let secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    for before in 4_960..5_001 {
        let report = read(&with("message", &format!("{} {secret}", "a".repeat(before))));
        assert!(!report.message.contains("ghp_1"), "after {before}");
    }
}

#[test]
fn the_field_that_people_do_not_see_tells_a_program() {
    assert!(Document::from_json(&with("website", "https://example.com")).unwrap().is_trapped());
    assert!(!Document::from_json(&with("website", " ")).unwrap().is_trapped());
    assert!(Document::from_form(b"website=x").unwrap().is_trapped());
}

#[test]
fn near_duplicates_have_one_fingerprint() {
    let of = |message: &str| read(&with("message", message)).fingerprint(None);
    let first = of("Upload failed at 2026-11-23T01:30:00Z: app.py line 41");
    assert_eq!(first, of("UPLOAD  failed at 2026-12-01T09:11:58Z -- app.py, line 1043!"));
    assert_ne!(first, of("Download failed at 2026-11-23T01:30:00Z: app.py line 41"));
    assert_eq!(Fingerprint::try_from(first.to_string()).unwrap(), first);
    assert!(Fingerprint::try_from("REPORT".to_owned()).is_err());
}

#[test]
fn the_service_is_the_one_they_name_or_the_only_one_there_is() {
    let names = |names: &[&str]| -> Vec<ServiceName> { names.iter().map(|name| name.parse().unwrap()).collect() };
    for (said, defined, expected) in [
        (Some("shop"), &["shop", "blog"][..], Some("shop")),
        (Some("other"), &["shop", "blog"], None),
        (Some("other"), &["shop"], Some("shop")),
        (None, &["shop"], Some("shop")),
        (None, &["shop", "blog"], None),
        (Some("shop"), &[], None),
    ] {
        let said: Option<ServiceName> = said.map(|said| said.parse().unwrap());
        let resolved = resolve(said.as_ref(), &names(defined));
        assert_eq!(resolved.as_ref().map(ServiceName::as_str), expected);
    }
}

#[test]
fn what_the_record_knows_is_told_and_the_weights_it_began_with_are_no_flip() {
    let (began, moved) = ("2026-11-23T01:00:00Z".parse().unwrap(), "2026-11-23T01:30:00Z".parse().unwrap());
    let releases = BySlot { blue: Some("v1".parse().unwrap()), green: None };
    let mut record = Record::at_rest(Slot::Blue, releases, Split::all_to(Slot::Blue), began);
    let quiet = Context::of("shop".parse().unwrap(), &record);
    assert_eq!((quiet.live, quiet.flipped_at, quiet.operation), (Some(Slot::Blue), None, None));
    assert_eq!(quiet.release.unwrap().as_str(), "v1");
    record.intend(Split::all_to(Slot::Green), moved);
    let flipped = Context::of("shop".parse().unwrap(), &record);
    assert_eq!(flipped.flipped_at, Some(moved));
}

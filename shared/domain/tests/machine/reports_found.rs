//! Reports on which an earlier version of the reporter went wrong.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::record::Record;
use signalbox_domain::report::{
    Context, Decision, Delivery, Desk, Digest, Entry, Known, Outcome, Received, Rules, Saved, Thread, decide,
};
use signalbox_domain::slot::{BySlot, Percent, Slot, Split};

use super::reports_read::read;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What is kept, as the table keeps it.
#[derive(Default)]
struct Kept {
    entries: Vec<Entry>,
    threads: Vec<Thread>,
    desk: Option<Desk>,
}

impl Kept {
    fn hears(&mut self, email: &str, message: &str, context: &Context, now: Timestamp) -> Decision {
        let json = serde_json::json!({"type": "bug", "email": email, "message": message});
        let report = read(&json.to_string());
        let fingerprint = report.fingerprint(context.service.as_ref());
        let known = Known {
            entry: None,
            thread: self.threads.iter().find(|thread| thread.fingerprint == fingerprint),
            desk: self.desk.as_ref(),
        };
        let received = Received { id: format!("id-{}", self.entries.len()), report };
        let decision = decide(&received, known, context, &Rules::default(), now);
        if let Saved::All { entry, thread, desk } = decision.saved.clone() {
            self.threads.retain(|known| known.fingerprint != thread.fingerprint);
            self.threads.push(*thread);
            self.desk = Some(*desk);
            self.entries.push(*entry);
        }
        decision
    }

    fn digest(&self, now: Timestamp) -> Digest {
        self.desk.as_ref().unwrap().digest(now).unwrap().1
    }
}

/// One address, five of whose reports are sent.
#[test]
fn a_flood_of_one_address_crowds_no_grave_thread_out_of_the_digest() {
    let (mut kept, now) = (Kept::default(), at("2026-11-23T01:30:00Z"));
    for number in 0..100_usize {
        kept.hears("eve@example.com", &"spam ".repeat(number + 1), &Context::default(), now);
    }
    let later = now + SignedDuration::from_hours(2);
    for name in ["ada", "grace", "barbara"] {
        let real = kept.hears(&format!("{name}@example.com"), "I lost my files", &Context::default(), later);
        assert_eq!(real.outcome, Outcome::Accepted);
    }
    let text = kept.digest(later).text;
    assert!(text.contains("I lost my files"), "the gravest first: {text}");
}

/// Two digits of each are an ordinary week.
#[test]
fn the_subject_of_a_digest_is_no_longer_than_that_of_a_report() {
    let (mut kept, mut now) = (Kept::default(), at("2026-11-23T01:30:00Z"));
    for number in 0..12_usize {
        for kind in ["bug", "feature", "feedback"] {
            let json = serde_json::json!({"type": kind, "email": "ada@example.com", "message": "x".repeat(number + 1)});
            let received = Received { id: format!("{kind}-{number}"), report: read(&json.to_string()) };
            let known = Known { entry: None, thread: None, desk: kept.desk.as_ref() };
            let Saved::All { desk, .. } = decide(&received, known, &Context::default(), &Rules::default(), now).saved
            else {
                panic!()
            };
            kept.desk = Some(*desk);
        }
        now += SignedDuration::from_mins(1);
    }
    let mut desk = Desk::refuse(kept.desk.as_ref(), 12, 12, now);
    let given_up: BTreeSet<String> = desk.pending.iter().take(10).cloned().collect();
    desk = desk.tried(&desk.pending, &BTreeSet::new(), &given_up);
    let (_, digest) = desk.digest(now).unwrap();
    let length = digest.subject.chars().count();
    assert!(length <= 100, "{length}: {}", digest.subject);
}

/// The digest's heartbeat and the rule for what is owed may come in the same minute.
#[test]
fn a_report_that_two_looks_gave_up_is_counted_once() {
    let mut desk = Desk::refuse(None, 0, 0, at("2026-11-23T01:30:00Z"));
    desk.pending = vec!["id-1".to_owned()];
    let (tried, given_up) = (desk.pending.clone(), desk.pending.iter().cloned().collect());
    let after = desk.tried(&tried, &BTreeSet::new(), &given_up).tried(&tried, &BTreeSet::new(), &given_up);
    assert_eq!(after.tally.unsent, 1);
}

/// A deployment that moves traffic in steps is one flip, and its users one crowd.
#[test]
fn similar_bugs_in_several_steps_of_one_deployment_are_told_and_told_once() {
    let (mut kept, mut now) = (Kept::default(), at("2026-11-23T01:30:00Z"));
    let releases = BySlot { blue: Some("v1".parse().unwrap()), green: Some("v2".parse().unwrap()) };
    let mut record = Record::at_rest(Slot::Blue, releases, Split::all_to(Slot::Blue), now);
    let mut told = 0;
    for (step, weight) in [10_u8, 20, 30, 40, 50].into_iter().enumerate() {
        record.intend(Split::give(Slot::Green, Percent::try_from(weight).unwrap()), now);
        now += SignedDuration::from_mins(1);
        for second in 0..2 {
            let context = Context::of("codedetect".parse().unwrap(), &record);
            let decision = kept.hears(&format!("user{step}{second}@example.com"), "Upload fails", &context, now);
            told += decision.deliveries.iter().filter(|one| matches!(one, Delivery::Alerts(..))).count();
        }
        now += SignedDuration::from_mins(1);
    }
    assert_eq!(told, 1, "ten reports of one thread within nine minutes of the first flip");
}

/// Ten people at once, and a word is as long as a sentence.
#[test]
fn what_is_written_without_spaces_is_no_single_word_that_changes() {
    let of = |message: &str| {
        let json = serde_json::json!({"type": "bug", "email": "ada@example.com", "message": message});
        read(&json.to_string()).fingerprint(None)
    };
    assert_ne!(of("ログイン画面でエラー500が出ます"), of("請求書が2回送られてきました"));
}

/// One function whose clock was wrong once.
#[test]
fn a_clock_that_was_far_ahead_once_limits_nobody_for_ever() {
    let (mut kept, now) = (Kept::default(), at("2026-11-23T01:30:00Z"));
    let ahead = now + SignedDuration::from_hours(24 * 365);
    kept.hears("ada@example.com", "it fails", &Context::default(), ahead);
    let outcome = (1..=10)
        .map(|day| {
            kept.hears("ada@example.com", "it fails", &Context::default(), now + SignedDuration::from_hours(24 * day))
        })
        .map(|decision| decision.outcome)
        .collect::<Vec<_>>();
    assert!(outcome.iter().all(|outcome| *outcome == Outcome::Accepted), "one a day: {outcome:?}");
}

/// Chat is read by more people than mail is.
#[test]
fn chat_has_no_address_where_somebody_wrote_it_as_their_name() {
    let now = at("2026-11-23T01:30:00Z");
    let json = r#"{"type":"bug","email":"ada@example.com","name":"ada@example.com","message":"it fails, answer to ada@example.com"}"#;
    let received = Received { id: "id-1".to_owned(), report: read(json) };
    let decision = decide(&received, Known::default(), &Context::default(), &Rules::default(), now);
    let chat =
        decision.deliveries.iter().find_map(|one| if let Delivery::Chat(text) = one { Some(text) } else { None });
    let shown = chat.unwrap().replace('\u{200b}', "");
    assert!(!shown.contains("ada@example.com"), "{shown}");
}

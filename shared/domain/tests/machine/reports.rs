//! What a report leads to: who hears of it, once, and what is only kept.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::notice::{Kind, Severity};
use signalbox_domain::report::{
    Context, Decision, Delivery, Desk, Entry, Known, Limit, Mail, Outcome, Published, Received, Rules, Saved, Sink,
    State, Thread, decide,
};

use super::reports_read::read;

/// Somebody who keeps what is saved, and whose sinks can be broken.
struct Office {
    entries: Vec<Entry>,
    threads: Vec<Thread>,
    desk: Option<Desk>,
    context: Context,
    now: Timestamp,
    broken: BTreeSet<Sink>,
    sent: Vec<Delivery>,
    serial: u32,
}

impl Office {
    fn new() -> Office {
        let now: Timestamp = "2026-11-23T01:30:00Z".parse().unwrap();
        let context = Context {
            service: Some("codedetect".parse().unwrap()),
            release: Some("v43".parse().unwrap()),
            flipped_at: Some(now - SignedDuration::from_mins(5)),
            ..Context::default()
        };
        Office {
            entries: Vec::new(),
            threads: Vec::new(),
            desk: None,
            context,
            now,
            broken: BTreeSet::new(),
            sent: Vec::new(),
            serial: 0,
        }
    }

    /// One more report, with an id of its own.
    fn hears(&mut self, kind: &str, email: &str, message: &str) -> Decision {
        self.serial += 1;
        let id = format!("id-{}", self.serial);
        self.hears_as(&id, kind, email, message)
    }

    fn hears_as(&mut self, id: &str, kind: &str, email: &str, message: &str) -> Decision {
        let json = serde_json::json!({"type": kind, "email": email, "message": message});
        let report = read(&json.to_string());
        let fingerprint = report.fingerprint(self.context.service.as_ref());
        let known = Known {
            entry: self.entries.iter().find(|entry| entry.id == id && entry.thread == fingerprint),
            thread: self.threads.iter().find(|thread| thread.fingerprint == fingerprint),
            desk: self.desk.as_ref(),
        };
        let received = Received { id: id.to_owned(), report };
        let decision = decide(&received, known, &self.context, &Rules::default(), self.now);
        let entry = match decision.saved.clone() {
            Saved::All { entry, thread, desk } => {
                self.threads.retain(|known| known.fingerprint != thread.fingerprint);
                self.threads.push(*thread);
                self.desk = Some(*desk);
                entry
            }
            Saved::Entry(entry) => entry,
            Saved::Nothing => return decision,
        };
        let (sent, broken): (Vec<_>, Vec<_>) =
            decision.deliveries.clone().into_iter().partition(|delivery| !self.broken.contains(&delivery.sink()));
        assert_eq!(sent.len() + broken.len(), entry.owed.len());
        let done = sent.iter().map(Delivery::sink).collect();
        self.sent.extend(sent);
        self.entries.retain(|known| known.id != entry.id);
        self.entries.push(entry.after_sending(&done, self.now));
        decision
    }

    /// One look at what is owed, by the rules of an entry and the desk.
    fn resends(&mut self) {
        let (mut done, mut given_up) = (BTreeSet::new(), BTreeSet::new());
        let Some(desk) = self.desk.clone() else { return };
        for entry in &mut self.entries {
            if let Some(claimed) = entry.again(self.now) {
                let deliveries = claimed.deliveries().into_iter();
                let (sent, _): (Vec<_>, Vec<_>) = deliveries.partition(|one| !self.broken.contains(&one.sink()));
                *entry = claimed.after_sending(&sent.iter().map(Delivery::sink).collect(), self.now);
                self.sent.extend(sent);
            }
            if entry.owed.is_empty() {
                done.insert(entry.id.clone());
            } else if entry.is_hopeless(self.now) {
                given_up.insert(entry.id.clone());
            }
        }
        self.desk = Some(desk.tried(&desk.pending, &done, &given_up));
    }

    fn mails<'a>(&'a self) -> Vec<&'a Mail> {
        let mail = |delivery: &'a Delivery| if let Delivery::Mail(mail) = delivery { Some(mail) } else { None };
        self.sent.iter().filter_map(mail).collect()
    }

    fn published<'a>(&'a self) -> Vec<&'a Published> {
        let topic =
            |delivery: &'a Delivery| if let Delivery::Topic(published) = delivery { Some(published) } else { None };
        self.sent.iter().filter_map(topic).collect()
    }

    fn alerts<'a>(&'a self) -> Vec<&'a signalbox_domain::notice::Notice> {
        let alert =
            |delivery: &'a Delivery| if let Delivery::Alerts(_, _, notice) = delivery { Some(notice) } else { None };
        self.sent.iter().filter_map(alert).collect()
    }
}

/// P1.
#[test]
fn what_a_report_says_is_harmless_in_every_sink() {
    let mut office = Office::new();
    office.context.alarms = vec!["5xx <b>".parse().unwrap()];
    office.hears(
        "bug",
        "ada@example.com",
        "<script>alert(1)</script> [x](javascript:alert(1)) <!channel> @here\r\nService: other",
    );
    let mail = office.mails()[0];
    assert_eq!(mail.subject, "codedetect bug: <script>alert(1)</script> [x](javascript:alert(1)) <!channel> @here");
    assert_eq!(mail.reply_to, "ada@example.com");
    assert!(mail.html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !mail.html.contains("<script"));
    assert!(mail.html.contains("5xx &lt;b&gt;") && !mail.html.contains("href"));
    assert!(mail.text.contains("\n> Service: other\n"), "it cannot be taken for ours: {}", mail.text);
    let Some(Delivery::Chat(chat)) = office.sent.iter().find(|delivery| delivery.sink() == Sink::Chat) else {
        panic!()
    };
    for live in ["<!", "@here", "](", "ada@"] {
        assert!(!chat.contains(live), "{live} in {chat}");
    }
    assert!(office.published()[0].subject.is_ascii());
}

/// P2.
#[test]
fn the_same_message_once_to_eight_times_is_one_mail() {
    for times in 1..=8 {
        let mut office = Office::new();
        for _ in 0..times {
            office.hears_as("message-1", "bug", "ada@example.com", "it fails");
            office.now += SignedDuration::from_secs(45);
        }
        assert_eq!((office.mails().len(), office.threads[0].count), (1, 1), "{times} times");
    }
}

/// P2.
#[test]
fn the_same_text_of_many_people_is_one_thread_and_everybody_is_mailed() {
    let mut office = Office::new();
    office.context.flipped_at = None;
    for number in 1..=4 {
        office.hears("bug", &format!("user{number}@example.com"), &format!("Upload of file {number} FAILS"));
    }
    assert_eq!(office.threads.len(), 1);
    let subjects: Vec<&str> = office.mails().iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "codedetect bug: Upload of file 1 FAILS",
            "codedetect bug (2nd report): Upload of file 2 FAILS",
            "codedetect bug (3rd report): Upload of file 3 FAILS",
            "codedetect bug (4th report): Upload of file 4 FAILS",
        ]
    );
    let thread = &office.threads[0];
    assert_eq!((thread.count, thread.state, thread.title.as_str()), (4, State::Ongoing, "Upload of file 1 FAILS"));
    office.now += SignedDuration::from_hours(14 * 24);
    office.hears("bug", "user1@example.com", "upload of file 5 fails");
    assert_eq!(office.threads[0].state, State::Back);
    assert_eq!(office.threads[0].expires_at(), office.now + SignedDuration::from_hours(90 * 24));
}

/// P3.
#[test]
fn where_one_sink_failed_only_that_one_is_tried_again() {
    let mut office = Office::new();
    office.hears_as("message-1", "bug", "ada@example.com", "it fails");
    office.broken.insert(Sink::Mail);
    office.hears_as("message-2", "bug", "grace@example.com", "another thing fails");
    office.broken.clear();
    let sent = office.sent.len();
    assert_eq!(office.mails().len(), 1);
    let again = office.hears_as("message-1", "bug", "ada@example.com", "it fails");
    assert_eq!((again.outcome, again.saved, again.deliveries), (Outcome::Duplicate, Saved::Nothing, vec![]));
    let second = office.hears_as("message-2", "bug", "grace@example.com", "another thing fails");
    assert_eq!(second.outcome, Outcome::Duplicate);
    assert_eq!((office.sent.len(), office.mails().len()), (sent + 1, 2));
    assert!(second.counted.is_empty());
}

/// P2.
#[test]
fn what_somebody_is_sending_is_not_sent_by_another_until_their_time_is_over() {
    let mut office = Office::new();
    let decision = office.hears_as("message-1", "bug", "ada@example.com", "it fails");
    let Saved::All { entry, thread, desk } = &decision.saved else { panic!() };
    let known = Known { entry: Some(entry), thread: Some(thread), desk: Some(desk) };
    let received = Received { id: entry.id.clone(), report: entry.report.clone() };
    let decided = |after: i64| {
        let now = office.now + SignedDuration::from_secs(after);
        decide(&received, known, &office.context, &Rules::default(), now)
    };
    assert_eq!(decided(59).deliveries, []);
    let taken_over = decided(60);
    assert_eq!(taken_over.deliveries, decision.deliveries, "the function that had it must have died");
    let Saved::Entry(claimed) = taken_over.saved else { panic!() };
    assert_eq!(claimed.claimed_until, office.now + SignedDuration::from_secs(120));
}

/// P3.
#[test]
fn what_a_report_owes_is_sent_though_it_never_comes_again_and_given_up_aloud_after_a_day() {
    let mut office = Office::new();
    office.hears("bug", "ada@example.com", "it fails");
    office.broken.insert(Sink::Mail);
    office.hears("bug", "grace@example.com", "another thing fails");
    for _ in 0..6 {
        office.hears("bug", "ada@example.com", "it fails"); // from the fifth on it is limited, and owes nothing
    }
    let pending = |office: &Office| office.desk.as_ref().unwrap().pending.len();
    assert_eq!(pending(&office), 6);
    let sent = office.sent.len();
    office.resends();
    assert_eq!((office.sent.len(), pending(&office)), (sent, 5), "the mails fail still, the first report is done");
    office.broken.clear();
    office.resends();
    assert_eq!((office.sent.len(), office.mails().len(), pending(&office)), (sent + 5, 6, 0));

    office.now += SignedDuration::from_hours(1);
    office.broken.insert(Sink::Chat);
    office.hears("bug", "ada@example.com", "it fails in the evening");
    office.now += SignedDuration::from_hours(24) - SignedDuration::from_secs(1);
    office.resends();
    assert_eq!(pending(&office), 1);
    office.now += SignedDuration::from_secs(1);
    office.resends();
    assert_eq!(pending(&office), 0);
    let (_, digest) = office.desk.as_ref().unwrap().digest(office.now).unwrap();
    assert_eq!(digest.subject, "Reports: 9 bug, 2 limited, 1 not sent to everybody");
    assert!(digest.text.contains("\nNot everybody was told of some: signalbox reports --unsent\n"), "{}", digest.text);
}

#[test]
fn what_could_not_be_sent_goes_behind_what_was_not_tried_and_the_desk_forgets_the_first_of_too_many() {
    let mut desk = Desk::refuse(None, 0, 0, "2026-11-23T01:30:00Z".parse().unwrap());
    let ids = |numbers: &[u32]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>();
    desk.pending = ids(&[1, 2, 3, 4, 5]);
    let (done, given_up) = (ids(&[2]).into_iter().collect(), ids(&[3]).into_iter().collect());
    let next = desk.tried(&ids(&[1, 2, 3]), &done, &given_up);
    assert_eq!((next.pending, next.tally.unsent), (ids(&[4, 5, 1]), 1));

    let mut office = Office::new();
    for number in 0..1_100 {
        office.hears("feedback", &format!("user{number}@example.com"), "nice");
        office.now += SignedDuration::from_mins(1);
    }
    let pending = office.desk.unwrap().pending;
    assert_eq!((pending.len(), pending[0].as_str()), (1_000, "id-101"));
}

/// P4.
#[test]
fn a_subject_is_cut_on_a_character_and_keeps_the_number() {
    let mut office = Office::new();
    for number in 0..2 {
        office.hears("feature", &format!("a{number}@example.com"), &"é漢👍 ".repeat(100));
    }
    let subject = &office.mails()[1].subject;
    assert_eq!(subject.chars().count(), 100);
    assert!(subject.starts_with("codedetect feature (2nd report): é漢👍") && subject.ends_with('…'), "{subject}");
    assert!(office.published().iter().all(|published| published.subject.len() <= 100));
}

/// P6.
#[test]
fn a_flood_of_one_address_is_kept_and_only_five_an_hour_are_sent() {
    let mut office = Office::new();
    for number in 0..20 {
        let address = format!("{}@Example.com", ["ada", "ADA", "ada+1", "ada+2"][number % 4]);
        let decision = office.hears("bug", &address, &format!("thing {} fails", "x".repeat(number)));
        let expected = if number < 5 { Outcome::Accepted } else { Outcome::Limited(Limit::Address) };
        assert_eq!(decision.outcome, expected, "report {number}");
        assert_eq!(decision.counted.is_empty(), number >= 5, "what is limited is no evidence");
    }
    assert_eq!((office.mails().len(), office.entries.len()), (5, 20));
    assert_eq!(office.hears("bug", "grace@example.com", "it fails").outcome, Outcome::Accepted);
    office.now += SignedDuration::from_mins(60);
    assert_eq!(office.hears("bug", "ada@example.com", "it fails").outcome, Outcome::Accepted);
}

/// P6.
#[test]
fn a_flood_of_many_is_kept_and_only_sixty_an_hour_are_sent() {
    let mut office = Office::new();
    for number in 0..200 {
        let decision = office.hears("bug", &format!("user{number}@example.com"), "it fails");
        assert_eq!(decision.outcome == Outcome::Limited(Limit::Overall), number >= 60, "report {number}");
        office.now += SignedDuration::from_secs(1);
    }
    assert_eq!(office.mails().len(), 60);
    assert_eq!((office.threads[0].count, office.threads[0].limited), (200, 140));
    assert_eq!(office.desk.as_ref().unwrap().sent.len(), 60, "the desk grows no further");
    // The window slides: after the hour of the first one, one more may pass.
    office.now = office.entries[0].received_at + SignedDuration::from_mins(60);
    assert_eq!(office.hears("bug", "user@example.com", "it fails").outcome, Outcome::Accepted);
    assert_eq!(office.hears("bug", "user@example.com", "it fails").outcome, Outcome::Limited(Limit::Overall));
}

/// P7.
#[test]
fn three_similar_bugs_soon_after_a_flip_are_told_once_for_each_flip() {
    let mut office = Office::new();
    for number in 0..5 {
        let decision = office.hears("bug", &format!("user{number}@example.com"), "the upload fails");
        let metrics: Vec<_> =
            decision.counted.iter().map(|one| (one.metric, one.release.as_ref().map(|v| v.as_str()))).collect();
        assert_eq!(metrics, [("BugReports", None), ("BugReports", Some("v43"))]);
    }
    assert_eq!(office.alerts().len(), 1);
    let notice = office.alerts()[0].clone();
    assert_eq!((notice.kind, notice.severity), (Kind::ReportsAfterFlip, Severity::Critical));
    assert_eq!(
        notice.text.lines().take(2).collect::<Vec<_>>(),
        [
            "codedetect: 3 similar bug reports within 5m of a flip",
            "They came from 3 addresses and begin: the upload fails",
        ]
    );
    assert!(notice.text.contains("v43 is live. To take it back: signalbox rollback codedetect"), "{}", notice.text);
    assert_eq!(office.mails()[2].subject, "CRITICAL codedetect bug (3rd report): the upload fails");

    office.context.flipped_at = Some(office.now);
    for number in 0..3 {
        office.hears("bug", &format!("other{number}@example.com"), "the upload fails");
    }
    assert_eq!(office.alerts().len(), 2, "another flip");
    assert_ne!(office.alerts()[1].id, notice.id);
}

/// P7.
#[test]
fn wishes_other_threads_late_and_limited_reports_are_no_evidence() {
    let mut office = Office::new();
    for number in 0..4 {
        office.hears("feature", &format!("user{number}@example.com"), "a dark theme");
    }
    for message in ["one", "two", "three"] {
        office.hears("bug", "ada@example.com", message);
    }
    office.context.flipped_at = Some(office.now - SignedDuration::from_mins(30));
    for number in 0..4 {
        office.hears("bug", &format!("user{number}@example.com"), "too late");
    }
    office.context.flipped_at = None;
    for number in 0..4 {
        office.hears("bug", &format!("user{number}@example.com"), "there was no flip");
    }
    assert!(office.alerts().is_empty());
    assert!(office.published().iter().all(|published| published.attributes.len() == 5));
}

#[test]
fn what_there_is_not_is_left_out_of_the_attributes() {
    let mut office = Office::new();
    office.context = Context::default();
    let decision = office.hears("feedback", "ada@example.com", "nice");
    let names: Vec<&str> = office.published()[0].attributes.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["type", "severity", "thread"]);
    assert!(decision.counted.is_empty());
    assert_eq!(office.mails()[0].subject, "feedback: nice");
}

#[test]
fn a_digest_says_what_came_and_leaves_once() {
    let mut office = Office::new();
    for number in 0..7 {
        office.hears("bug", "ada@example.com", &format!("Upload of {number} <fails>"));
    }
    office.hears("feature", "grace@example.com", "a dark theme");
    office.desk = Some(Desk::refuse(office.desk.as_ref(), 2, 1, office.now));
    let (desk, first) = office.desk.as_ref().unwrap().digest(office.now).unwrap();
    insta::assert_snapshot!(first.text, @"
    Since Nov 23 01:30 UTC: 7 bug, 1 feature, 2 limited, 2 rejected, 1 by programs.
    Limited ones were not mailed: signalbox reports --unsent

    By release
    - codedetect v43: 8

    Threads
    - 7x codedetect bug, critical, 2 limited: Upload of 0 <fails> (4d282536)
    - 1x codedetect feature, info: a dark theme (083e6a2d)
    ");
    assert!(first.html.contains("Upload of 0 &lt;fails&gt;"));
    assert_eq!(desk.digest(office.now), None, "somebody is sending it");
    let later = office.now + SignedDuration::from_secs(60);
    let (claimed, again) = desk.digest(later).unwrap();
    assert_eq!((&again, claimed.digest(later)), (&first, None), "it may not have left");
    assert_eq!(claimed.with_digest_free().digest(later).unwrap().1, first, "it did not");
    assert_eq!(desk.without_digest(&first).digest(office.now), None, "nothing came since");
    assert_eq!(desk.sent.len(), 6, "the limits go on");
}

/// The same report in both, as in docs/reports.md.
#[test]
fn the_mail_and_the_chat_message_as_people_read_them() {
    let mut office = Office::new();
    office.context.live = Some(signalbox_domain::slot::Slot::Green);
    office.context.alarms = vec!["codedetect-prod-alb-5xx".parse().unwrap()];
    office.hears("bug", "ada@example.com", "Upload fails\nwith password=hunter2");
    insta::assert_snapshot!(office.mails()[0].text);
    let Some(Delivery::Chat(chat)) = office.sent.iter().find(|delivery| delivery.sink() == Sink::Chat) else {
        panic!()
    };
    let message: serde_json::Value = serde_json::from_str(chat).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&message).unwrap());
}

//! A report as each sink takes it. Each escapes for itself: what is harmless in one is not in another.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use super::document::{Report, ReportedAt};
use super::entry::{Entry, Sink};
use super::html::{escaped, page};
use super::normalise;
use super::thread::State;
use crate::chat;
use crate::definition::Arn;
use crate::notice::{Notice, Severity};
use crate::text::{ServiceName, ascii_subject};

/// Longest subject of a mail, in characters.
pub(super) const LONGEST_SUBJECT: usize = 100;

/// One thing to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// To the topic of reports.
    Topic(Published),
    /// To the topic that a chat client reads: the JSON of a custom notification.
    Chat(String),
    /// To the team.
    Mail(Mail),
    /// To the alerts of this service, at the topic of its definition if that names one.
    Alerts(ServiceName, Option<Arn>, Notice),
}

/// What is published for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// ASCII, one line, at most 100 characters.
    pub subject: String,
    /// JSON.
    pub message: String,
    /// Message attributes, none of which is empty: what there is not is left out.
    pub attributes: Vec<(&'static str, String)>,
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line of at most 100 characters.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The reporter's address.
    pub reply_to: String,
}

impl Delivery {
    /// Where it goes.
    #[must_use]
    pub fn sink(&self) -> Sink {
        match self {
            Delivery::Topic(_) => Sink::Topic,
            Delivery::Chat(_) => Sink::Chat,
            Delivery::Mail(_) => Sink::Mail,
            Delivery::Alerts(..) => Sink::Alerts,
        }
    }
}

impl Entry {
    /// What is to be sent.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.owed.iter().filter_map(|sink| delivery(self, *sink)).collect()
    }
}

fn delivery(entry: &Entry, sink: Sink) -> Option<Delivery> {
    match sink {
        Sink::Topic => Some(Delivery::Topic(published(entry))),
        Sink::Chat => Some(Delivery::Chat(said(entry))),
        Sink::Mail => Some(Delivery::Mail(mail(entry))),
        Sink::Alerts => {
            let context = &entry.context;
            Some(Delivery::Alerts(context.service.clone()?, context.alerts_topic.clone(), entry.notice.clone()?))
        }
    }
}

fn published(entry: &Entry) -> Published {
    let (report, context) = (&entry.report, &entry.context);
    let reported_at = match report.reported_at {
        Some(ReportedAt::At(at)) => Some(at.to_string()),
        Some(ReportedAt::Unreadable) => Some("unreadable".to_owned()),
        None => None,
    };
    let message = json!({
        "source": "signalbox",
        "kind": "report",
        "id": entry.id,
        "type": report.kind.name(),
        "severity": entry.severity.name(),
        "thread": entry.thread,
        "number": entry.number,
        "first": entry.first,
        "received_at": entry.received_at,
        "reported_at": reported_at,
        "service": context.service,
        "live": context.live,
        "release": context.release,
        "minutes_since_flip": context.minutes_since_flip(entry.received_at),
        "alarms": context.alarms,
        "operation": context.operation,
        "email": report.email,
        "name": report.name,
        "message": report.message,
        "cut_from": report.cut_from,
        "page": report.page,
        "user_agent": report.user_agent,
    });
    let attributes = [
        ("type", Some(report.kind.name().to_owned())),
        ("severity", Some(entry.severity.name().to_owned())),
        ("service", context.service.as_ref().map(ToString::to_string)),
        ("release", context.release.as_ref().map(ToString::to_string)),
        ("thread", Some(entry.thread.to_string())),
    ];
    let attributes = attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    Published { subject: ascii_subject(&subject(entry)), message: message.to_string(), attributes }
}

/// Chat is read by more people than mail is: the address stays out of it.
fn said(entry: &Entry) -> String {
    let mut text = String::new();
    for (name, value) in facts(entry) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    text.push_str(&quoted(&entry.report));
    let without_address = |text: &str| entry.report.email.taken_out_of(text);
    chat::notification(&entry.id, &without_address(&subject(entry)), &without_address(&text), entry.thread.as_str())
}

fn mail(entry: &Entry) -> Mail {
    let report = &entry.report;
    let mut facts = facts(entry);
    facts.push(("Address", report.email.as_str().to_owned()));
    facts.extend(report.user_agent.clone().map(|agent| ("User agent", agent)));
    let mut text = quoted(report);
    let note = cut_note(report);
    text.push('\n');
    let mut rows = String::new();
    for (name, value) in &facts {
        let _ = writeln!(text, "{name}: {value}");
        let _ = write!(rows, "<p style=\"margin:6px 0\"><b>{name}</b> {}</p>", escaped(value));
    }
    let subject = subject(entry);
    let message = format!(
        "<div style=\"white-space:pre-wrap;border-left:3px solid #999;padding-left:8px;margin-bottom:12px\">{}{note}</div>",
        escaped(&report.message)
    );
    let html = page(&subject, &format!("{message}{rows}"));
    Mail { subject, text, html, reply_to: report.email.as_str().to_owned() }
}

/// The number comes first, so that it is not what is cut.
fn subject(entry: &Entry) -> String {
    let critical = if entry.severity == Severity::Critical { "CRITICAL " } else { "" };
    let service = entry.context.service.as_ref().map(|service| format!("{service} ")).unwrap_or_default();
    let of_thread = if entry.number > 1 { format!(" ({} report)", ordinal(entry.number)) } else { String::new() };
    let begins = format!("{critical}{service}{}{of_thread}: ", entry.report.kind.name());
    normalise::cut(&format!("{begins}{}", entry.report.title(LONGEST_SUBJECT)), LONGEST_SUBJECT)
}

fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (1, not) if not != 11 => "st",
        (2, not) if not != 12 => "nd",
        (3, not) if not != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// What there is to know, without the message and the address.
fn facts(entry: &Entry) -> Vec<(&'static str, String)> {
    let (report, context) = (&entry.report, &entry.context);
    let since = match entry.state {
        State::New => "the first report of this".to_owned(),
        State::Ongoing => format!("the {} report of this since {}", ordinal(entry.number), day(entry.first)),
        State::Back => format!("the {} report of this, after 14 days of silence or more", ordinal(entry.number)),
    };
    let live = context.live.map(|live| {
        let release = context.release.as_ref().map_or("an unknown release", |release| release.as_str());
        format!("{live}, {release}")
    });
    let flip = context.minutes_since_flip(entry.received_at).map(|minutes| match minutes {
        0 => "less than a minute before".to_owned(),
        1 => "1 minute before".to_owned(),
        _ => format!("{minutes} minutes before"),
    });
    let alarms: Vec<&str> = context.alarms.iter().map(|alarm| alarm.as_str()).collect();
    let reported_at = report.reported_at.map(|at| match at {
        ReportedAt::At(at) => at.to_string(),
        ReportedAt::Unreadable => "they gave a time that cannot be read".to_owned(),
    });
    let facts = [
        ("Type", Some(format!("{}, {}", report.kind.name(), entry.severity.name()))),
        ("Thread", Some(format!("{}, {since}", entry.thread.short()))),
        ("Service", context.service.as_ref().map(ToString::to_string)),
        ("Live", live),
        ("Last flip", flip),
        ("In ALARM", (!alarms.is_empty()).then(|| alarms.join(", "))),
        ("Under way", context.operation.clone()),
        ("Name", report.name.clone()),
        ("Page", report.page.clone()),
        ("Reported", reported_at),
        ("Received", Some(entry.received_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn day(at: Timestamp) -> String {
    at.strftime("%b %d").to_string()
}

/// What they wrote. Each line of theirs begins with a sign, so that none of them can look like one of ours.
fn quoted(report: &Report) -> String {
    let lines: String = report.message.lines().map(|line| format!("> {line}\n")).collect();
    format!("{lines}{}", cut_note(report))
}

fn cut_note(report: &Report) -> String {
    let note = |of: usize| format!("\n(cut: the first {} of {of} characters)\n", report.message.chars().count());
    report.cut_from.map(note).unwrap_or_default()
}

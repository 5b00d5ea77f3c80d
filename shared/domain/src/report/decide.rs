//! What one report leads to: pure and total, like everything here.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::context::Context;
use super::desk::{Desk, Limit, after};
use super::document::{Kind, Report};
use super::entry::{Entry, Sink};
use super::rules::Rules;
use super::severity::severity;
use super::sinks::Delivery;
use super::thread::Thread;
use crate::text::{Release, ServiceName};

/// A report that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its id: a report that comes with it again is the same one.
    pub id: String,
    /// What it says.
    pub report: Report,
}

/// What is known already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The report itself, where it came before.
    pub entry: Option<&'a Entry>,
    /// Its thread.
    pub thread: Option<&'a Thread>,
    /// What reports share.
    pub desk: Option<&'a Desk>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is sent.
    Accepted,
    /// It came before.
    Duplicate,
    /// It is kept, and counted in the digest.
    Limited(Limit),
}

/// What has to be saved, in one transaction, before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// All three: the entry must not exist yet, the others be as they were.
    All {
        /// The report.
        entry: Box<Entry>,
        /// Its thread.
        thread: Box<Thread>,
        /// What reports share.
        desk: Box<Desk>,
    },
    /// The entry alone, which must be as it was: what it owes is sent once more.
    Entry(Box<Entry>),
    /// Nothing.
    Nothing,
}

/// One more of a CloudWatch metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The metric.
    pub metric: &'static str,
    /// Of this service.
    pub service: ServiceName,
    /// Of this release of it; `None`: of all.
    pub release: Option<Release>,
}

/// What one report leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What became of it.
    pub outcome: Outcome,
    /// What has to be saved first.
    pub saved: Saved,
    /// What is sent then, one by one; [`Entry::after_sending`] says what remains.
    pub deliveries: Vec<Delivery>,
    /// What is counted then: a bug that is sent, by service, and by service and release.
    pub counted: Vec<Counted>,
}

/// Decides what one report leads to.
#[must_use]
pub fn decide(received: &Received, known: Known<'_>, context: &Context, rules: &Rules, now: Timestamp) -> Decision {
    match known.entry {
        Some(entry) => again(entry, now),
        None => anew(received, known, context, rules, now),
    }
}

/// It came before: what it still owes is sent, unless somebody is sending it.
fn again(entry: &Entry, now: Timestamp) -> Decision {
    let (saved, deliveries) = match entry.again(now) {
        None => (Saved::Nothing, Vec::new()),
        Some(entry) => {
            let deliveries = entry.deliveries();
            (Saved::Entry(Box::new(entry)), deliveries)
        }
    };
    Decision { outcome: Outcome::Duplicate, saved, deliveries, counted: Vec::new() }
}

fn anew(received: &Received, known: Known<'_>, context: &Context, rules: &Rules, now: Timestamp) -> Decision {
    let report = &received.report;
    let now = known.desk.map_or(now, |desk| after(now, desk.last));
    let now = known.thread.map_or(now, |thread| after(now, thread.last));
    let fingerprint = report.fingerprint(context.service.as_ref());
    let mut desk = known.desk.cloned().unwrap_or_else(|| Desk::new(now));
    let mut thread = known.thread.cloned().unwrap_or_else(|| Thread::new(fingerprint.clone(), report, context, now));

    let limited = desk.admit(report, rules, now);
    thread.join(context, limited.is_some(), now);
    // What is limited is no evidence: whoever floods us must not be able to have a release taken back.
    let (is_burst, notice) = match limited {
        None => thread.hear_after_flip(report, context, rules, now),
        Some(_) => (false, None),
    };
    let severity = severity(report.kind, &report.message, is_burst);
    thread.severity = thread.severity.max(severity);
    desk.tally.count(&thread, severity, limited.is_some());

    let mut owed = BTreeSet::new();
    if limited.is_none() {
        owed.extend([Sink::Topic, Sink::Chat, Sink::Mail]);
        owed.extend(notice.is_some().then_some(Sink::Alerts));
        desk.expect(&received.id);
    }
    let entry = Entry {
        id: received.id.clone(),
        thread: fingerprint,
        report: report.clone(),
        context: context.clone(),
        severity,
        number: thread.count,
        state: thread.state,
        first: thread.first,
        received_at: now,
        limited,
        owed,
        claimed_until: now,
        notice,
    };
    let entry = entry.claimed(now);
    Decision {
        outcome: limited.map_or(Outcome::Accepted, Outcome::Limited),
        deliveries: entry.deliveries(),
        counted: if limited.is_none() { counted(report, context) } else { Vec::new() },
        saved: Saved::All { entry: Box::new(entry), thread: Box::new(thread), desk: Box::new(desk) },
    }
}

fn counted(report: &Report, context: &Context) -> Vec<Counted> {
    let Some(service) = context.service.clone().filter(|_| report.kind == Kind::Bug) else { return Vec::new() };
    let by = |release: Option<Release>| Counted { metric: "BugReports", service: service.clone(), release };
    let of_release = context.release.clone().map(|release| by(Some(release)));
    [by(None)].into_iter().chain(of_release).collect()
}

//! What reports share: who wrote within the hour, and what the next digest says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::decide::Rules;
use super::digest::Digest;
use super::document::{Kind, Report};
use super::fingerprint::{Fingerprint, hash};
use super::thread::Thread;
use crate::notice::Severity;

/// The limits are of so long a time, which slides.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Most threads that a digest names; those beyond are counted.
const MOST_THREADS: usize = 100;
/// Most reports that are remembered as not known to be sent: those of 16 hours at the limit for all.
const MOST_PENDING: usize = 1_000;
/// Most releases that a digest counts by.
const MOST_RELEASES: usize = 50;

/// What reports share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// The reports of the last hour that were sent: no more than the limit for all.
    pub sent: Vec<Sent>,
    /// What came since the last digest.
    pub tally: Tally,
    /// The digest that was made and may not have left yet.
    pub owed: Option<Digest>,
    /// Reports, by their ids, that are not known to have been sent to everybody: the longest untried first.
    #[serde(default)]
    pub pending: Vec<String>,
    /// When it was last changed. Time never runs backwards behind it.
    pub last: Timestamp,
}

/// A report that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When.
    pub at: Timestamp,
    /// From whom, as a hash.
    pub from: String,
}

/// Which limit a report met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// That of its address.
    Address,
    /// That of all.
    Overall,
}

/// What came since the last digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Since when.
    pub since: Timestamp,
    /// How many of each type, with those that were limited.
    pub types: BTreeMap<Kind, u64>,
    /// How many were limited.
    pub limited: u64,
    /// How many were rejected.
    pub rejected: u64,
    /// How many were a program's, by the field that people do not see.
    pub trapped: u64,
    /// How many could not be sent to everybody, and are tried no more.
    #[serde(default)]
    pub unsent: u64,
    /// How many by service and release, such as `codedetect v43`.
    pub releases: BTreeMap<String, u64>,
    /// The threads.
    pub threads: BTreeMap<Fingerprint, Tallied>,
    /// How many reports are of threads beyond the 100 that are named.
    pub of_others: u64,
}

/// One thread since the last digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallied {
    /// How it begins.
    pub title: String,
    /// What it is, as `codedetect bug`.
    pub of: String,
    /// The highest severity.
    pub severity: Severity,
    /// How many reports, with those that were limited.
    pub count: u64,
    /// How many of them were limited.
    pub limited: u64,
}

impl Desk {
    pub(super) fn new(now: Timestamp) -> Desk {
        Desk { sent: Vec::new(), tally: Tally::new(now), owed: None, pending: Vec::new(), last: now }
    }

    /// The desk after reports that were no reports: `rejected` for a bad address, type or message, and `trapped`.
    #[must_use]
    pub fn refuse(desk: Option<&Desk>, rejected: u64, trapped: u64, now: Timestamp) -> Desk {
        let mut desk = desk.cloned().unwrap_or_else(|| Desk::new(now));
        desk.last = desk.last.max(now);
        desk.tally.rejected += rejected;
        desk.tally.trapped += trapped;
        desk
    }

    /// Lets a report pass that is within the limits of the last hour, and remembers it; else the limit that it met.
    /// A report that is limited counts for nothing here.
    pub(super) fn admit(&mut self, report: &Report, rules: &Rules, now: Timestamp) -> Option<Limit> {
        self.last = now;
        self.sent.retain(|sent| now.duration_since(sent.at) < WINDOW);
        let from = hash(&report.email.mailbox());
        let of_address = self.sent.iter().filter(|sent| sent.from == from).count();
        if of_address >= rules.per_address_an_hour {
            return Some(Limit::Address);
        }
        if self.sent.len() >= rules.overall_an_hour {
            return Some(Limit::Overall);
        }
        self.sent.push(Sent { at: now, from });
        None
    }

    pub(super) fn count(&mut self, thread: &Thread, severity: Severity, is_limited: bool) {
        let (tally, limited) = (&mut self.tally, u64::from(is_limited));
        let service = thread.service.as_ref().map_or("unknown service", |service| service.as_str());
        *tally.types.entry(thread.kind).or_default() += 1;
        tally.limited += limited;
        let release = thread.release.as_ref().map_or("unknown release", |release| release.as_str());
        let release = format!("{service} {release}");
        if tally.releases.len() < MOST_RELEASES || tally.releases.contains_key(&release) {
            *tally.releases.entry(release).or_default() += 1;
        }
        if tally.threads.len() >= MOST_THREADS && !tally.threads.contains_key(&thread.fingerprint) {
            tally.of_others += 1;
            return;
        }
        let tallied = tally.threads.entry(thread.fingerprint.clone()).or_insert_with(|| Tallied {
            title: thread.title.clone(),
            of: format!("{service} {}", thread.kind.name()),
            severity,
            count: 0,
            limited: 0,
        });
        tallied.severity = tallied.severity.max(severity);
        tallied.count += 1;
        tallied.limited += limited;
    }

    /// Remembers a report that is not known to be sent to everybody. Where nobody looks at them for hours, the first
    /// ones are forgotten: they may have been sent, and the desk is one item.
    pub(super) fn expect(&mut self, id: &str) {
        if self.pending.len() >= MOST_PENDING {
            self.pending.remove(0);
        }
        self.pending.push(id.to_owned());
    }

    /// The desk after these reports were tried again: `done` are sent or forgotten, `given_up` are only counted.
    #[must_use]
    pub fn tried(&self, tried: &[String], done: &BTreeSet<String>, given_up: &BTreeSet<String>) -> Desk {
        let (mut later, mut pending): (Vec<_>, Vec<_>) =
            self.pending.iter().cloned().partition(|id| tried.contains(id));
        later.retain(|id| !done.contains(id) && !given_up.contains(id));
        pending.append(&mut later);
        let mut desk = Desk { pending, ..self.clone() };
        desk.tally.unsent += given_up.len() as u64;
        desk
    }

    /// The digest has left.
    #[must_use]
    pub fn without_digest(&self) -> Desk {
        Desk { owed: None, ..self.clone() }
    }
}

impl Tally {
    pub(super) fn new(since: Timestamp) -> Tally {
        Tally {
            since,
            types: BTreeMap::new(),
            limited: 0,
            rejected: 0,
            trapped: 0,
            unsent: 0,
            releases: BTreeMap::new(),
            threads: BTreeMap::new(),
            of_others: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.rejected == 0 && self.trapped == 0 && self.unsent == 0
    }
}

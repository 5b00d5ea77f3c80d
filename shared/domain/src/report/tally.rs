//! What came since the last digest.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::Kind;
use super::fingerprint::Fingerprint;
use super::thread::Thread;
use crate::notice::Severity;

/// Most threads that a digest names; those beyond are counted.
const MOST_THREADS: usize = 100;
/// Most releases that a digest counts by.
const MOST_RELEASES: usize = 50;

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

impl Tallied {
    /// What matters more stands further up: how grave it is, then how many were sent.
    pub(super) fn rank(&self) -> (Severity, u64) {
        (self.severity, self.count - self.limited)
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

    /// One more report.
    pub(super) fn count(&mut self, thread: &Thread, severity: Severity, is_limited: bool) {
        let limited = u64::from(is_limited);
        let service = thread.service.as_ref().map_or("unknown service", |service| service.as_str());
        *self.types.entry(thread.kind).or_default() += 1;
        self.limited += limited;
        let release = match (&thread.service, &thread.release) {
            (None, _) => service.to_owned(),
            (Some(_), None) => format!("{service}, unknown release"),
            (Some(_), Some(release)) => format!("{service} {release}"),
        };
        if self.releases.len() < MOST_RELEASES || self.releases.contains_key(&release) {
            *self.releases.entry(release).or_default() += 1;
        }
        if self.threads.len() >= MOST_THREADS && !self.threads.contains_key(&thread.fingerprint) {
            // The least grave one makes room, so that a flood of anything hides nothing that is graver.
            let least = self.threads.iter().min_by_key(|(_, of)| of.rank());
            let Some(least) = least.filter(|(_, of)| of.rank() < (severity, 1 - limited)).map(|(key, _)| key.clone())
            else {
                self.of_others += 1;
                return;
            };
            self.of_others += self.threads.remove(&least).map_or(0, |of| of.count);
        }
        let tallied = self.threads.entry(thread.fingerprint.clone()).or_insert_with(|| Tallied {
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
}

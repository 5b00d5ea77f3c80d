//! What many people say in the same words.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::document::{Kind, Report};
use super::fingerprint::{Fingerprint, hash};
use super::rules::Rules;
use crate::notice::{self, Notice, Severity};
use crate::text::{Release, ServiceName};

/// After so long a silence a report says that something is back.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);
/// So long a thread, and each of its reports, is kept after the last one.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Longest title of a thread, in characters.
const LONGEST_TITLE: usize = 80;
/// Most addresses that are told apart after a flip.
const MOST_ADDRESSES: usize = 100;

/// All reports with one fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// What they have in common.
    pub fingerprint: Fingerprint,
    /// What they are.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The service that they are about.
    pub service: Option<ServiceName>,
    /// How the first of them begins.
    pub title: String,
    /// The highest of theirs.
    pub severity: Severity,
    /// How it stands.
    pub state: State,
    /// How many there are, with those that were limited.
    pub count: u64,
    /// How many of them were limited, and so not sent.
    pub limited: u64,
    /// When the first came.
    pub first: Timestamp,
    /// When the last came.
    pub last: Timestamp,
    /// The release that was live then.
    pub release: Option<Release>,
    /// Those that came soon after traffic was last moved.
    pub after_flip: Option<AfterFlip>,
}

/// How a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Only one report.
    New,
    /// Several.
    Ongoing,
    /// Another one after 14 days of silence.
    Back,
}

/// Reports of one thread that came soon after traffic was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterFlip {
    /// When it began to be moved.
    pub flip: Timestamp,
    /// How many.
    pub reports: u64,
    /// From whom: hashes, since addresses are nobody's business here; at most 100.
    pub addresses: BTreeSet<String>,
    /// Whether people were told.
    pub told: bool,
}

impl Thread {
    pub(super) fn new(fingerprint: Fingerprint, report: &Report, context: &Context, now: Timestamp) -> Thread {
        Thread {
            fingerprint,
            kind: report.kind,
            service: context.service.clone(),
            title: report.title(LONGEST_TITLE),
            severity: Severity::Info,
            state: State::New,
            count: 0,
            limited: 0,
            first: now,
            last: now,
            release: None,
            after_flip: None,
        }
    }

    /// When it may be forgotten.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.last.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }

    /// One more report.
    pub(super) fn join(&mut self, context: &Context, is_limited: bool, now: Timestamp) {
        self.state = match self.count {
            0 => State::New,
            _ if now.duration_since(self.last) >= SILENT_AFTER => State::Back,
            _ => State::Ongoing,
        };
        self.count += 1;
        self.limited += u64::from(is_limited);
        self.last = now;
        self.release.clone_from(&context.release);
    }

    /// Whether this bug is one of many that came soon after a flip; says so once for each flip.
    pub(super) fn hear_after_flip(
        &mut self,
        report: &Report,
        context: &Context,
        rules: &Rules,
        now: Timestamp,
    ) -> (bool, Option<Notice>) {
        let (Some(service), Some(flip), Some(minutes)) =
            (&context.service, context.flipped_at, context.minutes_since_flip(now))
        else {
            return (false, None);
        };
        if report.kind != Kind::Bug || minutes >= i64::from(rules.after_flip_minutes) {
            return (false, None);
        }
        let flip = context.flip_began.unwrap_or(flip);
        let heard = self.after_flip.take().filter(|heard| heard.flip == flip);
        let fresh = || AfterFlip { flip, reports: 0, addresses: BTreeSet::new(), told: false };
        let mut heard = heard.unwrap_or_else(fresh);
        heard.reports += 1;
        if heard.addresses.len() < MOST_ADDRESSES {
            heard.addresses.insert(hash(&report.email.mailbox()));
        }
        let is_burst = heard.reports >= u64::from(rules.after_flip_reports);
        let notice = (is_burst && !heard.told).then(|| self.notice(service, &heard, context, now, minutes));
        heard.told |= is_burst;
        self.after_flip = Some(heard);
        (is_burst, notice)
    }

    fn notice(
        &self,
        service: &ServiceName,
        heard: &AfterFlip,
        context: &Context,
        now: Timestamp,
        minutes: i64,
    ) -> Notice {
        let (reports, addresses) = (heard.reports, heard.addresses.len());
        let release = context.release.as_ref().map(|release| format!("{release} is live. ")).unwrap_or_default();
        let from = if addresses == 1 { "1 address".to_owned() } else { format!("{addresses} addresses") };
        let text = format!(
            "{service}: {reports} similar bug reports within {} of a flip\nThey came from {from} and begin: {}\n\
             {release}To take it back: signalbox rollback {service} --reason \"users report it\". Thread {}.",
            if minutes == 0 { "a minute".to_owned() } else { format!("{minutes}m") },
            self.title,
            self.fingerprint,
        );
        let kind = notice::Kind::ReportsAfterFlip;
        let id = format!("{service}/{}/{}/{}", kind.name(), self.fingerprint, heard.flip.as_second());
        Notice { id, kind, severity: Severity::Critical, operation: None, text, at: now }
    }
}

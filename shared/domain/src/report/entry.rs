//! One report, from when it came until everybody knows.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::desk::Limit;
use super::document::Report;
use super::fingerprint::Fingerprint;
use super::thread::{KEPT, State};
use crate::notice::{Notice, Severity};

/// So long whoever saved it may take to send it: one timeout of the function. After that another may.
pub(super) const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// So long what could not be sent is tried again.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Where a report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sink {
    /// The topic of reports.
    Topic,
    /// The topic that a chat client reads.
    Chat,
    /// The mail to the team.
    Mail,
    /// The alerts, where many report the same right after a flip.
    Alerts,
}

impl Sink {
    /// The name that people read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Sink::Topic => "topic",
            Sink::Chat => "chat",
            Sink::Mail => "mail",
            Sink::Alerts => "alerts",
        }
    }
}

/// One report. It is saved before anything is sent, and says what is still to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The id that it came with: that of the SNS message, or of the request.
    pub id: String,
    /// Its thread.
    pub thread: Fingerprint,
    /// What it says.
    pub report: Report,
    /// How the service stood.
    pub context: Context,
    /// How much it matters.
    pub severity: Severity,
    /// The how manieth of its thread it is, from 1.
    pub number: u64,
    /// How the thread stands with it.
    pub state: State,
    /// When the first of the thread came.
    pub first: Timestamp,
    /// When it came itself.
    pub received_at: Timestamp,
    /// The limit that it met: then it is only kept.
    pub limited: Option<Limit>,
    /// Where it is still to be sent.
    pub owed: BTreeSet<Sink>,
    /// Until then it is being sent by whoever saved it last.
    pub claimed_until: Timestamp,
    /// What the alerts are told.
    pub notice: Option<Notice>,
}

impl Entry {
    /// Whether not everybody was told: it was limited, or it still owes a sink.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        self.limited.is_some() || !self.owed.is_empty()
    }

    /// When it may be forgotten.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.received_at.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }

    /// The entry after an attempt to send what was owed. What is left may be sent again at once.
    #[must_use]
    pub fn after_sending(&self, sent: &BTreeSet<Sink>, now: Timestamp) -> Entry {
        let owed = self.owed.difference(sent).copied().collect();
        Entry { owed, claimed_until: now, ..self.clone() }
    }

    /// The entry to be saved before what it owes is sent once more; `None` where it owes nothing, or somebody is
    /// sending it.
    #[must_use]
    pub fn again(&self, now: Timestamp) -> Option<Entry> {
        // A claim that reaches further was made by a clock that was ahead.
        let is_free = now >= self.claimed_until || self.claimed_until.duration_since(now) > CLAIM;
        (!self.owed.is_empty() && is_free).then(|| self.clone().claimed(now))
    }

    /// Whether it was tried for so long that people should hear of it instead.
    #[must_use]
    pub fn is_hopeless(&self, now: Timestamp) -> bool {
        now.duration_since(self.received_at).abs() >= TRIED_FOR
    }

    pub(super) fn claimed(self, now: Timestamp) -> Entry {
        Entry { claimed_until: now.saturating_add(CLAIM).unwrap_or(Timestamp::MAX), ..self }
    }
}

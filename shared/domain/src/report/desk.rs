//! What reports share: who wrote within the hour, and what the next digest says.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::digest::{Digest, made};
use super::document::Report;
use super::entry::CLAIM;
use super::fingerprint::hash;
use super::rules::Rules;
use super::tally::Tally;

/// The limits are of so long a time, which slides.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// No clock is believed that is so far ahead.
const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Most reports that are remembered as not known to be sent: those of 16 hours at the limit for all.
const MOST_PENDING: usize = 1_000;

/// What reports share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// The reports of the last hour that were sent: no more than the limit for all.
    pub sent: Vec<Sent>,
    /// What came since the last digest.
    pub tally: Tally,
    /// The digest that was made and may not have left yet.
    pub owed: Option<Digest>,
    /// Until then it is being sent by whoever made or claimed it.
    #[serde(default)]
    pub digest_claimed_until: Option<Timestamp>,
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

impl Limit {
    /// The name that people read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Limit::Address => "address",
            Limit::Overall => "overall",
        }
    }
}

impl Desk {
    pub(super) fn new(now: Timestamp) -> Desk {
        Desk {
            sent: Vec::new(),
            tally: Tally::new(now),
            owed: None,
            digest_claimed_until: None,
            pending: Vec::new(),
            last: now,
        }
    }

    /// The desk after reports that were no reports: `rejected` for a bad address, type or message, and `trapped`.
    #[must_use]
    pub fn refuse(desk: Option<&Desk>, rejected: u64, trapped: u64, now: Timestamp) -> Desk {
        let mut desk = desk.cloned().unwrap_or_else(|| Desk::new(now));
        desk.last = after(now, desk.last);
        desk.tally.rejected += rejected;
        desk.tally.trapped += trapped;
        desk
    }

    /// Lets a report pass that is within the limits of the last hour, and remembers it; else the limit that it met.
    /// A report that is limited counts for nothing here.
    pub(super) fn admit(&mut self, report: &Report, rules: &Rules, now: Timestamp) -> Option<Limit> {
        self.last = now;
        // What was sent in a future that never came limits nobody.
        self.sent.retain(|sent| now.duration_since(sent.at).abs() < WINDOW);
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
        // Another look may have given them up, too.
        let unsent = later.iter().filter(|id| given_up.contains(*id)).count();
        later.retain(|id| !done.contains(id) && !given_up.contains(id));
        pending.append(&mut later);
        let mut desk = Desk { pending, ..self.clone() };
        desk.tally.unsent += unsent as u64;
        desk
    }

    /// What came since the last digest, and the desk to be saved before it is sent; `None` where nothing came, or
    /// somebody is sending it. A digest that did not leave is sent again before a new one is made.
    #[must_use]
    pub fn digest(&self, now: Timestamp) -> Option<(Desk, Digest)> {
        let claimed = Some(now.saturating_add(CLAIM).unwrap_or(Timestamp::MAX));
        if let Some(owed) = &self.owed {
            let is_free =
                self.digest_claimed_until.is_none_or(|until| now >= until || until.duration_since(now) > CLAIM);
            return is_free.then(|| (Desk { digest_claimed_until: claimed, ..self.clone() }, owed.clone()));
        }
        if self.tally.is_empty() {
            return None;
        }
        let now = after(now, self.last);
        let made = made(&self.tally, now);
        Some((
            Desk {
                tally: Tally::new(now),
                owed: Some(made.clone()),
                digest_claimed_until: claimed,
                last: now,
                ..self.clone()
            },
            made,
        ))
    }

    /// This digest has left; another one, made meanwhile, has not.
    #[must_use]
    pub fn without_digest(&self, sent: &Digest) -> Desk {
        let owed = self.owed.clone().filter(|owed| owed != sent);
        let digest_claimed_until = self.digest_claimed_until.filter(|_| owed.is_some());
        Desk { owed, digest_claimed_until, ..self.clone() }
    }

    /// This digest has not left: whoever comes next sends it.
    #[must_use]
    pub fn with_digest_free(&self) -> Desk {
        Desk { digest_claimed_until: None, ..self.clone() }
    }
}

/// The present, but not before what happened last, since functions' clocks differ by seconds. A clock that was hours
/// ahead is not believed.
pub(super) fn after(now: Timestamp, last: Timestamp) -> Timestamp {
    if last.duration_since(now) < MOST_AHEAD { now.max(last) } else { now }
}

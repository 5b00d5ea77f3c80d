//! The replacement: a sick instance of the live slot is healed by another one, which is launched first,
//! proved healthy behind the load balancer, and only then is the sick one removed, that one and no other.
//!
//! ```text
//! Confirming ─► Surging ─► Removing ─► Replaced
//!     │            └──────────┴──────► StandingDown{why} ─► StoodDown{why}
//!     ├──────────────────────────────────────────────────► StoodDown{why}
//!     └─► Held{why}
//! ```
//!
//! What is wanted is always the difference to what is seen, as in a deployment. What holds:
//!
//! - It heals one, and never causes the outage: while one is being replaced no other is, and the three
//!   breakers (`breakers`) keep a bad dependency, a bad zone or a bad release from being "healed".
//! - The group is one larger from the launch to the removal, and never smaller than it was: its minimum
//!   stands there, so that not even a removal that AWS does twice takes two.
//! - Nothing is lowered before every write of ours that may be late has had `settle_guard` to show.
//! - Whatever was raised is put back, whoever takes the service over: it is in the record's pins.
//! - A group that heals itself is left to it, and a deployment or a rollback goes first.

mod advance;
mod breakers;
mod ends;
mod health;
mod hear;
mod hooks;
mod steps;
mod surge;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use steps::actions;

use crate::slot::Slot;
use crate::text::{InstanceId, RequestId};
use crate::trigger::ReportCause;

/// Why an instance is left alone that a person said so of.
pub(crate) const ABORTED: &str = "a person aborted it";

/// The replacement of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// Its id: the instance's, and when it began.
    pub id: RequestId,
    /// Who is replaced.
    pub instance: InstanceId,
    /// The slot it is in: the live one.
    pub slot: Slot,
    /// Why.
    pub because: Because,
    /// When it began.
    pub began: Timestamp,
    /// Who was there when another was launched.
    #[serde(default)]
    pub before: BTreeSet<InstanceId>,
    /// Who came since then, whether they stayed or not.
    #[serde(default)]
    pub launched: BTreeSet<InstanceId>,
    /// Who of them went again by themselves.
    #[serde(default)]
    pub lost: BTreeSet<InstanceId>,
    /// Who of them is healthy, and since when.
    #[serde(default)]
    pub proved: Option<(InstanceId, Timestamp)>,
    /// When another one was to be launched: `within` counts from then.
    #[serde(default)]
    pub surged: Option<Timestamp>,
    /// Since when the group is seen to be one larger.
    #[serde(default)]
    pub raised_since: Option<Timestamp>,
    /// Since when the instance is well again.
    #[serde(default)]
    pub well_since: Option<Timestamp>,
    /// Whether it was told that it takes too long.
    #[serde(default)]
    pub overdue_told: bool,
    /// When the present phase began.
    pub since: Timestamp,
    /// The phase.
    #[serde(flatten)]
    pub phase: Phase,
}

/// Why an instance is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Because {
    /// It is sick.
    Sick {
        /// How it shows.
        sickness: Sickness,
    },
    /// AWS will take it.
    Announced {
        /// Why.
        cause: ReportCause,
        /// When, where it was said.
        ends: Option<Timestamp>,
    },
    /// A person asked.
    Requested {
        /// In their words.
        reason: String,
    },
}

/// How it shows that an instance is sick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sickness {
    /// It fails the load balancer's health check.
    FailsCheck,
    /// It is stopped, so nobody checks it.
    Stopped,
    /// Its group calls it unhealthy.
    Condemned,
}

/// Where a replacement stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// It must be sick for a while.
    Confirming,
    /// One more is launched and must be healthy.
    Surging,
    /// The sick one is removed.
    Removing {
        /// Since when it is seen to be on its way out.
        gone_since: Option<Timestamp>,
    },
    /// What was raised is put back, with the sick one still there.
    StandingDown {
        /// Why.
        why: String,
        /// Since when nothing is launched any more and nobody is there to be removed.
        still_since: Option<Timestamp>,
        /// Since when the group is as large as it was.
        back_since: Option<Timestamp>,
    },
    /// The sick one is gone and another one serves.
    Replaced,
    /// Nothing was replaced.
    StoodDown {
        /// Why.
        why: String,
    },
    /// Nothing is replaced until a breaker closes.
    Held {
        /// What was seen.
        why: String,
    },
}

impl Phase {
    /// The name used in answers, items and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Phase::Confirming => "confirming",
            Phase::Surging => "surging",
            Phase::Removing { .. } => "removing",
            Phase::StandingDown { .. } => "standing_down",
            Phase::Replaced => "replaced",
            Phase::StoodDown { .. } => "stood_down",
            Phase::Held { .. } => "held",
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Phase::Replaced | Phase::StoodDown { .. } | Phase::Held { .. })
    }
}

impl Replacement {
    /// One that begins now, with nothing done yet.
    #[must_use]
    pub fn of(instance: InstanceId, slot: Slot, because: Because, id: RequestId, now: Timestamp) -> Replacement {
        Replacement {
            id,
            instance,
            slot,
            because,
            began: now,
            before: BTreeSet::new(),
            launched: BTreeSet::new(),
            lost: BTreeSet::new(),
            proved: None,
            surged: None,
            raised_since: None,
            well_since: None,
            overdue_told: false,
            since: now,
            phase: Phase::Confirming,
        }
    }

    /// The phase in words, with what it is doing.
    #[must_use]
    pub fn describe(&self) -> String {
        let (instance, slot) = (&self.instance, self.slot);
        match &self.phase {
            Phase::Confirming => format!("watching {instance} on {slot}: {}", self.because),
            Phase::Surging => format!("launching another one on {slot} before {instance} goes: {}", self.because),
            Phase::Removing { .. } => format!("removing {instance} from {slot}: {}", self.because),
            Phase::StandingDown { why, .. } => format!("putting {slot} back as it was, with {instance}: {why}"),
            Phase::Replaced => format!("{instance} on {slot} was replaced: {}", self.because),
            Phase::StoodDown { why } => format!("{instance} on {slot} was not replaced: {why}"),
            Phase::Held { why } => format!("{instance} on {slot} is not replaced for now: {why}"),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::Sick { sickness } => sickness.fmt(f),
            Because::Announced { cause, ends: Some(ends) } => write!(f, "{cause}, at {ends:.0}"),
            Because::Announced { cause, ends: None } => cause.fmt(f),
            Because::Requested { reason } => write!(f, "asked: {reason}"),
        }
    }
}

impl fmt::Display for Sickness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sickness::FailsCheck => "it fails the health check",
            Sickness::Stopped => "it is stopped",
            Sickness::Condemned => "its group calls it unhealthy",
        })
    }
}

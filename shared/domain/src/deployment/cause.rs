//! Why a release is taken back: said in notices, answers and timelines in the same words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::observation::Probe;
use crate::text::{AlarmName, Release, Span};

/// Why a release is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// A guard alarm fired.
    Alarm {
        /// The alarm.
        alarm: AlarmName,
    },
    /// A guard alarm was deleted, and `on_no_data` says that this fails.
    AlarmMissing {
        /// The alarm.
        alarm: AlarmName,
    },
    /// The new slot has too few healthy targets for its share.
    LostHealth {
        /// Healthy targets seen.
        healthy: u32,
        /// Healthy targets its share needs.
        needed: u32,
    },
    /// The new slot was not healthy in time.
    NeverHealthy {
        /// The time it had.
        within: Span,
    },
    /// Too many instances went away without ever having been healthy.
    LaunchFailures {
        /// How many.
        count: u32,
    },
    /// Somebody else wrote the slot's release.
    ReleaseOverwritten,
    /// The weights of a step never took effect.
    NotShifted {
        /// The time they had.
        within: Span,
    },
    /// Nobody approved in time.
    NotApproved {
        /// The time there was.
        within: Span,
    },
    /// The guard could not be read, or could not judge, for too long.
    GuardBlind {
        /// The limit.
        limit: Span,
    },
    /// The smoke check failed as often as it may.
    SmokeFailed {
        /// What was wrong the last time.
        why: String,
    },
    /// A hook said no.
    HookRefused {
        /// Which one.
        hook: Probe,
        /// In its words.
        why: String,
    },
    /// A hook did not say yes in time.
    HookTimedOut {
        /// Which one.
        hook: Probe,
        /// The time it had.
        within: Span,
        /// What was heard of it last.
        last: String,
    },
    /// A check failed more often than it may.
    CheckFailed {
        /// What was measured, and what it should have been.
        what: String,
    },
    /// A check had nothing to measure, and `on_no_data` says that this fails.
    NoData {
        /// What was measured.
        what: String,
    },
    /// It stood paused for too long.
    PausedTooLong {
        /// The limit.
        limit: Span,
    },
    /// A person or another system asked.
    Requested {
        /// In their words.
        reason: String,
        /// Who they say they are.
        by: Option<String>,
    },
    /// A person aborted it.
    Aborted,
    /// A newer release came, and the definition says that it goes first.
    Superseded {
        /// The newer release.
        by: Release,
    },
    /// A decision was refused by the second lock: a defect of ours.
    Defect {
        /// What was refused and why.
        refused: String,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Alarm { alarm } => write!(f, "alarm {alarm} fired"),
            Cause::AlarmMissing { alarm } => write!(f, "alarm {alarm} no longer exists"),
            Cause::LostHealth { healthy, needed } => {
                write!(f, "the new slot has {healthy} healthy of the {needed} targets it needs")
            }
            Cause::NeverHealthy { within } => write!(f, "the new slot was not healthy within {within}"),
            Cause::LaunchFailures { count } => write!(f, "{count} new instances died before they were ever healthy"),
            Cause::ReleaseOverwritten => f.write_str("somebody else overwrote the release of the new slot"),
            Cause::NotShifted { within } => write!(f, "the weights did not take effect within {within}"),
            Cause::NotApproved { within } => write!(f, "nobody approved within {within}"),
            Cause::GuardBlind { limit } => write!(f, "the guard could not judge it for more than {limit}"),
            Cause::SmokeFailed { why } => write!(f, "the smoke check failed: {why}"),
            Cause::HookRefused { hook, why } => write!(f, "{hook} said no: {why}"),
            Cause::HookTimedOut { hook, within, last } => write!(f, "{hook} did not say yes within {within}: {last}"),
            Cause::CheckFailed { what } | Cause::NoData { what } => f.write_str(what),
            Cause::PausedTooLong { limit } => write!(f, "it stood paused for more than {limit}"),
            Cause::Requested { reason, by: Some(by) } => write!(f, "{by} asked: {reason}"),
            Cause::Requested { reason, by: None } => write!(f, "asked: {reason}"),
            Cause::Aborted => f.write_str("it was aborted"),
            Cause::Superseded { by } => write!(f, "{by} came after it and goes first"),
            Cause::Defect { refused } => write!(f, "the interlock refused {refused}"),
        }
    }
}

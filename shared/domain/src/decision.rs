//! What one look decided: the next record, what to do about the world, and what to say.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::definition::Capacity;
use crate::deployment::Deployment;
use crate::observation::Process;
use crate::record::Record;
use crate::slot::{Slot, Split};
use crate::text::{Release, RequestId};

/// What one look decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The record as it should be saved; `None`: there is none yet and none is needed.
    pub next: Option<Record>,
    /// What to do about the world, in this order, stopping at the first failure.
    pub actions: Vec<Action>,
    /// What happened to the operation, for its timeline.
    pub timeline: Vec<Entry>,
    /// The operation as it stands after this look, where it began, moved or ended.
    pub operation: Option<Deployment>,
    /// The id of a request that was accepted: it must never act again.
    pub accepted: Option<(RequestId, RequestId)>,
    /// What to answer.
    pub answer: Answer,
    /// Notices that found no record to wait in.
    pub orphans: Vec<crate::notice::Notice>,
    /// When another look is worth it; `None`: not before something happens.
    pub look_again_in: Option<SignedDuration>,
}

impl Decision {
    /// An answer, and nothing to do.
    pub(crate) fn only(answer: Answer) -> Decision {
        Decision {
            next: None,
            actions: Vec::new(),
            timeline: Vec::new(),
            operation: None,
            accepted: None,
            answer,
            orphans: Vec::new(),
            look_again_in: None,
        }
    }
}

/// One change to the world. Each can be repeated without harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Split the traffic like this.
    Route {
        /// The split.
        split: Split,
    },
    /// Write the release that the slot's instances read when they boot.
    WriteRelease {
        /// The slot.
        slot: Slot,
        /// The release.
        release: Release,
    },
    /// Set min, desired and max of the slot's group, in one update.
    Resize {
        /// The slot.
        slot: Slot,
        /// The three sizes.
        to: Capacity,
    },
    /// Suspend these scaling processes.
    Suspend {
        /// The slot.
        slot: Slot,
        /// The processes.
        processes: BTreeSet<Process>,
    },
    /// Resume these scaling processes.
    Resume {
        /// The slot.
        slot: Slot,
        /// The processes.
        processes: BTreeSet<Process>,
    },
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names =
            |processes: &BTreeSet<Process>| processes.iter().map(|p| p.name()).collect::<Vec<_>>().join(" and ");
        match self {
            Action::Route { split } => write!(f, "route {split}"),
            Action::WriteRelease { slot, release } => write!(f, "write {release} for {slot}"),
            Action::Resize { slot, to } => write!(f, "resize {slot} to {to}"),
            Action::Suspend { slot, processes } => write!(f, "suspend {} on {slot}", names(processes)),
            Action::Resume { slot, processes } => write!(f, "resume {} on {slot}", names(processes)),
        }
    }
}

/// One line of an operation's timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The phase it was in afterwards.
    pub phase: String,
    /// What happened, in one sentence.
    pub what: String,
    /// Blue's and green's weights as seen, in percent.
    pub weights: crate::slot::BySlot<u8>,
    /// Blue's and green's healthy targets as seen.
    pub healthy: crate::slot::BySlot<u32>,
}

/// What is answered to whoever nudged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The service.
    pub service: String,
    /// What became of it.
    pub outcome: Outcome,
    /// One sentence that a person understands.
    pub reason: String,
    /// The phase of the operation, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The operation's id, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The record, in the answer to `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<Record>>,
    /// How many seconds a rollback would take now, in the answer to `status`, where there is one to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_seconds: Option<i64>,
    /// What would be done, step by step, in the answer to `plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<String>>,
}

/// What became of a nudge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A new operation began.
    Accepted,
    /// An existing operation moved.
    Advanced,
    /// An existing operation stands and waits.
    Waiting,
    /// There is nothing to do.
    Idle,
    /// It was not done, and the reason says why.
    Refused,
    /// It concerns nothing of ours.
    Ignored,
}

impl Outcome {
    /// The word used in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Advanced => "advanced",
            Outcome::Waiting => "waiting",
            Outcome::Idle => "idle",
            Outcome::Refused => "refused",
            Outcome::Ignored => "ignored",
        }
    }
}

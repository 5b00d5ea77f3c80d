//! What one look decided: the next record, what to do about the world, and what to say.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::definition::Capacity;
use crate::observation::Process;
use crate::record::{Operation, Record};
use crate::slot::{Slot, Split};
use crate::text::{InstanceId, Release, RequestId, ServiceName};

/// What one look decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The record as it should be saved; `None`: there is none yet and none is needed.
    pub next: Option<Record>,
    /// What to do about the world, in this order, stopping at the first failure.
    pub actions: Vec<Action>,
    /// The operations that began, moved or ended.
    pub touched: Vec<Touched>,
    /// What was told of a service that is only watched.
    pub observed: Option<String>,
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
            touched: Vec::new(),
            observed: None,
            accepted: None,
            answer,
            orphans: Vec::new(),
            look_again_in: None,
        }
    }

    /// What happened, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.touched.iter().flat_map(|touched| &touched.entries)
    }

    /// Whether anything moved, or is to be moved.
    #[must_use]
    pub fn is_move(&self) -> bool {
        self.entries().next().is_some() || self.observed.is_some() || !self.actions.is_empty()
    }
}

/// An operation that began, moved or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// As it stands after this look.
    pub operation: Operation,
    /// What happened to it, for its timeline.
    pub entries: Vec<Entry>,
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
    /// Set min and max of the slot's group and leave its size as it is: a late write of this takes nothing
    /// back that happened meanwhile.
    Bound {
        /// The slot.
        slot: Slot,
        /// Its minimum.
        min: u32,
        /// Its maximum.
        max: u32,
    },
    /// Take all instances of a slot that is live: 0/0/0.
    Stop {
        /// The slot.
        slot: Slot,
        /// The billing plan says in so many words that a service may be taken off the air.
        outage_allowed: bool,
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
    /// Terminate this instance, and take one off the group's desired size.
    Terminate {
        /// The slot.
        slot: Slot,
        /// The instance.
        instance: InstanceId,
    },
    /// Let an instance go on that waits at a lifecycle hook of ours.
    CompleteLifecycle {
        /// The slot.
        slot: Slot,
        /// The instance.
        instance: InstanceId,
        /// The hook's name.
        hook: String,
    },
    /// Let it wait for longer.
    ProlongLifecycle {
        /// The slot.
        slot: Slot,
        /// The instance.
        instance: InstanceId,
        /// The hook's name.
        hook: String,
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
            Action::Bound { slot, min, max } => write!(f, "keep {slot} between {min} and {max}"),
            Action::Stop { slot, .. } => write!(f, "stop {slot}"),
            Action::Suspend { slot, processes } => write!(f, "suspend {} on {slot}", names(processes)),
            Action::Resume { slot, processes } => write!(f, "resume {} on {slot}", names(processes)),
            Action::Terminate { slot, instance } => write!(f, "terminate {instance} of {slot}"),
            Action::CompleteLifecycle { instance, hook, .. } => write!(f, "let {instance} go on from {hook}"),
            Action::ProlongLifecycle { instance, hook, .. } => write!(f, "let {instance} wait longer at {hook}"),
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

impl Answer {
    /// An answer about a service of which nothing moves.
    pub(crate) fn of(service: &ServiceName, outcome: Outcome, reason: &str) -> Answer {
        Answer {
            service: service.to_string(),
            outcome,
            reason: reason.to_owned(),
            phase: None,
            operation: None,
            record: None,
            rollback_seconds: None,
            plan: None,
        }
    }
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

//! The deployment: a new release moves in beside the live one, takes over step by step, and
//! goes back by itself when anything says that it should.
//!
//! ```text
//! Provisioning ─► Verifying ─► Shifting{step} ⇄ AwaitingApproval{step} ─► Baking ─► Succeeded ┈► standby
//!      │              │              │                   │                  │                      │
//!      └──────────────┴──────────────┴─────────┬─────────┴──────────────────┴──────────────────────┘
//!                                              ▼
//!                                 RollingBack{cause} ─► RolledBack{cause}
//!                                              └──────► Stuck{left, by_hand} ─► RollingBack
//! ```
//!
//! A phase says what we want of the world; what to do about it is always the difference to what
//! is seen (`intent`), so that a crash, a lost event or a late write is repaired by the
//! next look. What holds in every phase:
//!
//! - `slot` is the slot the release moves into; the other one is `keep`: until `Succeeded` it is
//!   the live one, and it can take all traffic back at any time, which is checked before every step.
//! - Weights go on only from weights that were *seen*. Nothing is shrunk, unpinned or ended before
//!   the wanted weights were seen for `settle_guard` (`Look::is_settled`).
//! - An alarm that fires is evidence even if it has gone back to OK before we looked.
//! - A rollback asks no permission of freezes, caps or sick live slots.

pub mod analysis;
mod arrival;
mod back;
mod cause;
mod door;
mod failure;
mod forward;
mod freeze;
mod guard;
mod hear;
mod measure;
pub(crate) mod plan;
mod probes;
mod speed;
mod standby;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use cause::Cause;
pub use measure::Measured;
pub use probes::Probes;
pub use speed::Took;

use crate::definition::{Capacity, Step};
use crate::slot::{Percent, Slot};
use crate::text::{AlarmName, InstanceId, Release, RequestId, spoken};
use crate::trigger::OnFailure;

/// One deployment, or one rollback that had to deploy the former release anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id; also the idempotency key of the request that began it.
    pub id: RequestId,
    /// The release that moves in.
    pub release: Release,
    /// The slot it moves into.
    pub slot: Slot,
    /// The release that was live when it began.
    pub from: Option<Release>,
    /// Whether it goes forward or takes a release back.
    pub purpose: Purpose,
    /// The steps of the shift; the last one moves everything.
    pub steps: Vec<Step>,
    /// What a failure does.
    pub on_failure: OnFailure,
    /// Who says they asked.
    pub requested_by: Option<String>,
    /// When it was accepted.
    pub began: Timestamp,
    /// How many healthy targets carry all traffic. Grows when the live slot grows.
    pub size: u32,
    /// The sizes of the live group, which move with the traffic.
    pub capacity: Capacity,
    /// It is the cure of what is live: a sick live slot does not hold it up.
    #[serde(default)]
    pub cure: bool,
    /// Alarms that fired before it began, ignored until each was OK once.
    pub ignored_alarms: BTreeSet<AlarmName>,
    /// Alarms whose absence was told.
    #[serde(default)]
    pub missing_alarms: BTreeSet<AlarmName>,
    /// The instances of the new slot as they come and go.
    #[serde(default)]
    pub launches: Launches,
    /// Since when a person holds it.
    pub paused_since: Option<Timestamp>,
    /// How long it was paused before that, in this phase.
    pub paused_before: SignedDuration,
    /// Since when the new slot has had fewer healthy targets than its share needs.
    pub short_since: Option<Timestamp>,
    /// Since when the guard cannot be read, or has nothing to judge by where it must.
    #[serde(default)]
    pub blind_since: Option<Timestamp>,
    /// Whether it was told that giving back what was changed takes too long.
    #[serde(default)]
    pub overdue_told: bool,
    /// A failure that waits for a person, where the deploy said to ask first.
    pub asking: Option<Cause>,
    /// Whether a person ended the present wait.
    #[serde(default)]
    pub promoted: bool,
    /// Whether the new slot ever carried traffic: because we meant it to, or because somebody else gave it some.
    pub carried: bool,
    /// Whether the slot still holds what stood by when the deployment began: people may still reach that.
    #[serde(default)]
    pub inherited: bool,
    /// Since when the slot that traffic goes back to has nobody healthy, while the new one has.
    #[serde(default)]
    pub keep_dead_since: Option<Timestamp>,
    /// When it was decided to take away what traffic is to go back to: a write of ours that may be late.
    #[serde(default)]
    pub keep_doubtful_since: Option<Timestamp>,
    /// Since when the new slot has proved itself and its group is given back: scaling may size it from then on.
    #[serde(default)]
    pub proved_since: Option<Timestamp>,
    /// What those said who were asked about the new release.
    #[serde(default)]
    pub probes: Probes,
    /// What the present step was measured to do.
    #[serde(default)]
    pub measured: Measured,
    /// Whether what is left of the new slot is on its way out: what could be read then may not be readable again.
    #[serde(default)]
    pub tearing_down: bool,
    /// Go back to however little is healthy: a person said so.
    #[serde(default)]
    pub forced: bool,
    /// When the present phase or step began. `Verifying` keeps the time at which launching began:
    /// the two share one deadline.
    pub since: Timestamp,
    /// The phase.
    #[serde(flatten)]
    pub phase: Phase,
}

/// Which way a deployment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To a new release.
    Forward,
    /// To the way back, whose slot had been retired.
    Back,
}

/// Where a deployment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The new slot is emptied, then launched with the new release.
    Provisioning {
        /// Whether the slot was seen empty: every instance after that boots the new release.
        cleared: bool,
    },
    /// All its targets must stay healthy for a while.
    Verifying {
        /// Since when all of them are.
        healthy_since: Option<Timestamp>,
    },
    /// Traffic moves, one step at a time.
    Shifting {
        /// The index of the step.
        step: usize,
    },
    /// A person is asked.
    AwaitingApproval {
        /// The index of the step.
        step: usize,
    },
    /// All traffic is on the new slot and it is watched.
    Baking,
    /// It is live.
    Succeeded,
    /// Traffic goes back to the old slot, then the new one is retired.
    RollingBack {
        /// Why.
        cause: Cause,
    },
    /// The old release has all traffic again.
    RolledBack {
        /// Why.
        cause: Cause,
    },
    /// It cannot go back without help.
    Stuck {
        /// Why it was to go back.
        cause: Cause,
        /// What is left, and how to finish by hand.
        stuck: Stuck,
    },
}

/// What keeps an operation from its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// What is left to do, in one sentence.
    pub left: String,
    /// How a person finishes it.
    pub by_hand: String,
    /// Whether it goes on by itself once the world allows; else only `resume` or `rollback` moves it.
    pub heals: bool,
}

/// The instances of the new slot as they come and go, so that a launch loop is seen long
/// before the deadline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launches {
    /// Every instance seen, and whether it was ever healthy.
    pub seen: BTreeMap<InstanceId, bool>,
    /// What went away without ever having been healthy: instances, and launches that failed.
    pub failed: BTreeSet<String>,
}

impl Launches {
    /// More instances than this are not remembered one by one.
    pub const LIMIT: usize = 200;

    /// How many failed, for comparison with the limit.
    #[must_use]
    pub fn failures(&self) -> u32 {
        u32::try_from(self.failed.len()).unwrap_or(u32::MAX)
    }
}

impl Phase {
    /// The name used in answers, items and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Phase::Provisioning { .. } => "provisioning",
            Phase::Verifying { .. } => "verifying",
            Phase::Shifting { .. } => "shifting",
            Phase::AwaitingApproval { .. } => "awaiting_approval",
            Phase::Baking => "baking",
            Phase::Succeeded => "succeeded",
            Phase::RollingBack { .. } => "rolling_back",
            Phase::RolledBack { .. } => "rolled_back",
            Phase::Stuck { .. } => "stuck",
        }
    }

    /// Whether the release is still on its way in.
    #[must_use]
    pub fn is_forward(&self) -> bool {
        match self {
            Phase::Provisioning { .. }
            | Phase::Verifying { .. }
            | Phase::Shifting { .. }
            | Phase::AwaitingApproval { .. }
            | Phase::Baking => true,
            Phase::Succeeded | Phase::RollingBack { .. } | Phase::RolledBack { .. } | Phase::Stuck { .. } => false,
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Phase::Succeeded | Phase::RolledBack { .. })
    }
}

impl Deployment {
    /// The slot that traffic goes back to.
    #[must_use]
    pub fn keep(&self) -> Slot {
        self.slot.other()
    }

    /// How long the present phase or step has lasted, pauses not counted.
    #[must_use]
    pub fn elapsed(&self, now: Timestamp) -> SignedDuration {
        let paused_now = self.paused_since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
        now.duration_since(self.since) - self.paused_before - paused_now
    }

    /// The healthy targets that a share of the traffic needs: at least one for any share at all.
    #[must_use]
    pub fn needed(&self, weight: Percent) -> u32 {
        (self.size * u32::from(weight.get())).div_ceil(100)
    }

    /// The share that a step gives, 0 for an approval.
    #[must_use]
    pub fn weight_of(&self, step: usize) -> Percent {
        match self.steps.get(step) {
            Some(Step::Weight { percent, .. }) => *percent,
            Some(Step::Approval { .. }) | None => Percent::ZERO,
        }
    }

    /// The phase in words, with what it is doing.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.phase {
            Phase::Provisioning { cleared: false } => {
                format!("emptying {} before {} is launched", self.slot, self.release)
            }
            Phase::Provisioning { cleared: true } => format!("launching {} on {}", self.release, self.slot),
            Phase::Verifying { .. } => format!("watching that {} stays healthy on {}", self.release, self.slot),
            Phase::Shifting { step } => {
                format!("giving {} % of the traffic to {} on {}", self.weight_of(*step), self.release, self.slot)
            }
            Phase::AwaitingApproval { .. } => format!("waiting for `promote` before {} goes on", self.release),
            Phase::Baking => format!("watching {} with all traffic on {}", self.release, self.slot),
            Phase::Succeeded => format!("{} is live on {}", self.release, self.slot),
            Phase::RollingBack { cause } => format!("going back to {}, because {cause}", self.keep()),
            Phase::RolledBack { cause } => format!("went back to {}, because {cause}", self.keep()),
            Phase::Stuck { cause, stuck } => {
                format!("stuck: {} (it was to go back, because {cause}). To finish: {}", stuck.left, stuck.by_hand)
            }
        }
    }

    /// How long it has been under way, in words.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> String {
        spoken(now.duration_since(self.began))
    }
}

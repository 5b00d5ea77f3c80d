//! What is remembered of the live slot's sick instances between two looks, whoever owns the service:
//! who is sick since when, what AWS announced, what was tried lately, and what holds us back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::slot::Slot;
use crate::text::InstanceId;
use crate::trigger::ReportCause;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Healing {
    /// Who is sick, without a break since when it was first seen.
    pub sick: BTreeMap<InstanceId, Timestamp>,
    /// Who was healthy at some time, or was there before anybody looked.
    pub known: Option<BTreeSet<InstanceId>>,
    /// Who was not healthy yet, and since when it is here.
    pub newcomers: BTreeMap<InstanceId, Timestamp>,
    /// What AWS announced and has not happened yet, at most [`Healing::MOST_REPORTS`].
    pub announced: Vec<Announced>,
    /// When something was launched for a replacement, or what was launched died, within the window.
    pub attempts: Vec<Timestamp>,
    /// Why nothing is replaced for now.
    pub hold: Option<Hold>,
    /// Whom nothing is done about although they are sick, and why: told once.
    pub left: BTreeMap<InstanceId, String>,
    /// Who waits at a lifecycle hook of ours.
    pub held: Vec<Hooked>,
    /// What would be done now, as it was told last in observe mode.
    pub would: Option<String>,
}

/// AWS will take an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Which.
    pub instance: InstanceId,
    /// Why.
    pub cause: ReportCause,
    /// When, where it was said.
    pub ends: Option<Timestamp>,
}

/// A breaker is open: nothing is replaced until it closes, or a person overrides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which.
    pub breaker: Breaker,
    /// What was seen, in words.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// Since when things have looked well enough to close it.
    pub clear_since: Option<Timestamp>,
}

/// What keeps replacements from causing the outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// Too large a share is sick: it is not the instances.
    Share,
    /// All that are sick are in one zone of several: it is the zone.
    Zone,
    /// Too many were replaced lately: replacing does not help.
    Window,
    /// A step was refused as unsafe: a defect of ours.
    Defect,
}

/// An instance that waits at a lifecycle hook of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooked {
    /// The instance.
    pub instance: InstanceId,
    /// The slot whose group it is in.
    pub slot: Slot,
    /// The hook's name.
    pub hook: String,
    /// Since when.
    pub since: Timestamp,
    /// When its wait was prolonged last.
    pub prolonged: Option<Timestamp>,
}

impl Healing {
    /// More announcements than this are not remembered: the rest is announced again, or seen when it happens.
    pub const MOST_REPORTS: usize = 100;

    /// Whether the heartbeat must come back for it.
    #[must_use]
    pub(crate) fn is_pending(&self) -> bool {
        let open = |id: &InstanceId| !self.left.contains_key(id);
        let anybody = self.sick.keys().any(open) || self.announced.iter().any(|one| open(&one.instance));
        anybody || !self.newcomers.is_empty() || self.hold.is_some() || !self.held.is_empty()
    }

    /// Forgets what lies before the window.
    pub(crate) fn slide(&mut self, window: SignedDuration, now: Timestamp) {
        self.attempts.retain(|at| now.duration_since(*at) < window);
    }
}

impl ReportCause {
    /// Whether AWS will take the instance while it still serves: the moment to launch another. The other
    /// reports say that it has happened, and what is left of the instance shows in its group.
    #[must_use]
    pub fn takes_it(self) -> bool {
        match self {
            ReportCause::SpotInterruption | ReportCause::RebalanceRecommended | ReportCause::ScheduledChange => true,
            ReportCause::Stopping | ReportCause::Stopped | ReportCause::ShuttingDown | ReportCause::Terminated => false,
        }
    }
}

impl std::fmt::Display for ReportCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ReportCause::SpotInterruption => "AWS takes this Spot Instance back in about two minutes",
            ReportCause::RebalanceRecommended => "AWS may soon take this Spot Instance back",
            ReportCause::ScheduledChange => "AWS has announced maintenance or retirement",
            ReportCause::Stopping => "it is being stopped",
            ReportCause::Stopped => "it is stopped",
            ReportCause::ShuttingDown => "it is being terminated",
            ReportCause::Terminated => "it is terminated",
        })
    }
}

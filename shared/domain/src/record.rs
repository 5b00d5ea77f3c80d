//! What we remember of a service between two looks: one record, which is the interlock.
//!
//! Whoever moves a service holds it by being the record's `operation`, and changes the record
//! only by compare-and-set. So two operations can never own one service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cap::Cap;
use crate::definition::Capacity;
use crate::deployment::{Deployment, Took};
use crate::healing::Healing;
use crate::notice::{self, Notice};
use crate::observation::{Group, Process};
use crate::replacement::{self, Replacement};
use crate::slot::{BySlot, Slot, Split};
use crate::text::{InstanceId, Release, RequestId};
use crate::trigger::DeployRequest;

/// The version of the record's shape. A function that meets a newer one writes nothing.
pub const SCHEMA: u32 = 1;

/// The record of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The slot that is live: at the end of every operation it carries all traffic.
    pub live: Slot,
    /// The release each slot last ran; `null` for none known.
    pub releases: BySlot<Option<Release>>,
    /// The last release that fully succeeded before the live one, until a rollback consumed it.
    pub way_back: Option<Release>,
    /// What owns the service now.
    pub operation: Option<Operation>,
    /// The old slot, kept warm. It does not own the service.
    pub standby: Option<Standby>,
    /// What we changed on each group and owe back.
    pub pins: BySlot<Option<Pin>>,
    /// What the load balancer is meant to do.
    pub routing: Intended,
    /// The deploy that waits for its turn.
    #[serde(default)]
    pub queued: Option<Queued>,
    /// Whether deployments may begin.
    #[serde(default)]
    pub freeze: Option<Freeze>,
    /// What billing holds back.
    #[serde(default)]
    pub cap: Option<Cap>,
    /// What billing would do now, as it was told last in observe mode.
    #[serde(default)]
    pub billing_would: Option<String>,
    /// What would be done now, as it was told last in observe mode.
    #[serde(default)]
    pub would: Option<String>,
    /// How long things took the last time.
    #[serde(default)]
    pub took: Took,
    /// What we corrected or told in steady state.
    #[serde(default)]
    pub drift: DriftMemory,
    /// What is known of sick instances of the live slot.
    #[serde(default)]
    pub healing: Healing,
    /// How many notices there were so far: it makes their ids.
    #[serde(default)]
    pub notices: u64,
    /// Notices that have not left yet, oldest first, at most [`notice::OUTBOX_LIMIT`].
    pub outbox: Vec<Notice>,
    /// When the record was last looked at for a save. Time never runs backwards behind it.
    pub last_look: Timestamp,
}

impl Record {
    /// A record for a service at rest.
    #[must_use]
    pub fn at_rest(live: Slot, releases: BySlot<Option<Release>>, split: Split, now: Timestamp) -> Record {
        Record {
            live,
            releases,
            way_back: None,
            operation: None,
            standby: None,
            pins: BySlot { blue: None, green: None },
            routing: Intended {
                split,
                since: now,
                seen_since: None,
                ever_seen: true,
                earlier: Vec::new(),
                moving_since: None,
            },
            queued: None,
            freeze: None,
            cap: None,
            billing_would: None,
            would: None,
            took: Took::default(),
            drift: DriftMemory::default(),
            healing: Healing::default(),
            notices: 0,
            outbox: Vec::new(),
            last_look: now,
        }
    }

    /// Whether the heartbeat must come back to this service: something is under way, owed or untold.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.operation.is_some()
            || self.standby.is_some()
            || self.queued.is_some()
            || Slot::BOTH.into_iter().any(|slot| self.pins[slot].is_some())
            || !self.outbox.is_empty()
            || self.drift.pending
            || self.healing.is_pending()
    }

    /// The deployment that owns the service, if one does.
    #[must_use]
    pub fn deployment(&self) -> Option<&Deployment> {
        match &self.operation {
            Some(Operation::Deployment(deployment)) => Some(deployment),
            Some(Operation::Replacement(_)) | None => None,
        }
    }

    /// The replacement that owns the service, if one does.
    #[must_use]
    pub fn replacement(&self) -> Option<&Replacement> {
        match &self.operation {
            Some(Operation::Replacement(replacement)) => Some(replacement),
            Some(Operation::Deployment(_)) | None => None,
        }
    }

    /// The operation's id, if one owns the service.
    #[must_use]
    pub fn operation_id(&self) -> Option<&RequestId> {
        self.operation.as_ref().map(Operation::id)
    }

    /// Means the load balancer to split traffic like this from now on.
    pub fn intend(&mut self, split: Split, now: Timestamp) {
        if self.routing.split == split {
            return;
        }
        let former = std::mem::replace(&mut self.routing.split, split);
        if former.sole().is_some() || self.routing.moving_since.is_none() {
            self.routing.moving_since = Some(now);
        }
        self.routing.earlier.retain(|earlier| *earlier != split && *earlier != former);
        self.routing.earlier.push(former);
        if self.routing.earlier.len() > Intended::EARLIER_LIMIT {
            self.routing.earlier.remove(0);
        }
        self.routing.since = now;
        self.routing.seen_since = None;
        self.routing.ever_seen = false;
    }

    /// Puts notices into the outbox.
    pub fn tell(&mut self, notices: impl IntoIterator<Item = Notice>) {
        notice::put(&mut self.outbox, notices);
    }
}

/// What may own a service.
#[expect(clippy::large_enum_variant, reason = "there is one in a record, and never many at once")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Operation {
    /// A deployment, or a rollback of one.
    Deployment(Deployment),
    /// The replacement of one instance.
    Replacement(Replacement),
}

/// The kinds of operation, each of which one function moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationKind {
    /// A deployment.
    Deployment,
    /// A replacement.
    Replacement,
}

impl Operation {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        match self {
            Operation::Deployment(_) => OperationKind::Deployment,
            Operation::Replacement(_) => OperationKind::Replacement,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        match self {
            Operation::Deployment(own) => &own.id,
            Operation::Replacement(own) => &own.id,
        }
    }

    /// Whether a deploy need not wait for it: nothing was changed yet.
    pub(crate) fn is_displaced_by_a_deploy(&self) -> bool {
        matches!(self, Operation::Replacement(own) if own.phase == replacement::Phase::Confirming)
    }

    /// Whether the other one is the same, in the same phase.
    pub(crate) fn stands_as(&self, other: &Operation) -> bool {
        match (self, other) {
            (Operation::Deployment(one), Operation::Deployment(two)) => one.phase == two.phase,
            (Operation::Replacement(one), Operation::Replacement(two)) => {
                one.id == two.id && one.phase.name() == two.phase.name()
            }
            (Operation::Deployment(_), Operation::Replacement(_))
            | (Operation::Replacement(_), Operation::Deployment(_)) => false,
        }
    }

    /// The name of its phase, as in answers, items and metrics.
    #[must_use]
    pub fn phase(&self) -> &'static str {
        match self {
            Operation::Deployment(own) => own.phase.name(),
            Operation::Replacement(own) => own.phase.name(),
        }
    }

    /// What it does, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Operation::Deployment(own) => own.describe(),
            Operation::Replacement(own) => own.describe(),
        }
    }
}

/// The old slot after a success: warm, and the fastest way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standby {
    /// The slot kept warm.
    pub slot: Slot,
    /// It is kept at least so long.
    pub until: Timestamp,
    /// When it was last decided to take its instances away: that may still be on its way.
    #[serde(default)]
    pub retiring_since: Option<Timestamp>,
    /// The deployment that succeeded, as it was: a flip back continues it.
    pub of: Box<Deployment>,
}

/// A deploy that waits until nothing else moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// What is wanted.
    pub request: DeployRequest,
    /// Since when nothing else moves and the door is shut all the same.
    pub free_since: Option<Timestamp>,
}

/// No deployment begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None`: until somebody thaws it.
    pub until: Option<Timestamp>,
    /// Why, in the words of whoever froze it.
    pub reason: String,
}

/// What we changed on one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// What min and max go back to. A person's change meanwhile is written in here.
    pub former: Capacity,
    /// What we set. `desired` is the floor we hold; scaling may go above it.
    pub set: Capacity,
    /// What stood there before we set that: our own write may still be on its way.
    pub earlier: Capacity,
    /// The scaling processes that we suspended, and nobody before us.
    pub suspended: BTreeSet<Process>,
    /// A replacement has made the group one larger.
    #[serde(default)]
    pub raised: bool,
    /// The instances that are here to stay, as far as we know them.
    #[serde(default)]
    pub members: BTreeMap<InstanceId, Known>,
}

/// What is known of an instance of a group that we hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Since when it is known.
    pub since: Timestamp,
    /// Whether it was ever healthy: until then it may still be booting.
    pub healthy: bool,
}

impl Pin {
    /// A pin on a group as it is seen now. What runs there already is taken to have been healthy once.
    #[must_use]
    pub fn on(group: &Group, former: Capacity, set: Capacity, suspended: BTreeSet<Process>, now: Timestamp) -> Pin {
        let known = Known { since: now, healthy: true };
        let members = group.staying().map(|instance| (instance.id.clone(), known)).collect();
        Pin { former, set, earlier: group.capacity, suspended, raised: false, members }
    }

    /// Gets to know the group's instances.
    pub(crate) fn meet(&mut self, group: &Group, now: Timestamp) {
        self.members.retain(|id, _| group.member(id).is_some());
        for instance in group.staying() {
            let known = self.members.entry(instance.id.clone()).or_insert(Known { since: now, healthy: false });
            known.healthy |= instance.is_healthy();
        }
    }
}

/// What the load balancer is meant to do, and since when it is seen to do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    /// The split wanted.
    pub split: Split,
    /// Since when it is wanted.
    pub since: Timestamp,
    /// Since when it has been seen without a break.
    pub seen_since: Option<Timestamp>,
    /// Whether it was ever seen: until then a difference is our own write that is not done yet.
    #[serde(default)]
    pub ever_seen: bool,
    /// What was wanted before, oldest first: a late write of ours looks like one of these.
    pub earlier: Vec<Split>,
    /// Since when it moves between the slots, or last moved: the first step away from where one slot had all.
    #[serde(default)]
    pub moving_since: Option<Timestamp>,
}

impl Intended {
    /// More earlier splits than this are forgotten; a deployment has at most 50 steps.
    pub const EARLIER_LIMIT: usize = 60;
}

/// What was done about differences in steady state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftMemory {
    /// When weights were put right, within the last hour.
    pub corrected: Vec<Timestamp>,
    /// When the idle slot was emptied of what somebody launched there, within the last hour.
    #[serde(default)]
    pub emptied: Vec<Timestamp>,
    /// The difference that was told last, so that it is told once.
    pub told: Option<String>,
    /// Weights are to be put right and are not yet: the heartbeat comes back until they are.
    #[serde(default)]
    pub pending: bool,
}

//! What must hold at every second, whatever the code under test believes. The checkers look at the
//! world alone and import nothing of the decision code.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decision::Action;
use signalbox_domain::slot::Slot;

use crate::world::World;

/// The invariants, by the names people use for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Requests reach a healthy target, unless the world itself took it away.
    Served,
    /// Nothing is shrunk that carries traffic, or did a moment ago.
    NoEarlyTeardown,
    /// One operation owns a service.
    OneOperation,
    /// Every operation ends, and everything is given back.
    Terminates,
    /// A crash at any point ends in the same place as none.
    CrashSafe,
    /// Every ending is told.
    Told,
    /// The last healthy target is never taken away.
    NeverTheLastOne,
    /// Every event leaves a decision.
    Explained,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Invariant::Served => "served",
            Invariant::NoEarlyTeardown => "no early teardown",
            Invariant::OneOperation => "one operation",
            Invariant::Terminates => "terminates",
            Invariant::CrashSafe => "crash-safe",
            Invariant::Told => "told",
            Invariant::NeverTheLastOne => "never the last one",
            Invariant::Explained => "explained",
        })
    }
}

/// Something that must not have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Timestamp,
    /// Which invariant.
    pub invariant: Invariant,
    /// What was seen, in one sentence.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// A slot that requests reached so recently still has somebody on it.
const RECENTLY: SignedDuration = SignedDuration::from_secs(30);
/// What the world takes away comes back within this: a boot, its health checks, and two heartbeats.
pub(crate) const RECOVERY: SignedDuration = SignedDuration::from_mins(6);

/// What is checked every second.
pub(crate) fn every_second(world: &mut World) {
    if world.now >= world.excused_until {
        let unserved = Slot::BOTH.into_iter().find(|slot| world.share(*slot) > 0 && world.healthy(*slot) == 0);
        if let Some(slot) = unserved {
            let share = world.share(slot);
            world.violate(Invariant::Served, format!("{slot} gets {share} % of the traffic and has no healthy target"));
        }
        if Slot::BOTH.into_iter().all(|slot| world.share(slot) == 0) {
            world.violate(Invariant::Served, "no slot gets any traffic");
        }
    }
    let under_way = world.table.operations.values().filter(|item| {
        let phase = item.deployment.phase.name();
        phase != "succeeded" && phase != "rolled_back"
    });
    let ids: BTreeSet<String> = under_way.map(|item| item.deployment.id.to_string()).collect();
    if ids.len() > 1 {
        world.violate(Invariant::OneOperation, format!("{} operations are under way at once", ids.len()));
    }
}

/// What is checked before the functions change something.
pub(crate) fn before_action(world: &mut World, action: &Action) {
    match action {
        Action::Resize { slot, to } => {
            let present = world.groups[*slot].capacity;
            if to.desired < present.desired {
                before_shrinking(world, *slot);
            }
            let moving = Slot::BOTH.into_iter().all(|slot| world.share(slot) < 100);
            if to.min < present.min && moving {
                world.violate(Invariant::NoEarlyTeardown, format!("{slot} is unpinned while traffic is split"));
            }
        }
        Action::Route { split } => {
            for slot in Slot::BOTH {
                let more = split.weight(slot) > world.share(slot);
                if more && world.healthy(slot) == 0 && world.now >= world.excused_until {
                    world.violate(Invariant::Served, format!("traffic is sent to {slot}, which has no healthy target"));
                }
            }
        }
        Action::WriteRelease { .. } | Action::Suspend { .. } | Action::Resume { .. } => {}
    }
}

fn before_shrinking(world: &mut World, slot: Slot) {
    if world.share(slot) > 0 {
        let share = world.share(slot);
        world.violate(Invariant::NoEarlyTeardown, format!("{slot} is shrunk while it gets {share} % of the traffic"));
    }
    let reached = world.balancer.last_request[slot];
    if let Some(at) = reached
        && world.now.duration_since(at) < RECENTLY
    {
        world.violate(Invariant::NoEarlyTeardown, format!("{slot} is shrunk while requests still reach it"));
    }
    if world.healthy(slot) > 0 && world.healthy(slot.other()) == 0 {
        world.violate(
            Invariant::NeverTheLastOne,
            format!("{slot} is shrunk and {} has no healthy target", slot.other()),
        );
    }
}

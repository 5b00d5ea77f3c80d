//! What must hold at every second, whatever the code under test believes. The checkers look at the
//! world alone: of the domain they know the words `Slot` and `Capacity`, and nothing of how
//! anything is decided. A test holds that.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Capacity;
use signalbox_domain::slot::Slot;

use crate::balancer::Weights;
use crate::world::World;

/// The invariants, by the names people use for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Each slot has the healthy targets its traffic needs, unless the world itself took them away.
    Served,
    /// Nothing is shrunk or unpinned that carries traffic, or did a moment ago.
    NoEarlyTeardown,
    /// One operation owns a service.
    OneOperation,
    /// Every operation ends, and everything is given back.
    Terminates,
    /// A crash at any point ends in the same place as none.
    CrashSafe,
    /// Every transition is told, under an id of its own.
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
/// Nobody sends a slot anything by weight for so long before it may be shrunk: answers that are under
/// way, and the longest a write of ours may be late, are over then.
const DRAINED_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// What was decided before the world changed may take effect so much later: nobody can fence it.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(60);
/// What the world takes away comes back within this: a boot, its health checks, and two heartbeats.
pub(crate) const RECOVERY: SignedDuration = SignedDuration::from_mins(6);

/// How many healthy targets a slot needs for the requests that come to it.
fn floor(world: &World, slot: Slot) -> u32 {
    let requests = u64::from(world.requests_per_second) * u64::from(world.share(slot));
    let needed = requests.div_ceil(100 * u64::from(world.requests_per_instance.max(1)));
    u32::try_from(needed).unwrap_or(u32::MAX)
}

/// What is checked every second.
pub(crate) fn every_second(world: &mut World) {
    for slot in Slot::BOTH {
        let (needed, healthy) = (floor(world, slot), world.healthy(slot));
        // What stands in for a slot that the world took away cannot be larger than it is.
        if needed > healthy && !Slot::BOTH.into_iter().any(|slot| world.is_excused(slot)) {
            let share = world.share(slot);
            let what =
                format!("{slot} gets {share} % of the traffic, needs {needed} healthy targets and has {healthy}");
            world.violate(Invariant::Served, what);
        }
    }
    if Slot::BOTH.into_iter().all(|slot| !world.carries(slot)) {
        world.violate(Invariant::Served, "no slot gets any traffic");
    }
}

/// What is checked when something was saved.
pub(crate) fn after_save(world: &mut World) {
    let under_way = world.table.under_way();
    if under_way.len() > 1 {
        let what = format!("{} operations are under way at once", under_way.len());
        world.violate(Invariant::OneOperation, what);
    }
}

/// What is checked before the functions resize a group.
pub(crate) fn before_resize(world: &mut World, slot: Slot, to: Capacity) {
    let present = world.groups[slot].capacity;
    // A size that nobody fills is given back where nothing is launched any more.
    let here = world.groups[slot].instances.iter().filter(|instance| instance.stays()).count();
    let unfilled = u32::try_from(here).is_ok_and(|here| here <= to.desired) && !world.launches(slot);
    if to.desired < present.desired && !unfilled {
        before_shrinking(world, slot, to.desired);
    }
    // What was raised for a sick instance is given back whatever somebody else does with the weights.
    if to.min < present.min && is_moving(world) && !world.split_by_others {
        world.violate(Invariant::NoEarlyTeardown, format!("{slot} is unpinned while traffic is split"));
    }
}

fn before_shrinking(world: &mut World, slot: Slot, to: u32) {
    if world.carries(slot) {
        let share = world.share(slot);
        world.violate(Invariant::NoEarlyTeardown, format!("{slot} is shrunk while it gets {share} % of the traffic"));
    }
    let since = world.balancer.weightless_since[slot];
    let a_moment_ago = since.is_some_and(|since| world.now.duration_since(since) < DRAINED_AFTER);
    if a_moment_ago && world.healthy(slot) > 0 {
        world.violate(Invariant::NoEarlyTeardown, format!("{slot} is shrunk a moment after it had traffic"));
    }
    let reached = world.balancer.last_request[slot];
    if reached.is_some_and(|at| world.now.duration_since(at) < RECENTLY) {
        world.violate(Invariant::NoEarlyTeardown, format!("{slot} is shrunk while requests still reach it"));
    }
    let other = slot.other();
    if to == 0 && world.healthy(slot) > 0 && is_dead(world, other) {
        let what = format!("{slot} is shrunk to nothing and {other} has no healthy target");
        world.violate(Invariant::NeverTheLastOne, what);
    }
}

/// What is checked before the functions empty a slot that is live: nobody but the team may allow that.
pub(crate) fn before_stopping(world: &mut World, slot: Slot) {
    let allowed = world.account.plan.as_ref().is_some_and(|plan| plan.contains(r#""allow_outage":true"#));
    if !allowed {
        world.violate(Invariant::NeverTheLastOne, format!("{slot} is stopped and no plan allows an outage"));
        return;
    }
    if world.healthy(slot.other()) > 0 && world.carries(slot.other()) {
        world.violate(Invariant::NoEarlyTeardown, format!("{slot} is stopped while traffic moves"));
    }
    world.account.stopped = true;
    Slot::BOTH.into_iter().for_each(|slot| world.excused_until[slot] = Timestamp::MAX);
}

/// What is checked before the functions terminate an instance.
pub(crate) fn before_terminating(world: &mut World, slot: Slot, id: &str) {
    let now = world.now;
    let others = |world: &World, well: bool| {
        let instances = world.groups[slot].instances.iter();
        instances.filter(|other| other.stays() && other.id != id && (!well || other.answers(now))).count()
    };
    let answers = world.groups[slot].instances.iter().any(|one| one.id == id && one.stays() && one.answers(now));
    if world.carries(slot) && answers && others(world, true) == 0 {
        world.violate(Invariant::NeverTheLastOne, format!("{id} is terminated, the last of {slot} that answers"));
    }
    let leaves = world.groups[slot].instances.iter().any(|one| one.id == id && one.stays());
    let left = u32::try_from(others(world, false)).unwrap_or(u32::MAX);
    if world.carries(slot) && leaves && left < world.opened_with.desired && !world.too_small && !world.resized {
        let what = format!("{id} is terminated, which leaves {left} of the {} there were", world.opened_with.desired);
        world.violate(Invariant::NoEarlyTeardown, what);
    }
}

/// What is checked before the functions write weights.
pub(crate) fn before_routing(world: &mut World, weights: Weights) {
    let percent = |slot: Slot| u32::from(weights[slot].unwrap_or(0));
    for slot in Slot::BOTH {
        let more = percent(slot) > u32::from(world.share(slot));
        // With nobody healthy at all there is no better place; the first healthy one is another matter.
        let better = world.healthy(slot.other()) > 0;
        if more && is_dead(world, slot) && (better || !world.is_excused(slot)) {
            world.violate(Invariant::Served, format!("traffic is sent to {slot}, which has no healthy target"));
        }
    }
}

/// What is checked when scaling took instances away: a slot that may have to take all traffic back, or
/// is about to get it, is pinned.
pub(crate) fn after_scaling_in(world: &mut World, slot: Slot) {
    let can = u64::from(world.groups[slot].capacity.desired) * u64::from(world.requests_per_instance);
    if is_moving(world) && !world.is_excused(slot) && can < u64::from(world.requests_per_second) {
        let what = format!("scaling shrank {slot} below what it takes to take all traffic back");
        world.violate(Invariant::NoEarlyTeardown, what);
    }
}

/// Whether a slot has had nobody healthy for so long that whoever decides now must have seen it.
fn is_dead(world: &World, slot: Slot) -> bool {
    world.balancer.dead_since[slot].is_some_and(|since| world.now.duration_since(since) > ON_ITS_WAY)
}

fn is_moving(world: &World) -> bool {
    Slot::BOTH.into_iter().all(|slot| world.carries(slot))
}

/// What must hold when all has come to rest: each phase an operation went through was told, under ids
/// that differ, and each ending once.
pub(crate) fn at_the_end(world: &mut World) {
    let mut wrong = Vec::new();
    for (id, phases) in &world.table.phases {
        let of_it =
            || world.post.iter().map(|(_, notice)| notice).filter(|notice| notice.operation.as_ref() == Some(id));
        let ids = |kind: &str| {
            let mut ids: Vec<&str> =
                of_it().filter(|notice| notice.kind.name() == kind).map(|notice| notice.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.len()
        };
        for (phase, kind) in TOLD_AS {
            let (went, told) = (phases.iter().filter(|name| **name == phase).count(), ids(kind));
            if told < went || (told > went && TOLD_ONCE.contains(&phase)) {
                wrong.push(format!("{phase} of {id} was reached {went} times and told under {told} ids"));
            }
        }
    }
    wrong.into_iter().for_each(|what| world.violate(Invariant::Told, what));
}

/// How each phase is told.
const TOLD_AS: [(&str, &str); 10] = [
    ("shifting", "deployment_progressed"),
    ("awaiting_approval", "deployment_held"),
    ("succeeded", "deployment_succeeded"),
    ("rolling_back", "rollback_started"),
    ("rolled_back", "rollback_completed"),
    ("stuck", "operation_stuck"),
    ("surging", "replacement_started"),
    ("removing", "replacement_progressed"),
    ("replaced", "replacement_completed"),
    ("held", "replacement_held"),
];

/// What is told of once.
const TOLD_ONCE: [&str; 4] = ["succeeded", "rolled_back", "replaced", "held"];

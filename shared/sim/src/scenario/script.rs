//! The words a scenario is written in.

use jiff::SignedDuration;
use signalbox_domain::definition::Capacity;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{AlarmState, DeployRequest, Nudge, OnFailure, Origin, RollbackRequest, Trigger, Word};

use crate::checkers::{Invariant, RECOVERY};
use crate::demo::{ALARM, SERVICE};
use crate::functions::Functions;
use crate::rules;
use crate::time::Shared;
use crate::world::World;

/// Something that happens at some moment.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub when: When,
    /// What.
    pub what: What,
}

/// A moment. Lines happen in their order: one that waits keeps those behind it waiting.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// So many seconds after the line before.
    Later(i64),
    /// So many seconds after the record was seen in this phase, or in `standby` or `at rest`.
    In(&'static str, i64),
}

/// What people, pipelines and the world do.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// Somebody deploys a release under an id.
    Deploy(&'static str, &'static str),
    /// The same, as the cure of what is live.
    FixForward(&'static str, &'static str),
    /// The same, with rollback "ask".
    DeployAsking(&'static str, &'static str),
    /// Somebody asks for a rollback under an id.
    Rollback(&'static str),
    /// The same, by force.
    ForceRollback(&'static str),
    /// Somebody says something of the operation.
    Say(Word),
    /// Somebody says what is live.
    Adopt(Slot, &'static str),
    /// The alarm is in this state for so many seconds, whatever the requests say.
    Alarm(AlarmState, i64),
    /// Somebody deletes the alarm.
    DeleteAlarm,
    /// Somebody writes weights.
    Weights(u16, u16),
    /// Somebody resizes a group.
    Resize(Slot, u32, u32, u32),
    /// A scaling policy wants this size.
    Scale(Slot, u32),
    /// Auto Scaling rebalances zones, unless that is suspended.
    Rebalance(Slot),
    /// A scheduled action sets the sizes, unless that is suspended.
    Schedule(Slot, u32, u32, u32),
    /// Every instance of a slot falls sick.
    Sicken(Slot),
    /// They recover.
    Heal(Slot),
    /// No instance can be launched any more, or again.
    NoCapacity(bool),
    /// Every call is throttled for so many seconds.
    Throttle(i64),
    /// The forward action sticks for so many seconds; 0: no more.
    Sticky(i64),
}

impl What {
    /// Lets it happen.
    pub(crate) fn happen(self, world: &Shared, functions: &Functions) {
        world.borrow_mut().person(format!("{self:?}"));
        if let Some(trigger) = self.asks() {
            if let Ok(service) = SERVICE.parse() {
                functions.deliver(Nudge { service, trigger });
            }
            return;
        }
        self.change(&mut world.borrow_mut());
    }

    /// What is asked of the functions, if something is.
    fn asks(self) -> Option<Trigger> {
        let deploy = |id: &str, release: &str, fix_forward, on_failure| {
            Some(Trigger::DeployRequested(DeployRequest {
                id: id.parse().ok()?,
                release: release.parse().ok()?,
                strategy: None,
                fix_forward,
                on_failure,
                requested_by: None,
                origin: Origin::Invoke,
            }))
        };
        let rollback = |id: &str, force| {
            let (reason, origin) = ("it looks wrong".to_owned(), Origin::Invoke);
            let id = id.parse().ok()?;
            Some(Trigger::RollbackRequested(RollbackRequest {
                id,
                reason,
                from: None,
                force,
                requested_by: None,
                origin,
            }))
        };
        match self {
            What::Deploy(id, release) => deploy(id, release, false, OnFailure::Auto),
            What::FixForward(id, release) => deploy(id, release, true, OnFailure::Auto),
            What::DeployAsking(id, release) => deploy(id, release, false, OnFailure::Ask),
            What::Rollback(id) => rollback(id, false),
            What::ForceRollback(id) => rollback(id, true),
            What::Say(word) => Some(Trigger::Said(word)),
            What::Adopt(live, release) => Some(Trigger::AdoptRequested { live, release: release.parse().ok()? }),
            What::Alarm(..)
            | What::DeleteAlarm
            | What::Weights(..)
            | What::Resize(..)
            | What::Scale(..)
            | What::Rebalance(_)
            | What::Schedule(..)
            | What::Sicken(_)
            | What::Heal(_)
            | What::NoCapacity(_)
            | What::Throttle(_)
            | What::Sticky(_) => None,
        }
    }

    /// What changes in the world.
    fn change(self, world: &mut World) {
        let now = world.now;
        match self {
            What::Alarm(state, seconds) => {
                if let Some(alarm) = world.alarms.get_mut(ALARM) {
                    alarm.forced = Some((state, now + SignedDuration::from_secs(seconds)));
                }
                rules::change_alarm(world, ALARM, state);
            }
            What::DeleteAlarm => {
                world.alarms.remove(ALARM);
            }
            What::Weights(blue, green) => {
                world.balancer.weights = BySlot { blue: Some(blue), green: Some(green) };
                world.balancer.effective_at = Some(now + SignedDuration::from_secs(1));
                world.excuse(RECOVERY);
            }
            What::Resize(slot, min, desired, max) => {
                world.groups[slot].capacity = Capacity { min, desired, max };
                world.excuse(RECOVERY);
            }
            What::Scale(slot, size) => scale(world, slot, size),
            What::Rebalance(slot) => rebalance(world, slot),
            What::Schedule(slot, min, desired, max) => {
                let group = &mut world.groups[slot];
                if !group.suspended.contains(&signalbox_domain::observation::Process::ScheduledActions) {
                    group.capacity = Capacity { min, desired, max };
                    world.excuse(RECOVERY);
                }
            }
            What::Sicken(slot) => {
                world.groups[slot].instances.iter_mut().for_each(|instance| instance.sick = true);
                world.excuse(RECOVERY);
            }
            What::Heal(slot) => world.groups[slot].instances.iter_mut().for_each(|instance| instance.sick = false),
            What::NoCapacity(none) => world.no_capacity = none,
            What::Throttle(seconds) => world.faults.all_throttled_until = now + SignedDuration::from_secs(seconds),
            What::Sticky(seconds) => {
                world.balancer.sticky = (seconds > 0).then(|| SignedDuration::from_secs(seconds));
            }
            What::Deploy(..)
            | What::FixForward(..)
            | What::DeployAsking(..)
            | What::Rollback(_)
            | What::ForceRollback(_)
            | What::Say(_)
            | What::Adopt(..) => {}
        }
    }
}

/// A scaling policy moves within the group's bounds. The old slot of a deployment must be pinned
/// against it: it may have to take everything back (fluxcd/flagger#869).
fn scale(world: &mut World, slot: Slot, size: u32) {
    let capacity = &mut world.groups[slot].capacity;
    let before = capacity.desired;
    capacity.desired = size.clamp(capacity.min, capacity.max.max(capacity.min));
    let shrunk = capacity.desired < before;
    let moving = Slot::BOTH.into_iter().all(|slot| world.share(slot) < 100);
    if shrunk && moving {
        world.violate(
            Invariant::NoEarlyTeardown,
            format!("scaling shrank {slot}, which may have to take all traffic back"),
        );
    }
}

/// Zone rebalancing takes an instance away before its successor serves, when the group is at its
/// maximum ([rebalancing](https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html)).
fn rebalance(world: &mut World, slot: Slot) {
    let suspended = world.groups[slot].suspended.contains(&signalbox_domain::observation::Process::AZRebalance);
    if suspended {
        return;
    }
    let leaves = world.now + world.balancer.deregistration_delay;
    if let Some(first) = world.groups[slot].instances.first_mut() {
        first.gone_at = Some(leaves);
    }
    world.excuse(RECOVERY);
}

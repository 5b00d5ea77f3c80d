//! Auto Scaling groups: what launches, what boots, what leaves, and what resizes them besides us.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Capacity;
use signalbox_domain::observation::Process;
use signalbox_domain::slot::Slot;

use crate::balancer::{Check, TargetState};
use crate::checkers;
use crate::traffic::Nature;
use crate::world::World;

/// An Auto Scaling group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Min, desired and max.
    pub capacity: Capacity,
    /// Its instances.
    pub instances: Vec<Instance>,
    /// Its suspended processes.
    pub suspended: BTreeSet<Process>,
    /// What its instances read at boot.
    pub parameter: Option<String>,
    /// Its scaling policy.
    pub policy: Option<TargetTracking>,
    /// Its health-check type is ELB: it replaces by itself what fails the load balancer's check.
    pub heals_itself: bool,
    /// How long after its launch an instance is not judged by its health.
    pub grace: SignedDuration,
}

/// An instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// The zone it is in.
    pub zone: Zone,
    /// What it booted.
    pub release: String,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// When its application is up.
    pub up_at: Timestamp,
    /// It does not answer, neither health checks nor requests.
    pub sick: bool,
    /// It answers requests and fails health checks.
    pub ails: bool,
    /// It is protected from scale-in.
    pub protected: bool,
    /// What the load balancer thinks of it.
    pub check: Check,
    /// It crashed: the group finds out at its next look, and replaces it.
    pub crashed: bool,
    /// When it is gone, once it is on its way out.
    pub gone_at: Option<Timestamp>,
}

impl Instance {
    /// One that has been up for long.
    #[must_use]
    pub fn up(id: &str, release: &str, now: Timestamp) -> Instance {
        Instance {
            id: id.to_owned(),
            zone: Zone::A,
            release: release.to_owned(),
            launched_at: now - SignedDuration::from_hours(24),
            up_at: now,
            sick: false,
            ails: false,
            protected: false,
            check: Check::HEALTHY,
            crashed: false,
            gone_at: None,
        }
    }

    /// Whether its application answers.
    #[must_use]
    pub fn answers(&self, now: Timestamp) -> bool {
        self.up_at <= now && !self.sick && !self.crashed
    }

    /// Whether it passes a health check.
    #[must_use]
    pub fn passes(&self, now: Timestamp) -> bool {
        self.answers(now) && !self.ails
    }

    /// Whether it is here to stay.
    #[must_use]
    pub fn stays(&self) -> bool {
        self.gone_at.is_none()
    }
}

/// An availability zone; each has one node of the load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// The first.
    A,
    /// The second.
    B,
}

impl Zone {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Zone::A => "eu-west-1a",
            Zone::B => "eu-west-1b",
        }
    }
}

/// Target tracking on the requests per instance: it adds quickly and takes away slowly, after 15 low
/// minutes in a row
/// ([target tracking](https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html)).
#[derive(Clone, Debug)]
pub struct TargetTracking {
    /// Requests a second that an instance should have.
    pub requests_per_instance: u32,
    /// Low minutes in a row.
    pub low_minutes: u32,
}

/// After so many low minutes target tracking takes instances away.
const LOW_MINUTES: u32 = 15;

/// One second of a group.
pub(crate) fn second(world: &mut World, slot: Slot) {
    let now = world.now;
    world.groups[slot].instances.retain(|instance| instance.gone_at.is_none_or(|gone| gone > now));
    crash(world, slot);
    heal(world, slot);
    if now.as_second() % 60 == 30 {
        track(world, slot);
    }
    shrink(world, slot);
    grow(world, slot);
}

/// A release whose instances die: each one crashes so long after its launch. EC2's status checks tell
/// the group, which looks about once a minute and replaces it
/// ([health checks](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html)).
fn crash(world: &mut World, slot: Slot) {
    let now = world.now;
    let releases = &world.releases;
    let mut crashes = false;
    for instance in &mut world.groups[slot].instances {
        let lives = releases.get(&instance.release).and_then(|nature: &Nature| nature.dies_after);
        if lives.is_some_and(|lives| now.duration_since(instance.launched_at) >= lives) && !instance.crashed {
            instance.crashed = true;
            crashes = true;
        }
        if instance.crashed && instance.stays() && now.as_second() % 60 == 15 {
            instance.gone_at = Some(now + SignedDuration::from_secs(1));
        }
    }
    if crashes {
        world.excuse(slot, checkers::RECOVERY);
    }
}

/// A group of type ELB terminates first what the load balancer calls unhealthy, and launches another one
/// meanwhile
/// ([health checks](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html)).
fn heal(world: &mut World, slot: Slot) {
    let (now, in_use) = (world.now, world.in_use(slot));
    let leaves_at = now + world.balancer.deregistration_delay;
    let group = &mut world.groups[slot];
    if !group.heals_itself || !in_use || now.as_second() % 60 != 45 {
        return;
    }
    let grace = group.grace;
    for instance in group.instances.iter_mut().filter(|instance| instance.stays()) {
        let judged = now.duration_since(instance.launched_at) >= grace;
        if judged && instance.check.state == TargetState::Unhealthy {
            instance.gone_at = Some(leaves_at);
        }
    }
}

/// What is too many leaves: first from the zone with the most, there by chance
/// ([termination policies](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html)
/// end in chance where launch templates are equal). It drains first.
fn shrink(world: &mut World, slot: Slot) {
    let leaves_at = world.now + world.balancer.deregistration_delay;
    let group = &mut world.groups[slot];
    let desired = usize::try_from(group.capacity.desired).unwrap_or(usize::MAX);
    loop {
        let staying: Vec<usize> = (0..group.instances.len()).filter(|index| group.instances[*index].stays()).collect();
        if staying.len() <= desired {
            return;
        }
        let of = |zone| staying.iter().copied().filter(|index| group.instances[*index].zone == zone).collect();
        let (a, b): (Vec<usize>, Vec<usize>) = (of(Zone::A), of(Zone::B));
        let from = if a.len() >= b.len() { a } else { b };
        let leaving = from[world.random.scaling.usize(0..from.len())];
        group.instances[leaving].gone_at = Some(leaves_at);
    }
}

/// What is missing is launched, in the zone with the fewest.
fn grow(world: &mut World, slot: Slot) {
    if world.no_capacity || world.groups[slot].suspended.contains(&Process::Launch) {
        return;
    }
    let now = world.now;
    let group = &mut world.groups[slot];
    let desired = usize::try_from(group.capacity.desired).unwrap_or(usize::MAX);
    while group.instances.iter().filter(|instance| instance.stays()).count() < desired {
        let in_zone =
            |zone| group.instances.iter().filter(|instance| instance.stays() && instance.zone == zone).count();
        let zone = if in_zone(Zone::A) <= in_zone(Zone::B) { Zone::A } else { Zone::B };
        let boots = &mut world.random.boots;
        let up_at = now + SignedDuration::from_secs(boots.i64(70..150));
        let id = format!("i-{:08x}", boots.u32(..));
        let release = group.parameter.clone().unwrap_or_else(|| "none".to_owned());
        let fails_to_boot = world.releases.get(&release).map_or(0, |nature| nature.boot_failures_per_thousand);
        let sick = boots.u32(0..1_000) < fails_to_boot;
        group.instances.push(Instance {
            id,
            zone,
            release,
            launched_at: now,
            up_at,
            sick,
            ails: false,
            protected: false,
            check: Check::NEW,
            crashed: false,
            gone_at: None,
        });
    }
}

/// Target tracking resizes within the group's bounds.
fn track(world: &mut World, slot: Slot) {
    let Some(policy) = world.groups[slot].policy.clone() else { return };
    let minute = world.now.as_second() / 60 - 1;
    let requests = world.counted.minutes.get(&minute).map_or(0, |counts| counts[slot].requests);
    let per_minute = u64::from(policy.requests_per_instance) * 60;
    let wanted = u32::try_from(requests.div_ceil(per_minute.max(1))).unwrap_or(u32::MAX);
    let present = world.groups[slot].capacity.desired;
    let low = if wanted < present { policy.low_minutes + 1 } else { 0 };
    let group = &mut world.groups[slot];
    group.policy = Some(TargetTracking { low_minutes: low, ..policy });
    if wanted > present || low >= LOW_MINUTES {
        world.scale(slot, wanted);
    }
}

impl World {
    /// Scaling wants this size, and gets it within the group's bounds. The old slot of a deployment
    /// must be pinned against it: it may have to take everything back.
    pub(crate) fn scale(&mut self, slot: Slot, size: u32) {
        let capacity = &mut self.groups[slot].capacity;
        let before = capacity.desired;
        capacity.desired = size.clamp(capacity.min, capacity.max.max(capacity.min));
        if capacity.desired < before {
            checkers::after_scaling_in(self, slot);
            // Which of them goes is scaling's choice, and may leave those that still boot.
            self.excuse(slot, checkers::RECOVERY);
        }
    }

    /// Terminates one instance and takes one off the desired size, as TerminateInstanceInAutoScalingGroup
    /// does. One that is on its way out already takes another one off: AWS does not say that it would not.
    ///
    /// # Errors
    /// What AWS answers.
    pub(crate) fn terminate(&mut self, slot: Slot, id: &str) -> Result<(), &'static str> {
        let leaves_at = self.now + self.balancer.deregistration_delay;
        let group = &mut self.groups[slot];
        let Some(instance) = group.instances.iter_mut().find(|instance| instance.id == id) else { return Ok(()) };
        if group.capacity.desired <= group.capacity.min {
            return Err("ValidationError: terminating without replacement would violate the group's min size");
        }
        group.capacity.desired -= 1;
        instance.gone_at.get_or_insert(leaves_at);
        Ok(())
    }

    /// Whether the group launches what is missing.
    pub(crate) fn launches(&self, slot: Slot) -> bool {
        !self.groups[slot].suspended.contains(&Process::Launch)
    }

    /// Sets all three sizes, as UpdateAutoScalingGroup does.
    ///
    /// # Errors
    /// What AWS answers when they contradict each other.
    pub(crate) fn resize(&mut self, slot: Slot, to: Capacity) -> Result<(), &'static str> {
        if to.min > to.desired || to.desired > to.max {
            return Err("ValidationError: desired must lie between min and max");
        }
        self.groups[slot].capacity = to;
        Ok(())
    }

    /// Zone rebalancing launches first, but a group at its maximum may not grow beyond it by more than
    /// a tenth or one instance, and what it lets go may have been the only healthy one
    /// ([rebalancing](https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html)).
    /// `false`: the process is suspended.
    pub(crate) fn rebalance(&mut self, slot: Slot) -> bool {
        if self.groups[slot].suspended.contains(&Process::AZRebalance) {
            return false;
        }
        let leaves_at = self.now + self.balancer.deregistration_delay;
        if let Some(first) = self.groups[slot].instances.iter_mut().find(|instance| instance.stays()) {
            first.gone_at = Some(leaves_at);
        }
        true
    }
}

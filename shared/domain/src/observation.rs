//! The real world as it was seen at one look. Nothing in here is a wish of ours.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::definition::Capacity;
use crate::slot::{BySlot, Slot, Split};
use crate::text::{AlarmName, InstanceId, Release};
use crate::trigger::AlarmState;

/// What one look saw. Where a part could not be read, it says so instead of guessing:
/// nothing moves forward on what was not seen, and a rollback does not wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Where traffic goes.
    pub routing: Routing,
    /// The two Auto Scaling groups with their instances.
    pub groups: BySlot<Group>,
    /// The release each slot's instances read when they boot; `None`: not asked, or not readable.
    pub releases: Option<BySlot<Option<Release>>>,
    /// The guard's alarms; `None`: they could not be read this time.
    pub alarms: Option<Alarms>,
    /// How quiet each slot is; `None`: not asked, or not readable.
    pub quiet: BySlot<Option<Quiet>>,
    /// What only the door asks for; `None`: not asked.
    pub surroundings: Option<Surroundings>,
    /// What somebody said who was asked about the new release; `None`: nobody was asked.
    pub probed: Option<Probed>,
    /// What both slots did; `None`: not asked, or not readable.
    pub traffic: Option<Traffic>,
}

impl Observation {
    /// The healthy targets of `slot`.
    #[must_use]
    pub fn healthy(&self, slot: Slot) -> u32 {
        self.groups[slot].healthy()
    }

    /// Whether the instances of `slot` boot `release`; `None`: not seen.
    #[must_use]
    pub fn runs(&self, slot: Slot, release: &Release) -> Option<bool> {
        self.releases.as_ref().map(|releases| releases[slot].as_ref() == Some(release))
    }

    /// The percentage that `slot` is seen to get.
    #[must_use]
    pub fn weight(&self, slot: Slot) -> u8 {
        self.routing.weight(slot)
    }
}

/// The guard's alarms by name. One that does not exist is missing from the map.
pub type Alarms = BTreeMap<AlarmName, AlarmSeen>;

/// One alarm as CloudWatch describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmSeen {
    /// Its state.
    pub state: AlarmState,
    /// Whether a suppressor keeps a composite alarm's actions back at the moment.
    pub suppressed: bool,
}

/// The forward action as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Each slot's weight as AWS holds it, 0 to 999; `None`: the action does not name the slot.
    pub raw: BySlot<Option<u16>>,
    /// The weight of target groups that are neither slot's, summed.
    pub elsewhere: u32,
    /// Group-level stickiness, and for how long a client sticks.
    pub sticky: Option<SignedDuration>,
}

impl Routing {
    /// The split, where it is one that Signalbox writes: whole percents to our slots alone.
    #[must_use]
    pub fn split(&self) -> Option<Split> {
        if self.elsewhere > 0 {
            return None;
        }
        match (self.raw.blue, self.raw.green) {
            (Some(weight), None) if weight > 0 => Some(Split::Only(Slot::Blue)),
            (None, Some(weight)) if weight > 0 => Some(Split::Only(Slot::Green)),
            (Some(blue), Some(green)) if blue + green == 100 => {
                u8::try_from(blue).ok().and_then(|blue| blue.try_into().ok()).map(Split::Blue)
            }
            (Some(blue), Some(0)) if blue > 0 => Some(Split::all_to(Slot::Blue)),
            (Some(0), Some(green)) if green > 0 => Some(Split::all_to(Slot::Green)),
            (Some(_) | None, Some(_) | None) => None,
        }
    }

    /// The percentage of all traffic that `slot` gets, rounded up: something is never nothing.
    #[must_use]
    pub fn weight(&self, slot: Slot) -> u8 {
        let of = |slot: Slot| u32::from(self.raw[slot].unwrap_or(0));
        let total = of(Slot::Blue) + of(Slot::Green) + self.elsewhere;
        if total == 0 {
            return 0;
        }
        u8::try_from((of(slot) * 100).div_ceil(total)).unwrap_or(100)
    }

    /// Whether the forward action is exactly as `split` wants it.
    #[must_use]
    pub fn is(&self, split: Split) -> bool {
        let named_as_wanted = Slot::BOTH.into_iter().all(|slot| self.raw[slot].is_some() == split.names(slot));
        named_as_wanted
            && self.split().is_some_and(|seen| Slot::BOTH.into_iter().all(|s| seen.weight(s) == split.weight(s)))
    }
}

/// One Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Min, desired and max.
    pub capacity: Capacity,
    /// Its instances, those on their way out included.
    pub instances: Vec<Instance>,
    /// The scaling processes that are suspended, whoever did it.
    pub suspended: BTreeSet<Process>,
    /// Its health-check type is ELB: it replaces by itself what the load balancer calls unhealthy.
    pub heals_itself: bool,
    /// How long after its launch an instance is not judged by its health.
    pub grace: SignedDuration,
}

/// Whether a slot without weight still has somebody on it: asked before it is torn down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Requests in the minutes of `route_settle`, and at least in the last two: metrics come once
    /// a minute and a little late. A missing datapoint is no request.
    pub requests: u64,
    /// How long a target drains after it was taken out of the target group.
    pub deregistration_delay: SignedDuration,
}

impl Group {
    /// The instances that are in service and pass the load balancer's health check.
    #[must_use]
    pub fn healthy(&self) -> u32 {
        count(self.instances.iter().filter(|instance| instance.is_healthy()))
    }

    /// The instances that are here to stay, healthy or not.
    pub fn staying(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|instance| !instance.lifecycle.is_leaving())
    }

    /// The one of them with this id.
    #[must_use]
    pub fn member(&self, id: &InstanceId) -> Option<&Instance> {
        self.staying().find(|instance| instance.id == *id)
    }

    /// How many of them the group's size counts: who was put into standby is not.
    #[must_use]
    pub fn counted(&self) -> u32 {
        count(self.staying().filter(|instance| instance.lifecycle != Lifecycle::Standby))
    }

    /// How many they are.
    #[must_use]
    pub fn present(&self) -> u32 {
        count(self.staying())
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// Whom a deployment asks about the new release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// The release itself, through the load balancer.
    Smoke,
    /// The team's function, before traffic moves.
    BeforeTraffic,
    /// The team's function, when all traffic has moved.
    AfterTraffic,
}

impl std::fmt::Display for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Probe::Smoke => "the smoke check",
            Probe::BeforeTraffic => "the hook before traffic",
            Probe::AfterTraffic => "the hook after traffic",
        })
    }
}

/// What one of them said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// Who was asked.
    pub probe: Probe,
    /// The answer.
    pub answer: ProbeAnswer,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// Go on.
    Passed,
    /// Ask again.
    Wait,
    /// Do not go on, and why.
    Refused(String),
    /// There was no answer, and why.
    Unanswered(String),
}

/// What both slots did over the same minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// These minutes.
    pub window: Window,
    /// Each slot's, oldest first.
    pub minutes: BySlot<Vec<Minute>>,
}

/// Whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The beginning of the first one.
    pub from: Timestamp,
    /// The end of the last one.
    pub to: Timestamp,
}

/// What a slot's target group did in one closed minute. A minute without a datapoint had no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// When it began.
    pub at: Timestamp,
    /// Requests that reached a target.
    pub requests: u64,
    /// Requests that a target answered with a 5xx, or whose connection it refused.
    pub failures: u64,
    /// The 95th percentile of the response time, in milliseconds.
    pub p95_ms: Option<u32>,
}

/// One instance of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// The availability zone it runs in.
    pub zone: String,
    /// Where it is on its way through the group.
    pub lifecycle: Lifecycle,
    /// Whether the group calls it `Unhealthy` and is about to replace it.
    pub condemned: bool,
    /// Whether it is protected from scale-in: somebody wants it kept.
    pub protected: bool,
    /// What the load balancer says of it.
    pub target: TargetHealth,
}

/// Where an instance is on its way through its group
/// ([lifecycle](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It is being launched, or comes back from standby.
    Coming,
    /// The same, held by a lifecycle hook.
    ComingHeld,
    /// It is in service.
    InService,
    /// Somebody took it out of service for a while.
    Standby,
    /// It is terminating, detaching or gone.
    Leaving,
    /// The same, held by a lifecycle hook.
    LeavingHeld,
}

impl Lifecycle {
    /// Whether it is on its way out.
    #[must_use]
    pub fn is_leaving(self) -> bool {
        matches!(self, Lifecycle::Leaving | Lifecycle::LeavingHeld)
    }
}

impl Instance {
    /// In service for the group and healthy for the load balancer.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.lifecycle == Lifecycle::InService && self.target == TargetHealth::Healthy
    }
}

/// What the load balancer says of a target
/// ([target health status](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetHealth {
    /// It passes the check.
    Healthy,
    /// It fails the check.
    Unhealthy,
    /// It is being checked for the first time.
    Initial,
    /// It is draining.
    Draining,
    /// Its target group is in no rule, or the instance is stopped, or its zone is off: nobody checks it.
    Unused,
    /// It is not registered.
    Absent,
}

/// A scaling process that Signalbox suspends while it moves a service
/// ([suspend and resume](https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Process {
    /// Moves instances between zones, by terminating some.
    AZRebalance,
    /// Resizes by the clock.
    ScheduledActions,
    /// Launches what is missing.
    Launch,
}

impl Process {
    /// All that we know of.
    pub const ALL: [Process; 3] = [Process::AZRebalance, Process::ScheduledActions, Process::Launch];
    /// Those that a deployment suspends.
    pub const MEDDLING: [Process; 2] = [Process::AZRebalance, Process::ScheduledActions];

    /// The name AWS gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Process::AZRebalance => "AZRebalance",
            Process::ScheduledActions => "ScheduledActions",
            Process::Launch => "Launch",
        }
    }
}

/// What stands around a service: asked only when something is about to begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Listeners or rules, other than the one we write and other than header routes for one slot
    /// alone, that forward to either target group. ARNs.
    pub other_routes: Vec<String>,
    /// Slots whose group has an instance refresh under way.
    pub refreshing: Vec<Slot>,
    /// Whether the forward action sticks by an application cookie, which weighted groups do not support.
    pub app_cookie: bool,
}

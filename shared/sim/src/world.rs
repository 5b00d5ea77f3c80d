//! The cloud itself: what is in it, and how a second passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::task::Waker;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Capacity;
use signalbox_domain::notice::Notice;
use signalbox_domain::observation::Process;
use signalbox_domain::record::Record;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::AlarmState;
use signalbox_reconciler::ports::{DecisionItem, OperationItem};

use crate::checkers::{Invariant, Violation};
use crate::faults::Faults;
use crate::rules;
use crate::time::Started;

/// The cloud, its visitors and its books.
#[derive(Debug)]
pub struct World {
    /// What time it is.
    pub now: Timestamp,
    /// The two Auto Scaling groups.
    pub groups: BySlot<Group>,
    /// The load balancer.
    pub balancer: Balancer,
    /// What each release is like; one that is not listed boots and works.
    pub releases: BTreeMap<String, Nature>,
    /// The alarms by name.
    pub alarms: BTreeMap<String, Alarm>,
    /// How many requests come each second.
    pub requests_per_second: u32,
    /// The table.
    pub table: Table,
    /// Every notice that was sent, with the time.
    pub post: Vec<(Timestamp, Notice)>,
    /// Alarm events on their way to the functions.
    pub alarm_events: Vec<AlarmEvent>,
    /// What goes wrong with calls and invocations.
    pub faults: Faults,
    /// What the checkers saw that must not be.
    pub violations: Vec<Violation>,
    /// Until when missing service is the world's own doing: it took targets away a moment ago.
    pub excused_until: Timestamp,
    /// No instance can be launched: the zone has no capacity left.
    pub no_capacity: bool,
    /// Events that were delivered to a function which lived to answer them.
    pub answered: u64,
    /// What the world counted.
    pub counted: Counted,
    /// What happened to the world, in order.
    pub chronicle: Vec<(Timestamp, Happening)>,
    pub(crate) random: Random,
    pub(crate) started: Started,
    wakes: BTreeMap<(Timestamp, u64), Waker>,
    wake_serial: u64,
}

/// One source of randomness for each purpose, so that one more draw here reshuffles nothing there.
#[derive(Debug)]
pub(crate) struct Random {
    pub(crate) boots: Rng,
    pub(crate) requests: Rng,
    pub(crate) calls: Rng,
    pub(crate) nonces: Rng,
    pub(crate) faults: Rng,
    pub(crate) delivery: Rng,
}

/// What a release is like.
#[derive(Clone, Copy, Debug)]
pub struct Nature {
    /// Whether its instances ever pass the health check.
    pub healthy: bool,
    /// How many of 1,000 requests fail.
    pub failures_per_thousand: u32,
    /// Its instances die so long after launch, and their group launches others.
    pub dies_after: Option<SignedDuration>,
}

impl Default for Nature {
    fn default() -> Self {
        Nature { healthy: true, failures_per_thousand: 1, dies_after: None }
    }
}

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
}

/// An instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// What it booted.
    pub release: String,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// When it answers its first health check.
    pub up_at: Timestamp,
    /// The world made it sick.
    pub sick: bool,
    /// Passed checks in a row, at most as many as make it healthy.
    pub passed: u32,
    /// When it is gone, once it is on its way out.
    pub gone_at: Option<Timestamp>,
}

/// The load balancer.
#[derive(Clone, Debug)]
pub struct Balancer {
    /// The forward action as the API tells it.
    pub weights: BySlot<Option<u16>>,
    /// The forward action as the nodes follow it: a little behind.
    pub effective: BySlot<Option<u16>>,
    /// When the nodes follow.
    pub effective_at: Option<Timestamp>,
    /// The nodes follow new weights within so many seconds; the API tells the new ones at once.
    pub follows_within: i64,
    /// How long a target drains.
    pub deregistration_delay: SignedDuration,
    /// Group-level stickiness, and for how long.
    pub sticky: Option<SignedDuration>,
    /// How many of the requests of a second come from clients that stick to each slot.
    pub stuck: BySlot<u32>,
    /// When a request last reached each slot.
    pub last_request: BySlot<Option<Timestamp>>,
}

/// An alarm on the share of failed requests of the last closed minute.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its state.
    pub state: AlarmState,
    /// Above how many failures of 1,000 requests it fires.
    pub above_per_thousand: u64,
    /// A state that holds whatever the requests say, until then.
    pub forced: Option<(AlarmState, Timestamp)>,
}

/// An alarm event on its way.
#[derive(Clone, Debug)]
pub struct AlarmEvent {
    /// The alarm.
    pub alarm: String,
    /// Its new state.
    pub state: AlarmState,
    /// When it changed.
    pub at: Timestamp,
    /// When the event is delivered.
    pub delivered_at: Timestamp,
}

/// The table.
#[derive(Debug, Default)]
pub struct Table {
    /// Definitions by service.
    pub definitions: BTreeMap<String, String>,
    /// Records with their version and their last writer's mark.
    pub records: BTreeMap<String, (Record, u64, u128)>,
    /// Operations by service and id.
    pub operations: BTreeMap<(String, String), OperationItem>,
    /// Decisions in the order of their saves.
    pub decisions: Vec<(String, DecisionItem)>,
    /// Accepted requests by service and id, with the operation they belong to.
    pub requests: BTreeMap<(String, String), String>,
}

/// What the world counted: the requests, and how each one ended.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Requests in the present minute and in those before it, by slot: all and failed.
    pub minutes: BTreeMap<i64, BySlot<(u64, u64)>>,
    /// Answered well.
    pub served: u64,
    /// Failed by the release that answered.
    pub failed_by_release: BTreeMap<String, u64>,
    /// Nobody could answer.
    pub nobody_there: u64,
    /// One line a second: weights, healthy targets, failures.
    pub seconds: Vec<Second>,
}

/// One second of the world.
#[derive(Clone, Copy, Debug)]
pub struct Second {
    /// When.
    pub at: Timestamp,
    /// The weights as the nodes follow them, in percent.
    pub weights: BySlot<u8>,
    /// Healthy targets.
    pub healthy: BySlot<u32>,
    /// Requests that failed.
    pub failed: u32,
}

/// What happened to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The nodes follow new weights.
    Weights(BySlot<u8>),
    /// A slot's number of healthy targets changed.
    Healthy(Slot, u32),
    /// An alarm changed its state.
    Alarm(String, AlarmState),
    /// A person did something.
    Person(String),
    /// A notice was sent.
    Told(String),
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Happening::Weights(shares) => write!(f, "traffic: blue {} %, green {} %", shares.blue, shares.green),
            Happening::Healthy(slot, 0) => write!(f, "{slot}: no healthy target"),
            Happening::Healthy(slot, 1) => write!(f, "{slot}: 1 healthy target"),
            Happening::Healthy(slot, count) => write!(f, "{slot}: {count} healthy targets"),
            Happening::Alarm(name, AlarmState::Alarm) => write!(f, "alarm {name} fires"),
            Happening::Alarm(name, AlarmState::Ok) => write!(f, "alarm {name} is OK"),
            Happening::Alarm(name, AlarmState::InsufficientData) => write!(f, "alarm {name} has no data"),
            Happening::Person(what) | Happening::Told(what) => f.write_str(what),
        }
    }
}

impl World {
    /// A world in which blue runs `v1` with one instance and has all traffic, as CodeDetect does.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp) -> World {
        let random = |purpose: u64| Rng::with_seed(seed ^ (purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let booted = Instance {
            id: "i-0blue0".to_owned(),
            release: "v1".to_owned(),
            launched_at: now,
            up_at: now,
            sick: false,
            passed: rules::HEALTHY_THRESHOLD,
            gone_at: None,
        };
        let blue = Group {
            capacity: Capacity { min: 1, desired: 1, max: 2 },
            instances: vec![booted],
            suspended: BTreeSet::new(),
            parameter: Some("v1".to_owned()),
        };
        let green =
            Group { capacity: Capacity::NONE, instances: Vec::new(), suspended: BTreeSet::new(), parameter: None };
        let weights = BySlot { blue: Some(100), green: None };
        World {
            now,
            groups: BySlot { blue, green },
            balancer: Balancer {
                weights,
                effective: weights,
                effective_at: None,
                follows_within: 5,
                deregistration_delay: SignedDuration::from_secs(60),
                sticky: None,
                stuck: BySlot { blue: 0, green: 0 },
                last_request: BySlot { blue: None, green: None },
            },
            releases: BTreeMap::new(),
            alarms: BTreeMap::new(),
            requests_per_second: 20,
            table: Table::default(),
            post: Vec::new(),
            alarm_events: Vec::new(),
            faults: Faults::default(),
            violations: Vec::new(),
            excused_until: now,
            no_capacity: false,
            answered: 0,
            counted: Counted::default(),
            chronicle: Vec::new(),
            random: Random {
                boots: random(1),
                requests: random(2),
                calls: random(3),
                nonces: random(4),
                faults: random(5),
                delivery: random(6),
            },
            started: Started::default(),
            wakes: BTreeMap::new(),
            wake_serial: 0,
        }
    }

    /// Whether a rule names the slot's target group, as the nodes follow it: else nobody checks it.
    #[must_use]
    pub fn in_use(&self, slot: Slot) -> bool {
        self.balancer.weights[slot].is_some() || self.balancer.effective[slot].is_some()
    }

    /// Healthy targets of a slot, as the load balancer counts them.
    #[must_use]
    pub fn healthy(&self, slot: Slot) -> u32 {
        let in_use = self.in_use(slot);
        let healthy = self.groups[slot].instances.iter().filter(|instance| rules::is_healthy(instance, in_use));
        u32::try_from(healthy.count()).unwrap_or(u32::MAX)
    }

    /// The share of traffic a slot gets, in percent, as the nodes follow it.
    #[must_use]
    pub fn share(&self, slot: Slot) -> u8 {
        let of = |slot: Slot| u32::from(self.balancer.effective[slot].unwrap_or(0));
        let total = of(Slot::Blue) + of(Slot::Green);
        u8::try_from((of(slot) * 100).checked_div(total).unwrap_or(0)).unwrap_or(100)
    }

    /// Writes down that a person did something.
    pub fn person(&mut self, what: impl Into<String>) {
        self.chronicle.push((self.now, Happening::Person(what.into())));
    }

    /// Writes down that an invariant does not hold.
    pub(crate) fn violate(&mut self, invariant: Invariant, what: impl Into<String>) {
        let violation = Violation { at: self.now, invariant, what: what.into() };
        let known = |other: &Violation| other.invariant == invariant && other.what == violation.what;
        if self.violations.len() < 50 && !self.violations.iter().any(known) {
            self.violations.push(violation);
        }
    }

    /// The world takes something away: what is missing for the next minutes is its own doing.
    pub(crate) fn excuse(&mut self, duration: SignedDuration) {
        self.excused_until = self.excused_until.max(self.now + duration);
    }

    pub(crate) fn wake_at(&mut self, at: Timestamp, waker: Waker) {
        self.wake_serial += 1;
        self.wakes.insert((at, self.wake_serial), waker);
    }

    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        self.wakes.keys().next().map(|(at, _)| *at)
    }

    /// Lets time pass, second by second, and gives back who waited for a time that has come.
    pub(crate) fn pass_to(&mut self, to: Timestamp) -> Vec<Waker> {
        while self.now < to {
            let next_second = Timestamp::from_second(self.now.as_second() + 1).unwrap_or(to);
            if next_second > to {
                self.now = to;
                break;
            }
            self.now = next_second;
            rules::second(self);
        }
        let later = self.wakes.split_off(&(self.now, u64::MAX));
        std::mem::replace(&mut self.wakes, later).into_values().collect()
    }
}

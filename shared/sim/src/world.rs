//! The cloud itself: what is in it, and how a second passes. Each service of it has a file of its own,
//! with its rules and the pages they follow.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::task::Waker;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Capacity;
use signalbox_domain::notice::Notice;
use signalbox_domain::observation::ProbeAnswer;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::AlarmState;

use crate::alarms::{Alarm, AlarmEvent};
use crate::autoscaling::{Group, Instance};
use crate::balancer::Balancer;
use crate::billing::Account;
use crate::checkers::{Invariant, Violation};
use crate::faults::Faults;
use crate::reports::Reported;
use crate::table::Table;
use crate::time::Started;
use crate::traffic::{Counted, Nature};
use crate::{alarms, autoscaling, balancer, checkers, traffic};

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
    /// How many of them one instance can answer each second.
    pub requests_per_instance: u32,
    /// The table.
    pub table: Table,
    /// Every notice that was sent, with the time.
    pub post: Vec<(Timestamp, Notice)>,
    /// Alarm events on their way to the functions.
    pub alarm_events: Vec<AlarmEvent>,
    /// What the team's own functions say when they are asked about a release.
    pub hook: Hook,
    /// What goes wrong with calls and invocations.
    pub faults: Faults,
    /// What the checkers saw that must not be.
    pub violations: Vec<Violation>,
    /// Until when what a slot lacks is the world's own doing: it took it away a moment ago.
    pub excused_until: BySlot<Timestamp>,
    /// Something both slots lean on fails so many of 1,000 requests, whoever answers them.
    pub dependency_fails_per_thousand: u32,
    /// No instance can be launched: the zone has no capacity left.
    pub no_capacity: bool,
    /// A person or a schedule took less than what comes needs.
    pub too_small: bool,
    /// Events that were delivered to a function which lived to answer them.
    pub answered: u64,
    /// What the world counted.
    pub counted: Counted,
    /// What happened to the world, in order.
    pub chronicle: Vec<(Timestamp, Happening)>,
    /// How many seconds fewer instances served than there were in the beginning.
    pub seconds_below: u64,
    /// The weights are somebody else's.
    pub split_by_others: bool,
    /// How many seconds none served.
    pub seconds_down: u64,
    /// Somebody else resized the live group meanwhile.
    pub resized: bool,
    /// Whether the replacer is installed.
    pub heals: bool,
    /// What the account is charged.
    pub account: Account,
    /// What users reported.
    pub reported: Reported,
    /// The capacity of the live group at the beginning, which it must be given back.
    pub(crate) opened_with: Capacity,
    pub(crate) random: Random,
    pub(crate) started: Started,
    wakes: BTreeMap<(Timestamp, u64), Waker>,
    wake_serial: u64,
}

/// One source of randomness for each purpose, so that one more draw here reshuffles nothing there.
#[derive(Debug)]
pub(crate) struct Random {
    pub(crate) boots: Rng,
    pub(crate) scaling: Rng,
    pub(crate) requests: Rng,
    pub(crate) calls: Rng,
    pub(crate) clocks: Rng,
    pub(crate) nonces: Rng,
    pub(crate) faults: Rng,
    pub(crate) delivery: Rng,
}

/// What the team's own functions say when they are asked about a release.
#[derive(Clone, Debug, Default)]
pub enum Hook {
    /// Yes.
    #[default]
    Passes,
    /// To wait until then, then yes.
    WaitsUntil(Timestamp),
    /// No.
    Refuses,
}

impl Hook {
    /// The answer now.
    pub(crate) fn answer(&self, now: Timestamp) -> ProbeAnswer {
        match self {
            Hook::WaitsUntil(until) if now < *until => ProbeAnswer::Wait,
            Hook::Passes | Hook::WaitsUntil(_) => ProbeAnswer::Passed,
            Hook::Refuses => ProbeAnswer::Refused("the migration is not done".to_owned()),
        }
    }
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
        let group = |capacity, instances, parameter: Option<&str>| Group {
            capacity,
            instances,
            suspended: BTreeSet::new(),
            parameter: parameter.map(str::to_owned),
            policy: None,
            heals_itself: false,
            grace: SignedDuration::from_mins(5),
        };
        let live = Capacity { min: 1, desired: 1, max: 2 };
        World {
            now,
            groups: BySlot {
                blue: group(live, vec![Instance::up("i-0blue0", "v1", now)], Some("v1")),
                green: group(Capacity::NONE, Vec::new(), None),
            },
            balancer: Balancer::following(BySlot { blue: Some(100), green: None }, now),
            releases: BTreeMap::new(),
            alarms: BTreeMap::new(),
            requests_per_second: 20,
            requests_per_instance: 1_000,
            table: Table::default(),
            post: Vec::new(),
            alarm_events: Vec::new(),
            hook: Hook::default(),
            faults: Faults::default(),
            violations: Vec::new(),
            excused_until: BySlot { blue: now, green: now },
            dependency_fails_per_thousand: 0,
            no_capacity: false,
            too_small: false,
            answered: 0,
            counted: Counted::default(),
            chronicle: Vec::new(),
            seconds_below: 0,
            split_by_others: false,
            seconds_down: 0,
            resized: false,
            heals: false,
            account: Account::default(),
            reported: Reported::default(),
            opened_with: live,
            random: Random {
                boots: random(1),
                scaling: random(7),
                requests: random(2),
                calls: random(3),
                clocks: random(8),
                nonces: random(4),
                faults: random(5),
                delivery: random(6),
            },
            started: Started::default(),
            wakes: BTreeMap::new(),
            wake_serial: 0,
        }
    }

    /// Blue is a fleet of so many instances from the beginning.
    pub fn open_with_fleet(&mut self, capacity: Capacity) {
        let instances = (0..capacity.desired).map(|number| Instance::up(&format!("i-0blue{number}"), "v1", self.now));
        self.groups.blue.instances = instances.collect();
        self.groups.blue.capacity = capacity;
        self.opened_with = capacity;
    }

    /// How many instances of the beginning are still here.
    pub(crate) fn stayed(&self) -> usize {
        self.groups.blue.instances.iter().filter(|one| one.stays() && one.id.starts_with("i-0blue")).count()
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

    /// The world takes something away from a slot: what it lacks for the next minutes is its own doing.
    pub(crate) fn excuse(&mut self, slot: Slot, duration: SignedDuration) {
        // While every call is throttled nobody can make up for it.
        let from = self.now.max(self.faults.all_throttled_until);
        self.excused_until[slot] =
            self.excused_until[slot].max(from.saturating_add(duration).unwrap_or(Timestamp::MAX));
    }

    /// Whether what a slot lacks is the world's own doing.
    pub(crate) fn is_excused(&self, slot: Slot) -> bool {
        let sick = |instance: &Instance| (instance.sick || instance.ails) && instance.stays();
        let sick = self.groups[slot].instances.iter().any(sick);
        sick || self.no_capacity || self.too_small || self.now < self.excused_until[slot]
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
            self.second();
        }
        let later = self.wakes.split_off(&(self.now, u64::MAX));
        std::mem::replace(&mut self.wakes, later).into_values().collect()
    }

    /// One second.
    fn second(&mut self) {
        let before = BySlot::from_fn(|slot| self.healthy(slot));
        self.faults.second();
        Slot::BOTH.into_iter().for_each(|slot| autoscaling::second(self, slot));
        balancer::second(self);
        for slot in Slot::BOTH {
            let after = self.healthy(slot);
            if before[slot] != after {
                self.chronicle.push((self.now, Happening::Healthy(slot, after)));
            }
        }
        traffic::second(self);
        let serving: u32 =
            Slot::BOTH.into_iter().filter(|slot| self.carries(*slot)).map(|slot| self.serving(slot)).sum();
        self.seconds_below += u64::from(serving < self.opened_with.desired);
        self.seconds_down += u64::from(serving == 0);
        if self.now.as_second() % 60 == 0 {
            alarms::minute(self);
        }
        self.account_second();
        checkers::every_second(self);
    }
}

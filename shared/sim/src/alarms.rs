//! CloudWatch's alarms: what they measure, once a minute, and the events of their changes.

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::AlarmState;

use crate::autoscaling::Instance;
use crate::balancer::TargetState;
use crate::traffic::{Minute, percentile_95};
use crate::world::{Happening, World};

/// The name of the alarm on targets that fail their health check.
pub(crate) const UNHEALTHY_TARGETS: &str = "codedetect-prod-unhealthy-targets";

/// The name of the alarm on users' reports.
pub(crate) const BUG_REPORTS: &str = "codedetect-prod-bug-reports";

/// An alarm over both slots together, as one on the load balancer is
/// ([evaluation](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html)).
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its state.
    pub state: AlarmState,
    /// What it measures, each minute.
    pub measures: Measure,
    /// It fires when so many minutes in a row are over the threshold.
    pub minutes: u32,
    /// What a minute without a request is.
    pub missing: Missing,
    /// A state that holds whatever the requests say, until then.
    pub forced: Option<(AlarmState, Timestamp)>,
    /// A suppressor keeps its actions back
    /// ([suppression](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html)).
    pub suppressed: bool,
}

impl Alarm {
    /// One on targets that fail their health check, which names no instance.
    #[must_use]
    pub fn on_unhealthy_targets() -> Alarm {
        Alarm { measures: Measure::UnhealthyTargets, ..Alarm::on_failures(0) }
    }

    /// One on users' reports, that fires when so many came within a minute.
    #[must_use]
    pub fn on_bug_reports(count: u64) -> Alarm {
        Alarm { measures: Measure::BugReports(count), ..Alarm::on_failures(0) }
    }

    /// One on the share of failed requests, of any kind, that fires after one minute.
    #[must_use]
    pub fn on_failures(per_thousand: u64) -> Alarm {
        Alarm {
            state: AlarmState::Ok,
            measures: Measure::FailedPerThousand(per_thousand),
            minutes: 1,
            missing: Missing::Missing,
            forced: None,
            suppressed: false,
        }
    }
}

/// What an alarm measures, and its threshold.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// Failed requests of 1,000, whoever failed them.
    FailedPerThousand(u64),
    /// Requests of 1,000 that targets answered with a 5xx.
    TargetFailuresPerThousand(u64),
    /// The 95th percentile of the response time, in milliseconds.
    LatencyMs(u32),
    /// Targets that fail their health check, more than none.
    UnhealthyTargets,
    /// Users' reports, at least so many.
    BugReports(u64),
}

/// How an alarm treats a minute without data
/// ([missing data](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html)).
#[derive(Clone, Copy, Debug)]
pub enum Missing {
    /// As no data.
    Missing,
    /// As a good minute.
    NotBreaching,
    /// As a bad one.
    Breaching,
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

/// Once a minute each alarm looks at the closed minutes.
pub(crate) fn minute(world: &mut World) {
    let last = world.now.as_second() / 60 - 1;
    let now = world.now;
    let mut changes = Vec::new();
    for (name, alarm) in &world.alarms {
        let state = match alarm.forced {
            Some((state, until)) if now < until => state,
            Some(_) | None => {
                let closed = (0..i64::from(alarm.minutes)).map(|back| breaches(world, alarm, last - back));
                state_of(&closed.collect::<Vec<_>>())
            }
        };
        if state != alarm.state {
            changes.push((name.clone(), state));
        }
    }
    for (alarm, state) in changes {
        world.change_alarm(&alarm, state);
    }
}

fn state_of(minutes: &[Option<bool>]) -> AlarmState {
    if minutes.iter().all(|minute| *minute == Some(true)) {
        AlarmState::Alarm
    } else if minutes.iter().all(Option::is_none) {
        AlarmState::InsufficientData
    } else {
        AlarmState::Ok
    }
}

/// Whether one minute is over the threshold; `None`: there are no data.
fn breaches(world: &World, alarm: &Alarm, minute: i64) -> Option<bool> {
    if let Measure::UnhealthyTargets = alarm.measures {
        let fails = |one: &Instance| one.stays() && one.check.state == TargetState::Unhealthy;
        return Some(Slot::BOTH.into_iter().any(|slot| world.groups[slot].instances.iter().any(fails)));
    }
    if let Measure::BugReports(least) = alarm.measures {
        return Some(world.reported.bugs.get(&minute).is_some_and(|bugs| *bugs >= least));
    }
    let counts = world.counted.minutes.get(&minute);
    let sum = |of: fn(&Minute) -> u64| counts.map_or(0, |counts| of(&counts.blue) + of(&counts.green));
    let requests = sum(|minute| minute.requests);
    if requests == 0 {
        return match alarm.missing {
            Missing::Missing => None,
            Missing::NotBreaching => Some(false),
            Missing::Breaching => Some(true),
        };
    }
    let (by_targets, by_balancer) = (sum(|minute| minute.target_failures), sum(|minute| minute.balancer_failures));
    Some(match alarm.measures {
        Measure::FailedPerThousand(above) => (by_targets + by_balancer) * 1_000 > above * requests,
        Measure::TargetFailuresPerThousand(above) => by_targets * 1_000 > above * requests,
        Measure::LatencyMs(above) => counts
            .map(|counts| counts.blue.latencies.iter().chain(&counts.green.latencies).copied().collect())
            .and_then(percentile_95)
            .is_some_and(|latency| latency > above),
        Measure::UnhealthyTargets | Measure::BugReports(_) => false,
    })
}

impl World {
    /// An alarm changes its state, and says so to whoever listens, unless it is suppressed.
    pub(crate) fn change_alarm(&mut self, name: &str, state: AlarmState) {
        let Some(alarm) = self.alarms.get_mut(name) else { return };
        alarm.state = state;
        let suppressed = alarm.suppressed;
        self.chronicle.push((self.now, Happening::Alarm(name.to_owned(), state)));
        if !suppressed {
            let delivered_at: Timestamp = self.now + SignedDuration::from_secs(self.random.calls.i64(1..6));
            self.alarm_events.push(AlarmEvent { alarm: name.to_owned(), state, at: self.now, delivered_at });
        }
    }
}

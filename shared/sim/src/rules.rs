//! How a second passes: the rules of the cloud, each with the page it follows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::AlarmState;

use crate::checkers;
use crate::world::{AlarmEvent, Happening, Instance, Nature, Second, World};

/// The load balancer asks each target this often ...
/// ([health checks](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html))
const HEALTH_CHECK_INTERVAL: i64 = 10;
/// ... and calls it healthy after so many passed checks in a row.
pub(crate) const HEALTHY_THRESHOLD: u32 = 2;
/// How many of a second's requests come from clients with a cookie, where the forward action sticks.
const STICKY_CLIENTS: u32 = 3;

/// A target counts only where a rule names its group: else it is `unused` and nobody checks it.
pub(crate) fn is_healthy(instance: &Instance, group_in_use: bool) -> bool {
    group_in_use && instance.gone_at.is_none() && !instance.sick && instance.passed >= HEALTHY_THRESHOLD
}

/// One second of the world.
pub(crate) fn second(world: &mut World) {
    let before = BySlot::from_fn(|slot| world.healthy(slot));
    follow_weights(world);
    for slot in Slot::BOTH {
        scale(world, slot);
        check_health(world, slot);
    }
    let after = BySlot::from_fn(|slot| world.healthy(slot));
    for slot in Slot::BOTH {
        if before[slot] != after[slot] {
            world.chronicle.push((world.now, Happening::Healthy(slot, after[slot])));
        }
    }
    serve(world);
    if world.now.as_second() % 60 == 0 {
        judge_alarms(world);
    }
    checkers::every_second(world);
}

fn follow_weights(world: &mut World) {
    if world.balancer.effective_at.is_none_or(|at| at > world.now) {
        return;
    }
    world.balancer.effective_at = None;
    world.balancer.effective = world.balancer.weights;
    let shares = BySlot::from_fn(|slot| world.share(slot));
    world.chronicle.push((world.now, Happening::Weights(shares)));
}

/// A group moves to its desired size: it launches what is missing and lets the newest go
/// ([termination policies](https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-instance-termination.html)
/// differ; which one goes does not matter here). What goes drains first.
fn scale(world: &mut World, slot: Slot) {
    let now = world.now;
    let drains = world.balancer.deregistration_delay;
    let group = &mut world.groups[slot];
    group.instances.retain(|instance| instance.gone_at.is_none_or(|gone| gone > now));
    for instance in &mut group.instances {
        let lives = nature_of(&world.releases, &instance.release).dies_after;
        if lives.is_some_and(|lives| now.duration_since(instance.launched_at) >= lives) && instance.gone_at.is_none() {
            instance.gone_at = Some(now + SignedDuration::from_secs(1));
        }
    }
    let staying = group.instances.iter().filter(|instance| instance.gone_at.is_none()).count();
    let desired = usize::try_from(group.capacity.desired).unwrap_or(usize::MAX);
    for _ in desired..staying {
        if let Some(last) = group.instances.iter_mut().rev().find(|instance| instance.gone_at.is_none()) {
            last.gone_at = Some(now + drains);
        }
    }
    if world.no_capacity {
        return;
    }
    for _ in staying..desired {
        let boots_in = SignedDuration::from_secs(world.random.boots.i64(70..150));
        let id = format!("i-{:08x}", world.random.boots.u32(..));
        let release = group.parameter.clone().unwrap_or_else(|| "none".to_owned());
        let up_at = now + boots_in;
        group.instances.push(Instance { id, release, launched_at: now, up_at, sick: false, passed: 0, gone_at: None });
    }
}

fn check_health(world: &mut World, slot: Slot) {
    if world.now.as_second() % HEALTH_CHECK_INTERVAL != 0 || !world.in_use(slot) {
        return;
    }
    let now = world.now;
    for instance in &mut world.groups[slot].instances {
        let passes = instance.up_at <= now && !instance.sick && nature_of(&world.releases, &instance.release).healthy;
        instance.passed = if passes { (instance.passed + 1).min(HEALTHY_THRESHOLD) } else { 0 };
    }
}

fn nature_of(releases: &BTreeMap<String, Nature>, release: &str) -> Nature {
    releases.get(release).copied().unwrap_or_default()
}

/// Each request goes to a slot by weight, and there to any healthy target. Clients that stick go to
/// their slot as long as the forward action names it, whatever its weight
/// ([sticky sessions](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html)).
fn serve(world: &mut World) {
    let shares = BySlot::from_fn(|slot| world.share(slot));
    stick(world, shares);
    let mut failed = 0;
    for number in 0..world.requests_per_second {
        let stuck_to = Slot::BOTH.into_iter().find(|slot| {
            let first = if *slot == Slot::Blue { 0 } else { world.balancer.stuck.blue };
            (first..first + world.balancer.stuck[*slot]).contains(&number)
        });
        let by_weight = if world.random.requests.u8(0..100) < shares.blue { Slot::Blue } else { Slot::Green };
        failed += u32::from(!answer(world, stuck_to.unwrap_or(by_weight)));
    }
    let healthy = BySlot::from_fn(|slot| world.healthy(slot));
    world.counted.seconds.push(Second { at: world.now, weights: shares, healthy, failed });
}

fn stick(world: &mut World, shares: BySlot<u8>) {
    if world.balancer.sticky.is_none() {
        world.balancer.stuck = BySlot { blue: 0, green: 0 };
        return;
    }
    for slot in Slot::BOTH {
        if world.balancer.effective[slot].is_none() {
            world.balancer.stuck[slot] = 0;
        } else if shares[slot] > 0 {
            world.balancer.stuck[slot] = STICKY_CLIENTS;
        }
    }
}

/// One request to a slot; whether it was answered well.
fn answer(world: &mut World, slot: Slot) -> bool {
    let minute = world.now.as_second() / 60;
    world.counted.minutes.entry(minute).or_default()[slot].0 += 1;
    world.balancer.last_request[slot] = Some(world.now);
    let in_use = world.in_use(slot);
    let healthy = world.groups[slot].instances.iter().find(|instance| is_healthy(instance, in_use));
    let Some(release) = healthy.map(|instance| instance.release.clone()) else {
        // The load balancer fails open and asks the sick ones: they do not answer well.
        world.counted.nobody_there += 1;
        world.counted.minutes.entry(minute).or_default()[slot].1 += 1;
        return false;
    };
    let failures = nature_of(&world.releases, &release).failures_per_thousand;
    if world.random.requests.u32(0..1_000) < failures {
        *world.counted.failed_by_release.entry(release).or_default() += 1;
        world.counted.minutes.entry(minute).or_default()[slot].1 += 1;
        return false;
    }
    world.counted.served += 1;
    true
}

/// Alarms look at the last closed minute, both slots together, as an alarm on the load balancer does
/// ([evaluation](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html)).
fn judge_alarms(world: &mut World) {
    let minute = world.now.as_second() / 60 - 1;
    let counts = world.counted.minutes.get(&minute).copied().unwrap_or_default();
    let (all, failed) = (counts.blue.0 + counts.green.0, counts.blue.1 + counts.green.1);
    let now = world.now;
    let mut changes = Vec::new();
    for (name, alarm) in &world.alarms {
        let measured = match all {
            0 => AlarmState::InsufficientData,
            all if failed * 1_000 > alarm.above_per_thousand * all => AlarmState::Alarm,
            _ => AlarmState::Ok,
        };
        let state = alarm.forced.filter(|(_, until)| now < *until).map_or(measured, |(state, _)| state);
        if state != alarm.state {
            changes.push((name.clone(), state));
        }
    }
    for (alarm, state) in changes {
        change_alarm(world, &alarm, state);
    }
}

/// An alarm changes its state, and says so to whoever listens.
pub(crate) fn change_alarm(world: &mut World, name: &str, state: AlarmState) {
    let Some(alarm) = world.alarms.get_mut(name) else { return };
    alarm.state = state;
    world.chronicle.push((world.now, Happening::Alarm(name.to_owned(), state)));
    let delivered_at: Timestamp = world.now + SignedDuration::from_secs(world.random.calls.i64(1..6));
    world.alarm_events.push(AlarmEvent { alarm: name.to_owned(), state, at: world.now, delivered_at });
}

//! People's requests: what each release does with them, and what is counted of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::slot::{BySlot, Slot};

use crate::world::World;

/// What a release is like.
#[derive(Clone, Copy, Debug)]
pub struct Nature {
    /// Whether its instances ever pass the health check.
    pub healthy: bool,
    /// How many of 1,000 requests it answers with a 5xx of its own.
    pub failures_per_thousand: u32,
    /// How many of 1,000 requests it drops: the load balancer answers 502, and no metric of the target
    /// group shows it
    /// ([502](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html)).
    pub dropped_per_thousand: u32,
    /// Whether it fails the smoke check although it passes the health check.
    pub fails_smoke: bool,
    /// How long it takes for an answer, in milliseconds, give or take a half.
    pub latency_ms: u32,
    /// How many of 1,000 of its instances never come up.
    pub boot_failures_per_thousand: u32,
    /// Its instances die so long after launch, and their group launches others.
    pub dies_after: Option<SignedDuration>,
}

impl Default for Nature {
    fn default() -> Self {
        Nature {
            healthy: true,
            failures_per_thousand: 1,
            dropped_per_thousand: 0,
            fails_smoke: false,
            latency_ms: 80,
            boot_failures_per_thousand: 0,
            dies_after: None,
        }
    }
}

/// What the world counted: the requests, and how each one ended.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The present minute and those before it, by slot.
    pub minutes: BTreeMap<i64, BySlot<Minute>>,
    /// Answered well.
    pub served: u64,
    /// Failed by the release that answered.
    pub failed_by_release: BTreeMap<String, u64>,
    /// Nobody could answer.
    pub nobody_there: u64,
    /// One line a second: weights, healthy targets, failures.
    pub seconds: Vec<Second>,
}

/// One slot's requests in one minute, as the metrics of its target group and of the load balancer show
/// them ([metrics](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html)).
#[derive(Clone, Debug, Default)]
pub struct Minute {
    /// Requests for which a target was found: RequestCount.
    pub requests: u64,
    /// HTTPCode_Target_5XX_Count.
    pub target_failures: u64,
    /// HTTPCode_ELB_5XX_Count, which has no target group.
    pub balancer_failures: u64,
    /// TargetConnectionErrorCount.
    pub refused_connections: u64,
    /// TargetResponseTime of each, in milliseconds.
    pub latencies: Vec<u32>,
    /// Their 95th percentile, when the minute is over.
    pub p95: Option<u32>,
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

/// Latencies are kept this long; what is older is of no use to any alarm.
const LATENCIES_KEPT: i64 = 3;

/// The requests of one second.
pub(crate) fn second(world: &mut World) {
    let minute = world.now.as_second() / 60;
    world.counted.minutes.entry(minute).or_default();
    if world.now.as_second() % 60 == 0
        && let Some(closed) = world.counted.minutes.get_mut(&(minute - 1))
    {
        Slot::BOTH.into_iter().for_each(|slot| closed[slot].p95 = percentile_95(closed[slot].latencies.clone()));
    }
    if world.now.as_second() % 60 == 0
        && let Some(old) = world.counted.minutes.get_mut(&(minute - LATENCIES_KEPT))
    {
        Slot::BOTH.into_iter().for_each(|slot| old[slot].latencies = Vec::new());
    }
    let healthy = BySlot::from_fn(|slot| world.healthy(slot));
    let mut failed = 0;
    let mut taken = BySlot { blue: 0, green: 0 };
    for number in 0..world.requests_per_second {
        let slot = world.pick_slot(number);
        taken[slot] += 1;
        let overloaded = taken[slot] > healthy[slot].max(1).saturating_mul(world.requests_per_instance);
        failed += u32::from(!answer(world, slot, overloaded));
    }
    let weights = BySlot::from_fn(|slot| world.share(slot));
    world.counted.seconds.push(Second { at: world.now, weights, healthy, failed });
}

/// One request to a slot, which may have more of them than it can answer; whether it was answered well.
fn answer(world: &mut World, slot: Slot, overloaded: bool) -> bool {
    world.balancer.last_request[slot] = Some(world.now);
    let target = world.pick_target(slot);
    let minute = world.now.as_second() / 60;
    let Some(instance) = target.map(|index| &world.groups[slot].instances[index]) else {
        world.counted.nobody_there += 1;
        world.counted.minutes.entry(minute).or_default()[slot].balancer_failures += 1;
        return false;
    };
    let answers = instance.answers(world.now) && !overloaded;
    let nature = world.releases.get(&instance.release).copied().unwrap_or_default();
    let random = &mut world.random.requests;
    let chance = random.u32(0..1_000);
    let latency = nature.latency_ms * random.u32(50..150) / 100;
    let counts = &mut world.counted.minutes.entry(minute).or_default()[slot];
    counts.requests += 1;
    counts.latencies.push(latency);
    if !answers {
        counts.refused_connections += u64::from(!overloaded);
        counts.balancer_failures += 1;
        world.counted.nobody_there += 1;
        return false;
    }
    let dropped = chance < nature.dropped_per_thousand;
    let failures = nature.failures_per_thousand + world.dependency_fails_per_thousand;
    let failed = chance < nature.dropped_per_thousand + failures;
    if !failed {
        world.counted.served += 1;
        return true;
    }
    if dropped {
        counts.balancer_failures += 1;
    } else {
        counts.target_failures += 1;
    }
    let release = instance.release.clone();
    *world.counted.failed_by_release.entry(release).or_default() += 1;
    false
}

pub(crate) fn percentile_95(mut latencies: Vec<u32>) -> Option<u32> {
    let rank = (latencies.len() * 95).div_ceil(100).checked_sub(1)?;
    Some(*latencies.select_nth_unstable(rank).1)
}

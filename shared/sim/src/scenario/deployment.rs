//! The deployment's scenarios. Where a public issue taught one, it is named.

mod alarms;
mod back;
mod evidence;
mod large;
mod rivals;

use jiff::SignedDuration;
use signalbox_domain::definition::Capacity;
use signalbox_domain::record::Operation;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::AlarmState;

use super::Scenario;
use super::script::{Quality, What, When};
use crate::alarms::Measure;
use crate::autoscaling::TargetTracking;
use crate::world::World;

const CANARY: &str = r#","strategy":{"kind":"canary","weight":10,"bake":"5m"}"#;
const V2: &[&str] = &["v2"];
const V1: &[&str] = &["v1"];
const EITHER: &[&str] = &["v1", "v2"];
const ANY: &[&str] = &["v1", "v2", "v3"];

pub(super) fn as_it_is(_: &mut World) {}

/// A canary of v2 over v1, to which each scenario adds.
fn canary(id: &'static str, about: &'static str, script: Vec<(When, What)>) -> Scenario {
    Scenario { definition: CANARY.into(), ends_on: V2, ends_on_in_weather: EITHER, ..Scenario::of(id, about, script) }
}

/// A canary of a service whose `arrival` is not to reject.
fn arrives(
    id: &'static str,
    arrival: &str,
    about: &'static str,
    ends_on: &'static [&'static str],
    script: Vec<(When, What)>,
) -> Scenario {
    Scenario {
        definition: format!(r#"{CANARY},"arrival":"{arrival}""#).into(),
        ends_on,
        ends_on_in_weather: &["v1", "v2", "v3", "v4"],
        ..canary(id, about, script)
    }
}

fn deploys() -> (When, What) {
    (When::Later(30), What::Deploy("d-1", "v2"))
}

fn v2_is(quality: Quality) -> (When, What) {
    (When::Later(0), What::Release("v2", quality))
}

fn split_at_first(world: &mut World) {
    world.balancer.jump_to(BySlot { blue: Some(60), green: Some(40) });
    world.groups.green = world.groups.blue.clone();
    world.groups.green.instances[0].id = "i-0green0".to_owned();
}

fn sticks(world: &mut World) {
    world.balancer.sticky = Some(SignedDuration::from_hours(1));
}

/// Three instances, of which each is needed.
pub(super) fn fleet(world: &mut World) {
    world.open_with_fleet(Capacity { min: 3, desired: 3, max: 6 });
    world.requests_per_instance = 7;
}

/// As many instances as the load needs, and one more at the beginning.
fn fleet_by_load(world: &mut World) {
    world.open_with_fleet(Capacity { min: 1, desired: 3, max: 6 });
    world.requests_per_instance = 12;
    for slot in Slot::BOTH {
        world.groups[slot].policy = Some(TargetTracking { requests_per_instance: 10, low_minutes: 0 });
    }
}

/// Ten requests a minute or so: CloudWatch has little to say.
fn quiet_service(world: &mut World) {
    world.requests_per_second = 1;
}

/// At 10 % and with an alarm that needs a closed minute, a bad release may not hurt more than this.
fn few_bad_answers(world: &World) -> Vec<String> {
    let bad = world.counted.failed_by_release.get("v2").copied().unwrap_or(0);
    // 2 requests a second at 10 %, 30 % of them fail, for at most six minutes.
    if bad > 220 { vec![format!("the bad release failed {bad} requests")] } else { Vec::new() }
}

/// Every scenario of the deployment machine.
pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = vec![
        canary("D1", "a canary rolls out", vec![deploys()]),
        Scenario {
            definition: format!(r#"{CANARY},"capacity":{{"min":1,"desired":1,"max":2}}"#).into(),
            ..canary("D1-capacity", "the definition says how large the service is", vec![deploys()])
        },
        Scenario { opening: fleet, ..canary("D1-fleet", "three instances that are all needed", vec![deploys()]) },
        Scenario { opening: fleet_by_load, ..canary("D1-by-load", "scaling follows the load", vec![deploys()]) },
        Scenario { definition: "".into(), ..canary("D1-all-at-once", "everything in one step", vec![deploys()]) },
        Scenario {
            definition: r#","strategy":{"kind":"linear","percent":20,"every":"2m"}"#.into(),
            ..canary("D1-linear", "equal shares", vec![deploys()])
        },
        Scenario {
            definition: r#","strategy":{"kind":"steps","steps":[{"weight":5,"bake":"2m"},{"weight":50,"bake":"3m"},{"weight":100}]}"#.into(),
            ..canary("D1-steps", "explicit steps", vec![deploys()])
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D2", "the new release never becomes healthy", vec![v2_is(Quality::NeverHealthy), deploys()])
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: V1,
            judge: |world| {
                let items = world.table.operations.values();
                let mut deployments = items.filter_map(|item| match &item.operation {
                    Operation::Deployment(own) => Some(own),
                    Operation::Replacement(_) => None,
                });
                let ended = deployments.find(|own| own.phase.name() == "rolled_back");
                let lasted = ended.map(|own| own.since.duration_since(own.began));
                match lasted {
                    Some(lasted) if lasted > SignedDuration::from_mins(14) => {
                        vec![format!("it took {lasted:#} to see the loop")]
                    }
                    Some(_) | None => Vec::new(),
                }
            },
            ..canary(
                "D3",
                "instances of the new release die again and again",
                vec![v2_is(Quality::DiesAtOnce), deploys()],
            )
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: V1,
            judge: few_bad_answers,
            ..canary("D4", "the new release fails requests at 10 %", vec![v2_is(Quality::Fails), deploys()])
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: V1,
            judge: few_bad_answers,
            ..canary(
                "D4-drops",
                "the new release drops requests, which only the load balancer's own metric shows",
                vec![v2_is(Quality::Drops), deploys()],
            )
        },
        Scenario {
            opening: |world| {
                for alarm in world.alarms.values_mut() {
                    (alarm.measures, alarm.minutes) = (Measure::LatencyMs(1_000), 2);
                }
            },
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D4-slow", "the new release is slow", vec![v2_is(Quality::Slow), deploys()])
        },
    ];
    for (id, phase) in [
        ("D5-provisioning", "provisioning"),
        ("D5-verifying", "verifying"),
        ("D5-shifting", "shifting"),
        ("D5-baking", "baking"),
        ("D5-standby", "standby"),
    ] {
        let fires = (When::In(phase, 20), What::Alarm(AlarmState::Alarm, 120));
        // In bad weather the phase may be over before anybody hears of the alarm.
        all.push(Scenario { ends_on: V1, ..canary(id, "the alarm fires in a phase", vec![deploys(), fires]) });
    }
    all.extend(alarms::scenarios());
    all.extend(evidence::scenarios());
    all.extend(rivals::scenarios());
    all.extend(back::scenarios());
    all.extend(large::scenarios());
    all
}

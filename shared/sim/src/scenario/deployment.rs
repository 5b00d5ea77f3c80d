//! The deployment's scenarios. Where a public issue taught one, it is named.

use jiff::SignedDuration;
use signalbox_domain::definition::Capacity;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{AlarmState, Word};

use super::Scenario;
use super::script::{Line, Quality, What, When};
use crate::alarms::Measure;
use crate::autoscaling::TargetTracking;
use crate::faults::Faults;
use crate::world::World;

const CANARY: &str = r#","strategy":{"kind":"canary","weight":10,"bake":"5m"}"#;
const V2: &[&str] = &["v2"];
const V1: &[&str] = &["v1"];
const EITHER: &[&str] = &["v1", "v2"];
const ANY: &[&str] = &["v1", "v2", "v3"];

pub(super) fn as_it_is(_: &mut World) {}
pub(super) fn content(_: &World) -> Vec<String> {
    Vec::new()
}

/// A canary of v2 over v1, to which each scenario adds.
fn canary(id: &'static str, about: &'static str, script: Vec<(When, What)>) -> Scenario {
    let script = script.into_iter().map(|(when, what)| Line { when, what }).collect();
    Scenario {
        id,
        about,
        definition: CANARY.into(),
        opening: as_it_is,
        script,
        ends_on: V2,
        ends_on_in_weather: EITHER,
        judge: content,
        drawn: None,
    }
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
                let ended = world.table.operations.values().find(|item| item.deployment.phase.name() == "rolled_back");
                let lasted = ended.map(|item| item.deployment.since.duration_since(item.deployment.began));
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
    all.extend(alarms());
    all.extend(rivals_and_people());
    all.extend(rollbacks());
    all.extend(world_at_large());
    all
}

fn alarms() -> Vec<Scenario> {
    let fires = |seconds| What::Alarm(AlarmState::Alarm, seconds);
    vec![
        Scenario {
            ends_on: V1,
            ends_on_in_weather: V1,
            // aws/serverless-application-model#716
            ..canary(
                "D6",
                "the alarm fires when the deploy arrives, then a cure is deployed",
                vec![(When::Later(30), fires(600)), (When::Later(60), What::Deploy("d-1", "v2"))],
            )
        },
        canary(
            "D6-fix-forward",
            "the cure is deployed although the alarm fires",
            vec![(When::Later(30), fires(240)), (When::Later(60), What::FixForward("d-1", "v2"))],
        ),
        canary(
            "D7-no-data",
            "the alarm has no data",
            vec![deploys(), (When::In("shifting", 10), What::Alarm(AlarmState::InsufficientData, 300))],
        ),
        canary(
            "D7-deleted",
            "the alarm is deleted mid-deploy",
            vec![deploys(), (When::In("shifting", 10), What::DeleteAlarm)],
        ),
        Scenario {
            ends_on: V1,
            ..canary(
                "D7-flaps",
                "the alarm fires for a moment",
                vec![
                    deploys(),
                    (When::In("shifting", 30), fires(2)),
                    (When::Later(3), What::Alarm(AlarmState::Ok, 60)),
                ],
            )
        },
        canary(
            "D7-suppressed",
            "a suppressor keeps the alarm's actions back",
            vec![
                deploys(),
                (When::In("shifting", 5), What::Suppress(true)),
                (When::Later(5), fires(120)),
                (When::Later(200), What::Suppress(false)),
            ],
        ),
        Scenario {
            // Three times over the threshold for a moment each: any of it is evidence.
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary(
                "D7-flapping",
                "the alarm flaps",
                vec![
                    deploys(),
                    (When::In("shifting", 20), fires(5)),
                    (When::Later(10), What::Alarm(AlarmState::Ok, 5)),
                    (When::Later(10), fires(5)),
                    (When::Later(10), What::Alarm(AlarmState::InsufficientData, 5)),
                    (When::Later(10), fires(5)),
                    (When::Later(10), What::Alarm(AlarmState::Ok, 60)),
                ],
            )
        },
        // One failed request in a quiet minute is over the alarm's threshold: a good release may go back by chance.
        Scenario { opening: quiet_service, ends_on: EITHER, ..canary("D29", "a quiet service", vec![deploys()]) },
    ]
}

fn rivals_and_people() -> Vec<Scenario> {
    let second = |phase| (When::In(phase, 5), What::Deploy("d-2", "v3"));
    vec![
        Scenario {
            ends_on_in_weather: ANY,
            ..canary(
                "D10-provisioning",
                "a second deploy while the first launches",
                vec![deploys(), second("provisioning")],
            )
        },
        Scenario {
            ends_on_in_weather: ANY,
            ..canary("D10-shifting", "a second deploy while the first shifts", vec![deploys(), second("shifting")])
        },
        Scenario {
            ends_on_in_weather: ANY,
            ..canary("D10-baking", "a second deploy while the first bakes", vec![deploys(), second("baking")])
        },
        arrives(
            "D10-queue",
            "queue_latest",
            "two more deploys while the first shifts: the newest waits for its turn",
            // A command whose invocation died comes again a minute later, and is the newest then.
            &["v3", "v4"],
            vec![deploys(), second("shifting"), (When::Later(5), What::Deploy("d-3", "v4"))],
        ),
        arrives(
            "D10-queue-behind-failure",
            "queue_latest",
            "the first fails while the second waits",
            &["v3"],
            vec![v2_is(Quality::Fails), deploys(), second("provisioning")],
        ),
        arrives(
            "D10-queue-rollback",
            "queue_latest",
            "somebody goes back while a deploy waits: it is not begun",
            &["v1", "v3"],
            vec![deploys(), second("shifting"), (When::Later(10), What::Rollback("r-1"))],
        ),
        arrives(
            // argoproj/argo-rollouts#3617
            "D10-supersede",
            "supersede",
            "a newer release while the first carries a share: that is taken back first",
            &["v3"],
            vec![deploys(), second("shifting")],
        ),
        arrives(
            "D10-supersede-baking",
            "supersede",
            "a newer release while the first has all traffic",
            &["v3"],
            vec![deploys(), second("baking")],
        ),
        arrives(
            "D10-supersede-provisioning",
            "supersede",
            "a newer release while the first launches",
            &["v3"],
            vec![deploys(), second("provisioning")],
        ),
        Scenario {
            ends_on: V1,
            ends_on_in_weather: EITHER,
            ..canary(
                "D24",
                "a deploy while deployments are frozen",
                vec![(When::Later(10), What::Freeze(7_200)), (When::Later(200), What::Deploy("d-1", "v2"))],
            )
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: EITHER,
            ..canary(
                "D24-rollback",
                "a rollback while deployments are frozen passes",
                vec![
                    deploys(),
                    (When::In("at rest", 60), What::Freeze(7_200)),
                    (When::Later(200), What::Rollback("r-1")),
                ],
            )
        },
        Scenario {
            opening: |world| {
                world.open_with_fleet(Capacity { min: 1, desired: 2, max: 4 });
                world.requests_per_instance = 12;
            },
            ends_on: V1,
            ..canary(
                "D11",
                "scaling shrinks the old slot while traffic moves away, then it must take all back",
                vec![
                    deploys(),
                    (When::In("shifting", 10), What::Scale(Slot::Blue, 1)),
                    (When::In("baking", 60), What::Alarm(AlarmState::Alarm, 120)),
                ],
            )
        },
        Scenario {
            // fluxcd/flagger#869: what is scaled in while traffic moves away cannot take it all back.
            opening: fleet_by_load,
            ends_on: V1,
            ..canary(
                "D11-policy",
                "target tracking would shrink the old slot, then it must take all back",
                vec![deploys(), (When::In("baking", 400), What::Alarm(AlarmState::Alarm, 120))],
            )
        },
        Scenario {
            // It takes the new slot away, so going back is as right as launching it again.
            ends_on: EITHER,
            ..canary(
                "D12-terraform",
                "somebody applies what Terraform knows: the weights and sizes of before",
                vec![
                    deploys(),
                    (When::In("baking", 30), What::Weights(100, 0)),
                    (When::Later(1), What::Resize(Slot::Blue, 1, 1, 2)),
                    (When::Later(1), What::Resize(Slot::Green, 0, 0, 0)),
                ],
            )
        },
        canary(
            "D12-weights",
            "somebody writes weights mid-deploy",
            vec![deploys(), (When::In("shifting", 30), What::Weights(50, 50))],
        ),
        canary(
            "D12-baking",
            "somebody writes weights while the new release bakes",
            vec![deploys(), (When::In("baking", 30), What::Weights(50, 50))],
        ),
        canary(
            "D12-steady",
            "somebody writes weights at rest",
            vec![deploys(), (When::In("at rest", 60), What::Weights(0, 100))],
        ),
        canary(
            "D12-capacity",
            "somebody resizes the live group mid-deploy",
            vec![deploys(), (When::In("shifting", 30), What::Resize(Slot::Blue, 1, 1, 1))],
        ),
        canary(
            "D22",
            "zones are rebalanced mid-deploy",
            vec![deploys(), (When::In("shifting", 30), What::Rebalance(Slot::Blue))],
        ),
        canary(
            "D22-schedule",
            "a scheduled action wants the live group smaller mid-deploy",
            vec![deploys(), (When::In("shifting", 30), What::Schedule(Slot::Blue, 0, 0, 0))],
        ),
        Scenario {
            ends_on: &["v3"],
            ends_on_in_weather: ANY,
            ..canary(
                "D25",
                "a deploy while the old slot stands by",
                vec![deploys(), (When::In("standby", 60), What::Deploy("d-2", "v3"))],
            )
        },
    ]
}

fn rollbacks() -> Vec<Scenario> {
    let hours_later = (When::In("at rest", 7_200), What::Rollback("r-1"));
    vec![
        Scenario {
            definition: r#","strategy":{"kind":"steps","steps":[{"weight":10,"bake":"1m"},{"approval":{"within":"30m"}},{"weight":100}]}"#.into(),
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D14", "nobody approves (fluxcd/flagger#1450)", vec![deploys()])
        },
        canary(
            "D15",
            "a pause longer than the deadline",
            vec![
                deploys(),
                (When::In("verifying", 1), What::Say(Word::Pause)),
                (When::Later(1_800), What::Say(Word::Resume)),
            ],
        ),
        Scenario {
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D16-idle", "a rollback while idle", vec![(When::Later(30), What::Rollback("r-1"))])
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: EITHER,
            ..canary(
                "D16-twice",
                "a rollback during a rollback, and a late promote",
                vec![
                    deploys(),
                    (When::In("shifting", 20), What::Rollback("r-1")),
                    (When::Later(10), What::Rollback("r-2")),
                    (When::Later(5), What::Say(Word::Promote)),
                ],
            )
        },
        Scenario {
            ends_on: V1,
            ..canary("D17", "a rollback hours after the old slot was retired", vec![deploys(), hours_later])
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: EITHER,
            ..canary(
                "D18",
                "no capacity for the rollback at first",
                vec![
                    deploys(),
                    (When::In("at rest", 60), What::NoCapacity(true)),
                    (When::Later(10), What::Rollback("r-1")),
                    (When::Later(300), What::NoCapacity(false)),
                ],
            )
        },
        Scenario {
            ends_on: V1,
            ..canary(
                "D26",
                "a rollback delivered again hours later",
                vec![deploys(), hours_later, (When::In("at rest", 10_800), What::Rollback("r-1"))],
            )
        },
        Scenario {
            ends_on: &["v3"],
            ends_on_in_weather: ANY,
            ..canary(
                "D26-other",
                "a rollback delivered again when another release is live",
                vec![
                    deploys(),
                    (When::In("at rest", 60), What::Rollback("r-1")),
                    (When::Later(3_600), What::Deploy("d-2", "v3")),
                    (When::In("standby", 60), What::Rollback("r-1")),
                ],
            )
        },
        Scenario {
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary(
                "D27",
                "a failing release that migrated a database is held until a person forces it back",
                vec![
                    v2_is(Quality::Fails),
                    (When::Later(30), What::DeployAsking("d-1", "v2")),
                    (When::In("shifting", 900), What::ForceRollback("r-1")),
                    // A command may get lost; a person who sees nothing happen asks again.
                    (When::Later(900), What::ForceRollback("r-2")),
                ],
            )
        },
    ]
}

fn everything_twice_and_late(world: &mut World) {
    let until = world.now + SignedDuration::from_hours(2);
    world.faults = Faults { until, duplicated: 1_000, late_seconds: 120, ..Faults::default() };
}

fn stalls_often(world: &mut World) {
    let until = world.now + SignedDuration::from_hours(2);
    world.faults = Faults { until, stalled: 150, lands_late: 100, clock_skew_ms: 2_000, ..Faults::default() };
}

fn dies_often(world: &mut World) {
    let until = world.now + SignedDuration::from_hours(2);
    world.faults = Faults { until, killed_before: 100, killed_after: 100, ..Faults::default() };
}

fn world_at_large() -> Vec<Scenario> {
    vec![
        canary(
            // argoproj/argo-rollouts#3333
            "D9",
            "every call is throttled during the last step",
            vec![deploys(), (When::In("baking", 5), What::Throttle(400))],
        ),
        Scenario {
            opening: everything_twice_and_late,
            ..canary("D23", "every event twice, late and out of order", vec![deploys()])
        },
        Scenario {
            ends_on_in_weather: EITHER,
            ..canary(
                "D9-neighbours",
                "others in the account use up the load balancer's calls",
                vec![
                    deploys(),
                    (When::In("shifting", 10), What::Neighbours(10)),
                    (When::Later(600), What::Neighbours(0)),
                ],
            )
        },
        Scenario {
            opening: stalls_often,
            ..canary("D19-stalled", "functions stall between the save and what they decided", vec![deploys()])
        },
        Scenario {
            ends_on: EITHER,
            ..canary(
                "D22-crash-new",
                "the new slot's only instance crashes while it bakes",
                vec![deploys(), (When::In("baking", 60), What::Crash(Slot::Green))],
            )
        },
        Scenario {
            opening: fleet,
            ends_on: EITHER,
            ..canary(
                "D22-crash-old",
                "one of the old slot's three crashes while traffic moves",
                vec![deploys(), (When::In("shifting", 60), What::Crash(Slot::Blue))],
            )
        },
        Scenario {
            opening: fleet,
            ends_on: EITHER,
            ..canary(
                "D2-boots-badly",
                "one in three instances of the new release never comes up",
                vec![v2_is(Quality::BootsBadly), deploys()],
            )
        },
        canary("D28", "the listener names one group only, so idle targets are not checked", vec![deploys()]),
        Scenario { opening: dies_often, ..canary("D30", "functions die at one effect in five", vec![deploys()]) },
        Scenario {
            // argoproj/argo-rollouts#3926, #4595
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary(
                "D8",
                "the nodes follow the listener minutes late, each in its own time",
                vec![(When::Later(0), What::FollowWithin(300)), v2_is(Quality::Fails), deploys()],
            )
        },
        Scenario {
            ends_on: &["v2", "v3"],
            ends_on_in_weather: ANY,
            ..canary(
                "D19",
                "two deploys at the same instant",
                vec![deploys(), (When::Later(0), What::Deploy("d-2", "v3"))],
            )
        },
        Scenario { opening: sticks, ..canary("D13", "clients stick to the old slot beyond weight 0", vec![deploys()]) },
        Scenario {
            opening: sticks,
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D13-back", "clients stick to the bad slot", vec![v2_is(Quality::Fails), deploys()])
        },
        Scenario {
            opening: split_at_first,
            ends_on: V1,
            ends_on_in_weather: EITHER,
            ..canary(
                "D20",
                "the listener is split before the first contact",
                vec![
                    deploys(),
                    (When::Later(120), What::Adopt(Slot::Blue, "v1")),
                    (When::Later(60), What::Resize(Slot::Green, 0, 0, 0)),
                ],
            )
        },
        Scenario {
            ends_on: EITHER,
            ..canary(
                "D21",
                "all targets of the live slot fall sick mid-deploy",
                vec![
                    deploys(),
                    (When::In("shifting", 30), What::Sicken(Slot::Blue)),
                    (When::Later(240), What::Heal(Slot::Blue)),
                ],
            )
        },
    ]
}

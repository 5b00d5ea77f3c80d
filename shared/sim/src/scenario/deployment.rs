//! The deployment's scenarios. Where a public issue taught one, it is named.

use jiff::SignedDuration;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{AlarmState, Word};

use super::Scenario;
use super::script::{Line, What, When};
use crate::demo::BAD_RELEASE_FAILS_PER_THOUSAND;
use crate::faults::Faults;
use crate::world::{Nature, World};

const CANARY: &str = r#","strategy":{"kind":"canary","weight":10,"bake":"5m"}"#;
const V2: &[&str] = &["v2"];
const V1: &[&str] = &["v1"];
const EITHER: &[&str] = &["v1", "v2"];
const ANY: &[&str] = &["v1", "v2", "v3"];

fn as_it_is(_: &mut World) {}
fn content(_: &World) -> Vec<String> {
    Vec::new()
}

/// A canary of v2 over v1, to which each scenario adds.
fn canary(id: &'static str, about: &'static str, script: Vec<(When, What)>) -> Scenario {
    let script = script.into_iter().map(|(when, what)| Line { when, what }).collect();
    Scenario {
        id,
        about,
        definition: CANARY,
        opening: as_it_is,
        script,
        ends_on: V2,
        ends_on_in_weather: EITHER,
        judge: content,
    }
}

fn deploys() -> (When, What) {
    (When::Later(30), What::Deploy("d-1", "v2"))
}

/// v2 is as bad as the demo's bad release.
fn v2_fails(world: &mut World) {
    let nature = Nature { failures_per_thousand: BAD_RELEASE_FAILS_PER_THOUSAND, ..Nature::default() };
    world.releases.insert("v2".to_owned(), nature);
}

fn v2_never_healthy(world: &mut World) {
    world.releases.insert("v2".to_owned(), Nature { healthy: false, ..Nature::default() });
}

fn v2_dies_at_once(world: &mut World) {
    let dies_after = Some(SignedDuration::from_secs(40));
    world.releases.insert("v2".to_owned(), Nature { dies_after, ..Nature::default() });
}

fn split_at_first(world: &mut World) {
    world.balancer.weights = BySlot { blue: Some(60), green: Some(40) };
    world.balancer.effective = world.balancer.weights;
    world.groups.green = world.groups.blue.clone();
    world.groups.green.instances[0].id = "i-0green0".to_owned();
}

fn sticks(world: &mut World) {
    world.balancer.sticky = Some(SignedDuration::from_hours(1));
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
        Scenario { definition: "", ..canary("D1-all-at-once", "everything in one step", vec![deploys()]) },
        Scenario {
            definition: r#","strategy":{"kind":"linear","percent":20,"every":"2m"}"#,
            ..canary("D1-linear", "equal shares", vec![deploys()])
        },
        Scenario {
            definition: r#","strategy":{"kind":"steps","steps":[{"weight":5,"bake":"2m"},{"weight":50,"bake":"3m"},{"weight":100}]}"#,
            ..canary("D1-steps", "explicit steps", vec![deploys()])
        },
        Scenario {
            opening: v2_never_healthy,
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D2", "the new release never becomes healthy", vec![deploys()])
        },
        Scenario {
            opening: v2_dies_at_once,
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
            ..canary("D3", "instances of the new release die again and again", vec![deploys()])
        },
        Scenario {
            opening: v2_fails,
            ends_on: V1,
            ends_on_in_weather: V1,
            judge: few_bad_answers,
            ..canary("D4", "the new release fails requests at 10 %", vec![deploys()])
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
        Scenario {
            ends_on: V1,
            ..canary(
                "D11",
                "scaling shrinks the old slot while traffic moves away, then it must take all back",
                vec![
                    (When::Later(10), What::Scale(Slot::Blue, 2)),
                    (When::Later(400), What::Deploy("d-1", "v2")),
                    (When::In("shifting", 10), What::Scale(Slot::Blue, 1)),
                    (When::In("baking", 60), What::Alarm(AlarmState::Alarm, 120)),
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

fn follows_late(world: &mut World) {
    world.balancer.follows_within = 300;
}

fn rollbacks() -> Vec<Scenario> {
    let hours_later = (When::In("at rest", 7_200), What::Rollback("r-1"));
    vec![
        Scenario {
            definition: r#","strategy":{"kind":"steps","steps":[{"weight":10,"bake":"1m"},{"approval":{"within":"30m"}},{"weight":100}]}"#,
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
            opening: v2_fails,
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary(
                "D27",
                "a failing release that migrated a database is held until a person forces it back",
                vec![
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
        canary("D28", "the listener names one group only, so idle targets are not checked", vec![deploys()]),
        Scenario { opening: dies_often, ..canary("D30", "functions die at one effect in five", vec![deploys()]) },
        Scenario {
            // argoproj/argo-rollouts#3926, #4595
            opening: |world| {
                follows_late(world);
                v2_fails(world);
            },
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D8", "the nodes follow the listener minutes late", vec![deploys()])
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
            opening: |world| {
                sticks(world);
                v2_fails(world);
            },
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary("D13-back", "clients stick to the bad slot", vec![deploys()])
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

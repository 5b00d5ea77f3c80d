//! The billing guard's scenarios. That estimates of charges can be wrong by orders of magnitude is why B2 has so many.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use signalbox_domain::billing::BudgetAlert;
use signalbox_domain::definition::Capacity;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::AlarmState;

use super::Scenario;
use super::script::{What, When};
use crate::billing::PLAN;
use crate::faults::Faults;
use crate::world::World;

const V2: &[&str] = &["v2"];
const EITHER: &[&str] = &["v1", "v2"];
/// Two beats of the guard and what a service takes to follow, in seconds.
const BEATS: i64 = 2_400;

/// A service whose account is watched, to which each scenario adds what happens.
fn account(
    id: &'static str,
    about: &'static str,
    judge: fn(&World) -> Vec<String>,
    script: Vec<(When, What)>,
) -> Scenario {
    Scenario { opening: watched, judge, ..Scenario::of(id, about, script) }
}

fn watched(world: &mut World) {
    world.open_account(PLAN);
}

fn later(seconds: i64, what: What) -> (When, What) {
    (When::Later(seconds), what)
}

/// AWS puts a reading, in whole dollars.
fn charge(seconds: i64, dollars: i64) -> (When, What) {
    later(seconds, What::Charge(dollars * 100))
}

fn release(seconds: i64) -> (When, What) {
    later(seconds, What::ReleaseBilling)
}

/// The notices of this kind, by id.
fn told(world: &World, kind: &str) -> usize {
    let of = |kind: &str| {
        world
            .post
            .iter()
            .filter(|(_, told)| told.kind.name() == kind)
            .map(|(_, told)| &told.id)
            .collect::<BTreeSet<_>>()
    };
    of(kind).len()
}

fn wanted(what: &str, right: bool) -> Vec<String> {
    if right { Vec::new() } else { vec![what.to_owned()] }
}

/// All three rungs fired once, in order and each with its own notice, and the group was held back.
fn three_rungs(world: &World) -> Vec<String> {
    let fired: Vec<i64> =
        world.account.month().iter().flat_map(|month| &month.fired).map(|fired| fired.rung.0).collect();
    let mut wrong = wanted("not every rung fired once and in order", fired == [1_000, 2_000, 5_000]);
    wrong.extend(wanted("not each of the three rungs was told once", told(world, "charges_passed") == 3));
    wrong.extend(wanted("the group was never held back", world.account.seconds_capped > 60));
    wrong
}

/// The same, if the deployment came to the phase at all: where the guard's alarms cannot be read, it is refused.
fn three_rungs_if_it_began(world: &World) -> Vec<String> {
    if world.table.operations.is_empty() { Vec::new() } else { three_rungs(world) }
}

/// Nothing was done to the service.
fn untouched(world: &World) -> Vec<String> {
    let mut wrong = wanted("the group was held back", world.account.seconds_capped == 0);
    wrong.extend(wanted("a rung was told", told(world, "charges_passed") == 0));
    wrong
}

fn doubted(world: &World) -> Vec<String> {
    let mut wrong = untouched(world);
    wrong.extend(wanted("an absurd reading was not told, or twice", told(world, "charges_implausible") == 1));
    wrong
}

/// The service was off the air, and nothing brought it back before somebody said so.
fn stopped(world: &World) -> Vec<String> {
    wanted("the service was not off the air for long enough", world.seconds_down > 1_500)
}

/// Shortly before the turn of the month.
fn month_ends(world: &mut World) {
    watched(world);
    let turn = world.now + SignedDuration::from_hours(24 * 14) - SignedDuration::from_hours(1);
    let ahead = turn.duration_since(world.now);
    world.now = turn;
    world.account.charges.iter_mut().for_each(|charge| charge.at += ahead);
}

/// A plan that takes a service off the air in so many words.
fn stops(world: &mut World) {
    world.open_account(r#"{"rungs":[{"at_usd":50,"do":["notify","stop_live"]}],"allow_outage":true}"#);
}

fn dies_often(world: &mut World) {
    watched(world);
    let until = world.now + SignedDuration::from_hours(2);
    world.faults = Faults { until, killed_before: 100, killed_after: 100, ..Faults::default() };
}

fn fleet(world: &mut World) {
    watched(world);
    world.heals = true;
    world.open_with_fleet(Capacity { min: 3, desired: 3, max: 6 });
    world.requests_per_instance = 10;
}

/// Every scenario of the billing machine.
pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = ladder();
    all.extend(held_back());
    all.extend(beside_operations());
    all
}

fn ladder() -> Vec<Scenario> {
    vec![
        account(
            "B1",
            "the charges pass three rungs one by one",
            three_rungs,
            vec![
                charge(60, 12),
                charge(1_200, 19),
                charge(1_200, 25),
                charge(1_200, 40),
                charge(1_200, 55),
                release(BEATS),
            ],
        ),
        account(
            "B1-jump",
            "the charges jump past three rungs at once",
            three_rungs,
            vec![charge(60, 55), charge(1_200, 56), release(BEATS)],
        ),
        account(
            "B2",
            "a reading of charges is a thousand times too high",
            doubted,
            vec![charge(60, 9_000), charge(BEATS, 9)],
        ),
        account(
            "B2-again",
            "readings are a million and a billion times too high, one after the other",
            doubted,
            vec![charge(60, 9_000_000), charge(1_000, 9_000_000_000), charge(1_000, 9_000_000), charge(BEATS, 9)],
        ),
        account(
            "B2-confirmed",
            "a high reading of charges is right, and somebody says so",
            three_rungs,
            vec![charge(60, 400), later(1_800, What::ConfirmBilling), charge(1_200, 401), release(BEATS)],
        ),
        Scenario {
            opening: |world| world.account.plan = Some(PLAN.to_owned()),
            ..account(
                "B3",
                "there are no readings of charges at all",
                |world| {
                    let days = told(world, "charges_silent");
                    let mut wrong = untouched(world);
                    wrong.extend(wanted("that nobody knows what is charged was not told once a day", days == 2));
                    wrong
                },
                vec![later(90_000, What::BudgetsMail(BudgetAlert::Actual, 100))],
            )
        },
        account(
            "B3-late",
            "an older reading of charges comes after a newer one",
            three_rungs,
            vec![
                charge(60, 55),
                later(600, What::LateCharge(2_500, 700)),
                later(600, What::LateCharge(900, 1_300)),
                release(BEATS),
            ],
        ),
        Scenario {
            opening: month_ends,
            ..account(
                "B3-month",
                "the month turns while a group is held back, and its old total still comes for a while",
                |world| {
                    let (first, second) = (world.account.months.first_key_value(), world.account.month());
                    let fired =
                        |rungs: Option<usize>, many| wanted("the rungs of a month are wrong", rungs == Some(many));
                    let mut wrong = fired(first.map(|(_, (month, ..))| month.fired.len()), 3);
                    wrong.extend(fired(second.map(|month| month.fired.len()), 1));
                    wrong.extend(wanted("four rungs should have been told", told(world, "charges_passed") == 4));
                    wrong
                },
                vec![
                    charge(60, 55),
                    charge(5_400, 56),
                    charge(1_200, 0),
                    charge(1_200, 3),
                    charge(1_200, 11),
                    charge(BEATS, 11),
                ],
            )
        },
        account(
            "B4",
            "only forecasts of charges are above the rungs",
            |world| {
                let mut wrong = untouched(world);
                wrong.extend(wanted("the forecast was not told once", told(world, "charges_forecast") == 1));
                wrong
            },
            vec![
                later(60, What::BudgetsMail(BudgetAlert::Forecasted, 50_000)),
                later(600, What::BudgetsMail(BudgetAlert::Forecasted, 90_000)),
                charge(BEATS, 9),
            ],
        ),
        account(
            "B9",
            "mails say that millions were charged, and no reading does",
            untouched,
            vec![
                later(60, What::BudgetsMail(BudgetAlert::Actual, 900_000_000)),
                later(600, What::BudgetsMail(BudgetAlert::Actual, 5_500)),
                charge(BEATS, 9),
            ],
        ),
    ]
}

fn held_back() -> Vec<Scenario> {
    let theirs = |world: &World| {
        let max = world.groups.blue.capacity.max;
        let mut wrong = three_rungs(world);
        wrong.extend(wanted("what a person set was not left to them", max == 5));
        wrong
    };
    vec![
        Scenario {
            opening: dies_often,
            ..account(
                "B5-dies",
                "functions die again and again while a group is held back and given back",
                |_| Vec::new(),
                vec![charge(60, 55), charge(BEATS, 56), release(BEATS), release(8_000)],
            )
        },
        account(
            "B5",
            "a person sets another maximum while charges hold the group back",
            theirs,
            vec![charge(60, 55), later(BEATS, What::Resize(Slot::Blue, 1, 1, 5)), release(BEATS)],
        ),
        account(
            "B6-cap",
            "scaling wants more than a cap allows",
            |world| {
                let mut wrong = three_rungs(world);
                wrong.extend(wanted("the group grew", world.groups.blue.capacity.desired == 1));
                wrong
            },
            vec![charge(60, 55), later(2 * BEATS, What::Scale(Slot::Blue, 2)), release(BEATS)],
        ),
        account(
            "B6-schedule",
            "a schedule sets sizes of its own while a cap holds",
            |world| {
                let mut wrong = three_rungs(world);
                let theirs = world.groups.blue.capacity == Capacity { min: 2, desired: 2, max: 4 };
                wrong.extend(wanted("what the schedule set was not left", theirs));
                wrong
            },
            vec![charge(60, 55), later(2 * BEATS, What::Schedule(Slot::Blue, 2, 2, 4)), release(BEATS)],
        ),
        Scenario {
            opening: stops,
            ..account(
                "B6",
                "scaling and a schedule try to undo a stop",
                |world| {
                    let mut wrong = stopped(world);
                    let back = world.groups.blue.capacity == Capacity { min: 1, desired: 1, max: 2 };
                    wrong.extend(wanted("the group was not given back as it was", back));
                    wrong
                },
                vec![
                    charge(60, 55),
                    later(4_000, What::Scale(Slot::Blue, 2)),
                    later(300, What::Schedule(Slot::Blue, 1, 2, 2)),
                    release(BEATS),
                ],
            )
        },
        account(
            "B7",
            "somebody releases a cap, and the same charges come again",
            |world| {
                let mut wrong = three_rungs(world);
                let in_force = world.account.month().is_some_and(|month| month.in_force.is_some());
                wrong.extend(wanted("something is in force again", !in_force));
                wrong
            },
            vec![charge(60, 55), release(2 * BEATS), charge(1_200, 55), charge(1_200, 56)],
        ),
        Scenario {
            opening: fleet,
            ..account(
                "B8",
                "a cap meets a group that is larger than its minimum",
                |world| {
                    let mut wrong = three_rungs(world);
                    wrong.extend(wanted("somebody was taken away", world.stayed() == 3));
                    wrong
                },
                vec![charge(60, 55), release(BEATS)],
            )
        },
        Scenario {
            opening: |world| world.open_account(r#"{"rungs":[{"at_usd":50,"do":["stop_live"]}]}"#),
            ..account(
                "B8-outage",
                "a billing plan stops what is live and does not say that an outage is allowed",
                untouched,
                vec![charge(60, 55), charge(BEATS, 56)],
            )
        },
        account(
            "B7-exempt",
            "somebody answers for charges for an hour",
            three_rungs,
            vec![charge(60, 9), later(60, What::ExemptBilling(3_600)), charge(600, 55), release(8_000)],
        ),
    ]
}

/// What passes and what waits while charges are too high.
fn beside_operations() -> Vec<Scenario> {
    let deploy = || later(0, What::Deploy("d-1", "v2"));
    let mut all = vec![
        account(
            "D24-billing",
            "a deploy is refused while charges are too high",
            |world| {
                let mut wrong = three_rungs(world);
                wrong.extend(wanted("a deployment began", world.table.operations.is_empty()));
                wrong
            },
            vec![charge(60, 55), later(BEATS, What::Deploy("d-1", "v2")), release(BEATS)],
        ),
        Scenario {
            ends_on_in_weather: EITHER,
            ..account(
                "D24-billing-rollback",
                "a rollback passes although charges are too high",
                |_| Vec::new(),
                vec![
                    later(30, What::Deploy("d-1", "v2")),
                    (When::In("standby", 60), What::Charge(5_500)),
                    later(900, What::Rollback("r-1")),
                    release(8_000),
                ],
            )
        },
        Scenario {
            opening: fleet,
            ..account(
                "R9-billing",
                "an instance falls sick while the group is held back",
                |world| {
                    let mut wrong = three_rungs(world);
                    wrong.extend(wanted("the sick one was not replaced", world.stayed() == 2));
                    wrong
                },
                vec![charge(60, 55), later(BEATS, What::SickenOne(Slot::Blue)), release(BEATS)],
            )
        },
        Scenario {
            opening: |world| {
                stops(world);
                world.heals = true;
            },
            ..account(
                "R9-stopped",
                "a group that billing has stopped is not sick",
                stopped,
                vec![charge(60, 55), release(3_600)],
            )
        },
        Scenario {
            ends_on: V2,
            ends_on_in_weather: EITHER,
            opening: stops,
            ..account(
                "B6-standby",
                "a service is to stop while the former release stands by",
                |_| Vec::new(),
                vec![
                    later(30, What::Deploy("d-1", "v2")),
                    (When::In("standby", 60), What::Charge(5_500)),
                    release(6_000),
                ],
            )
        },
    ];
    for (id, phase) in [
        ("B5-provisioning", "provisioning"),
        ("B5-verifying", "verifying"),
        ("B5-shifting", "shifting"),
        ("B5-baking", "baking"),
        ("B5-standby", "standby"),
    ] {
        all.push(Scenario {
            definition: r#","strategy":{"kind":"canary","weight":10,"bake":"5m"}"#.into(),
            ends_on: V2,
            ends_on_in_weather: EITHER,
            ..account(
                id,
                "charges become too high while a deployment moves",
                three_rungs_if_it_began,
                vec![deploy(), (When::In(phase, 10), What::Charge(5_500)), release(6_000)],
            )
        });
    }
    all.push(Scenario {
        definition: r#","strategy":{"kind":"canary","weight":10,"bake":"5m"}"#.into(),
        ends_on_in_weather: EITHER,
        ..account(
            "B5-rolling-back",
            "charges become too high while a release is taken back",
            three_rungs_if_it_began,
            vec![
                deploy(),
                (When::In("shifting", 60), What::Alarm(AlarmState::Alarm, 120)),
                (When::In("rolling_back", 5), What::Charge(5_500)),
                release(6_000),
            ],
        )
    });
    all
}

//! The cloud and the functions at their worst.

use jiff::SignedDuration;
use signalbox_domain::slot::Slot;

use super::{ANY, EITHER, V1, canary, deploys, fleet, split_at_first, sticks, v2_is};
use crate::faults::Faults;
use crate::scenario::Scenario;
use crate::scenario::script::{Quality, What, When};
use crate::world::World;

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

pub(super) fn scenarios() -> Vec<Scenario> {
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
        Scenario {
            opening: dies_often,
            // All three deliveries of the deploy may die: then the event waits in the dead-letter queue.
            ends_on: EITHER,
            ..canary("D30", "functions die at one effect in five", vec![deploys()])
        },
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

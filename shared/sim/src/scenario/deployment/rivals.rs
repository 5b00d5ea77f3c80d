//! Others at the same service: newer deploys, freezes, scaling, people, schedules.

use std::borrow::Cow;

use signalbox_domain::definition::Capacity;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::AlarmState;

use super::{ANY, CANARY, EITHER, V1, arrives, canary, deploys, fleet_by_load, v2_is};
use crate::scenario::Scenario;
use crate::scenario::script::{Quality, What, When};

pub(super) fn scenarios() -> Vec<Scenario> {
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
            // Every story begins on Thursday, 18 December 2025, at 00:00 in Dublin.
            definition: freezes("00:00"),
            ends_on: V1,
            ends_on_in_weather: V1,
            ..canary(
                "D24-window",
                "a deploy while a freeze window is open",
                vec![(When::Later(200), What::Deploy("d-1", "v2"))],
            )
        },
        Scenario {
            definition: freezes("00:10"),
            ends_on: V1,
            ends_on_in_weather: ANY,
            ..canary(
                "D24-window-rollback",
                "a freeze window opens while a release moves in: that goes on, the next is refused, a rollback passes",
                vec![
                    deploys(),
                    (When::In("at rest", 60), What::Deploy("d-2", "v3")),
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

/// A canary of a service that freezes on Thursdays, from a time until noon.
fn freezes(from: &str) -> Cow<'static, str> {
    let window = format!(r#"{{"days":["thu"],"from":"{from}","to":"12:00","zone":"Europe/Dublin"}}"#);
    format!(r#"{CANARY},"freeze_windows":[{window}]"#).into()
}

//! The ways back, approvals and pauses.

use signalbox_domain::trigger::Word;

use super::{ANY, EITHER, V1, canary, deploys, v2_is};
use crate::scenario::Scenario;
use crate::scenario::script::{Quality, What, When};

pub(super) fn scenarios() -> Vec<Scenario> {
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

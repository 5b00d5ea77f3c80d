//! What alarms do to a deployment.

use signalbox_domain::trigger::AlarmState;

use super::{EITHER, V1, canary, deploys, quiet_service};
use crate::scenario::Scenario;
use crate::scenario::script::{What, When};

pub(super) fn scenarios() -> Vec<Scenario> {
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

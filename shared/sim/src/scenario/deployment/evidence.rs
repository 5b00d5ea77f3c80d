//! What a release is asked and measured before it goes on: smoke checks, hooks, checks per slot.

use signalbox_domain::trigger::AlarmState;

use super::{CANARY, EITHER, V1, V2, canary, deploys, quiet_service, v2_is};
use crate::alarms::Measure;
use crate::scenario::Scenario;
use crate::scenario::script::{Quality, What, When};
use crate::world::World;

const CHECK: &str = r#"{"metric":"error_rate","max_percent":1.0,"max_ratio_to_live":2.0,"min_requests":50}"#;
const SMOKE: &str = r#","smoke":{"url":"http://codedetect.example/api/health","header":{"x-signalbox-slot":"{slot}"},"contains":"{release}"}"#;
const HOOKS: &str = r#","hooks":{"before_traffic":"migrations-done","after_traffic":"orders-flow","within":"10m"}"#;

/// A canary whose guard has a check, and an alarm that sees nothing of what happens.
fn checked(id: &'static str, about: &'static str, on_no_data: &str, script: Vec<(When, What)>) -> Scenario {
    let guard = format!(r#","guard":{{"alarms":["{{alarm}}"],"on_no_data":"{on_no_data}","checks":[{CHECK}]}}"#);
    Scenario {
        definition: format!("{CANARY}{guard}").replace("{alarm}", crate::demo::ALARM).into(),
        opening: busy_and_blind,
        ..canary(id, about, script)
    }
}

fn asked(id: &'static str, about: &'static str, more: &str, script: Vec<(When, What)>) -> Scenario {
    Scenario { definition: format!("{CANARY}{more}").into(), ..canary(id, about, script) }
}

/// Nobody's alarm fires, whatever fails.
fn blind(world: &mut World) {
    world.alarms.values_mut().for_each(|alarm| alarm.measures = Measure::FailedPerThousand(1_000));
}

fn busy_and_blind(world: &mut World) {
    world.requests_per_second = 60;
    blind(world);
}

fn quiet_and_blind(world: &mut World) {
    quiet_service(world);
    blind(world);
}

/// Traffic never moved to a release that was refused before.
fn never_carried(world: &World) -> Vec<String> {
    match world.counted.failed_by_release.get("v2") {
        Some(failed) => vec![format!("the refused release failed {failed} requests")],
        None => Vec::new(),
    }
}

/// A release that fails one request of twenty at 10 % for some minutes.
fn few_failed(world: &World) -> Vec<String> {
    let failed = world.counted.failed_by_release.get("v2").copied().unwrap_or(0);
    if failed > 250 { vec![format!("the bad release failed {failed} requests")] } else { Vec::new() }
}

fn held(world: &World) -> Vec<String> {
    let told = world.post.iter().any(|(_, notice)| notice.text.contains("equally bad"));
    if told { Vec::new() } else { vec!["nobody was told that both slots are equally bad".to_owned()] }
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let refused = |scenario: Scenario| Scenario { ends_on: V1, ends_on_in_weather: V1, ..scenario };
    vec![
        asked("D1-smoke", "a smoke check finds the release", SMOKE, vec![deploys()]),
        refused(Scenario {
            judge: never_carried,
            ..asked(
                "D2-smoke",
                "the new release is healthy and fails the smoke check",
                SMOKE,
                vec![v2_is(Quality::FailsSmoke), deploys()],
            )
        }),
        asked(
            "D1-hooks",
            "the team's functions say to wait, then yes",
            HOOKS,
            vec![(When::Later(0), What::HookWaits(400)), deploys()],
        ),
        refused(asked(
            "D2-hooks",
            "the team's function says no before traffic moves",
            HOOKS,
            vec![(When::Later(0), What::HookRefuses(true)), deploys()],
        )),
        refused(asked(
            "D2-hooks-after",
            "the team's function says no when all traffic has moved",
            HOOKS,
            vec![deploys(), (When::In("shifting", 0), What::HookRefuses(true))],
        )),
        refused(asked(
            "D14-hooks",
            "the team's function never says yes",
            HOOKS,
            vec![(When::Later(0), What::HookWaits(100_000)), deploys()],
        )),
        checked("D1-checks", "the checks find nothing", "pass", vec![deploys()]),
        refused(Scenario {
            judge: few_failed,
            ..checked(
                "D4-checks",
                "the new release fails one request of twenty, too little for any alarm",
                "pass",
                vec![v2_is(Quality::FailsALittle), deploys()],
            )
        }),
        Scenario {
            // Among thousands, one good release is taken back by chance: docs/analysis.md says how often.
            judge: held,
            ends_on: EITHER,
            ..checked(
                "D4-both",
                "what both slots lean on fails: it is not the release",
                "pass",
                vec![
                    deploys(),
                    (When::In("shifting", 30), What::Dependency(60)),
                    (When::Later(900), What::Dependency(0)),
                ],
            )
        },
        refused(checked(
            "D4-both-alarm",
            "the same, and an alarm says so",
            "pass",
            vec![
                deploys(),
                (When::In("shifting", 30), What::Dependency(60)),
                (When::Later(330), What::Alarm(AlarmState::Alarm, 120)),
                (When::Later(300), What::Dependency(0)),
            ],
        )),
        Scenario {
            opening: quiet_and_blind,
            ends_on: V2,
            ..checked("D29-pass", "too few requests to judge by: go on", "pass", vec![deploys()])
        },
        Scenario {
            opening: quiet_and_blind,
            ..refused(checked("D29-fail", "too few requests to judge by: go back", "fail", vec![deploys()]))
        },
        Scenario {
            opening: quiet_and_blind,
            // Held until more people come.
            ..checked(
                "D29-pause",
                "too few requests to judge by: wait for more",
                "pause",
                vec![deploys(), (When::In("shifting", 900), What::Requests(60))],
            )
        },
    ]
}

//! A scenario drawn from everything that can happen, at random moments: what nobody thought of.

use fastrand::Rng;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::{AlarmState, ReportCause, Word};

use super::script::{Line, Quality, What, When};
use super::{Scenario, deployment};
use crate::billing::PLAN;
use crate::demo::ALARM;
use crate::world::World;

/// How traffic moves in a mixture.
const STRATEGIES: [&str; 5] = [
    r#"{"kind":"all_at_once"}"#,
    r#"{"kind":"canary","weight":10,"bake":"3m"}"#,
    r#"{"kind":"linear","percent":30,"every":"1m"}"#,
    r#"{"kind":"steps","steps":[{"weight":5,"bake":"1m"},{"approval":{"within":"20m"}},{"weight":100}]}"#,
    r#"{"kind":"steps","steps":[{"weight":50,"bake":"0s"},{"weight":60,"bake":"4m"},{"weight":100}]}"#,
];
/// What is asked and measured in a mixture; `{guard}` is the alarm's name.
const EVIDENCE: [&str; 5] = [
    "",
    r#","smoke":{"url":"http://codedetect.example/","header":{"x-slot":"{slot}"},"contains":"{release}"}"#,
    r#","hooks":{"before_traffic":"migrations-done","after_traffic":"orders-flow","within":"10m"}"#,
    r#","guard":{"alarms":["{guard}"],"on_no_data":"pause","checks":[{"metric":"error_rate","max_percent":1.0,"min_requests":50}]}"#,
    r#","guard":{"alarms":["{guard}"],"on_no_data":"fail","checks":[{"metric":"latency_p95_ms","max_ms":500},{"metric":"error_rate","max_ratio_to_live":3.0}]}"#,
];
const QUALITIES: [Quality; 9] = [
    Quality::Fails,
    Quality::FailsALittle,
    Quality::FailsSmoke,
    Quality::Drops,
    Quality::Slow,
    Quality::NeverHealthy,
    Quality::DiesAtOnce,
    Quality::DiesLater,
    Quality::BootsBadly,
];
const PHASES: [&str; 7] =
    ["provisioning", "verifying", "shifting", "baking", "standby", "rolling_back", "awaiting_approval"];
const DEPLOYS: [(&str, &str); 4] = [("d-1", "v2"), ("d-2", "v3"), ("d-3", "v4"), ("d-4", "v2")];
const ROLLBACKS: [&str; 3] = ["r-1", "r-2", "r-3"];
/// One instance or three that are all needed, with the replacer and the billing guard or without.
const OPENINGS: [fn(&mut World); 6] = [
    deployment::as_it_is,
    deployment::fleet,
    |world| world.heals = true,
    |world| {
        deployment::fleet(world);
        world.heals = true;
    },
    |world| world.open_account(PLAN),
    |world| {
        deployment::fleet(world);
        world.heals = true;
        world.open_account(PLAN);
    },
];
const REPORTS: [ReportCause; 3] =
    [ReportCause::SpotInterruption, ReportCause::RebalanceRecommended, ReportCause::Stopping];
const ANY: &[&str] = &["v1", "v2", "v3", "v4"];

/// The mixture of this seed.
pub(super) fn mixture(seed: u64) -> Scenario {
    let mut rng = Rng::with_seed(seed ^ 0x4D49_5854_5552_4500);
    let mut script = opening(&mut rng);
    script.push(line(When::Later(30), What::Deploy("d-1", "v2")));
    for _ in 0..rng.usize(1..8) {
        let when = match rng.u32(0..5) {
            0 | 1 => When::Later(rng.i64(0..60)),
            2 => When::Later(rng.i64(60..1_500)),
            _ => When::Soon(PHASES[rng.usize(0..PHASES.len())], rng.i64(0..120)),
        };
        let (what, undone) = something(&mut rng);
        // Drift is corrected twice an hour, then it is a person's.
        let weights = |line: &Line| matches!(line.what, What::Weights(..));
        if matches!(what, What::Weights(..)) && script.iter().filter(|line| weights(line)).count() >= 2 {
            continue;
        }
        script.push(line(when, what));
        script.extend(undone.map(|what| line(When::Later(rng.i64(30..600)), what)));
    }
    let strategy = STRATEGIES[rng.usize(0..STRATEGIES.len())];
    let standby = ["0s", "5m", "30m"][rng.usize(0..3)];
    let arrival = ["reject", "queue_latest", "supersede"][rng.usize(0..3)];
    let evidence = EVIDENCE[rng.usize(0..EVIDENCE.len())].replace("{guard}", ALARM);
    let definition = format!(
        r#"{evidence},"arrival":"{arrival}","strategy":{strategy},"bake":"4m","standby":"{standby}","pause_limit":"20m","drift":{{"on_external_change":"correct"}}"#
    );
    Scenario {
        definition: definition.into(),
        opening: OPENINGS[rng.usize(0..OPENINGS.len())],
        script,
        ends_on: ANY,
        ends_on_in_weather: ANY,
        drawn: Some(mixture),
        ..Scenario::of("MIX", "anything, at any time", Vec::new())
    }
}

fn line(when: When, what: What) -> Line {
    Line { when, what }
}

fn opening(rng: &mut Rng) -> Vec<Line> {
    let mut lines = Vec::new();
    for release in ["v2", "v3", "v4"] {
        if rng.u32(0..5) < 2 {
            let quality = QUALITIES[rng.usize(0..QUALITIES.len())];
            lines.push(line(When::Later(0), What::Release(release, quality)));
        }
    }
    if rng.u32(0..4) == 0 {
        lines.push(line(When::Later(0), What::Sticky(rng.i64(60..3_600))));
    }
    if rng.u32(0..3) == 0 {
        lines.push(line(When::Later(0), What::FollowWithin(rng.i64(5..50))));
    }
    lines
}

/// Something that happens, and what takes it back: what the world takes away it gives back after a
/// while, or nothing could come to rest.
fn something(rng: &mut Rng) -> (What, Option<What>) {
    let slot = if rng.bool() { Slot::Blue } else { Slot::Green };
    let (id, release) = DEPLOYS[rng.usize(0..DEPLOYS.len())];
    let size = rng.u32(1..5);
    let what = match rng.u32(0..33) {
        0..=2 => What::Deploy(id, release),
        3 => What::FixForward(id, release),
        4 | 5 => What::Rollback(ROLLBACKS[rng.usize(0..ROLLBACKS.len())]),
        6 => What::Say([Word::Promote, Word::Pause, Word::Resume, Word::Abort][rng.usize(0..4)]),
        7 | 8 => What::Alarm(AlarmState::Alarm, rng.i64(2..300)),
        9 => What::Alarm(AlarmState::InsufficientData, rng.i64(60..600)),
        10 => What::Weights(rng.u16(0..=100), rng.u16(1..=100)),
        11 => What::Resize(slot, size.min(3), size, size + 2),
        12 => What::Scale(slot, size),
        13 => What::Rebalance(slot),
        14 => What::Schedule(slot, 1, size, size + 1),
        15 => return (What::Sicken(slot), Some(What::Heal(slot))),
        16 => What::Crash(slot),
        17 => return (What::NoCapacity(true), Some(What::NoCapacity(false))),
        18 => What::Throttle(rng.i64(10..400)),
        19 => return (What::Freeze(rng.i64(60..3_600)), Some(What::Thaw)),
        20 => return (What::HookRefuses(true), Some(What::HookRefuses(false))),
        21 => What::HookWaits(rng.i64(30..900)),
        23 | 24 => return (What::SickenOne(slot), Some(What::Heal(slot))),
        25 => return (What::Ail(slot), Some(What::Heal(slot))),
        26 => What::Report(REPORTS[rng.usize(0..REPORTS.len())], rng.usize(1..3)),
        27 => What::GroupTakes(slot),
        28 => What::Replace,
        22 => return (What::Dependency(rng.u32(10..300)), Some(What::Dependency(0))),
        29 | 30 => return (What::Charge(rng.i64(1_000..8_900)), Some(What::ReleaseBilling)),
        31 => What::ExemptBilling(rng.i64(60..3_600)),
        _ => return (What::Neighbours(rng.u32(6..10)), Some(What::Neighbours(0))),
    };
    (what, None)
}

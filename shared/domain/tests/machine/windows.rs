//! Deployments that the definition freezes at their hours of the week.

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decision::Outcome;
use signalbox_domain::definition::FreezeWindow;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::Trigger;

use crate::behaviours::{CANARY, at, release, rest};
use crate::bench::{Bench, definition_with, deploy, deploy_request, rollback};

fn window(days: &str, from: &str, to: &str, zone: &str) -> String {
    format!(r#"{{"days":[{days}],"from":"{from}","to":"{to}","zone":"{zone}"}}"#)
}

fn read(days: &str, from: &str, to: &str, zone: &str) -> FreezeWindow {
    let windows = format!(r#","freeze_windows":[{}]"#, window(days, from, to, zone));
    definition_with(&windows).freeze_windows.remove(0)
}

/// The bench's first moment is Monday, 2026-11-23, 01:00 in Dublin.
fn weekend(more: &str) -> String {
    let night = r#"{"days":["fri","sat","sun"],"from":"16:00","to":"08:00","zone":"Europe/Dublin","reason":"weekend"}"#;
    let day = window(r#""sat","sun""#, "08:00", "16:00", "Europe/Dublin");
    format!(r#"{more},"freeze_windows":[{day},{night}]"#)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What somebody would say who looks at a calendar and a clock on the wall.
fn oracle(window: &FreezeWindow, zone: &TimeZone, now: Timestamp) -> bool {
    let there = zone.to_datetime(now);
    let (today, yesterday) = (there.weekday(), there.weekday().previous());
    let begins = |day: Weekday| window.days.contains(&day);
    if window.from < window.to {
        begins(today) && window.from <= there.time() && there.time() < window.to
    } else {
        begins(today) && window.from <= there.time() || begins(yesterday) && there.time() < window.to
    }
}

#[test]
fn at_every_minute_of_a_year_a_window_is_open_when_the_clock_on_the_wall_says_so() {
    for (days, from, to, name) in [
        (r#""fri","sat","sun""#, "16:00", "08:00", "Europe/Dublin"),
        (r#""sat""#, "23:30", "00:15", "America/New_York"),
        (r#""sun""#, "00:00", "12:00", "Australia/Lord_Howe"),
        (r#""mon","wed""#, "09:00", "17:00", "Asia/Kathmandu"),
    ] {
        let window = read(days, from, to, name);
        let zone = TimeZoneDatabase::bundled().get(name).unwrap();
        let (mut now, end) = (time("2026-01-01T00:00:00Z"), time("2027-01-01T00:00:00Z"));
        while now < end {
            let closes = window.closes(now);
            assert_eq!(closes.is_some(), oracle(&window, &zone, now), "{name} at {now}");
            if let Some(closes) = closes {
                assert!(now < closes && !oracle(&window, &zone, closes), "{name} at {now} closes at {closes}");
            }
            now += SignedDuration::from_mins(1);
        }
    }
}

#[test]
fn a_window_over_a_change_of_the_clocks_keeps_to_the_clocks() {
    let night = read(r#""sat""#, "16:00", "08:00", "Europe/Dublin");
    // The night to 29 March has 23 hours, the one to 25 October 25: 08:00 is 07:00 UTC and 08:00 UTC.
    for (opens, closes) in [
        ("2026-03-21T16:00:00Z", "2026-03-22T08:00:00Z"),
        ("2026-03-28T16:00:00Z", "2026-03-29T07:00:00Z"),
        ("2026-10-24T15:00:00Z", "2026-10-25T08:00:00Z"),
        ("2026-10-31T16:00:00Z", "2026-11-01T08:00:00Z"),
    ] {
        let second = SignedDuration::from_secs(1);
        assert_eq!(night.closes(time(opens) - second), None, "{opens}");
        assert_eq!(night.closes(time(opens)), Some(time(closes)));
        assert_eq!(night.closes(time(closes) - second), Some(time(closes)));
        assert_eq!(night.closes(time(closes)), None, "{closes}");
    }
}

#[test]
fn a_time_that_the_clocks_skip_is_later_and_of_one_shown_twice_the_first_counts() {
    let early = read(r#""sun""#, "00:30", "01:30", "Europe/Dublin");
    // On 29 March 01:30 is skipped: the window closes an hour after it opened, at 02:30 there.
    assert_eq!(early.closes(time("2026-03-29T00:30:00Z")), Some(time("2026-03-29T01:30:00Z")));
    // On 25 October 01:30 comes at 00:30 UTC and at 01:30 UTC.
    assert_eq!(early.closes(time("2026-10-24T23:30:00Z")), Some(time("2026-10-25T00:30:00Z")));
    assert_eq!(early.closes(time("2026-10-25T01:00:00Z")), None);
    let late = read(r#""sun""#, "01:30", "04:00", "Europe/Dublin");
    assert_eq!(late.closes(time("2026-03-29T01:29:59Z")), None);
    assert_eq!(late.closes(time("2026-03-29T01:30:00Z")), Some(time("2026-03-29T03:00:00Z")));
    assert_eq!(late.closes(time("2026-10-25T00:30:00Z")), Some(time("2026-10-25T04:00:00Z")));
    assert_eq!(late.closes(time("2026-10-25T01:15:00Z")), Some(time("2026-10-25T04:00:00Z")));
}

#[test]
fn an_open_window_refuses_deploys_with_its_reason_and_its_end_and_lets_rollbacks_pass() {
    let mut bench = rest(&weekend(""));
    let refused = bench.look(&deploy("d-1", "v2")).answer;
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(
        refused.reason,
        "deployments are frozen until Mon 08:00 Europe/Dublin, 2026-11-23T08:00:00Z: weekend; \
         only a change of freeze_windows[1] in the definition lifts it, not `thaw`"
    );
    bench.pass(7 * 3_600 - 1);
    assert_eq!(bench.look(&deploy("d-1", "v2")).answer.outcome, Outcome::Refused);
    bench.pass(1);
    assert_eq!(bench.look(&deploy("d-1", "v2")).answer.outcome, Outcome::Accepted);
    bench.until_phase("at rest");
    bench.now = time("2026-11-28T12:00:00Z");
    assert_eq!(bench.look(&deploy("d-2", "v3")).answer.outcome, Outcome::Refused);
    assert_eq!(bench.look(&rollback("r-1")).answer.outcome, Outcome::Accepted);
    bench.until_phase("at rest");
    assert_eq!(release(&bench, Slot::Blue), Some("v1"));
}

#[test]
fn windows_that_adjoin_are_told_as_one_and_windows_without_a_gap_have_an_answer_too() {
    let mut bench = rest(&weekend(""));
    bench.now = time("2026-11-27T16:00:00Z");
    let refused = bench.look(&deploy("d-1", "v2")).answer.reason;
    assert!(refused.contains("until Mon 08:00 Europe/Dublin, 2026-11-30T08:00:00Z: weekend"), "{refused}");
    let all = r#""mon","tue","wed","thu","fri","sat","sun""#;
    let (night, day) = (window(all, "16:00", "08:00", "UTC"), window(all, "08:00", "16:00", "UTC"));
    let mut bench = rest(&format!(r#","freeze_windows":[{night},{day}]"#));
    assert_eq!(bench.look(&deploy("d-1", "v2")).answer.outcome, Outcome::Refused);
}

#[test]
fn a_thaw_does_not_lift_a_window_and_says_so() {
    let mut bench = rest(&weekend(""));
    let idle = bench.look(&Trigger::ThawRequested).answer;
    assert_eq!(idle.outcome, Outcome::Idle);
    assert!(idle.reason.contains("weekend; only a change of freeze_windows[1]"), "{}", idle.reason);
    bench.look(&Trigger::FreezeRequested { until: None, reason: "the fair is on".to_owned() });
    assert!(bench.look(&deploy("d-1", "v2")).answer.reason.contains("the fair is on"));
    let thawed = bench.look(&Trigger::ThawRequested).answer;
    assert_eq!(thawed.outcome, Outcome::Accepted);
    assert!(thawed.reason.contains("the freeze is over, but a window is open"), "{}", thawed.reason);
    assert_eq!(bench.look(&deploy("d-1", "v2")).answer.outcome, Outcome::Refused);
}

#[test]
fn a_plan_and_the_status_tell_of_an_open_window() {
    let mut bench = rest(&weekend(""));
    let told = |bench: &Bench, trigger| bench.decide(&trigger).answer.reason.contains("frozen until Mon 08:00");
    let asked = [Trigger::StatusRequested, Trigger::PlanRequested(deploy_request("p-1", "v2"))];
    assert!(asked.clone().into_iter().all(|trigger| told(&bench, trigger)));
    bench.pass(7 * 3_600);
    assert!(!asked.into_iter().any(|trigger| told(&bench, trigger)));
}

#[test]
fn what_moves_goes_on_when_a_window_opens_and_nothing_queues_behind_it() {
    let noon = window(r#""mon""#, "01:10", "12:00", "Europe/Dublin");
    let mut bench = at("shifting", &format!(r#"{CANARY},"arrival":"queue_latest","freeze_windows":[{noon}]"#));
    bench.now = time("2026-11-23T01:10:00Z");
    assert_eq!(bench.look(&deploy("d-2", "v3")).answer.outcome, Outcome::Refused);
    bench.until_phase("standby");
    assert_eq!(release(&bench, Slot::Green), Some("v2"));
}

#[test]
fn what_waits_when_a_window_opens_is_refused_after_a_while_as_in_any_freeze() {
    let noon = window(r#""mon""#, "01:10", "12:00", "Europe/Dublin");
    let mut bench = at("shifting", &format!(r#"{CANARY},"arrival":"queue_latest","freeze_windows":[{noon}]"#));
    assert_eq!(bench.look(&deploy("d-2", "v3")).answer.outcome, Outcome::Waiting);
    let mut told = String::new();
    for _ in 0..500 {
        bench.pass(10);
        told.extend(bench.beat().next.unwrap().outbox.iter().map(|notice| notice.text.clone()));
    }
    assert_eq!((bench.phase(), release(&bench, Slot::Green)), ("at rest", Some("v2")));
    assert!(
        told.contains("the deploy of v3, which waited, was refused: deployments are frozen until Mon 12:00"),
        "{told}"
    );
}

#[test]
fn terraform_knows_the_zones_that_are_compiled_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/modules/signalbox/definitions/zones.txt");
    let file = std::fs::read_to_string(path).unwrap();
    let zones = TimeZoneDatabase::bundled();
    let compiled: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
    let listed: Vec<&str> = file.split_whitespace().collect();
    assert_eq!(listed, compiled, "zones.txt is to be:\n{}", compiled.join(" "));
}

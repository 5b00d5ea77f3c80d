//! What a release is asked and measured before it goes on.

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::observation::{Minute, Probe, ProbeAnswer, Probed, TargetHealth, Traffic};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{AlarmState, DeployRequest, OnFailure, Trigger, Word};

use crate::bench::{Bench, alarm, definition_with, deploy, deploy_request, rollback, say};

const CANARY: &str = r#","strategy":{"kind":"canary","weight":10,"bake":"10m"}"#;
const SMOKE: &str = r#","smoke":{"url":"http://codedetect.example/api/health","attempts":3}"#;
const HOOKS: &str = r#","hooks":{"before_traffic":"migrations","after_traffic":"orders","within":"5m"}"#;

fn guard(on_no_data: &str, allowed: u32) -> String {
    format!(
        r#"{CANARY},"guard":{{"on_no_data":"{on_no_data}","checks":[{{"metric":"error_rate","max_percent":1.0,"min_requests":50,"failures_allowed":{allowed}}}]}}"#
    )
}

/// A deployment with these fields in this phase.
fn at(phase: &str, more: &str) -> Bench {
    let mut bench = Bench::new(definition_with(more));
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase(phase);
    bench
}

impl Bench {
    /// Lets time pass until somebody is asked, and answers.
    fn answer(&mut self, answer: ProbeAnswer) -> Probe {
        for _ in 0..200 {
            if let Some(probe) = self.needs(&Trigger::Heartbeat).probe {
                self.seen.probed = Some(Probed { probe, answer });
                self.beat();
                self.seen.probed = None;
                // The look that asked writes the answer down; the next one decides.
                self.beat();
                return probe;
            }
            self.pass(5);
            self.beat();
        }
        panic!("nobody was asked in {}", self.phase());
    }

    /// Minutes pass in which of each slot's requests so many fail; whoever asks for them gets them.
    fn minutes(&mut self, minutes: i64, per_minute: BySlot<(u64, u64)>) {
        for _ in 0..minutes * 12 {
            self.pass(5);
            let asked = self.needs(&Trigger::Heartbeat).traffic;
            self.seen.traffic = asked.map(|window| Traffic {
                window,
                minutes: BySlot::from_fn(|slot| {
                    let all = window.from.as_second() / 60..window.to.as_second() / 60;
                    let (requests, failures) = per_minute[slot];
                    let minute = |at: i64| Timestamp::from_second(at * 60).unwrap();
                    all.map(|at| Minute { at: minute(at), requests, failures, p95_ms: None }).collect()
                }),
            });
            self.beat();
        }
    }
}

const GOOD: BySlot<(u64, u64)> = BySlot { blue: (900, 1), green: (100, 0) };
const BAD: BySlot<(u64, u64)> = BySlot { blue: (900, 1), green: (100, 10) };
const BOTH_BAD: BySlot<(u64, u64)> = BySlot { blue: (900, 90), green: (100, 10) };
const QUIET: BySlot<(u64, u64)> = BySlot { blue: (9, 0), green: (1, 0) };

#[test]
fn a_release_gets_no_traffic_before_its_smoke_check_passed() {
    let mut bench = at("verifying", SMOKE);
    for _ in 0..20 {
        bench.pass(5);
        bench.beat();
    }
    assert_eq!(bench.phase(), "verifying");
    assert_eq!(bench.answer(ProbeAnswer::Passed), Probe::Smoke);
    assert_eq!(bench.phase(), "shifting");
    assert_eq!(bench.needs(&Trigger::Heartbeat).probe, None, "nobody is asked twice");
}

#[test]
fn a_smoke_check_that_fails_as_often_as_it_may_takes_the_release_back_without_traffic() {
    let mut bench = at("verifying", SMOKE);
    for attempt in 1..=3 {
        assert_eq!(bench.phase(), "verifying", "attempt {attempt}");
        bench.answer(ProbeAnswer::Refused("answered 500 instead of 200".to_owned()));
    }
    assert_eq!(bench.phase(), "rolling_back");
    let own = bench.record.as_ref().unwrap().deployment().unwrap();
    assert!(!own.carried && own.describe().contains("answered 500"), "{}", own.describe());
}

#[test]
fn a_smoke_check_waits_until_the_slot_has_settled() {
    let mut bench = at("verifying", SMOKE);
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    bench.pass(60);
    bench.beat();
    assert_eq!(bench.needs(&Trigger::Heartbeat).probe, None);
}

#[test]
fn the_hook_before_traffic_is_asked_until_it_says_yes() {
    let mut bench = at("verifying", &format!("{SMOKE}{HOOKS}"));
    assert_eq!(bench.answer(ProbeAnswer::Passed), Probe::Smoke);
    assert_eq!(bench.answer(ProbeAnswer::Wait), Probe::BeforeTraffic);
    bench.answer(ProbeAnswer::Unanswered("TooManyRequestsException".to_owned()));
    assert_eq!(bench.phase(), "verifying");
    bench.answer(ProbeAnswer::Passed);
    assert_eq!(bench.phase(), "shifting");
}

#[test]
fn a_hook_that_says_no_or_nothing_in_time_takes_the_release_back() {
    let mut refused = at("verifying", HOOKS);
    refused.answer(ProbeAnswer::Refused("the migration is not done".to_owned()));
    assert_eq!(refused.phase(), "rolling_back");
    let mut silent = at("verifying", HOOKS);
    silent.answer(ProbeAnswer::Wait);
    silent.pass(301);
    silent.beat();
    assert_eq!(silent.phase(), "rolling_back");
}

#[test]
fn the_hook_after_traffic_is_asked_with_all_traffic_and_success_waits_for_it() {
    let mut bench = at("verifying", HOOKS);
    bench.answer(ProbeAnswer::Passed);
    bench.until_phase("baking");
    bench.pass(2);
    bench.beat();
    assert_eq!(bench.answer(ProbeAnswer::Wait), Probe::AfterTraffic);
    assert_eq!(bench.seen.routing.weight(Slot::Green), 100);
    bench.answer(ProbeAnswer::Passed);
    bench.until_phase("standby");
}

#[test]
fn a_rollback_asks_no_hook() {
    let mut bench = at("verifying", HOOKS);
    bench.answer(ProbeAnswer::Passed);
    bench.until_phase("baking");
    bench.answer(ProbeAnswer::Passed);
    bench.until_phase("at rest");
    bench.look(&rollback("r-1"));
    bench.until_phase("standby");
    assert_eq!(bench.record.as_ref().unwrap().live, Slot::Blue);
}

#[test]
fn a_paused_deployment_asks_nobody() {
    let mut bench = at("verifying", HOOKS);
    bench.look(&say(Word::Pause));
    bench.pass(60);
    bench.beat();
    assert_eq!(bench.needs(&Trigger::Heartbeat).probe, None);
}

#[test]
fn a_step_measures_whole_minutes_of_its_own_that_are_two_minutes_old() {
    let mut bench = at("shifting", &guard("pass", 0));
    bench.beat();
    let seen = bench.record.as_ref().unwrap().routing.seen_since.unwrap();
    while bench.needs(&Trigger::Heartbeat).traffic.is_none() {
        bench.pass(1);
    }
    let window = bench.needs(&Trigger::Heartbeat).traffic.unwrap();
    assert!(window.from >= seen && window.from.duration_since(seen) < SignedDuration::from_mins(1));
    assert_eq!(window.to.duration_since(window.from), SignedDuration::from_mins(1));
    assert_eq!(bench.now.duration_since(window.to), SignedDuration::from_mins(2));
}

#[test]
fn a_good_step_goes_on_and_a_bad_one_is_taken_back() {
    let mut good = at("shifting", &guard("fail", 0));
    good.minutes(11, GOOD);
    assert_eq!(good.phase(), "baking");
    let mut bad = at("shifting", &guard("pass", 0));
    bad.minutes(5, BAD);
    assert_eq!(bad.phase(), "rolling_back");
    let why = bad.record.as_ref().unwrap().deployment().unwrap().describe();
    assert!(why.contains("error_rate") && why.contains("more than 1 %"), "{why}");
}

#[test]
fn failures_that_are_allowed_are_counted() {
    let mut bench = at("shifting", &guard("pass", 2));
    bench.minutes(5, BAD);
    assert_eq!(bench.phase(), "shifting", "two failures are allowed");
    bench.minutes(2, BAD);
    assert_eq!(bench.phase(), "rolling_back");
}

#[test]
fn when_both_slots_are_equally_bad_it_is_held_and_goes_on_when_they_are_well() {
    let mut bench = at("shifting", &guard("pass", 0));
    bench.minutes(20, BOTH_BAD);
    assert_eq!(bench.phase(), "shifting", "held beyond its ten minutes");
    let own = bench.record.as_ref().unwrap().deployment().unwrap();
    assert!(own.measured.on_both_since.is_some());
    bench.minutes(14, GOOD);
    assert_eq!(bench.phase(), "standby");
}

#[test]
fn an_alarm_takes_it_back_although_both_slots_are_equally_bad() {
    let mut bench = at("shifting", &format!("{CANARY}{}", alarmed()));
    bench.minutes(6, BOTH_BAD);
    assert_eq!(bench.phase(), "shifting");
    bench.set_alarm(AlarmState::Alarm);
    bench.beat();
    assert_eq!(bench.phase(), "rolling_back");
}

/// The guard of the workbench with a check.
fn alarmed() -> String {
    let check = r#"{"metric":"error_rate","max_percent":1.0,"min_requests":50}"#;
    format!(r#","guard":{{"alarms":["{}"],"checks":[{check}]}}"#, crate::bench::ALARM)
}

#[test]
fn too_few_requests_mean_what_the_definition_says() {
    for (on_no_data, phase) in [("pass", "baking"), ("fail", "rolling_back"), ("pause", "shifting")] {
        let mut bench = at("shifting", &guard(on_no_data, 0));
        bench.minutes(12, QUIET);
        assert_eq!(bench.phase(), phase, "{on_no_data}");
    }
}

#[test]
fn metrics_that_cannot_be_read_hold_a_step_and_in_the_end_take_it_back() {
    let mut bench = at("shifting", &format!(r#"{},"pause_limit":"1h""#, guard("pass", 0)));
    for _ in 0..200 {
        bench.pass(10);
        bench.beat();
    }
    assert_eq!(bench.phase(), "shifting");
    bench.until_phase("rolling_back");
}

#[test]
fn a_failing_check_asks_where_the_deploy_said_to_ask_and_measures_anew_after_resume() {
    let mut bench = Bench::new(definition_with(&guard("pass", 0)));
    bench.look(&Trigger::DeployRequested(DeployRequest { on_failure: OnFailure::Ask, ..deploy_request("d-1", "v2") }));
    bench.until_phase("shifting");
    bench.minutes(6, BAD);
    assert!(bench.record.as_ref().unwrap().deployment().unwrap().asking.is_some());
    bench.look(&say(Word::Resume));
    bench.minutes(16, GOOD);
    assert_eq!(bench.phase(), "standby");
}

#[test]
fn status_says_how_many_seconds_a_rollback_would_take() {
    let mut bench = Bench::new(definition_with(CANARY));
    assert_eq!(bench.look(&Trigger::StatusRequested).answer.rollback_seconds, None, "nothing to go back to");
    bench.look(&deploy("d-1", "v2"));
    bench.until_phase("standby");
    let warm = bench.look(&Trigger::StatusRequested).answer;
    assert!(warm.rollback_seconds.unwrap() <= 10, "{warm:?}");
    bench.until_phase("at rest");
    let cold = bench.look(&Trigger::StatusRequested).answer;
    assert!((30..=120).contains(&cold.rollback_seconds.unwrap()), "as long as the launch took: {cold:?}");
    assert!(cold.reason.contains("A rollback now takes about"), "{}", cold.reason);
}

#[test]
fn in_observe_mode_what_would_be_done_is_said_once() {
    let mut bench = at("shifting", CANARY);
    bench.beat();
    bench.definition = definition_with(&format!(r#"{CANARY},"mode":"observe""#));
    bench.set_alarm(AlarmState::Alarm);
    let told = |decision: &signalbox_domain::decision::Decision| {
        decision.next.as_ref().unwrap().outbox.iter().map(|notice| notice.text.clone()).collect::<Vec<_>>()
    };
    let first = bench.beat();
    assert!(first.actions.is_empty());
    let said = told(&first).join("\n");
    assert!(
        said.contains("It would be: going back to blue, because alarm") && said.contains("route blue 100"),
        "{said}"
    );
    assert!(first.entries().next().is_some(), "it is in the operation's timeline");
    bench.pass(5);
    assert_eq!(told(&bench.beat()), Vec::<String>::new());
}

#[test]
fn in_observe_mode_a_refused_deploy_is_told_with_what_it_would_have_done() {
    let mut bench = Bench::new(definition_with(r#","mode":"observe""#));
    let decision = bench.decide(&deploy("d-1", "v2"));
    assert!(decision.answer.reason.contains("observe mode"));
    let outbox = &decision.next.as_ref().unwrap().outbox;
    assert!(outbox.iter().any(|notice| notice.text.contains("deploying v2 to green")), "{outbox:?}");
    bench.look(&deploy("d-1", "v2"));
    assert_eq!(bench.phase(), "at rest");
}

#[test]
fn nobody_who_wants_something_now_waits_for_an_answer() {
    let mut bench = at("verifying", HOOKS);
    bench.pass(40);
    assert_eq!(bench.needs(&Trigger::Heartbeat).probe, Some(Probe::BeforeTraffic));
    for trigger in [rollback("r-1"), say(Word::Abort), Trigger::StatusRequested, alarm(AlarmState::Alarm, bench.now)] {
        assert_eq!(bench.needs(&trigger).probe, None, "{trigger:?}");
    }
    bench.definition = definition_with(&format!(r#"{HOOKS},"mode":"observe""#));
    assert_eq!(bench.needs(&Trigger::Heartbeat).probe, None, "in observe mode nobody is asked");
}

#[test]
fn the_look_that_asked_moves_no_traffic_on_what_it_saw_before() {
    let mut bench = at("verifying", HOOKS);
    bench.pass(40);
    bench.seen.probed = Some(Probed { probe: Probe::BeforeTraffic, answer: ProbeAnswer::Passed });
    assert!(bench.beat().actions.is_empty());
    assert_eq!(bench.phase(), "verifying");
    bench.seen.probed = None;
    bench.beat();
    assert_eq!(bench.phase(), "shifting");
}

#[test]
fn a_check_that_only_compares_has_nothing_to_say_with_all_traffic_on_the_new_slot() {
    let check = r#"{"metric":"error_rate","max_ratio_to_live":2.0}"#;
    let mut bench = at("shifting", &format!(r#"{CANARY},"guard":{{"on_no_data":"fail","checks":[{check}]}}"#));
    bench.minutes(11, GOOD);
    assert_eq!(bench.phase(), "baking");
    bench.minutes(12, BySlot { blue: (0, 0), green: (1_000, 1) });
    assert_eq!(bench.phase(), "standby");
}

#[test]
fn what_is_bad_on_both_hides_nothing_that_is_bad_for_itself() {
    let checks = r#"{"metric":"error_rate","max_ratio_to_live":1.0},{"metric":"error_rate","max_percent":1.0}"#;
    let worse = BySlot { blue: (9_000, 180), green: (1_000, 40) };
    let mut bench = at("shifting", &format!(r#"{CANARY},"guard":{{"checks":[{checks}]}}"#));
    bench.minutes(5, worse);
    assert_eq!(bench.phase(), "rolling_back");
}

#[test]
fn a_held_deployment_is_not_promoted_by_an_approval_that_times_out() {
    let steps = r#","strategy":{"kind":"steps","steps":[{"weight":10},{"approval":{"within":"10m","else":"promote"}},{"weight":100}]}"#;
    let guard = r#","guard":{"checks":[{"metric":"error_rate","max_percent":1.0}]}"#;
    let mut bench = at("awaiting_approval", &format!("{steps}{guard}"));
    bench.minutes(20, BOTH_BAD);
    assert_eq!((bench.phase(), bench.seen.routing.weight(Slot::Green)), ("awaiting_approval", 10));
    bench.minutes(5, GOOD);
    assert_eq!(bench.phase(), "baking");
}

#[test]
fn resume_frees_what_was_held_because_nobody_could_judge_it() {
    let mut bench = Bench::new(definition_with(&format!(r#"{},"pause_limit":"30m""#, guard("pause", 0))));
    bench.look(&Trigger::DeployRequested(DeployRequest { on_failure: OnFailure::Ask, ..deploy_request("d-1", "v2") }));
    bench.until_phase("shifting");
    bench.minutes(50, QUIET);
    assert!(bench.record.as_ref().unwrap().deployment().unwrap().asking.is_some());
    bench.look(&say(Word::Resume));
    assert!(bench.record.as_ref().unwrap().deployment().unwrap().asking.is_none());
    bench.minutes(5, GOOD);
    assert_eq!(bench.phase(), "baking");
}

#[test]
fn metrics_that_cannot_be_read_are_no_failure_even_where_no_data_is() {
    let mut bench = at("shifting", &guard("fail", 0));
    bench.minutes(5, QUIET);
    bench.seen.traffic = None;
    for _ in 0..10 {
        bench.pass(61);
        bench.beat();
        assert_eq!(bench.phase(), "shifting");
    }
}

#[test]
fn one_missed_health_check_while_a_hook_says_to_wait_is_no_failed_launch() {
    let mut bench = at("verifying", r#","hooks":{"before_traffic":"migrations","within":"1h"}"#);
    for _ in 0..20 {
        bench.answer(ProbeAnswer::Wait);
        bench.pass(60);
    }
    bench.set_health(Slot::Green, TargetHealth::Unhealthy);
    bench.beat();
    bench.pass(10);
    bench.beat();
    assert_eq!(bench.phase(), "verifying");
    bench.set_health(Slot::Green, TargetHealth::Healthy);
    bench.beat();
    bench.answer(ProbeAnswer::Passed);
    assert_eq!(bench.phase(), "shifting");
}

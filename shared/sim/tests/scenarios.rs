//! Every scenario in calm and in bad weather, with a crash at every point, and with deliberate faults
//! of ours, each of which some checker must catch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step is a failed test")]

use std::collections::BTreeSet;

use signalbox_sim::faults::Tampering;
use signalbox_sim::run::{Conditions, Run, run};
use signalbox_sim::scenario::Scenario;

fn assert_holds(scenario: &Scenario, conditions: Conditions) -> Run {
    let run = run(scenario, conditions).unwrap();
    let violations: Vec<String> =
        run.violations.iter().map(|violation| format!("  {} {violation}", violation.at)).collect();
    assert!(
        run.violations.is_empty(),
        "{} ({}), {conditions:?}:\n{}\nit ended so: {}",
        scenario.id,
        scenario.about,
        violations.join("\n"),
        run.end
    );
    run
}

/// In parallel, since each run is a world of its own.
fn in_parallel(work: impl Fn(&Scenario) + Sync) {
    let scenarios = Scenario::all();
    let middle = scenarios.len() / 2;
    std::thread::scope(|scope| {
        for half in [&scenarios[..middle], &scenarios[middle..]] {
            scope.spawn(|| half.iter().for_each(&work));
        }
    });
}

#[test]
fn every_scenario_holds_in_calm_weather() {
    in_parallel(|scenario| {
        for seed in 0..3 {
            assert_holds(scenario, Conditions { seed, ..Conditions::default() });
        }
    });
}

#[test]
fn every_scenario_holds_when_calls_fail_and_functions_die() {
    in_parallel(|scenario| {
        for seed in 0..10 {
            assert_holds(scenario, Conditions { seed, weather: true, ..Conditions::default() });
        }
    });
}

#[test]
fn a_crash_before_or_after_any_effect_ends_in_the_same_place_as_none() {
    in_parallel(|scenario| {
        let calm = assert_holds(scenario, Conditions { seed: 1, ..Conditions::default() });
        for number in 0..calm.effects {
            for after in [false, true] {
                let crashed = Conditions { seed: 1, crash_at: Some((number, after)), ..Conditions::default() };
                let run = assert_holds(scenario, crashed);
                // A race has several fair ends: the crash may let the other one win.
                if scenario.ends_on.len() == 1 {
                    assert_eq!(run.end, calm.end, "{} with a crash at effect {number}, after it: {after}", scenario.id);
                }
            }
        }
    });
}

#[test]
fn every_deliberate_fault_is_caught() {
    for tampering in Tampering::ALL {
        let mut caught_by = BTreeSet::new();
        for scenario in Scenario::all() {
            let conditions = Conditions { seed: 1, tampering: Some(tampering), ..Conditions::default() };
            let violations = run(&scenario, conditions).unwrap().violations;
            caught_by.extend(violations.into_iter().map(|violation| violation.invariant.to_string()));
        }
        println!("{tampering:?} is caught by: {}", caught_by.iter().cloned().collect::<Vec<_>>().join(", "));
        assert!(!caught_by.is_empty(), "nobody caught {tampering:?}");
    }
}

#[test]
fn the_same_conditions_give_the_same_run() {
    for scenario in Scenario::all().into_iter().step_by(7) {
        let tell = |seed| {
            format!(
                "{:?}",
                run(&scenario, Conditions { seed, weather: true, ..Conditions::default() }).unwrap().world.chronicle
            )
        };
        assert_eq!(tell(5), tell(5), "{}", scenario.id);
    }
}

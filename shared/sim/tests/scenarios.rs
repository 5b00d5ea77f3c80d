//! Every scenario in calm and in bad weather, mixtures of everything, a crash at every point, and
//! deliberate faults of ours, each of which its checkers must catch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step is a failed test")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use signalbox_sim::checkers::Invariant;
use signalbox_sim::faults::Tampering;
use signalbox_sim::run::{Conditions, Run, run};
use signalbox_sim::scenario::Scenario;
use signalbox_sim::shrink::shrink;

fn assert_holds(scenario: &Scenario, conditions: &Conditions) -> Run {
    let run = run(scenario, conditions).unwrap();
    let violations: Vec<String> =
        run.violations.iter().map(|violation| format!("  {} {violation}", violation.at)).collect();
    assert!(
        run.violations.is_empty(),
        "{} ({}), {conditions:?}:\n{}\nit ended so: {}\n{}",
        scenario.id,
        scenario.about,
        violations.join("\n"),
        run.end,
        run.timeline(60).join("\n")
    );
    run
}

/// In parallel, since each run is a world of its own.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

#[test]
fn every_scenario_holds_in_calm_weather() {
    in_parallel(&Scenario::all(), |scenario| {
        for seed in 0..3 {
            let run = assert_holds(scenario, &Conditions { seed, ..Conditions::default() });
            // Where nothing fails, nobody is woken twice, although several functions look at once.
            let ids: BTreeSet<&str> = run.world.post.iter().map(|(_, notice)| notice.id.as_str()).collect();
            let dies = run.world.faults.killed_after + run.world.faults.stalled > 0;
            assert!(dies || ids.len() == run.world.post.len(), "{}: a notice was sent twice", scenario.id);
        }
    });
}

#[test]
fn every_scenario_holds_when_calls_fail_and_functions_die() {
    in_parallel(&Scenario::all(), |scenario| {
        for seed in 0..10 {
            assert_holds(scenario, &Conditions { seed, weather: true, ..Conditions::default() });
        }
    });
}

#[test]
fn five_hundred_mixtures_of_everything_hold() {
    let mixture = Scenario::named("MIX").remove(0);
    let seeds: Vec<u64> = (0..500).collect();
    in_parallel(&seeds, |seed| {
        assert_holds(&mixture, &Conditions { seed: *seed, weather: seed % 2 == 1, ..Conditions::default() });
    });
}

#[test]
fn a_crash_before_or_after_any_effect_ends_in_the_same_place_as_none() {
    in_parallel(&Scenario::all(), |scenario| {
        let calm = assert_holds(scenario, &Conditions { seed: 1, ..Conditions::default() });
        for number in 0..calm.effects {
            for after in [false, true] {
                let crashed = Conditions { seed: 1, crash_at: Some((number, after)), ..Conditions::default() };
                let run = assert_holds(scenario, &crashed);
                // A race has several fair ends: the crash may let the other one win.
                if scenario.ends_on.len() == 1 {
                    assert_eq!(
                        run.end,
                        calm.end,
                        "{}: {} with a crash at effect {number}, after it: {after}",
                        Invariant::CrashSafe,
                        scenario.id
                    );
                }
            }
        }
    });
}

/// Each fault of ours, and a checker that must catch it.
const CAUGHT_BY: [(Tampering, Invariant); Tampering::ALL.len()] = [
    (Tampering::DropGuard, Invariant::Terminates),
    (Tampering::SkipPin, Invariant::NoEarlyTeardown),
    (Tampering::KeepPins, Invariant::Terminates),
    (Tampering::SkipSuspend, Invariant::Terminates),
    (Tampering::SkipResume, Invariant::Terminates),
    (Tampering::ActBeforeSave, Invariant::OneOperation),
    (Tampering::IgnoreVersion, Invariant::OneOperation),
    (Tampering::IgnoreStickiness, Invariant::Terminates),
    (Tampering::IgnoreRequests, Invariant::NoEarlyTeardown),
    (Tampering::BelieveOwnWords, Invariant::Terminates),
    (Tampering::TrustEveryTarget, Invariant::Served),
    (Tampering::DropNotices, Invariant::Told),
    (Tampering::ForgetRequests, Invariant::Terminates),
    (Tampering::SkipRelease, Invariant::Terminates),
    (Tampering::GrowTooLittle, Invariant::Terminates),
    (Tampering::TerminateAnother, Invariant::NeverTheLastOne),
    (Tampering::KeepCap, Invariant::Terminates),
    (Tampering::ForgetRungs, Invariant::Terminates),
];

#[test]
fn every_deliberate_fault_is_caught() {
    in_parallel(&CAUGHT_BY, |(tampering, invariant)| {
        let mut caught_by = BTreeSet::new();
        for scenario in Scenario::all() {
            let conditions = Conditions { seed: 1, tampering: Some(*tampering), ..Conditions::default() };
            caught_by
                .extend(run(&scenario, &conditions).unwrap().violations.iter().map(|violation| violation.invariant));
        }
        let names: Vec<String> = caught_by.iter().map(ToString::to_string).collect();
        println!("{tampering:?} is caught by: {}", names.join(", "));
        assert!(caught_by.contains(invariant), "{tampering:?} is not caught by {invariant}, only by {names:?}");
    });
}

#[test]
fn a_failing_run_is_shrunk_to_what_it_takes() {
    let mixture = Scenario::named("MIX").remove(0);
    let tampered = |seed| Conditions {
        seed,
        weather: true,
        tampering: Some(Tampering::TrustEveryTarget),
        ..Conditions::default()
    };
    let failing = (0..200).find(|seed| !run(&mixture, &tampered(*seed)).unwrap().violations.is_empty()).unwrap();
    let whole = mixture.with_seed(failing);
    let shrunk = shrink(&mixture, &tampered(failing)).unwrap().unwrap();
    assert!(shrunk.script.len() <= whole.script.len());
    assert!(!shrunk.run.violations.is_empty());
    assert!(shrunk.went_wrong.len() <= 5, "{:?}", shrunk.went_wrong);
}

#[test]
fn the_same_conditions_give_the_same_run() {
    for scenario in Scenario::all().into_iter().step_by(7) {
        let tell = |seed| {
            let conditions = Conditions { seed, weather: true, ..Conditions::default() };
            format!("{:?}", run(&scenario, &conditions).unwrap().world.chronicle)
        };
        assert_eq!(tell(5), tell(5), "{}", scenario.id);
    }
}

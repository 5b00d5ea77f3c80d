//! A failing run made as small as it gets: lines of its script and faults of its weather are left out,
//! half of them, a quarter, one by one, as long as the same invariant is still violated.

use std::collections::BTreeMap;

use signalbox_domain::text::Malformed;

use crate::checkers::Invariant;
use crate::faults::Wrong;
use crate::run::{Conditions, Run, run};
use crate::scenario::{Line, Scenario};

/// The most runs that shrinking takes; each takes milliseconds.
const MOST_RUNS: usize = 400;

/// The small failing run.
#[derive(Debug)]
pub struct Shrunk {
    /// What of the script it takes.
    pub script: Vec<Line>,
    /// What has to go wrong, by the number of the draw.
    pub went_wrong: BTreeMap<u64, Wrong>,
    /// How it went.
    pub run: Run,
}

/// One thing that may be left out.
#[derive(Clone, Copy)]
enum Part {
    Line(Line),
    Wrong(u64, Wrong),
}

/// Shrinks a failing run; `None` when the same conditions do not fail.
///
/// # Errors
/// Only where a name of the simulation itself is malformed.
pub fn shrink(scenario: &Scenario, conditions: &Conditions) -> Result<Option<Shrunk>, Malformed> {
    let scenario = scenario.with_seed(conditions.seed);
    let failing = run(&scenario, conditions)?;
    let Some(invariant) = failing.violations.first().map(|violation| violation.invariant) else { return Ok(None) };
    let lines = scenario.script.iter().copied().map(Part::Line);
    let wrongs = failing.went_wrong.iter().map(|(number, wrong)| Part::Wrong(*number, *wrong));
    let mut parts: Vec<Part> = lines.chain(wrongs).collect();
    let Some(mut smallest) = attempt(&scenario, conditions, &parts, invariant)? else { return Ok(None) };
    let (mut runs, mut chunk) = (0, parts.len().div_ceil(2));
    while chunk > 0 && runs < MOST_RUNS {
        let mut from = 0;
        let mut smaller = false;
        while from < parts.len() && runs < MOST_RUNS {
            let mut fewer = parts.clone();
            fewer.drain(from..(from + chunk).min(parts.len()));
            runs += 1;
            match attempt(&scenario, conditions, &fewer, invariant)? {
                Some(run) => {
                    (parts, smallest, smaller) = (fewer, run, true);
                }
                None => from += chunk,
            }
        }
        // What was left out may make more superfluous.
        if !(smaller && chunk == 1) {
            chunk /= 2;
        }
    }
    let (script, went_wrong) = split(&parts);
    Ok(Some(Shrunk { script, went_wrong, run: smallest }))
}

/// Runs with these parts alone; the run, if it violates the same invariant.
fn attempt(
    scenario: &Scenario,
    conditions: &Conditions,
    parts: &[Part],
    invariant: Invariant,
) -> Result<Option<Run>, Malformed> {
    let (script, only) = split(parts);
    let scenario = Scenario { script, ..scenario.clone() };
    let run = run(&scenario, &Conditions { only: Some(only), ..conditions.clone() })?;
    let same = run.violations.iter().any(|violation| violation.invariant == invariant);
    Ok(same.then_some(run))
}

fn split(parts: &[Part]) -> (Vec<Line>, BTreeMap<u64, Wrong>) {
    let (mut script, mut wrongs) = (Vec::new(), BTreeMap::new());
    for part in parts {
        match part {
            Part::Line(line) => script.push(*line),
            Part::Wrong(number, wrong) => {
                wrongs.insert(*number, *wrong);
            }
        }
    }
    (script, wrongs)
}

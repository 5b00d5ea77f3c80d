//! `signalbox simulate`: the scenarios with many seeds. On standard output there are no times, so that
//! the same call prints the same bytes; progress goes to standard error.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use signalbox_sim::run::{Conditions, run};
use signalbox_sim::scenario::Scenario;
use signalbox_sim::shrink::shrink;

use crate::show::{self, Problem};

/// A failing run shows at most so many lines of its timeline, the last ones.
const TIMELINE: usize = 40;

#[derive(Args)]
pub(crate) struct Simulate {
    /// The scenario, such as D4, or a row of them, such as D5; without it all of them in turn.
    #[arg(long)]
    scenario: Option<String>,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many runs, with one seed each.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Write the last run, or the first failing one, as a page.
    #[arg(long)]
    report: Option<PathBuf>,
}

/// What a run leaves behind for the output.
#[derive(Default)]
struct Outcome {
    scenario: &'static str,
    seed: u64,
    violations: Vec<String>,
    /// What of the script and of the weather it takes to fail.
    takes: Vec<String>,
    timeline: Vec<String>,
}

impl Outcome {
    fn of(scenario: &Scenario, seed: u64) -> Outcome {
        Outcome { scenario: scenario.id, seed, ..Outcome::default() }
    }
}

impl Simulate {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let scenarios = match &self.scenario {
            None => Scenario::all(),
            Some(id) => Scenario::named(id),
        };
        if scenarios.is_empty() {
            let known: Vec<&str> = Scenario::all().iter().map(|scenario| scenario.id).collect();
            let hint = format!("the scenarios are {}", known.join(", "));
            return Err(Problem::wrong("there is no such scenario", &hint));
        }
        let outcomes = self.run_all(&scenarios);
        let mut violations = 0;
        for outcome in &outcomes {
            violations += outcome.violations.len();
            if !outcome.violations.is_empty() {
                print_failure(outcome);
            }
        }
        if let Some(file) = &self.report {
            let shown = outcomes.iter().find(|outcome| !outcome.violations.is_empty()).or(outcomes.last());
            if let Some(outcome) = shown {
                write_report(outcome, file)?;
            }
        }
        show::line(format!("{} runs, {violations} violations", outcomes.len()));
        Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Each run is a world of its own, so they go side by side; the output keeps their order.
    fn run_all(&self, scenarios: &[Scenario]) -> Vec<Outcome> {
        let next = AtomicU64::new(0);
        let outcomes = Mutex::new(Vec::new());
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= self.seeds {
                            return;
                        }
                        let outcome = one(scenarios, self.seed.wrapping_add(number));
                        if let Ok(mut outcomes) = outcomes.lock() {
                            outcomes.push((number, outcome));
                        }
                        if (number + 1).is_multiple_of(100) {
                            show::progress(format!("{} of {} runs", number + 1, self.seeds));
                        }
                    }
                });
            }
        });
        let mut outcomes = outcomes.into_inner().unwrap_or_default();
        outcomes.sort_by_key(|(number, _)| *number);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// A seed chooses its scenario and its weather, so that it alone replays the run. Half of all seeds
/// are mixtures.
fn one(scenarios: &[Scenario], seed: u64) -> Outcome {
    let named: Vec<&Scenario> = scenarios.iter().filter(|scenario| !scenario.is_mixture()).collect();
    let mixture = scenarios.iter().find(|scenario| scenario.is_mixture());
    let in_turn = || {
        let turn = if mixture.is_some() { seed / 2 } else { seed };
        named.get(usize::try_from(turn % named.len().max(1) as u64).unwrap_or(0)).copied()
    };
    let scenario = mixture.filter(|_| seed.is_multiple_of(2)).or_else(in_turn).or(mixture);
    let Some(scenario) = scenario else { return Outcome::default() };
    let failed = |error: String| Outcome { violations: vec![error], ..Outcome::of(scenario, seed) };
    let run = match run(scenario, &conditions(seed)) {
        Ok(run) => run,
        Err(error) => return failed(error.to_string()),
    };
    if run.violations.is_empty() {
        return Outcome::of(scenario, seed);
    }
    let violations = run.violations.iter().map(|violation| format!("{} {violation}", violation.at)).collect();
    let shrunk = shrink(scenario, &conditions(seed)).ok().flatten();
    let (script, wrong, run) = match &shrunk {
        Some(shrunk) => (&shrunk.script, &shrunk.went_wrong, &shrunk.run),
        None => (&scenario.script, &run.went_wrong, &run),
    };
    let script = script.iter().map(ToString::to_string);
    let wrong = wrong.values().map(|wrong| format!("besides, {wrong}"));
    Outcome {
        violations,
        takes: script.chain(wrong).collect(),
        timeline: run.timeline(TIMELINE),
        ..Outcome::of(scenario, seed)
    }
}

/// One seed in four has calm weather.
fn conditions(seed: u64) -> Conditions {
    Conditions { seed, weather: !(seed / 7).is_multiple_of(4), ..Conditions::default() }
}

fn print_failure(outcome: &Outcome) {
    let Outcome { scenario, seed, violations, takes, timeline } = outcome;
    show::line(format!("{scenario}, seed {seed}:"));
    for violation in violations {
        show::line(format!("  VIOLATION {violation}"));
    }
    show::line("  it takes no more than:");
    for part in takes {
        show::line(format!("    {part}"));
    }
    show::line("  and then goes so:");
    for line in timeline {
        show::line(format!("    {line}"));
    }
    show::line(format!("  replay: signalbox simulate --scenario {scenario} --seed {seed} --seeds 1"));
}

fn write_report(outcome: &Outcome, file: &PathBuf) -> Result<(), Problem> {
    let failed =
        |error: String| Problem::failed(&format!("{} cannot be written", file.display()), error, "give another path");
    let all = Scenario::all();
    let scenario = all.iter().find(|scenario| scenario.id == outcome.scenario);
    let scenario = scenario.ok_or_else(|| failed("the scenario is gone".to_owned()))?;
    let run = run(scenario, &conditions(outcome.seed)).map_err(|error| failed(error.to_string()))?;
    let title = format!("{} with seed {}: {}", scenario.id, outcome.seed, scenario.about);
    let page = signalbox_sim::page::page(&title, &run.world, &run.violations);
    std::fs::write(file, page).map_err(|error| failed(error.to_string()))?;
    show::progress(format!("the report is in {}", file.display()));
    Ok(())
}

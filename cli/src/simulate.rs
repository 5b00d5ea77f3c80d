//! `signalbox simulate`: the scenarios with many seeds. On standard output there are no times, so that
//! the same call prints the same bytes; progress goes to standard error.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use signalbox_sim::run::{Conditions, Run, run};
use signalbox_sim::scenario::Scenario;
use signalbox_sim::world::World;

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
struct Outcome {
    scenario: &'static str,
    seed: u64,
    violations: Vec<String>,
    timeline: Vec<String>,
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

/// A seed chooses its scenario and its weather, so that it alone replays the run.
fn one(scenarios: &[Scenario], seed: u64) -> Outcome {
    let index = usize::try_from(seed % scenarios.len() as u64).unwrap_or(0);
    let scenario = &scenarios[index];
    match run_seed(scenario, seed) {
        Ok(run) => {
            let violations: Vec<String> =
                run.violations.iter().map(|violation| format!("{} {violation}", violation.at)).collect();
            let timeline = if violations.is_empty() { Vec::new() } else { timeline(&run.world) };
            Outcome { scenario: scenario.id, seed, violations, timeline }
        }
        Err(error) => Outcome { scenario: scenario.id, seed, violations: vec![error], timeline: Vec::new() },
    }
}

fn run_seed(scenario: &Scenario, seed: u64) -> Result<Run, String> {
    // One seed in four has calm weather.
    let weather = !(seed / 7).is_multiple_of(4);
    run(scenario, Conditions { seed, weather, ..Conditions::default() }).map_err(|error| error.to_string())
}

fn timeline(world: &World) -> Vec<String> {
    let lines = world.chronicle.iter().map(|(at, what)| format!("{at}  {}", show::happening(what)));
    let lines: Vec<String> = lines.collect();
    lines[lines.len().saturating_sub(TIMELINE)..].to_vec()
}

fn print_failure(outcome: &Outcome) {
    let Outcome { scenario, seed, violations, timeline } = outcome;
    show::line(format!("{scenario}, seed {seed}:"));
    for violation in violations {
        show::line(format!("  VIOLATION {violation}"));
    }
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
    let run = run_seed(scenario, outcome.seed).map_err(failed)?;
    let title = format!("{} with seed {}: {}", scenario.id, outcome.seed, scenario.about);
    let page = signalbox_sim::page::page(&title, &run.world, &run.violations);
    std::fs::write(file, page).map_err(|error| failed(error.to_string()))?;
    show::progress(format!("the report is in {}", file.display()));
    Ok(())
}

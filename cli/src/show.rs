//! What a person sees: one line of what happened, and one of what to do.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what the command is for")]

use std::fmt::Display;
use std::process::ExitCode;

use signalbox_domain::decision::{Answer, Outcome};
use signalbox_domain::record::Record;
use signalbox_sim::world::Happening;

/// What went wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Problem {
    what: String,
    hint: String,
    code: u8,
}

impl Problem {
    /// A call that failed.
    pub(crate) fn failed(what: &str, why: impl Display, hint: &str) -> Problem {
        Problem { what: format!("{what}: {why}"), hint: hint.to_owned(), code: 1 }
    }

    /// Something that was typed or written wrongly.
    pub(crate) fn wrong(what: impl Display, hint: &str) -> Problem {
        Problem { what: what.to_string(), hint: hint.to_owned(), code: 2 }
    }

    /// Something that could not be followed to its end; it goes on all the same.
    pub(crate) fn unknown(what: impl Display, hint: &str) -> Problem {
        Problem { what: what.to_string(), hint: hint.to_owned(), code: 3 }
    }
}

/// Prints a problem.
pub(crate) fn problem(problem: &Problem) -> ExitCode {
    eprintln!("error: {}\nhint: {}", problem.what, problem.hint);
    ExitCode::from(problem.code)
}

/// Prints an answer; a refusal is a failure of the command.
pub(crate) fn answer(answer: &Answer, json: bool) -> ExitCode {
    if json {
        line(serde_json::to_string(answer).unwrap_or_default());
    } else {
        line(format!("{} {}: {}", answer.service, answer.outcome.name(), answer.reason));
        if let (Some(operation), Some(phase)) = (&answer.operation, &answer.phase) {
            line(format!("  operation {operation}, {phase}"));
        }
        for step in answer.plan.iter().flatten() {
            line(format!("  - {step}"));
        }
        if let Some(record) = &answer.record {
            print_record(record);
        }
    }
    match answer.outcome {
        Outcome::Refused => ExitCode::FAILURE,
        Outcome::Accepted | Outcome::Advanced | Outcome::Waiting | Outcome::Idle | Outcome::Ignored => {
            ExitCode::SUCCESS
        }
    }
}

fn print_record(record: &Record) {
    for (slot, release) in record.releases.iter() {
        let release = release.as_ref().map_or("no release", |release| release.as_str());
        let role = match &record.standby {
            _ if slot == record.live => "live".to_owned(),
            Some(standby) if standby.slot == slot => format!("standing by until {:.0}", standby.until),
            Some(_) | None => "idle".to_owned(),
        };
        line(format!("  {slot:<5} {release}, {role}, {} % of the traffic wanted", record.routing.split.weight(slot)));
    }
    if let Some(freeze) = &record.freeze {
        let until = freeze.until.map_or_else(String::new, |until| format!(" until {until:.0}"));
        line(format!("  deployments are frozen{until}: {}", freeze.reason));
    }
    if let Some(hold) = &record.healing.hold {
        line(format!("  no instance is replaced for now: {}", hold.why));
    }
    for (instance, why) in &record.healing.left {
        line(format!("  {instance} is not replaced: {why}"));
    }
    if let Some(queued) = &record.queued {
        line(format!("  {} waits for its turn ({})", queued.request.release, queued.request.id));
    }
    match &record.way_back {
        Some(way_back) => line(format!("  a rollback goes to {way_back}")),
        None => line("  there is no release to roll back to"),
    }
}

/// Something that happened in the simulated cloud, marked where a person did it or was told.
pub(crate) fn happening(what: &Happening) -> String {
    match what {
        Happening::Person(_) => format!("» {what}"),
        Happening::Told(_) => format!("✉ {what}"),
        Happening::Weights(_) | Happening::Healthy(..) | Happening::Alarm(..) => what.to_string(),
    }
}

/// Prints a line of the answer.
pub(crate) fn line(text: impl Display) {
    println!("{text}");
}

/// Prints a line of progress.
pub(crate) fn progress(text: impl Display) {
    eprintln!("{text}");
}

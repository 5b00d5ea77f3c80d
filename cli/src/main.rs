//! `signalbox`: the command for people and pipelines.
//!
//! Exit status: 0 when it was done (or there was nothing to do), 1 when it was refused, failed or
//! rolled back, or when nothing was replaced, 2 when what was typed or written in a file is wrong, 3
//! when what became of a request that was followed could not be learned.

mod billing;
mod command;
mod demo;
mod functions;
mod reports;
mod show;
mod simulate;
mod table;
mod time;

use std::process::ExitCode;

use clap::Parser;

use crate::command::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(problem) => show::problem(&problem),
    }
}

//! `signalbox`: the command for people and pipelines.
//!
//! Exit status: 0 when it was done (or there was nothing to do), 1 when it was refused, failed or
//! rolled back, 2 when what was typed or written in a file is wrong.

mod command;
mod demo;
mod functions;
mod show;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::command::{Cli, Command};
use crate::show::Problem;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Demo { seed } = cli.command {
        return demo::run(seed);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return show::problem(&Problem::failed("cannot start", error, "try again")),
    };
    match runtime.block_on(cli.run()) {
        Ok(code) => code,
        Err(problem) => show::problem(&problem),
    }
}

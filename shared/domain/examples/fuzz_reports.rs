//! Lets invented reports go through the whole of [`signalbox_domain::report`] and says what did not hold:
//! `cargo run --release -p signalbox-domain --example fuzz_reports -- 10000000 [first seed]`. The exit code is 1 where
//! anything did not.

#![allow(clippy::print_stdout, reason = "it is a program for people")]
#![allow(clippy::disallowed_methods, reason = "how long it took is part of what it says")]

#[path = "../tests/machine/invented.rs"]
mod invented;

use std::process::ExitCode;
use std::time::Instant;

use invented::{Chance, Invented, Office, check};
use jiff::{SignedDuration, Timestamp};

/// Most violations that are shown.
const MOST_SHOWN: u64 = 10;
/// How many reports there are between two signs of life.
const PROGRESS: u64 = 250_000;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|number| number.parse::<u64>().ok());
    let (wanted, first) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(0));
    let (mut violations, mut secrets, mut bytes) = (0_u64, 0, 0);
    let mut office = Office::default();
    let begin = Instant::now();
    for seed in first..first + wanted {
        let invented = Invented::by(&mut Chance(seed));
        (secrets, bytes) = (secrets + invented.secrets.len(), bytes + invented.body.len());
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::try_from(seed % 1_000_000_000).unwrap_or(0));
        if let Err(violation) = check(&invented, &mut office, now) {
            violations += 1;
            if violations <= MOST_SHOWN {
                println!("seed {seed}: {violation}");
            }
        }
        let done = seed - first + 1;
        if done % PROGRESS == 0 && done < wanted {
            println!("{done} reports, {:.0} s, {violations} violations", begin.elapsed().as_secs_f64());
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{wanted} reports of {} MB with {secrets} secrets in {seconds:.0} s, {:.0} a second: {violations} violations",
        bytes / 1_000_000,
        f64::from(u32::try_from(wanted).unwrap_or(u32::MAX)) / seconds,
    );
    if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

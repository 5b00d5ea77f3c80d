//! `signalbox demo`: the story of [`signalbox_sim::demo`] as a timeline that a person can follow.
#![expect(clippy::print_stdout, reason = "the timeline is what this command is for")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::spoken;
use signalbox_sim::demo::{Act, Story, play};

use crate::show;
use signalbox_sim::page::page;

/// Cells of the bar that shows the weights.
const BAR: usize = 20;

/// Plays the story, prints it and writes it as a page; fails when the world did not show what the
/// story promises, or when the page that was asked for could not be written.
pub(crate) fn run(seed: u64, report: Option<&Path>) -> ExitCode {
    let story = match play(seed, true) {
        Ok(story) => story,
        Err(error) => {
            println!("the story could not be told: {error}");
            return ExitCode::from(2);
        }
    };
    println!("Signalbox on a simulated cloud, seed {seed}: the production code, virtual time, 20 requests a second.");
    println!("The bar is the traffic as the load balancer's nodes split it: █ blue, ░ green.\n");
    for (number, act) in (1..).zip(&story.acts) {
        print_act(number, act);
    }
    print_summary(&story);
    let file = report.map_or_else(|| default_report(seed), PathBuf::from);
    match write_page(&story, seed, &file) {
        Ok(()) => println!("\nThe whole story as a page, with charts: {}", file.display()),
        Err(error) => {
            println!("\nthe page could not be written to {}: {error}", file.display());
            if report.is_some() {
                return ExitCode::from(2);
            }
        }
    }
    if story.went_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn default_report(seed: u64) -> PathBuf {
    std::env::temp_dir().join(format!("signalbox-demo-{seed}.html"))
}

fn write_page(story: &Story, seed: u64, file: &Path) -> io::Result<()> {
    let title = format!("Signalbox on a simulated cloud, seed {seed}");
    std::fs::write(file, page(&title, &story.world, &story.world.violations))
}

fn print_act(number: usize, act: &Act) {
    println!("Act {number}. {}\n", act.title);
    for line in &act.lines {
        println!("  {}  {}  {}", since(act.began, line.at), bar(line.shares), show::happening(&line.what));
    }
    let verdict =
        if act.failures.is_empty() { "as promised".to_owned() } else { format!("FAILED: {}", act.failures.join("; ")) };
    println!("\n  {} after {}\n", verdict, spoken(act.ended.duration_since(act.began)));
}

fn since(began: Timestamp, at: Timestamp) -> String {
    let seconds = at.duration_since(began).as_secs();
    format!("{:>2}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn bar(shares: BySlot<u8>) -> String {
    let green = (usize::from(shares.green) * BAR).div_ceil(100).min(BAR);
    format!("{}{} {:>3} %", "█".repeat(BAR - green), "░".repeat(green), shares.green)
}

fn print_summary(story: &Story) {
    println!("What the world counted:\n");
    println!("  {:<40} {:>9} {:>8} {:>13}", "act", "requests", "failed", "nobody there");
    for (number, act) in (1..).zip(&story.acts) {
        let title = format!("{number}. {}", act.title);
        println!("  {title:<40} {:>9} {:>8} {:>13}", act.tally.all(), act.tally.failed, act.tally.nobody_there);
    }
    let by_release: Vec<String> =
        story.world.counted.failed_by_release.iter().map(|(release, failed)| format!("{release} {failed}")).collect();
    println!("\n  failed by release: {}", by_release.join(", "));
    println!("  most instances at once: {}", most_instances(story));
}

fn most_instances(story: &Story) -> u32 {
    let healthy =
        story.world.counted.seconds.iter().map(|second| Slot::BOTH.map(|slot| second.healthy[slot]).iter().sum());
    healthy.max().unwrap_or(0)
}

//! Prints how long a fleet is below its capacity with Signalbox and with a group that heals itself, as Markdown:
//! `cargo run -p signalbox-sim --example healing`. Each call prints the same; `docs/replacement.md` quotes it.

#![allow(clippy::print_stdout, reason = "printing is what this is for")]

use signalbox_domain::text::Malformed;
use signalbox_sim::healing::{Ailment, Course, Healer, course};

/// Seeds for each line.
const SEEDS: u64 = 500;

fn main() -> Result<(), Malformed> {
    println!(
        "| fleet | what befalls it | who heals | seconds below capacity: median, 95th percentile | seconds with nobody: median, 95th percentile | instances lost, mean |"
    );
    println!("|---|---|---|---|---|---|");
    for size in [1, 3] {
        for ailment in [Ailment::Dies, Ailment::Ails, Ailment::Passes, Ailment::Everybody] {
            for healer in [Healer::Signalbox, Healer::Group] {
                let courses =
                    (0..SEEDS).map(|seed| course(size, ailment, healer, seed)).collect::<Result<Vec<Course>, _>>()?;
                let of = |value: fn(&Course) -> u64| {
                    let mut values: Vec<u64> = courses.iter().map(value).collect();
                    values.sort_unstable();
                    format!("{}, {}", values[values.len() / 2], values[values.len() * 95 / 100])
                };
                let lost: usize = courses.iter().map(|course| course.lost).sum();
                let mean = u32::try_from(lost).map_or(0.0, f64::from) / 500.0;
                let (below, down) = (of(|course| course.seconds_below), of(|course| course.seconds_down));
                println!("| {size} | {ailment:?} | {healer:?} | {below} | {down} | {mean:.1} |");
            }
        }
    }
    Ok(())
}

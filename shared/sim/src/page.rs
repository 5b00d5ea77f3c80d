//! A history of the simulated world as one HTML page, for a person who was not there: what must not
//! have happened first, then three charts over one time axis, then everything in order.
//!
//! The page needs nothing from outside and reads well without its script, which only adds a read-out
//! of a chosen moment. It is made of four parts:
//!
//! - `axis` counts the time from the beginning.
//! - `charts` draws what the world counted. Shapes stretch with the window and words do not, so that
//!   a phone shows the same page: an SVG holds the shapes, HTML around it holds the words.
//! - `events` lists what happened and what was decided, with the reasons.
//! - `html` makes any text safe to show.

mod axis;
mod charts;
mod events;
mod html;

use axis::Axis;
use html::{count, escape};

use crate::checkers::Violation;
use crate::traffic::Counted;
use crate::world::World;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The world's history with what must not have happened in it, as a page under this title.
#[must_use]
pub fn page(title: &str, world: &World, violations: &[Violation]) -> String {
    let axis = Axis::of(world, violations);
    let rows = events::rows(world, violations);
    [
        head(title),
        format!("<body>\n<main>\n<h1>{}</h1>\n", escape(title)),
        verdict(&axis, violations),
        numbers(&axis, &world.counted),
        charts::section(&axis, world, violations, &rows),
        events::section(&axis, &rows),
        format!("</main>\n<script>\n{}{SCRIPT}</script>\n</body>\n</html>\n", charts::data(&axis, world)),
    ]
    .concat()
}

fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n",
        escape(title)
    )
}

/// What must not have happened, before anything else.
fn verdict(axis: &Axis, violations: &[Violation]) -> String {
    if violations.is_empty() {
        return "<p class=\"verdict good\"><strong>No violations.</strong> Nothing happened that must not happen.</p>\n"
            .to_owned();
    }
    let lines: String = violations
        .iter()
        .map(|violation| {
            format!(
                "<li><time>{}</time> <strong>{}</strong>: {}</li>\n",
                axis.clock(violation.at),
                escape(&violation.invariant.to_string()),
                escape(&violation.what)
            )
        })
        .collect();
    let heading =
        if violations.len() == 1 { "1 violation".to_owned() } else { format!("{} violations", violations.len()) };
    format!(
        "<section class=\"verdict bad\" aria-labelledby=\"violations\">\n\
         <h2 id=\"violations\">{heading}</h2>\n<ul>\n{lines}</ul>\n</section>\n"
    )
}

fn numbers(axis: &Axis, counted: &Counted) -> String {
    let failed: u64 = counted.failed_by_release.values().sum();
    let all = counted.served + failed + counted.nobody_there;
    let by_release: Vec<String> = counted
        .failed_by_release
        .iter()
        .map(|(release, failed)| format!("{release}:\u{a0}{}", count(*failed)))
        .collect();
    let of_all = if all == 0 { String::new() } else { format!("{}\u{a0}%", per_hundred(failed, all)) };
    let nobody = if counted.nobody_there > 0 { "bad" } else { "" };
    let mut cells = String::new();
    for (class, value, name, more) in [
        ("", axis.clock(axis.end()), "of virtual time", String::new()),
        ("", count(all), "requests", String::new()),
        ("", count(failed), "failed", [vec![of_all], by_release].concat().join(" · ")),
        (nobody, count(counted.nobody_there), "found nobody there", String::new()),
    ] {
        cells.push_str(&format!(
            "<div class=\"number {class}\"><dt>{name}</dt><dd>{value}</dd><dd class=\"more\">{}</dd></div>\n",
            escape(&more)
        ));
    }
    format!("<dl class=\"numbers\">\n{cells}</dl>\n")
}

/// A share in percent with two decimals.
fn per_hundred(part: u64, all: u64) -> String {
    let hundredths = (part * 10_000 + all / 2) / all.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests;

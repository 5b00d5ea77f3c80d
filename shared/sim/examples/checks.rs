//! Tries the rule of `guard.checks` on invented releases and prints how often it errs, as Markdown:
//! `cargo run -p signalbox-sim --example checks`. Each call prints the same; `docs/analysis.md` quotes it.

#![allow(clippy::print_stdout, reason = "printing is what this is for")]

use fastrand::Rng;
use signalbox_domain::definition::Check;
use signalbox_domain::observation::Minute;
use signalbox_sim::invented::{End, Invented, step, times};

/// Steps for each figure.
const STEPS: usize = 10_000;
/// How many minutes of a bake of 10 minutes can be judged.
const BAKE: u32 = 7;
/// How long a held step is watched after its bake, in minutes.
const AFTER: u32 = 30;
/// Requests a minute of the whole service, of which the new slot gets this share.
const TRAFFIC: [u32; 4] = [60, 600, 6_000, 60_000];
const SHARE: f64 = 0.1;
/// In percent of the requests.
const LIVE_FAILS: f64 = 0.1;
const MEDIAN_MS: f64 = 80.0;

const BOTH_LIMITS: &str = r#"{"metric":"error_rate","max_percent":1.0,"max_ratio_to_live":2.0,"min_requests":50}"#;
const PERCENT: &str = r#"{"metric":"error_rate","max_percent":1.0,"min_requests":50}"#;
const RATIO: &str = r#"{"metric":"error_rate","max_ratio_to_live":2.0,"min_requests":50}"#;
const AT_ONCE: &str = r#"{"metric":"error_rate","max_percent":1.0,"max_ratio_to_live":2.0}"#;
const SLOW: &str = r#"{"metric":"latency_p95_ms","max_ms":250,"max_ratio_to_live":1.5,"min_requests":50}"#;
const SLOW_LATER: &str = r#"{"metric":"latency_p95_ms","max_ms":250,"max_ratio_to_live":1.5,"min_requests":300}"#;

/// The minutes of one step, new and live.
type Draw = (Vec<Minute>, Vec<Minute>);

fn main() -> Result<(), serde_json::Error> {
    println!(
        "{STEPS} steps for each figure: 10 % of the traffic, a bake of 10 minutes, of which {BAKE} can be judged. A cell says \
         how many of 100 steps were taken back with `failures_allowed` 0 / 1, and in which minute on the median with 0."
    );
    for definition in [BOTH_LIMITS, PERCENT, RATIO] {
        let check = serde_json::from_str(definition)?;
        by_error_rate(definition, |draw, allowed| step(&with(&check, allowed), &draw.0, &draw.1, draw.0.len()));
    }
    by_error_rate("each minute's rate against 1 %, nothing else", |draw, allowed| simplest(&draw.0, 0.01, allowed));
    for definition in [BOTH_LIMITS, AT_ONCE] {
        by_bake(definition, &serde_json::from_str(definition)?);
    }
    by_dependency(&serde_json::from_str(BOTH_LIMITS)?);
    for definition in [SLOW, SLOW_LATER] {
        by_latency(definition, &serde_json::from_str(definition)?);
    }
    Ok(())
}

fn by_error_rate(title: &str, ends: impl Fn(&Draw, u32) -> End + Sync) {
    println!("\n`{title}`, live fails {LIVE_FAILS} %\n");
    head("new fails");
    for percent in [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0] {
        row(&format!("{percent} %"), |traffic| {
            let draws = draws(traffic, [percent, LIVE_FAILS], None, BAKE);
            both_allowances(&draws, &ends)
        });
    }
    row("not enough data", |traffic| {
        let draws = draws(traffic, [LIVE_FAILS; 2], None, BAKE);
        percent(&draws, |draw| ends(draw, 0) == End::NotJudged)
    });
}

/// What a longer bake brings: a good release, and three bad ones.
fn by_bake(title: &str, check: &Check) {
    println!("\n`{title}`: taken back of 100 that fail 0.1 % / 2 % / 5 % / 30 %; not judged\n");
    head("bake, minutes judged");
    for (bake, minutes) in [("5m", 2), ("10m", 7), ("20m", 17), ("60m", 57)] {
        row(&format!("{bake}, {minutes}"), |traffic| {
            let ends = |percent| -> Vec<End> {
                let draws = draws(traffic, [percent, LIVE_FAILS], None, minutes);
                draws.iter().map(|draw| step(check, &draw.0, &draw.1, draw.0.len())).collect()
            };
            let ends = [0.1, 2.0, 5.0, 30.0].map(ends);
            let back = ends.each_ref().map(|ends| percent(ends, is_back)).join(" / ");
            format!("{back}; {}", percent(&ends[0], |end| *end == End::NotJudged))
        });
    }
}

/// A dependency of both slots is bad.
fn by_dependency(check: &Check) {
    println!("\n`{BOTH_LIMITS}`, live fails 6 %: taken back / held / gone on of 100\n");
    head("new fails");
    for new in [6.0, 12.0, 18.0] {
        for (when, minutes) in [("at the end of the bake", BAKE), ("half an hour later", BAKE + AFTER)] {
            row(&format!("{new} %, {when}"), |traffic| {
                let draws = draws(traffic, [new, 6.0], None, minutes);
                let end = |draw: &Draw| step(check, &draw.0, &draw.1, BAKE as usize);
                let ends: Vec<End> = draws.iter().map(end).collect();
                let [back, held] = [percent(&ends, is_back), percent(&ends, |end| *end == End::Held)];
                format!("{back} / {held} / {}", percent(&ends, |end| matches!(end, End::WentOn | End::NotJudged)))
            });
        }
    }
}

fn by_latency(title: &str, check: &Check) {
    println!("\n`{title}`, live has a p95 of 167 ms\n");
    head("new takes");
    for slower in [1.0, 1.3, 2.0, 4.0] {
        row(&format!("{slower} times as long"), |traffic| {
            let draws = draws(traffic, [LIVE_FAILS; 2], Some(slower), BAKE);
            both_allowances(&draws, &|draw, allowed| step(&with(check, allowed), &draw.0, &draw.1, draw.0.len()))
        });
    }
}

/// The simplest rule in use elsewhere: a minute is over the limit or not.
fn simplest(new: &[Minute], limit: f64, allowed: u32) -> End {
    let over = |minute: &Minute| minute.failures as f64 > limit * minute.requests as f64;
    let mut over = new.iter().enumerate().filter(|(_, minute)| over(minute));
    over.nth(allowed as usize).map_or(End::WentOn, |(index, _)| End::TakenBack { minute: index + 1 })
}

/// The steps of a release that fails as often as the first, beside a live one that fails as often as the
/// second, and is so much slower. Every cell has the same seed, and stays what it is when another is added.
fn draws(traffic: u32, failing: [f64; 2], slower: Option<f64>, minutes: u32) -> Vec<Draw> {
    let (mut rng, times) = (Rng::with_seed(1), times(minutes));
    let slot = |share: f64, percent: f64, median_ms| Invented {
        requests: f64::from(traffic) * share,
        failing: percent / 100.0,
        median_ms,
    };
    let new = slot(SHARE, failing[0], slower.map(|factor| factor * MEDIAN_MS));
    let live = slot(1.0 - SHARE, failing[1], slower.map(|_| MEDIAN_MS));
    (0..STEPS).map(|_| (new.minutes(&mut rng, &times), live.minutes(&mut rng, &times))).collect()
}

fn both_allowances(draws: &[Draw], ends: &impl Fn(&Draw, u32) -> End) -> String {
    let strict: Vec<End> = draws.iter().map(|draw| ends(draw, 0)).collect();
    let lenient: Vec<End> = draws.iter().map(|draw| ends(draw, 1)).collect();
    let mut minutes: Vec<usize> = strict.iter().filter_map(minute_of).collect();
    minutes.sort_unstable();
    let median = minutes.get(minutes.len() / 2).map_or(String::new(), |minute| format!(", {minute}"));
    format!("{} / {}{median}", percent(&strict, is_back), percent(&lenient, is_back))
}

fn with(check: &Check, failures_allowed: u32) -> Check {
    Check { failures_allowed, ..check.clone() }
}

fn minute_of(end: &End) -> Option<usize> {
    match end {
        End::TakenBack { minute } => Some(*minute),
        End::Held | End::NotJudged | End::WentOn => None,
    }
}

fn is_back(end: &End) -> bool {
    minute_of(end).is_some()
}

fn percent<T>(of: &[T], counts: impl Fn(&T) -> bool) -> String {
    let count = of.iter().filter(|one| counts(one)).count();
    match 100.0 * count as f64 / of.len() as f64 {
        share if count == 0 || count == of.len() => format!("{share:.0}"),
        // Not rounded to all or nothing, which it is not.
        share => format!("{:.1}", share.clamp(0.1, 99.9)),
    }
}

fn head(what: &str) {
    println!("| {what} | {} |", TRAFFIC.map(|traffic| format!("{traffic} requests/min")).join(" | "));
    println!("|---|{}", "---|".repeat(TRAFFIC.len()));
}

fn row(what: &str, cell: impl Fn(u32) -> String + Sync) {
    let cells = std::thread::scope(|scope| {
        let cells = TRAFFIC.map(|traffic| {
            scope.spawn({
                let cell = &cell;
                move || cell(traffic)
            })
        });
        cells.map(|cell| cell.join().unwrap_or_default())
    });
    println!("| {what} | {} |", cells.join(" | "));
}

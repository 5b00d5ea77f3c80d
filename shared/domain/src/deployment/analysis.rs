//! Whether a check of `guard.checks` holds, by the minutes of one step: pure arithmetic, so that it can
//! be tried on a million invented releases. `docs/analysis.md` shows how often it errs.
//!
//! What is judged is the step so far, all its closed minutes together, anew with each minute. A release
//! is not blamed for bad luck: it fails when what was seen would be seen less than once in
//! [`CHANCES`] times of a release that is exactly at its limit.
//!
//! - `error_rate` against `max_percent`: failures among requests are counted as a binomial
//!   distribution has them, and its upper tail at the limit decides.
//! - `error_rate` against `max_ratio_to_live`: given all failures of both slots over the same minutes,
//!   each would have hit the new slot with a known probability if it were exactly at the limit; again
//!   the upper tail of a binomial distribution decides. This is the conditional test of two rates
//!   ([Przyborowski and Wilenski](https://doi.org/10.1093/biomet/31.3-4.313), 1940). It needs no failure on the live slot, whose
//!   rate is often nothing.
//! - `latency_p95_ms`: percentiles of different minutes cannot be added up, so each minute is held
//!   against the limit, and the check fails when most of them, and at least two, are over it.
//!
//! When the live slot breaks an absolute limit over the same minutes and the new one is no worse, it is
//! not the release.

use crate::definition::{Check, CheckMetric};
use crate::observation::Minute;

/// A release exactly at its limit fails one judgement of so many.
pub const CHANCES: f64 = 100.0;
/// Two slots are equally faulty when the new one does not fail more than so many times as often as the
/// live one, where the check has no ratio of its own.
const EQUALLY_FAULTY: f64 = 1.5;
/// Two slots are equally slow when neither is slower than the other by more than this factor.
const EQUALLY_SLOW: f64 = 1.25;

/// So many minutes of latency are judged together at least: one alone may be anything.
const LEAST_MINUTES: usize = 2;

/// What the minutes of a step say of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Too few requests to say anything.
    NoData {
        /// How many there were.
        requests: u64,
    },
    /// It holds.
    Holds,
    /// It does not.
    Fails {
        /// What was measured, and what it should have been.
        what: String,
    },
    /// It does not, and the live slot is as bad: it is not the release.
    FailsOnBoth {
        /// What was measured on both.
        what: String,
    },
}

/// Judges the new slot's minutes by one check, beside the live slot's same minutes.
#[must_use]
pub fn judge(check: &Check, new: &[Minute], live: &[Minute]) -> Verdict {
    let requests = Counts::of(new).requests;
    if requests < check.least() {
        return Verdict::NoData { requests };
    }
    match check.metric {
        CheckMetric::Requests => Verdict::Holds,
        CheckMetric::ErrorRate => judge_errors(check, Counts::of(new), Counts::of(live)),
        CheckMetric::LatencyP95Ms => judge_latency(check, new, live),
    }
}

/// Whether the live slot is within the check's absolute limit: until it is, a release that is held since
/// both slots are equally bad is held on.
#[must_use]
pub fn live_is_well(check: &Check, live: &[Minute]) -> bool {
    match check.metric {
        CheckMetric::Requests => true,
        CheckMetric::ErrorRate => check.max_percent.is_none_or(|limit| Counts::of(live).rate() <= limit.0 / 100.0),
        CheckMetric::LatencyP95Ms => check.max_ms.is_none_or(|limit| {
            let known: Vec<u32> = live.iter().filter_map(|minute| minute.p95_ms).collect();
            known.iter().filter(|p95| **p95 > limit).count() * 2 <= known.len()
        }),
    }
}

#[derive(Clone, Copy)]
struct Counts {
    requests: u64,
    failures: u64,
}

impl Counts {
    fn of(minutes: &[Minute]) -> Counts {
        let requests = minutes.iter().map(|minute| minute.requests).sum();
        let failures: u64 = minutes.iter().map(|minute| minute.failures).sum();
        // A refused connection may be counted as a failure and tried again on another target.
        Counts { requests, failures: failures.min(requests) }
    }

    fn rate(self) -> f64 {
        if self.requests == 0 { 0.0 } else { float(self.failures) / float(self.requests) }
    }
}

fn judge_errors(check: &Check, new: Counts, live: Counts) -> Verdict {
    let percent = |counts: Counts| format!("{:.2} %", counts.rate() * 100.0);
    let live_counts = live.requests >= check.least();
    if let Some(limit) = check.max_percent {
        let most = limit.0 / 100.0;
        if new.rate() > most && tail(new.requests, new.failures, most) < 1.0 / CHANCES {
            let of = format!("{} of {} requests failed", new.failures, new.requests);
            let as_bad = check.max_ratio_to_live.map_or(EQUALLY_FAULTY, |ratio| ratio.0);
            if live_counts && live.rate() > most && !is_worse(new, live, as_bad) {
                let what = format!("{of} ({}), and {} on the live slot", percent(new), percent(live));
                return Verdict::FailsOnBoth { what };
            }
            return Verdict::Fails { what: format!("{of} ({}), which is more than {} %", percent(new), limit.0) };
        }
    }
    let Some(ratio) = check.max_ratio_to_live else { return Verdict::Holds };
    if !live_counts {
        // Nothing to compare with: where that is all there is to the check, nothing is known.
        return match check.max_percent {
            Some(_) => Verdict::Holds,
            None => Verdict::NoData { requests: live.requests },
        };
    }
    if is_worse(new, live, ratio.0) {
        let what = format!(
            "{} of {} requests failed ({}), which is more than {} times the live slot's {}",
            new.failures,
            new.requests,
            percent(new),
            ratio.0,
            percent(live)
        );
        return Verdict::Fails { what };
    }
    Verdict::Holds
}

/// Whether the new slot fails more than `ratio` times as often as the live one, and not by chance.
fn is_worse(new: Counts, live: Counts, ratio: f64) -> bool {
    let expected = ratio * float(new.requests);
    let share = expected / (expected + float(live.requests));
    new.rate() > ratio * live.rate() && tail(new.failures + live.failures, new.failures, share) < 1.0 / CHANCES
}

fn judge_latency(check: &Check, new: &[Minute], live: &[Minute]) -> Verdict {
    let pairs: Vec<(u32, Option<u32>)> = new
        .iter()
        .filter_map(|minute| {
            let same = live.iter().find(|other| other.at == minute.at).and_then(|other| other.p95_ms);
            Some((minute.p95_ms?, same))
        })
        .collect();
    let most = |count: usize, of: usize| count * 2 > of;
    if pairs.len() < LEAST_MINUTES {
        return Verdict::NoData { requests: Counts::of(new).requests };
    }
    if let Some(limit) = check.max_ms {
        let over: Vec<u32> = pairs.iter().map(|(new, _)| *new).filter(|new| *new > limit).collect();
        if most(over.len(), pairs.len()) {
            let as_slow = |(new, live): &&(u32, Option<u32>)| {
                live.is_some_and(|live| live > limit && f64::from(*new) <= f64::from(live) * EQUALLY_SLOW)
            };
            let of = format!(
                "the 95th percentile was {} ms or more in {} of {} minutes",
                over.iter().min().copied().unwrap_or(limit),
                over.len(),
                pairs.len()
            );
            if most(pairs.iter().filter(as_slow).count(), pairs.len()) {
                return Verdict::FailsOnBoth { what: format!("{of}, and the live slot is as slow") };
            }
            return Verdict::Fails { what: format!("{of}, which is more than {limit} ms") };
        }
    }
    let Some(ratio) = check.max_ratio_to_live else { return Verdict::Holds };
    let both: Vec<(u32, u32)> = pairs.iter().filter_map(|(new, live)| Some((*new, (*live)?))).collect();
    if both.is_empty() {
        return match check.max_ms {
            Some(_) => Verdict::Holds,
            None => Verdict::NoData { requests: 0 },
        };
    }
    let slower = both.iter().filter(|(new, live)| f64::from(*new) > f64::from(*live) * ratio.0).count();
    if most(slower, both.len()) {
        let what = format!(
            "the 95th percentile was more than {} times the live slot's in {slower} of {} minutes",
            ratio.0,
            both.len()
        );
        return Verdict::Fails { what };
    }
    Verdict::Holds
}

/// The probability of `least` or more successes in `trials`, each with `chance`. Exact but for rounding.
fn tail(trials: u64, least: u64, chance: f64) -> f64 {
    if least == 0 || chance >= 1.0 {
        return 1.0;
    }
    if chance <= 0.0 || least > trials {
        return 0.0;
    }
    let (n, k) = (float(trials), float(least));
    let ways = ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    let mut term = (ways + k * chance.ln() + (n - k) * (-chance).ln_1p()).exp();
    let odds = chance / (1.0 - chance);
    let (mut sum, mut successes) = (term, k);
    // From above the expected number on, each term is smaller than the one before.
    while successes < n && term > sum * 1e-12 {
        term *= (n - successes) / (successes + 1.0) * odds;
        successes += 1.0;
        sum += term;
    }
    sum.min(1.0)
}

/// By Stirling's series, whose error at 10 is below 1e-10; smaller ones are multiplied out.
fn ln_factorial(n: f64) -> f64 {
    let mut x = n + 1.0;
    let mut below = 0.0;
    while x < 10.0 {
        below += x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1_260.0 * x.powi(5));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - below
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests stay far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_the_binomial_distribution() {
        // 10 throws of a coin: 1 - (1 + 10 + 45) / 1024 for three heads or more.
        for (trials, least, chance, right) in [
            (10, 3, 0.5, 968.0 / 1_024.0),
            (10, 10, 0.5, 1.0 / 1_024.0),
            (50, 3, 0.01, 0.013_817_3),
            (50, 0, 0.01, 1.0),
            (3, 4, 0.5, 0.0),
            (7, 1, 0.0, 0.0),
            // Poisson with 10, 20 or more.
            (1_000_000, 20, 0.000_01, 0.003_454),
        ] {
            let is = tail(trials, least, chance);
            assert!((is - right).abs() < 1e-6, "{trials}, {least}, {chance}: {is} is not {right}");
        }
    }
}

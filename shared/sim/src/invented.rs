//! Invented releases, minute by minute, to try the rule of `guard.checks` on. The rule is the one in
//! production, [`judge`]; around it is what a step makes of its verdicts, for one check and without the
//! rest of a deployment. `cargo run -p signalbox-sim --example checks` prints how often it errs.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Check;
use signalbox_domain::deployment::analysis::{Verdict, judge, live_is_well};
use signalbox_domain::observation::Minute;

/// Above this mean, a count is drawn by the normal distribution with the same mean and variance.
const MANY: f64 = 200.0;
/// How narrow response times are: 1 / this is the scale of their logarithms, as wide as a standard
/// deviation of 0.45.
const NARROW: f64 = 4.0;

/// What one slot is like.
#[derive(Clone, Copy, Debug)]
pub struct Invented {
    /// Requests a minute, on average; each minute has its own number, by a Poisson distribution.
    pub requests: f64,
    /// The share of them that fails, 0 to 1, each by itself.
    pub failing: f64,
    /// The median response time in milliseconds. Response times are log-logistic: like a lognormal
    /// distribution with a heavier tail, and with percentiles that can be drawn without each request.
    /// None leaves them out.
    pub median_ms: Option<f64>,
}

impl Invented {
    /// What it does in these minutes.
    pub fn minutes(&self, rng: &mut Rng, times: &[Timestamp]) -> Vec<Minute> {
        times
            .iter()
            .map(|&at| {
                let requests = poisson(rng, self.requests);
                Minute {
                    at,
                    requests,
                    failures: binomial(rng, requests, self.failing),
                    p95_ms: self.p95_ms(rng, requests),
                }
            })
            .collect()
    }

    /// The 95th percentile of so many response times. That of uniform numbers has a beta distribution,
    /// which is had from two gamma distributions.
    fn p95_ms(&self, rng: &mut Rng, requests: u64) -> Option<u32> {
        let median_ms = self.median_ms.filter(|_| requests > 0)?;
        let rank = (requests * 95).div_ceil(100);
        let odds = gamma(rng, rank as f64) / gamma(rng, (requests - rank + 1) as f64);
        Some((median_ms * odds.powf(1.0 / NARROW)) as u32)
    }
}

/// The first minutes there ever were.
#[must_use]
pub fn times(count: u32) -> Vec<Timestamp> {
    (0..count).map(|index| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(index.into())).collect()
}

/// How a step ended, or how it stood when the minutes were over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The check failed more often than it may, in so many minutes.
    TakenBack {
        /// The minute of the step, from 1.
        minute: usize,
    },
    /// Both slots are equally bad.
    Held,
    /// There was not enough to judge by. What that means is for `on_no_data` to say.
    NotJudged,
    /// It was judged, and is no reason to go back.
    WentOn,
}

/// Judges a step anew with each of its minutes, as a deployment does. Minutes after its `bake` count only
/// for as long as it is held.
#[must_use]
pub fn step(check: &Check, new: &[Minute], live: &[Minute], bake: usize) -> End {
    let (mut from, mut failed, mut judged, mut held) = (0, 0, false, false);
    for minute in 1..=new.len().min(live.len()) {
        match judge(check, &new[from..minute], &live[from..minute]) {
            Verdict::NoData { .. } => {}
            Verdict::Holds => (judged, held) = (true, held && !live_is_well(check, &live[from..minute])),
            Verdict::Fails { .. } => {
                (failed, judged, held) = (failed + 1, true, false);
                if failed > check.failures_allowed {
                    return End::TakenBack { minute };
                }
            }
            // What was measured until now says nothing of the release.
            Verdict::FailsOnBoth { .. } => (from, failed, judged, held) = (minute, 0, false, true),
        }
        if minute >= bake && !held {
            break;
        }
    }
    match (held, judged) {
        (true, _) => End::Held,
        (false, true) => End::WentOn,
        (false, false) => End::NotJudged,
    }
}

fn poisson(rng: &mut Rng, mean: f64) -> u64 {
    if mean > MANY {
        return about(rng, mean, mean);
    }
    let (end, mut product, mut count) = ((-mean).exp(), rng.f64(), 0);
    while product > end {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// Jumps from success to success, unless there are many.
fn binomial(rng: &mut Rng, trials: u64, chance: f64) -> u64 {
    if chance <= 0.0 {
        return 0;
    }
    let mean = trials as f64 * chance;
    if mean > MANY {
        return about(rng, mean, mean * (1.0 - chance)).min(trials);
    }
    let (mut at, mut successes) = (0, 0);
    loop {
        // As a float it is cut off at the largest integer.
        let failures = ((1.0 - rng.f64()).ln() / (-chance).ln_1p()) as u64;
        at = failures.saturating_add(at).saturating_add(1);
        if at > trials {
            return successes;
        }
        successes += 1;
    }
}

fn about(rng: &mut Rng, mean: f64, variance: f64) -> u64 {
    (mean + variance.sqrt() * normal(rng)).round().max(0.0) as u64
}

/// By Box and Muller's transform.
fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (2.0 * std::f64::consts::PI * rng.f64()).cos()
}

/// By Marsaglia and Tsang's method, for a shape of 1 or more.
fn gamma(rng: &mut Rng, shape: f64) -> f64 {
    let d = shape.max(1.0) - 1.0 / 3.0;
    loop {
        let x = normal(rng);
        let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && (1.0 - rng.f64()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_has_its_mean_and_spread() {
        let mut rng = Rng::with_seed(1);
        for (requests, failing) in [(6.0, 0.3), (540.0, 0.01), (5_400.0, 0.001), (5_400.0, 0.3)] {
            let minutes = Invented { requests, failing, median_ms: None }.minutes(&mut rng, &times(20_000));
            let mean = |of: &dyn Fn(&Minute) -> f64| minutes.iter().map(of).sum::<f64>() / 20_000.0;
            let drawn = mean(&|minute| minute.requests as f64);
            let variance = mean(&|minute| (minute.requests as f64 - drawn).powi(2));
            let failures = mean(&|minute| minute.failures as f64);
            assert!((drawn / requests - 1.0).abs() < 0.02, "{requests} requests: {drawn}");
            assert!((variance / requests - 1.0).abs() < 0.05, "{requests} requests: {variance}");
            assert!((failures / requests / failing - 1.0).abs() < 0.03, "{requests}, {failing}: {failures}");
        }
        // 80 ms · 19^(1/4), where 19 are the odds of 95 %.
        let minutes =
            Invented { requests: 5_400.0, failing: 0.0, median_ms: Some(80.0) }.minutes(&mut rng, &times(2_000));
        let p95 = minutes.iter().filter_map(|minute| minute.p95_ms).map(f64::from).sum::<f64>() / 2_000.0;
        assert!((p95 - 167.0).abs() < 1.0, "{p95}");
    }
}

//! How often the rule of `guard.checks` errs, on invented releases at every traffic. The figures are in
//! `docs/analysis.md`; these are the bounds that it must not leave.

use fastrand::Rng;
use signalbox_domain::definition::{Check, CheckMetric, Limit};
use signalbox_sim::invented::{End, Invented, step, times};

const STEPS: u32 = 2_000;
/// Minutes that can be judged in a bake of 10 minutes.
const BAKE: u32 = 7;
/// Requests a minute of the whole service, of which the new slot gets a tenth.
const TRAFFIC: [f64; 4] = [60.0, 600.0, 6_000.0, 60_000.0];

fn error_rate() -> Check {
    Check {
        metric: CheckMetric::ErrorRate,
        max_percent: Some(Limit(1.0)),
        max_ms: None,
        max_ratio_to_live: Some(Limit(2.0)),
        min_requests: 50,
        failures_allowed: 0,
    }
}

fn latency() -> Check {
    Check {
        metric: CheckMetric::LatencyP95Ms,
        max_percent: None,
        max_ms: Some(250),
        max_ratio_to_live: Some(Limit(1.5)),
        min_requests: 300,
        failures_allowed: 0,
    }
}

/// A release that fails so many percent and takes so many times as long, beside a live one.
struct Beside {
    new: f64,
    live: f64,
    slower: f64,
}

impl Beside {
    fn failing(new: f64, live: f64) -> Beside {
        Beside { new, live, slower: 1.0 }
    }

    fn slower(slower: f64) -> Beside {
        Beside { new: 0.1, live: 0.1, slower }
    }

    /// In percent of the steps, how often it ends so.
    fn ends(&self, check: &Check, traffic: f64, counts: impl Fn(End) -> bool) -> f64 {
        let (mut rng, times) = (Rng::with_seed(7), times(BAKE));
        let slot = |share: f64, percent: f64, slower: f64| Invented {
            requests: traffic * share,
            failing: percent / 100.0,
            median_ms: Some(80.0 * slower),
        };
        let (new, live) = (slot(0.1, self.new, self.slower), slot(0.9, self.live, 1.0));
        let mut end = || step(check, &new.minutes(&mut rng, &times), &live.minutes(&mut rng, &times), times.len());
        let count: u32 = (0..STEPS).map(|_| u32::from(counts(end()))).sum();
        100.0 * f64::from(count) / f64::from(STEPS)
    }

    fn taken_back(&self, check: &Check, traffic: f64) -> f64 {
        self.ends(check, traffic, |end| matches!(end, End::TakenBack { .. }))
    }
}

#[test]
fn a_good_release_is_hardly_ever_taken_back_by_chance() {
    for check in [error_rate(), latency(), Check { min_requests: 0, ..error_rate() }] {
        for traffic in TRAFFIC {
            let back = Beside::failing(0.1, 0.1).taken_back(&check, traffic);
            assert!(back < 1.0, "{check:?} takes back {back} % at {traffic} requests a minute");
        }
    }
}

#[test]
fn a_release_at_its_limit_is_given_the_benefit_of_the_doubt() {
    let alone = Check { max_ratio_to_live: None, ..error_rate() };
    for traffic in TRAFFIC {
        // One judgement of a hundred fails, and there are seven, which are not independent.
        for (check, at_its_limit) in [(&alone, 1.0), (&error_rate(), 0.2)] {
            let back = Beside::failing(at_its_limit, 0.1).taken_back(check, traffic);
            assert!(back < 7.0, "{check:?} takes back {back} % at {traffic} requests a minute");
        }
    }
}

#[test]
fn a_release_five_times_over_the_limit_is_caught_where_there_is_traffic() {
    for traffic in &TRAFFIC[1..] {
        let back = Beside::failing(5.0, 0.1).taken_back(&error_rate(), *traffic);
        assert!(back > 99.0, "{back} % at {traffic} requests a minute");
    }
}

#[test]
fn a_release_that_is_twice_as_slow_is_caught_where_there_is_traffic() {
    for traffic in &TRAFFIC[1..] {
        let back = Beside::slower(2.0).taken_back(&latency(), *traffic);
        assert!(back > 99.0, "{back} % at {traffic} requests a minute");
    }
}

#[test]
fn a_bad_dependency_is_not_blamed_on_the_release() {
    for traffic in TRAFFIC {
        let back = Beside::failing(6.0, 6.0).taken_back(&error_rate(), traffic);
        assert!(back < 1.0, "{back} % at {traffic} requests a minute");
    }
    for traffic in &TRAFFIC[2..] {
        let held = Beside::failing(6.0, 6.0).ends(&error_rate(), *traffic, |end| end == End::Held);
        assert!(held > 99.0, "{held} % at {traffic} requests a minute");
    }
}

#[test]
fn a_release_much_worse_than_a_bad_dependency_is_still_caught() {
    for traffic in &TRAFFIC[2..] {
        let back = Beside::failing(18.0, 6.0).taken_back(&error_rate(), *traffic);
        assert!(back > 99.0, "{back} % at {traffic} requests a minute");
    }
}

#[test]
fn too_few_requests_are_no_verdict() {
    for failing in [0.1, 30.0] {
        let silent = Beside::failing(failing, 0.1).ends(&error_rate(), TRAFFIC[0], |end| end == End::NotJudged);
        // Seven minutes with six requests each are mostly fewer than 50.
        assert!((80.0..95.0).contains(&silent), "{silent} %, failing {failing} %");
    }
}

//! Time since the beginning: one axis for everything on the page.

use jiff::{SignedDuration, Timestamp};

use crate::checkers::Violation;
use crate::world::World;

/// How many ticks an axis may carry, so that their labels fit on a phone.
const MOST_TICKS: i64 = 7;
/// The distances between ticks that people can read, in seconds.
const STEPS: [i64; 12] = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/// From the first thing that is known of a world to the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    began: Timestamp,
    ended: Timestamp,
}

impl Axis {
    pub(super) fn of(world: &World, violations: &[Violation]) -> Axis {
        let seconds = &world.counted.seconds;
        // What is counted at a second happened in the second before it.
        let measured_from = seconds.first().map(|second| second.at - SignedDuration::from_secs(1));
        let measured_to = seconds.last().map(|second| second.at);
        let times = || {
            let measured = [measured_from, measured_to].into_iter().flatten();
            let happened = world.chronicle.iter().map(|(at, _)| *at);
            let decided = world.table.decisions.iter().map(|(_, decision)| decision.at);
            let violated = violations.iter().map(|violation| violation.at);
            measured.chain(happened).chain(decided).chain(violated)
        };
        let began = times().min().unwrap_or(world.now);
        Axis { began, ended: times().max().unwrap_or(began) }
    }

    /// When it ends.
    pub(super) fn end(&self) -> Timestamp {
        self.ended
    }

    /// Whole seconds since the beginning.
    pub(super) fn second(&self, at: Timestamp) -> i64 {
        at.duration_since(self.began).as_secs().max(0)
    }

    /// How long it is in seconds, at least one, so that there is something to divide by.
    pub(super) fn length_seconds(&self) -> i64 {
        self.second(self.ended).max(1)
    }

    /// The time since the beginning as `h:mm:ss`.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        clock(self.second(at))
    }

    /// A second's place from the left, in percent, as CSS wants it.
    pub(super) fn left(&self, second: i64) -> String {
        let hundredths = second * 10_000 / self.length_seconds();
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    }

    /// The seconds that get a tick.
    pub(super) fn ticks(&self) -> Vec<i64> {
        let length = self.length_seconds();
        let longest = STEPS[STEPS.len() - 1];
        let days = (length / (longest * MOST_TICKS) + 1) * longest;
        let step = STEPS.into_iter().find(|step| length / step <= MOST_TICKS).unwrap_or(days);
        (0..=length / step).map(|tick| tick * step).collect()
    }
}

/// Seconds as `h:mm:ss`.
pub(super) fn clock(seconds: i64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Seconds as `h:mm`.
pub(super) fn short_clock(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 3_600, seconds / 60 % 60)
}

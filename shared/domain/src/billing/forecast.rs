//! What the month is going to come to: a straight line through the readings so far.

use jiff::Timestamp;

use super::calendar::MonthName;
use super::charges::Charge;
use crate::money::Cents;

/// Fewer readings than this say nothing of a line: two of them fix it, and the others say how well it fits.
const FEWEST: usize = 6;
/// Readings that span less than this share of the month say nothing of its end.
const SHORTEST_SHARE: f64 = 0.1;
/// Two standard errors: the end of the month is within them in about 19 of 20 cases.
const WIDTH: f64 = 2.0;

/// A forecast of the month's total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The total.
    pub total: Cents,
    /// So much more or less, in about 19 of 20 cases, if charges go on as they did.
    pub error: Cents,
}

impl Forecast {
    /// The least that it is likely to be.
    #[must_use]
    pub fn least(self) -> Cents {
        Cents(self.total.0 - self.error.0)
    }
}

impl std::fmt::Display for Forecast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} +/- {}", self.total, self.error)
    }
}

/// Least squares over the readings of the month, and the error of a prediction by it; `None` where there
/// are too few of them, or they are too close together.
#[must_use]
pub fn forecast(readings: &[Charge], month: MonthName) -> Option<Forecast> {
    let length = share_of(month, month.ended())?;
    let points: Vec<(f64, f64)> =
        readings.iter().filter_map(|charge| Some((share_of(month, charge.at)?, charge.total.dollars()))).collect();
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < FEWEST || last.0 - first.0 < SHORTEST_SHARE * length {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a month has a few hundred readings")]
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    let slope = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum::<f64>() / spread;
    let at = |x: f64| y_mean + slope * (x - x_mean);
    let variance = points.iter().map(|(x, y)| (y - at(*x)).powi(2)).sum::<f64>() / (count - 2.0);
    let error = (variance * (1.0 + 1.0 / count + (length - x_mean).powi(2) / spread)).sqrt();
    // What was charged is not given back.
    let total = Cents::from_dollars(at(length).max(last.1))?;
    Some(Forecast { total, error: Cents::from_dollars(WIDTH * error)? })
}

/// How far into the month this is, in days.
fn share_of(month: MonthName, at: Timestamp) -> Option<f64> {
    let seconds = at.duration_since(month.began()).as_secs_f64();
    (seconds >= 0.0).then_some(seconds / 86_400.0)
}

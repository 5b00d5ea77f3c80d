//! Times that people give.

use jiff::Timestamp;

/// A time, such as `2026-11-30T07:00:00Z`.
pub(crate) fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "give a date and a time with its zone, such as 2026-11-30T07:00:00Z")
}

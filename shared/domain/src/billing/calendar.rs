//! Calendar months, as AWS bills.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil};
use serde::{Deserialize, Serialize};

use crate::text::Malformed;

/// A calendar month, UTC, as AWS bills: written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthName(civil::Date);

impl MonthName {
    /// The month that this time is in.
    #[must_use]
    pub fn of(at: Timestamp) -> MonthName {
        MonthName(at.to_zoned(TimeZone::UTC).date().first_of_month())
    }

    /// The month before.
    #[must_use]
    pub fn before(self) -> MonthName {
        MonthName(self.0.saturating_sub(1.month()))
    }

    /// When it began.
    #[must_use]
    pub fn began(self) -> Timestamp {
        start(self.0)
    }

    /// When it ends.
    #[must_use]
    pub fn ended(self) -> Timestamp {
        start(self.0.saturating_add(1.month()))
    }

    /// As people say it: `November 2026`.
    #[must_use]
    pub fn spoken(self) -> String {
        self.0.strftime("%B %Y").to_string()
    }
}

fn start(of: civil::Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(of.into()).unwrap_or(Timestamp::MAX)
}

impl fmt::Display for MonthName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m"))
    }
}

impl FromStr for MonthName {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let first: Option<civil::Date> = format!("{text}-01").parse().ok();
        first.map(MonthName).ok_or_else(|| Malformed("a month is written like 2026-11".to_owned()))
    }
}

impl TryFrom<String> for MonthName {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<MonthName> for String {
    fn from(month: MonthName) -> String {
        month.to_string()
    }
}

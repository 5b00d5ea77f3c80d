//! Freeze windows: hours of the week in which no deployment begins, by the clocks of a time zone.
//!
//! A window begins on each of its days at `from` and ends at `to`: on the next day, when `to` is not
//! later than `from`. Both are what the clocks there show, in summer as in winter. On the two days
//! when they change, a time that they skip is later by as much as they skip, and of a time that they
//! show twice the first counts.
//!
//! The zones are compiled in: a decision must not depend on what the machine knows of them.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;

/// How many windows a definition may have.
pub(super) const MOST: usize = 20;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Hours of the week in which no deployment begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreezeWindow {
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// When it begins, by the clocks of its zone.
    pub from: Time,
    /// When it ends, by the same clocks; on the next day, when that is not later.
    pub to: Time,
    /// Whose clocks count.
    pub zone: TimeZone,
    /// Why there is such a window.
    pub reason: Option<String>,
}

impl FreezeWindow {
    /// When it closes, if it is open `now`.
    #[must_use]
    pub fn closes(&self, now: Timestamp) -> Option<Timestamp> {
        let today = self.zone.to_datetime(now).date();
        let open = |day: Date| self.beginning_on(day).filter(|(from, to)| (*from..*to).contains(&now));
        [today.yesterday().ok(), Some(today)].into_iter().flatten().filter_map(open).map(|(_, to)| to).max()
    }

    /// The moments at which it opens and closes, if it begins on this day.
    fn beginning_on(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.days.contains(&day.weekday()) {
            return None;
        }
        let last = if self.to > self.from { day } else { day.tomorrow().ok()? };
        let at = |day: Date, time| self.zone.to_timestamp(day.to_datetime(time)).ok();
        Some((at(day, self.from)?, at(last, self.to)?))
    }
}

/// When none of them is open any more, if one is `now`: where one closes another may be open. Windows
/// that leave no gap in a week never leave one, so that is as far as it looks.
pub(crate) fn all_closed(windows: &[FreezeWindow], now: Timestamp) -> Option<Timestamp> {
    let next = |now| windows.iter().filter_map(|window| window.closes(now)).max();
    std::iter::successors(next(now), |closed| next(*closed)).take(MOST * DAYS.len()).last()
}

/// A window as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreezeWindowDocument {
    days: Vec<String>,
    from: String,
    to: String,
    zone: String,
    #[serde(default)]
    reason: Option<String>,
}

impl FreezeWindowDocument {
    pub(super) fn check(self) -> Result<FreezeWindow, Mistake> {
        let days = days(&self.days)?;
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        if from == to {
            return Err(Mistake::at(
                "to",
                "must not be the same as from; a whole day is two windows, 00:00 to 12:00 and 12:00 to 00:00",
            ));
        }
        let zone =
            TimeZoneDatabase::bundled().get(&self.zone).ok().filter(|zone| !zone.is_unknown()).ok_or_else(|| {
                Mistake::at("zone", "must be the name of an IANA time zone, such as Europe/Dublin or UTC")
            })?;
        let said = |reason: &String| !reason.trim().is_empty() && reason.chars().count() <= 200;
        if self.reason.as_ref().is_some_and(|reason| !said(reason) || reason.contains(char::is_control)) {
            return Err(Mistake::at("reason", "must be one line of 1 to 200 characters, or left out"));
        }
        Ok(FreezeWindow { days, from, to, zone, reason: self.reason })
    }
}

fn days(written: &[String]) -> Result<Vec<Weekday>, Mistake> {
    if written.is_empty() {
        return Err(Mistake::at("days", "must name at least one day on which it begins, such as [\"fri\"]"));
    }
    let mut days = Vec::with_capacity(written.len());
    for (index, name) in written.iter().enumerate() {
        let at = |problem: &str| Mistake::at(format!("days[{index}]"), problem);
        match DAYS.iter().find(|(known, _)| known == name) {
            None => return Err(at("must be one of mon, tue, wed, thu, fri, sat and sun")),
            Some((_, day)) if days.contains(day) => return Err(at("is named twice")),
            Some((_, day)) => days.push(*day),
        }
    }
    Ok(days)
}

fn time(field: &str, written: &str) -> Result<Time, Mistake> {
    // The parser takes more than that, so it must read as it would be written.
    let whole = format!("{written}:00");
    let time = whole.parse::<Time>().ok().filter(|time| time.to_string() == whole);
    time.ok_or_else(|| Mistake::at(field, "must be a time like \"16:00\", from 00:00 to 23:59"))
}

//! Which readings are believed.
//!
//! All readings that are known are judged anew at each look, oldest first, each against the highest that
//! was believed before it. So a late one finds its place, and absurd ones never confirm each other.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::calendar::MonthName;
use super::plan::Plausibility;
use crate::money::Cents;

/// Last month's total is still published for a while after the turn of the month.
const LATE_TOTALS: SignedDuration = SignedDuration::from_hours(48);

/// A reading: what AWS estimates of the month's charges so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// When AWS put it.
    pub at: Timestamp,
    /// The total of the month so far.
    pub total: Cents,
}

/// The readings of one month, judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Those that are believed, oldest first.
    pub believed: Vec<Charge>,
    /// The newest one, believed or not.
    pub newest: Option<(Charge, Standing)>,
    /// The newest one that something may be done on, if only to tell people.
    pub usable: Option<(Charge, Standing)>,
    /// What was known before it began, and what is known now.
    before: History,
    known: History,
}

/// What readings are held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct History {
    highest: Option<Cents>,
    readings: u32,
}

/// What people said is right: every reading up to these amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Of the month before.
    pub last: Option<Cents>,
    /// Of this month.
    pub own: Option<Cents>,
}

/// What may be done on a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All that the plan says.
    Proven,
    /// People are told, and no more: so few readings are known.
    TooFew {
        /// So many.
        known: u32,
    },
    /// Nothing: it is too far above the highest one before it.
    Implausible {
        /// That one.
        highest: Cents,
    },
}

/// Judges the readings of this month and of the one before, each in order of time.
#[must_use]
pub fn judge(charges: &[Charge], month: MonthName, rule: &Plausibility, confirmed: Confirmed) -> Judged {
    let (earlier, later): (Vec<Charge>, Vec<Charge>) = charges.iter().partition(|charge| charge.at < month.began());
    let mut last = Judged::default();
    earlier.into_iter().for_each(|charge| last.judge(charge, rule, confirmed.last));
    let total = last.believed.last().map_or(Cents(0), |charge| charge.total);
    // Not below last month's total, or corrected a little.
    let is_late = |charge: &Charge| {
        let early = charge.at.duration_since(month.began()) < LATE_TOTALS;
        early && total > Cents(0) && charge.total.0 * 2 >= total.0 && !jumps(charge.total, total, rule)
    };
    let (late, own): (Vec<Charge>, Vec<Charge>) = later.into_iter().partition(is_late);
    late.into_iter().for_each(|charge| last.judge(charge, rule, confirmed.last));
    let mut judged = Judged { before: last.known, known: last.known, ..Judged::default() };
    own.into_iter().for_each(|charge| judged.judge(charge, rule, confirmed.own));
    judged
}

impl Judged {
    fn judge(&mut self, charge: Charge, rule: &Plausibility, confirmed: Option<Cents>) {
        // Within a month a total does not fall like this, unless what was believed before was wrong.
        if self.believed.iter().any(|earlier| jumps(earlier.total, charge.total, rule)) {
            self.known = self.before;
            self.believed.clear();
        }
        let highest = self.known.highest.filter(|highest| jumps(charge.total, *highest, rule));
        let confirmed = confirmed.is_some_and(|up_to| charge.total <= up_to);
        let believed = highest.is_none() || confirmed;
        let known = self.known.readings.saturating_add(u32::from(believed));
        let standing = match highest {
            _ if believed && (known >= rule.min_readings || confirmed) => Standing::Proven,
            Some(highest) if !believed && known >= rule.min_readings => Standing::Implausible { highest },
            Some(_) | None => Standing::TooFew { known },
        };
        self.newest = Some((charge, standing));
        if !matches!(standing, Standing::Implausible { .. }) {
            self.usable = self.newest;
        }
        if believed {
            self.known = History { highest: self.known.highest.max(Some(charge.total)), readings: known };
            self.believed.push(charge);
        }
    }
}

/// Whether a total is so far above the highest one before it that it is rather a mistake.
fn jumps(total: Cents, highest: Cents, rule: &Plausibility) -> bool {
    total > rule.above && total.dollars() > highest.dollars().max(0.0) * rule.max_jump_ratio
}

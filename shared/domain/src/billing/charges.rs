//! Which readings are believed.
//!
//! All readings that are known are judged anew at each look, oldest first, each against the highest that
//! was believed before it. So a late one finds its place, and absurd ones never confirm each other.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::month::MonthName;
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
    /// Those of this month that are believed, oldest first.
    pub believed: Vec<Charge>,
    /// The newest one of this month, believed or not.
    pub newest: Option<(Charge, Standing)>,
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

/// Judges readings, in order of time. Those up to `confirmed` are believed since a person says so.
#[must_use]
pub fn judge(charges: &[Charge], month: MonthName, rule: &Plausibility, confirmed: Option<Cents>) -> Judged {
    let mut judged = Judged::default();
    let (mut highest, mut last, mut known) = (None, None, 0u32);
    for charge in charges {
        let jumps = highest.is_some_and(|highest| jumps(charge.total, highest, rule));
        let confirmed = confirmed.is_some_and(|confirmed| charge.total <= confirmed);
        let believed = !jumps || confirmed;
        let standing = if believed && (known + 1 >= rule.min_readings || confirmed) {
            Standing::Proven
        } else if believed || known < rule.min_readings {
            Standing::TooFew { known: known + u32::from(believed) }
        } else {
            Standing::Implausible { highest: highest.unwrap_or_default() }
        };
        let of_last_month = month.began() > charge.at
            || (judged.believed.is_empty()
                && charge.at.duration_since(month.began()) < LATE_TOTALS
                && last.is_some_and(|last| last > Cents(0) && charge.total >= last));
        if !of_last_month {
            judged.newest = Some((*charge, standing));
        }
        if believed {
            known += 1;
            highest = highest.max(Some(charge.total));
            if of_last_month {
                last = Some(charge.total);
            } else {
                judged.believed.push(*charge);
            }
        }
    }
    judged
}

/// Whether a total is so far above the highest one before it that it is rather a mistake.
fn jumps(total: Cents, highest: Cents, rule: &Plausibility) -> bool {
    total > rule.above && total.dollars() > highest.dollars().max(0.0) * rule.max_jump_ratio
}

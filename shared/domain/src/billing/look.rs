//! One look at the charges, as it goes on.

use jiff::Timestamp;

use super::charges::{Charge, Confirmed, Judged, judge};
use super::forecast::{Forecast, forecast};
use super::month::Month;
use super::plan::Plan;
use crate::money::Cents;
use crate::notice::{Kind, Severity};

/// What was seen of the charges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The readings of this month and of the one before, oldest first; `None`: they could not be read.
    pub charges: Option<Vec<Charge>>,
    /// The services of AWS that cost most so far, the dearest first; `None`: not asked, or not readable.
    pub breakdown: Option<Vec<(String, Cents)>>,
}

/// A look in progress: the month as it is becoming, beside what was seen.
pub(super) struct Look<'a> {
    pub(super) plan: &'a Plan,
    pub(super) seen: &'a Seen,
    pub(super) now: Timestamp,
    pub(super) before: Month,
    pub(super) month: Month,
    /// What a person said is right of the month before.
    pub(super) confirmed: Option<Cents>,
    pub(super) judged: Judged,
    pub(super) fired: Vec<Cents>,
}

impl Look<'_> {
    pub(super) fn judge(&mut self) {
        let confirmed = Confirmed { last: self.confirmed, own: self.month.confirmed_up_to() };
        let charges = self.seen.charges.as_deref().unwrap_or_default();
        self.judged = judge(charges, self.month.month, &self.plan.plausibility, confirmed);
        if !self.judged.believed.is_empty() {
            let surplus = self.judged.believed.len().saturating_sub(Month::MOST_READINGS);
            self.month.readings = self.judged.believed[surplus..].to_vec();
        }
    }

    /// Why nothing is done although rungs fire, if something is in the way.
    pub(super) fn in_the_way(&self) -> Option<String> {
        if self.plan.dry_run {
            return Some("the plan says dry_run".to_owned());
        }
        let exempt = self.month.exempted(self.now)?;
        Some(format!("exempt until {:.0}, {} answers for it: {}", exempt.until, exempt.owner, exempt.reason))
    }

    pub(super) fn forecast(&self) -> Option<Forecast> {
        forecast(&self.judged.believed, self.month.month)
    }

    pub(super) fn tell(&mut self, kind: Kind, severity: Severity, text: &str) {
        self.month.tell((kind, severity), text, self.now);
    }
}

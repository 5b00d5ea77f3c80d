//! What people say about charges: release, confirm, exempt.

use jiff::Timestamp;

use super::charges::Standing;
use super::look::Look;
use super::month::{Exemption, Said};
use super::trigger::Trigger;
use crate::decision::Outcome;
use crate::notice::{Kind, Severity};

impl Look<'_> {
    /// Does what a person asks for.
    pub(super) fn hear(&mut self, trigger: &Trigger) -> Option<(Outcome, String)> {
        match trigger {
            Trigger::Release { reason } => Some(self.release(reason)),
            Trigger::Confirm { reason } => Some(self.confirm(reason)),
            Trigger::Exempt { until, owner, reason } => Some(self.exempt(*until, owner, reason)),
            Trigger::Heartbeat
            | Trigger::AlarmChanged
            | Trigger::BudgetReported(_)
            | Trigger::Status
            | Trigger::Preview => None,
        }
    }

    fn release(&mut self, reason: &str) -> (Outcome, String) {
        let above = self.month.released_up_to();
        let Some(up_to) = self.month.fired.iter().map(|fired| fired.rung).max().filter(|rung| *rung > above) else {
            return (Outcome::Idle, "nothing is in force that could be released".to_owned());
        };
        self.month.released = Some(Said { up_to, at: self.now, reason: reason.to_owned() });
        let text = format!("released by a person: {reason}. Up to {up_to} nothing fires again this month");
        self.tell(Kind::ChargesSaid, Severity::Info, &text);
        (Outcome::Accepted, text)
    }

    fn confirm(&mut self, reason: &str) -> (Outcome, String) {
        if self.seen.charges.is_none() {
            return (Outcome::Refused, "what AWS charges could not be read this time; try again".to_owned());
        }
        let doubted = match self.judged.newest {
            Some((charge, Standing::Implausible { .. } | Standing::TooFew { .. })) => charge,
            Some((_, Standing::Proven)) | None => {
                return (Outcome::Idle, "there is no reading that waits to be confirmed".to_owned());
            }
        };
        self.month.confirmed = Some(Said { up_to: doubted.total, at: self.now, reason: reason.to_owned() });
        self.judge();
        let text = format!("{} is confirmed by a person: {reason}", doubted.total);
        self.tell(Kind::ChargesSaid, Severity::Info, &text);
        (Outcome::Accepted, text)
    }

    fn exempt(&mut self, until: Timestamp, owner: &str, reason: &str) -> (Outcome, String) {
        if until <= self.now {
            return (Outcome::Refused, format!("until: {until:.0} is over already; give a time to come"));
        }
        self.month.exempt = Some(Exemption { until, owner: owner.to_owned(), reason: reason.to_owned() });
        let text =
            format!("exempt until {until:.0}, {owner} answers for it: {reason}. Rungs are told and nothing is done");
        self.tell(Kind::ChargesSaid, Severity::Warning, &text);
        (Outcome::Accepted, text)
    }
}

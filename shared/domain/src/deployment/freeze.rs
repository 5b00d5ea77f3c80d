//! A freeze: no deployment begins until it is over. What moves already goes on, and a rollback passes.

use jiff::Timestamp;

use crate::decision::Outcome;
use crate::look::{Look, Reply};
use crate::notice::{Kind, Severity};
use crate::record::Freeze;

impl Look<'_> {
    /// The freeze that is in force.
    pub(super) fn frozen(&self) -> Option<&Freeze> {
        self.record.freeze.as_ref().filter(|freeze| freeze.until.is_none_or(|until| self.now < until))
    }

    /// Why no deployment may begin, if one may not because of a freeze.
    pub(super) fn freeze_allows(&self) -> Result<(), String> {
        match self.frozen() {
            Some(freeze) => Err(format!(
                "deployments are frozen {}: {}; `signalbox thaw {}` ends it",
                spoken(freeze),
                freeze.reason,
                self.definition.name
            )),
            None => Ok(()),
        }
    }

    pub(super) fn freeze(&mut self, until: Option<Timestamp>, reason: &str) -> Option<Reply> {
        if let Some(until) = until
            && until <= self.now
        {
            return Reply::new(Outcome::Refused, format!("until: {until:.0} is over already; give a time to come"));
        }
        let freeze = Freeze { since: self.now, until, reason: reason.to_owned() };
        let text = format!("deployments are frozen {}: {reason}. Rollbacks pass", spoken(&freeze));
        self.record.freeze = Some(freeze);
        self.tell(Kind::Frozen, Severity::Info, None, &text);
        Reply::new(Outcome::Accepted, text)
    }

    pub(super) fn thaw(&mut self) -> Option<Reply> {
        if self.frozen().is_none() {
            self.record.freeze = None;
            return Reply::new(Outcome::Idle, "deployments are not frozen");
        }
        self.record.freeze = None;
        let text = "deployments are not frozen any more";
        self.tell(Kind::Thawed, Severity::Info, None, text);
        Reply::new(Outcome::Accepted, text)
    }
}

fn spoken(freeze: &Freeze) -> String {
    freeze.until.map_or_else(|| "until somebody thaws them".to_owned(), |until| format!("until {until:.0}"))
}

//! A freeze: no deployment begins until it is over. What moves already goes on, and a rollback passes.
//! A person freezes and thaws a service; its definition's windows freeze it at their hours, and only a
//! change of the definition ends that early.

use jiff::Timestamp;

use crate::decision::Outcome;
use crate::definition::all_closed;
use crate::look::{Look, Reply};
use crate::notice::{Kind, Severity};
use crate::record::Freeze;

impl Look<'_> {
    /// The freeze that is in force by a person's word.
    fn frozen(&self) -> Option<&Freeze> {
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
            None => self.window_open().map_or(Ok(()), |window| Err(format!("deployments are frozen {window}"))),
        }
    }

    /// Until when and why deployments are frozen by the definition, if they are.
    pub(crate) fn window_open(&self) -> Option<String> {
        let windows = &self.definition.freeze_windows;
        let until = all_closed(windows, self.now)?;
        let (index, open) = windows.iter().enumerate().find(|(_, window)| window.closes(self.now).is_some())?;
        let there = open.zone.to_datetime(until).strftime("%a %H:%M");
        let zone = open.zone.iana_name().unwrap_or_default();
        let reason = open.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        Some(format!(
            "until {there} {zone}, {until:.0}{reason}; only a change of freeze_windows[{index}] in the definition lifts it, not `thaw`"
        ))
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
        let was_frozen = self.frozen().is_some();
        self.record.freeze = None;
        let window = self.window_open().map(|window| format!("deployments are frozen {window}"));
        if !was_frozen {
            return Reply::new(Outcome::Idle, window.unwrap_or_else(|| "deployments are not frozen".to_owned()));
        }
        let text = match window {
            Some(window) => format!("the freeze is over, but a window is open: {window}"),
            None => "deployments are not frozen any more".to_owned(),
        };
        self.tell(Kind::Thawed, Severity::Info, None, &text);
        Reply::new(Outcome::Accepted, text)
    }
}

fn spoken(freeze: &Freeze) -> String {
    freeze.until.map_or_else(|| "until somebody thaws them".to_owned(), |until| format!("until {until:.0}"))
}

//! Observe mode: nothing is changed, and what would have been is decided all the same, by the same
//! code, and said. How a cautious team adopts Signalbox, and how on-call takes the wheel.

use crate::decide::decide;
use crate::decision::{Decision, Outcome};
use crate::definition::{Definition, Mode};
use crate::look::{Look, Reply};
use crate::notice::{Kind, Severity};
use crate::record::Record;
use crate::trigger::{Role, Trigger};

impl Look<'_> {
    /// Says once what would be done now if the service were not only watched.
    pub(crate) fn say_what_would_be(&mut self, before: Option<&Record>, trigger: &Trigger) -> Option<Reply> {
        if !self.is_hands_off() {
            *self.would() = None;
            return None;
        }
        let acting = Definition { mode: Mode::Act, ..self.definition.clone() };
        let would = decide(self.role, before, self.seen, &acting, trigger, self.now);
        let Some((steps, why)) = summary(&would) else {
            *self.would() = None;
            return None;
        };
        if self.would().as_ref() == Some(&steps) {
            return None;
        }
        let text = format!("in observe mode nothing is done. It would be: {why} [{steps}]");
        let operation = self.record.operation_id().cloned();
        self.tell(Kind::Observed, Severity::Warning, operation.as_ref(), &text);
        match self.record.operation.clone() {
            Some(own) => self.touch(own, text.clone()),
            None => self.observed = Some(text.clone()),
        }
        *self.would() = Some(steps);
        let outcome = if self.record.operation.is_some() { Outcome::Waiting } else { Outcome::Idle };
        Reply::new(outcome, text)
    }

    /// What was told last: each function has its own to tell.
    fn would(&mut self) -> &mut Option<String> {
        match self.role {
            Role::Deployer => &mut self.record.would,
            Role::Replacer => &mut self.record.healing.would,
            Role::BillingGuard => &mut self.record.billing_would,
        }
    }
}

/// The steps of a decision and why they would be taken, if it would change anything.
fn summary(would: &Decision) -> Option<(String, String)> {
    let steps: Vec<String> = would.actions.iter().map(ToString::to_string).collect();
    if !would.is_move() {
        return None;
    }
    let phase = would.answer.phase.clone().unwrap_or_else(|| "at rest".to_owned());
    let why = would.entries().last().map_or_else(|| would.answer.reason.clone(), |entry| entry.what.clone());
    Some((if steps.is_empty() { phase } else { format!("{phase}: {}", steps.join(", ")) }, why))
}

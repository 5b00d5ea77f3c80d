//! Observe mode: nothing is changed, and what would have been is decided all the same, by the same
//! code, and said. How a cautious team adopts Signalbox, and how on-call takes the wheel.

use crate::decide::decide;
use crate::decision::{Decision, Entry, Outcome};
use crate::definition::{Definition, Mode};
use crate::look::{Look, Reply};
use crate::notice::{Kind, Severity};
use crate::record::Record;
use crate::slot::BySlot;
use crate::trigger::Trigger;

impl Look<'_> {
    /// Says once what would be done now if the service were not only watched.
    pub(crate) fn say_what_would_be(&mut self, before: Option<&Record>, trigger: &Trigger) -> Option<Reply> {
        if !self.is_hands_off() {
            self.record.would = None;
            return None;
        }
        let acting = Definition { mode: Mode::Act, ..self.definition.clone() };
        let would = decide(before, self.seen, &acting, trigger, self.now);
        let Some((steps, why)) = summary(&would) else {
            self.record.would = None;
            return None;
        };
        if self.record.would.as_ref() == Some(&steps) {
            return None;
        }
        let text = format!("in observe mode nothing is done. It would be: {why} [{steps}]");
        let operation = self.record.operation_id().cloned();
        self.tell(Kind::Observed, Severity::Warning, operation.as_ref(), &text);
        match self.deployment().cloned() {
            Some(own) => self.note(&own, text.clone()),
            None => self.timeline.push(Entry {
                at: self.now,
                phase: "observed".to_owned(),
                what: text.clone(),
                weights: BySlot::from_fn(|slot| self.seen.weight(slot)),
                healthy: BySlot::from_fn(|slot| self.seen.healthy(slot)),
            }),
        }
        self.record.would = Some(steps);
        let outcome = if self.record.operation.is_some() { Outcome::Waiting } else { Outcome::Idle };
        Reply::new(outcome, text)
    }
}

/// The steps of a decision and why they would be taken, if it would change anything.
fn summary(would: &Decision) -> Option<(String, String)> {
    let steps: Vec<String> = would.actions.iter().map(ToString::to_string).collect();
    if steps.is_empty() && would.timeline.is_empty() {
        return None;
    }
    let phase = would.answer.phase.clone().unwrap_or_else(|| "at rest".to_owned());
    let why = would.timeline.last().map_or_else(|| would.answer.reason.clone(), |entry| entry.what.clone());
    Some((if steps.is_empty() { phase } else { format!("{phase}: {}", steps.join(", ")) }, why))
}

//! Whom a deployment asks before it goes on: the release itself by a smoke check, and the team's own
//! functions. An answer is an observation like any other; who is asked next is read off the record.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Cause, Deployment, Phase, Purpose};
use crate::definition::Definition;
use crate::look::Look;
use crate::observation::{Probe, ProbeAnswer};
use crate::record::Intended;

/// What was answered so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Probes {
    /// Those that said yes.
    pub passed: BTreeSet<Probe>,
    /// Since when the one is asked that has not.
    pub since: Option<Timestamp>,
    /// How often it said no.
    pub refused: u32,
    /// What was heard of it last, where it was not a plain "wait".
    pub last: Option<String>,
}

impl Probes {
    /// Whether anybody was asked, so that the slot had been well until then.
    pub(super) fn were_asked(&self) -> bool {
        self.since.is_some() || !self.passed.is_empty()
    }

    /// Asks the one that said no from the beginning.
    pub(super) fn ask_anew(&mut self) {
        *self = Probes { passed: std::mem::take(&mut self.passed), ..Probes::default() };
    }
}

impl Deployment {
    /// Whom to ask at this look, if it is time to ask somebody.
    pub(crate) fn asks(&self, definition: &Definition, routing: &Intended, now: Timestamp) -> Option<Probe> {
        if self.paused_since.is_some() || self.asking.is_some() {
            return None;
        }
        let is_time = match self.phase {
            Phase::Verifying { healthy_since: Some(since) } => {
                now.duration_since(since) >= definition.health.settle.duration()
            }
            Phase::Baking => routing.seen_since.is_some(),
            Phase::Verifying { healthy_since: None }
            | Phase::Provisioning { .. }
            | Phase::Shifting { .. }
            | Phase::AwaitingApproval { .. }
            | Phase::Succeeded
            | Phase::RollingBack { .. }
            | Phase::RolledBack { .. }
            | Phase::Stuck { .. } => false,
        };
        self.awaits(definition).filter(|_| is_time)
    }

    /// Who has to say yes before the present phase may end, and has not.
    pub(super) fn awaits(&self, definition: &Definition) -> Option<Probe> {
        let hooks = definition.hooks.as_ref().filter(|_| self.purpose == Purpose::Forward);
        let asked: &[(Probe, bool)] = match self.phase {
            Phase::Verifying { .. } => &[
                (Probe::Smoke, definition.smoke.is_some()),
                (Probe::BeforeTraffic, hooks.is_some_and(|hooks| hooks.before_traffic.is_some())),
            ],
            Phase::Baking => &[(Probe::AfterTraffic, hooks.is_some_and(|hooks| hooks.after_traffic.is_some()))],
            Phase::Provisioning { .. }
            | Phase::Shifting { .. }
            | Phase::AwaitingApproval { .. }
            | Phase::Succeeded
            | Phase::RollingBack { .. }
            | Phase::RolledBack { .. }
            | Phase::Stuck { .. } => &[],
        };
        asked.iter().find(|(probe, wanted)| *wanted && !self.probes.passed.contains(probe)).map(|(probe, _)| *probe)
    }
}

impl Look<'_> {
    /// Writes down what was answered at this look. Going on is the next look's: the rest of what is seen
    /// now may be as old as the question.
    pub(super) fn hear_probe(&mut self) {
        let (Some(probed), Some(own)) = (&self.seen.probed, self.deployment()) else { return };
        if own.awaits(self.definition) != Some(probed.probe) || own.paused_since.is_some() {
            return;
        }
        let mut own = own.clone();
        let since = own.probes.since.unwrap_or(self.now);
        own.probes.since = Some(since);
        match &probed.answer {
            ProbeAnswer::Passed => {
                own.probes.passed.insert(probed.probe);
                own.probes.ask_anew();
                self.note(&own, format!("{} said yes", probed.probe));
            }
            ProbeAnswer::Wait => own.probes.last = None,
            ProbeAnswer::Refused(why) => {
                own.probes.refused += 1;
                own.probes.last = Some(why.clone());
                self.note(&own, format!("{} said no: {why}", probed.probe));
            }
            ProbeAnswer::Unanswered(why) => {
                // Nobody is there to ask a second time about a release that does not answer.
                own.probes.refused += u32::from(probed.probe == Probe::Smoke);
                own.probes.last = Some(why.clone());
                self.note(&own, format!("{} gave no answer: {why}", probed.probe));
            }
        }
        self.put(own);
    }

    /// Whether whoever is asked has said no for good, or has not said yes in time.
    pub(super) fn probe_against(&self, deployment: &Deployment) -> Option<Cause> {
        let probe = deployment.awaits(self.definition)?;
        let probes = &deployment.probes;
        let last = || probes.last.clone().unwrap_or_else(|| "it said to wait".to_owned());
        if probe == Probe::Smoke {
            let attempts = self.definition.smoke.as_ref().map_or(1, |smoke| smoke.attempts);
            return (probes.refused >= attempts).then(|| Cause::SmokeFailed { why: last() });
        }
        if probes.refused > 0 {
            return Some(Cause::HookRefused { hook: probe, why: last() });
        }
        let within = self.definition.hooks.as_ref()?.within;
        let late = probes.since.is_some_and(|since| self.now.duration_since(since) > within.duration());
        (late && deployment.paused_since.is_none()).then(|| Cause::HookTimedOut { hook: probe, within, last: last() })
    }
}

//! A look in progress: the record as it is becoming, beside what was seen. The machines in
//! [`crate::deployment`] and `steady` are written as what a look does.

use jiff::{SignedDuration, Timestamp};

use crate::decision::{Entry, Outcome, Touched};
use crate::definition::{Definition, Mode};
use crate::deployment::{Cause, Deployment, Phase, Purpose};
use crate::notice::{Kind, Notice, Severity};
use crate::observation::Observation;
use crate::record::{Operation, Record};
use crate::slot::{BySlot, Slot};
use crate::text::RequestId;
use crate::trigger::Role;

/// A look in progress: the record as it is becoming, beside what was seen.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    /// Who looks.
    pub(crate) role: Role,
    pub(crate) record: Record,
    pub(crate) seen: &'a Observation,
    pub(crate) definition: &'a Definition,
    pub(crate) now: Timestamp,
    pub(crate) told: Vec<Notice>,
    pub(crate) touched: Vec<Touched>,
    pub(crate) observed: Option<String>,
    pub(crate) accepted: Option<(RequestId, RequestId)>,
    /// There is no record yet: a look alone is no reason to make one.
    pub(crate) is_first: bool,
}

/// What a trigger itself was answered, where it asked for something.
pub(crate) struct Reply {
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
    /// The operation it is about, where that is not the one that owns the service.
    pub(crate) operation: Option<RequestId>,
}

impl Reply {
    pub(crate) fn new(outcome: Outcome, reason: impl Into<String>) -> Option<Reply> {
        Some(Reply { outcome, reason: reason.into(), operation: None })
    }
}

impl Look<'_> {
    /// The deployment that owns the service.
    pub(crate) fn deployment(&self) -> Option<&Deployment> {
        self.record.deployment()
    }

    /// The same, to change it.
    pub(crate) fn deployment_mut(&mut self) -> Option<&mut Deployment> {
        match &mut self.record.operation {
            Some(Operation::Deployment(deployment)) => Some(deployment),
            Some(Operation::Replacement(_)) | None => None,
        }
    }

    /// Whether the service is only to be watched: in observe mode nothing is moved but what a person
    /// asked for in so many words.
    pub(crate) fn is_hands_off(&self) -> bool {
        let asked_for = self.deployment().is_some_and(|own| {
            let by_request = matches!(
                &own.phase,
                Phase::RollingBack { cause: Cause::Requested { .. } }
                    | Phase::Stuck { cause: Cause::Requested { .. }, .. }
            );
            own.purpose == Purpose::Back || by_request
        });
        self.definition.mode == Mode::Observe && !asked_for
    }

    /// How long the wanted weights have been seen since others were last wanted.
    pub(crate) fn seen_for(&self) -> SignedDuration {
        self.record
            .routing
            .seen_since
            .map_or(SignedDuration::ZERO, |since| self.now.duration_since(since.max(self.record.routing.since)))
    }

    /// Whether a late write of ours would have shown by now: only then is anything torn down.
    pub(crate) fn is_settled(&self) -> bool {
        self.record.routing.seen_since.is_some() && self.seen_for() >= self.definition.settle_guard.duration()
    }

    /// Whether `slot` carries nothing any more: weight 0 was seen for `route_settle` and the time a
    /// target drains, and no request reached it meanwhile.
    pub(crate) fn is_drained(&self, slot: Slot) -> bool {
        self.seen.quiet[slot].is_some_and(|quiet| {
            self.record.routing.split.weight(slot) == 0
                && self.record.routing.seen_since.is_some()
                && self.seen_for() >= self.definition.route_settle.duration() + quiet.deregistration_delay
                && quiet.requests == 0
        })
    }

    /// Writes what happened into the operation's timeline.
    pub(crate) fn note(&mut self, deployment: &Deployment, what: impl Into<String>) {
        self.touch(Operation::Deployment(deployment.clone()), what.into());
    }

    pub(crate) fn touch(&mut self, operation: Operation, what: String) {
        let entry = Entry {
            at: self.now,
            phase: operation.phase().to_owned(),
            what,
            weights: BySlot::from_fn(|slot| self.seen.weight(slot)),
            healthy: BySlot::from_fn(|slot| self.seen.healthy(slot)),
        };
        match self.touched.iter_mut().find(|touched| touched.operation.id() == operation.id()) {
            Some(touched) => {
                touched.operation = operation;
                touched.entries.push(entry);
            }
            None => self.touched.push(Touched { operation, entries: vec![entry] }),
        }
    }

    /// The operation that something happened to last.
    pub(crate) fn last_touched(&self) -> Option<&Operation> {
        self.touched.last().map(|touched| &touched.operation)
    }

    /// Tells people. The first line is made to name the service.
    pub(crate) fn tell(&mut self, kind: Kind, severity: Severity, operation: Option<&RequestId>, text: &str) {
        self.record.notices += 1;
        let (service, number) = (&self.definition.name, self.record.notices);
        self.told.push(Notice::about(service, (kind, severity), operation, text, self.now, number));
    }
}

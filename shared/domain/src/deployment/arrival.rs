//! A deploy that arrives while another moves: what the definition's `arrival` says becomes of it. At
//! most one waits, and it is the newest: nobody wants the releases in between any more.

use super::{Cause, Deployment, Purpose};
use crate::decision::Outcome;
use crate::definition::{Arrival, Mode};
use crate::look::{Look, Reply};
use crate::notice::{Kind, Severity};
use crate::record::{Operation, Queued};
use crate::trigger::{DeployRequest, OnFailure, Origin};

use super::door::in_time;

impl Look<'_> {
    /// Lets a deploy wait for the present operation, where the definition says so; `None`: it does not,
    /// or this deploy could not begin in any case.
    pub(super) fn queue(&mut self, request: &DeployRequest) -> Option<Reply> {
        let current = self.record.operation.clone().filter(|current| !current.is_displaced_by_a_deploy())?;
        let waits = self.definition.arrival != Arrival::Reject && self.definition.mode == Mode::Act;
        if !waits || in_time(request.origin, self.now).is_err() || self.freeze_allows().is_err() {
            return None;
        }
        self.definition.release.accepts(&request.release).ok()?;
        if let Some(waiting) = &self.record.queued
            && is_older(request.origin, waiting.request.origin)
        {
            let why = format!("{} was asked for later and waits already", waiting.request.release);
            return self.refuse(request.origin, &format!("the deploy of {} was refused", request.release), &why);
        }
        if let Some(former) = self.record.queued.take() {
            let what = format!("{} will not be deployed: {} came after it", former.request.release, request.release);
            self.tell(Kind::RequestRefused, Severity::Warning, None, &what);
        }
        self.record.queued = Some(Queued { request: request.clone(), free_since: None });
        self.accepted = Some((request.id.clone(), request.id.clone()));
        let text = match current {
            Operation::Deployment(current) if self.gives_way(&current) => {
                let by = request.release.clone();
                let text = format!("{} waits until {} is taken back for it", request.release, current.release);
                self.turn_back(current, Cause::Superseded { by });
                text
            }
            Operation::Deployment(_) | Operation::Replacement(_) => {
                format!("{} waits until {} has ended: {}", request.release, current.id(), current.describe())
            }
        };
        self.tell(Kind::DeploymentQueued, Severity::Info, Some(&request.id), &text);
        Some(Reply { outcome: Outcome::Waiting, reason: text, operation: Some(request.id.clone()) })
    }

    /// Whether the present deployment is taken back for a newer one. A rollback is not, and one that
    /// moved a database waits for a person.
    fn gives_way(&self, current: &Deployment) -> bool {
        let asks = current.on_failure == OnFailure::Ask && current.carried;
        self.definition.arrival == Arrival::Supersede
            && current.phase.is_forward()
            && current.purpose == Purpose::Forward
            && !asks
    }

    /// Begins the deploy that waits, once nothing else moves and the door lets it in; whether it began.
    /// What keeps the door shut may be an alarm that the last release set off, so it has a while to open.
    pub(super) fn begin_queued(&mut self) -> bool {
        let Some(queued) = self.record.queued.clone() else { return false };
        if self.record.operation.is_some() || self.seen.surroundings.is_none() {
            return false;
        }
        let request = queued.request;
        let Err(why) = self.door(&request) else {
            self.record.queued = None;
            self.begin_deploy(&request);
            return true;
        };
        let free_since = queued.free_since.unwrap_or(self.now);
        let within = self.definition.health.within;
        if self.now.duration_since(free_since) <= within.duration() {
            self.record.queued = Some(Queued { request, free_since: Some(free_since) });
            return false;
        }
        self.record.queued = None;
        let text = format!("the deploy of {}, which waited, was refused: {why}", request.release);
        self.tell(Kind::RequestRefused, Severity::Warning, None, &text);
        false
    }

    /// A person takes back what moves: what waits behind it is not what they want to see begin.
    pub(super) fn drop_queued(&mut self) {
        if let Some(queued) = self.record.queued.take() {
            let text = format!("{} waited and will not be deployed: somebody went back", queued.request.release);
            self.tell(Kind::RequestRefused, Severity::Warning, None, &text);
        }
    }
}

/// Whether a request was made before another: only events say when they were put.
fn is_older(request: Origin, other: Origin) -> bool {
    match (request, other) {
        (Origin::Event { at }, Origin::Event { at: other }) => at < other,
        (Origin::Event { .. } | Origin::Invoke, Origin::Event { .. } | Origin::Invoke) => false,
    }
}

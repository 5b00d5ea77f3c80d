//! A service that has no record yet: what is live is read off the world, or a person says it.

use jiff::Timestamp;

use crate::decision::{Answer, Decision, Outcome};
use crate::definition::Definition;
use crate::notice::{Kind, Notice, Severity};
use crate::observation::Observation;
use crate::record::Record;
use crate::slot::Split;
use crate::trigger::{Origin, Trigger};

/// The first record of a service: exactly one slot has all traffic, or a person says which is live.
///
/// # Errors
/// Why nobody can tell what is live.
pub(crate) fn record(
    seen: &Observation,
    definition: &Definition,
    trigger: &Trigger,
    now: Timestamp,
) -> Result<Record, String> {
    if let Trigger::AdoptRequested { live, .. } = trigger {
        let split = seen.routing.split().unwrap_or(Split::all_to(*live));
        return Ok(Record::at_rest(*live, seen.releases.clone(), split, now));
    }
    let name = &definition.name;
    let adopt = format!("say which slot is live with `signalbox adopt {name} --live <slot> --release <release>`");
    if seen.routing.elsewhere > 0 {
        return Err(format!("the listener also forwards to target groups that are neither slot's; {adopt}"));
    }
    match seen.routing.split() {
        Some(split) => match split.sole() {
            Some(live) => Ok(Record::at_rest(live, seen.releases.clone(), split, now)),
            None => Err(format!("the traffic is split ({split}) and no record says which slot is live; {adopt}")),
        },
        None => Err(format!("the listener forwards to neither slot alone, so nobody can tell which is live; {adopt}")),
    }
}

/// The answer where there is no record and none can be made.
pub(crate) fn decline(definition: &Definition, trigger: &Trigger, reason: &str, now: Timestamp) -> Decision {
    let (outcome, origin) = match trigger {
        Trigger::DeployRequested(request) => (Outcome::Refused, request.origin),
        Trigger::RollbackRequested(request) => (Outcome::Refused, request.origin),
        Trigger::AdoptRequested { .. } | Trigger::Said(_) | Trigger::StatusRequested => {
            (Outcome::Refused, Origin::Invoke)
        }
        Trigger::Heartbeat | Trigger::Repeated { .. } | Trigger::AlarmChanged(_) | Trigger::GroupScaled(_) => {
            (Outcome::Ignored, Origin::Invoke)
        }
    };
    let orphans = match origin {
        Origin::Event { .. } => {
            let text = format!("a request was refused: {reason}");
            let kind = (Kind::RequestRefused, Severity::Warning);
            vec![Notice::about(definition, kind, trigger.request_id(), &text, now, 0)]
        }
        Origin::Invoke => Vec::new(),
    };
    let answer = Answer {
        service: definition.name.to_string(),
        outcome,
        reason: reason.to_owned(),
        phase: None,
        operation: None,
        record: None,
    };
    Decision {
        next: None,
        actions: Vec::new(),
        timeline: Vec::new(),
        operation: None,
        accepted: None,
        answer,
        orphans,
        look_again_in: None,
    }
}

//! A service that has no record yet: what is live is read off the world, or a person says it.

use jiff::Timestamp;

use crate::decision::{Answer, Decision, Outcome};
use crate::definition::Definition;
use crate::notice::{Kind, Notice, Severity};
use crate::observation::Observation;
use crate::record::Record;
use crate::slot::Split;
use crate::text::ServiceName;
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
        return Ok(Record::at_rest(*live, seen.releases.clone().unwrap_or_default(), split, now));
    }
    let name = &definition.name;
    let adopt = format!("say which slot is live with `signalbox adopt {name} --live <slot> --release <release>`");
    if seen.routing.elsewhere > 0 {
        return Err(format!("the listener also forwards to target groups that are neither slot's; {adopt}"));
    }
    let Some(releases) = seen.releases.clone() else {
        return Err("the releases of the slots could not be read; try again".to_owned());
    };
    match seen.routing.split() {
        Some(split) => match split.sole() {
            Some(live) => Ok(Record::at_rest(live, releases, split, now)),
            None => Err(format!("the traffic is split ({split}) and no record says which slot is live; {adopt}")),
        },
        None => Err(format!("the listener forwards to neither slot alone, so nobody can tell which is live; {adopt}")),
    }
}

/// The answer where there is no record and none can be made.
pub(crate) fn decline(definition: &Definition, trigger: &Trigger, reason: &str, now: Timestamp) -> Decision {
    let (answer, orphan) = declined(&definition.name, trigger, reason, now);
    Decision { orphans: orphan.into_iter().collect(), ..Decision::only(answer) }
}

/// The answer about a service that nobody defined, and the notice that an event needs, since nobody
/// reads its answer.
#[must_use]
pub fn unknown(service: &ServiceName, trigger: &Trigger, now: Timestamp) -> (Answer, Option<Notice>) {
    let reason = format!("no service named {service} is defined; write its definition first, with `signalbox define`");
    let (answer, notice) = declined(service, trigger, &reason, now);
    // Nothing is held of what nobody defined.
    let outcome = if matches!(trigger, Trigger::Constrained(_)) { Outcome::Idle } else { answer.outcome };
    (Answer { outcome, ..answer }, notice)
}

fn declined(service: &ServiceName, trigger: &Trigger, reason: &str, now: Timestamp) -> (Answer, Option<Notice>) {
    let (outcome, origin) = match trigger {
        Trigger::DeployRequested(request) => (Outcome::Refused, request.origin),
        Trigger::RollbackRequested(request) => (Outcome::Refused, request.origin),
        Trigger::AdoptRequested { .. }
        | Trigger::PlanRequested(_)
        | Trigger::FreezeRequested { .. }
        | Trigger::ThawRequested
        | Trigger::Said(_)
        | Trigger::ReplaceRequested { .. }
        | Trigger::Constrained(Some(_))
        | Trigger::ConstraintsPreviewed(_)
        | Trigger::StatusRequested => (Outcome::Refused, Origin::Invoke),
        // Nothing is held of a service that has no record.
        Trigger::Constrained(None) => (Outcome::Idle, Origin::Invoke),
        Trigger::Heartbeat
        | Trigger::Repeated { .. }
        | Trigger::AlarmChanged(_)
        | Trigger::GroupScaled(_)
        | Trigger::InstancesReported(_)
        | Trigger::InstanceHeld(_) => (Outcome::Ignored, Origin::Invoke),
    };
    let orphan = match origin {
        Origin::Event { .. } => {
            let kind = (Kind::RequestRefused, Severity::Warning);
            let text = format!("a request was refused: {reason}");
            // There is no record to number its notices: the request's own id tells them apart.
            Some(Notice::about(service, kind, trigger.request_id(), &text, now, 0))
        }
        Origin::Invoke => None,
    };
    (Answer::of(service, outcome, reason), orphan)
}

//! The second lock on the door. Whatever a state machine decided, its actions pass this one check
//! against the same observation before any of them is done. It knows nothing of phases; it knows
//! only what must never happen to a service that people use:
//!
//! - traffic is not sent to a slot that cannot carry it, unless nothing better is left;
//! - what carries traffic is not shrunk, but where the billing plan allows an outage in so many words;
//! - the last healthy target is not taken away.
//!
//! A refusal here is a defect of ours, never a state of the world: the operation stops, loudly.

use crate::decision::Action;
use crate::observation::{Instance, Observation, Process};
use crate::slot::{Slot, Split};
use crate::text::InstanceId;

/// Whether this action may be done to what was seen.
///
/// # Errors
/// Why not, in one sentence.
pub fn permit(action: &Action, seen: &Observation) -> Result<(), String> {
    match action {
        Action::Route { split } => permit_route(*split, seen),
        Action::Resize { slot, to } => {
            let group = &seen.groups[*slot];
            let removes = to.desired < group.capacity.desired || to.max < group.capacity.desired;
            // A size that nobody fills, with nobody on the way, can be taken back under traffic.
            let nobody_goes = group.counted() <= to.desired && group.suspended.contains(&Process::Launch);
            if !removes || nobody_goes {
                return Ok(());
            }
            if seen.weight(*slot) > 0 {
                return Err(format!("{action}: it carries {} % of the traffic", seen.weight(*slot)));
            }
            let other = slot.other();
            if seen.healthy(*slot) > 0 && seen.healthy(other) == 0 {
                return Err(format!("{action}: {other} has no healthy target, so these are the last ones"));
            }
            Ok(())
        }
        Action::WriteRelease { slot, .. } => {
            if seen.weight(*slot) > 0 {
                return Err(format!(
                    "{action}: an instance that is replaced there would boot another release under traffic"
                ));
            }
            Ok(())
        }
        Action::Bound { slot, max, .. } => {
            let desired = seen.groups[*slot].capacity.desired;
            if *max < desired {
                return Err(format!("{action}: {slot} is {desired} large, so this would take some away"));
            }
            Ok(())
        }
        Action::Stop { outage_allowed: true, .. } => Ok(()),
        Action::Stop { outage_allowed: false, .. } => {
            Err(format!("{action}: nobody has said that the service may be taken off the air"))
        }
        Action::Terminate { slot, instance } => permit_terminate(action, *slot, instance, seen),
        Action::Suspend { .. }
        | Action::Resume { .. }
        | Action::CompleteLifecycle { .. }
        | Action::ProlongLifecycle { .. } => Ok(()),
    }
}

fn permit_terminate(action: &Action, slot: Slot, instance: &InstanceId, seen: &Observation) -> Result<(), String> {
    let group = &seen.groups[slot];
    let Some(goes) = group.member(instance) else { return Ok(()) };
    let others = || group.staying().filter(|other| other.id != *instance);
    if seen.weight(slot) > 0 && others().next().is_none() {
        return Err(format!("{action}: it is the only one, and {slot} carries {} %", seen.weight(slot)));
    }
    if seen.weight(slot) > 0 && goes.is_healthy() && !others().any(Instance::is_healthy) {
        return Err(format!("{action}: it is the last healthy target of {slot}"));
    }
    Ok(())
}

fn permit_route(split: Split, seen: &Observation) -> Result<(), String> {
    for slot in Slot::BOTH {
        let (wanted, now) = (split.weight(slot), seen.weight(slot));
        let healthy = seen.healthy(slot);
        // Less traffic, or as much as before, is never the harm.
        if wanted <= now || healthy > 0 {
            continue;
        }
        return Err(format!("route {split}: {slot} has no healthy target"));
    }
    Ok(())
}

//! The second lock on the door. Whatever a state machine decided, its actions pass this one check
//! against the same observation before any of them is done. It knows nothing of phases; it knows
//! only what must never happen to a service that people use:
//!
//! - traffic is not sent to a slot that cannot carry it, unless nothing better is left;
//! - what carries traffic is not shrunk;
//! - the last healthy target is not taken away.
//!
//! A refusal here is a defect of ours, never a state of the world: the operation stops, loudly.

use crate::decision::Action;
use crate::observation::Observation;
use crate::slot::{Slot, Split};

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
            if !removes {
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
        Action::Suspend { .. } | Action::Resume { .. } => Ok(()),
    }
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

//! From what a replacement wants to what is done: always the difference between the record and what is seen.

use jiff::SignedDuration;

use super::{Phase, Replacement};
use crate::decision::Action;
use crate::definition::Capacity;
use crate::intent::{hold, resize, resume, suspend};
use crate::look::Look;
use crate::observation::Instance;

/// A launch that began before launching was suspended shows in the group within this.
const LAUNCH_SHOWS_WITHIN: SignedDuration = SignedDuration::from_secs(20);

/// What the replacer does now.
pub(crate) fn actions(look: &Look<'_>) -> Vec<Action> {
    if look.is_hands_off() {
        return Vec::new();
    }
    let mut actions = look.hook_actions();
    if let Some(own) = look.record.replacement() {
        look.replacement_actions(own, &mut actions);
    }
    actions
}

impl Look<'_> {
    fn replacement_actions(&self, own: &Replacement, actions: &mut Vec<Action>) {
        match &own.phase {
            Phase::Surging => {
                suspend(self, own.slot, actions);
                hold(self, own.slot, actions);
            }
            Phase::Removing { gone_since: Some(gone) } if self.is_done_since(*gone) => self.put_back(own, actions),
            Phase::StandingDown { back_since: Some(_), .. } => self.put_back(own, actions),
            Phase::Removing { .. } => {
                self.hold_bounds(own, actions);
                if let Some(instance) = self.member(&own.instance)
                    && own.proved.is_some()
                    && self.may_shrink(own)
                {
                    actions.push(Action::Terminate { slot: own.slot, instance: instance.id.clone() });
                }
            }
            Phase::StandingDown { still_since, .. } => {
                suspend(self, own.slot, actions);
                self.hold_bounds(own, actions);
                if !self.is_surplus(own) || !self.is_done_since(own.since) || !self.may_shrink(own) {
                    return;
                }
                let still = still_since.is_some_and(|since| self.now.duration_since(since) >= LAUNCH_SHOWS_WITHIN);
                if still {
                    let (group, size) = (&self.seen.groups[own.slot], self.size_before(own));
                    resize(self, own.slot, Capacity { desired: size, ..group.capacity }, actions);
                } else if let Some(new) = self.goes_again(own) {
                    actions.push(Action::Terminate { slot: own.slot, instance: new.id.clone() });
                }
            }
            Phase::Confirming | Phase::Replaced | Phase::StoodDown { .. } | Phase::Held { .. } => {}
        }
    }

    /// Lets the group be as small as it was and no smaller, and no larger than it might be once the sick one is gone.
    fn hold_bounds(&self, own: &Replacement, actions: &mut Vec<Action>) {
        let Some(pin) = &self.record.pins[own.slot] else { return };
        let capacity = self.seen.groups[own.slot].capacity;
        let gone = self.member(&own.instance).is_none() && matches!(own.phase, Phase::Removing { .. });
        let max = if gone { pin.former.max } else { pin.set.max };
        // A size beyond these is somebody's wish, and is followed.
        self.bound(own, pin.set.min.min(capacity.desired), max.max(capacity.desired), actions);
    }

    fn put_back(&self, own: &Replacement, actions: &mut Vec<Action>) {
        let back = self.restored(own.slot);
        self.bound(own, back.min.min(back.desired), back.max, actions);
        resume(self, own.slot, actions);
    }

    fn bound(&self, own: &Replacement, min: u32, max: u32, actions: &mut Vec<Action>) {
        let capacity = self.seen.groups[own.slot].capacity;
        if (capacity.min, capacity.max) != (min, max) {
            actions.push(Action::Bound { slot: own.slot, min, max });
        }
    }

    /// Whether the group is seen to allow one less, and no more than that.
    fn may_shrink(&self, own: &Replacement) -> bool {
        let capacity = self.seen.groups[own.slot].capacity;
        capacity.min < capacity.desired && capacity.min >= self.size_before(own).min(capacity.desired - 1)
    }

    /// Who of those that were launched goes again: who is not healthy first. The last healthy one never does.
    fn goes_again(&self, own: &Replacement) -> Option<&Instance> {
        let group = &self.seen.groups[own.slot];
        if group.counted() <= self.size_before(own) {
            return None;
        }
        let new = || self.who_came(own);
        let well = || new().find(|instance| instance.is_healthy()).filter(|_| group.healthy() > 1);
        new().find(|instance| !instance.is_healthy()).or_else(well)
    }
}

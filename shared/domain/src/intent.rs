//! From what is wanted to what is done: the actions are always the difference between the record
//! and what is seen, so doing them twice changes nothing, and a lost one is found at the next look.

use std::collections::BTreeSet;

use crate::decision::Action;
use crate::definition::Capacity;
use crate::deployment::{Deployment, Phase};
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::observation::Process;
use crate::record::Operation;
use crate::slot::{Slot, Split};
use crate::trigger::Role;

/// What is wanted of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// As it is.
    Leave,
    /// At its pin: no smaller, its processes suspended.
    Hold,
    /// Without a single instance, and then launched: suspended, but empty.
    Empty,
    /// As it was before we came.
    Restore,
    /// 0/0/0, with nothing of ours left on it.
    Retire,
}

/// The actions that bring the world to where the record wants it.
pub(crate) fn actions(look: &Look<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    if look.record.replacement().is_some() {
        // The sizes are the replacer's; weights are held as in every operation.
        let split = look.record.routing.split;
        if !look.is_hands_off() && look.weights_differ().is_some() && look.can_route(split) {
            actions.push(Action::Route { split });
        }
        return actions;
    }
    let owned = look.record.operation.is_some();
    let halted = look.deployment().is_some_and(|own| matches!(&own.phase, Phase::Stuck { stuck, .. } if !stuck.heals));
    if halted || look.is_hands_off() {
        return actions;
    }
    let differs = if owned || sticky_standby_ends(look) {
        !look.seen.routing.is(look.record.routing.split)
    } else {
        look.corrects_weights()
    };
    let reroutes = differs && look.can_route(look.record.routing.split);
    let grows_first: Vec<Slot> = Slot::BOTH.into_iter().filter(|slot| want(look, *slot) == Want::Hold).collect();
    if reroutes {
        actions.push(Action::Route { split: look.record.routing.split });
    }
    for slot in grows_first {
        suspend(look, slot, &mut actions);
        if Some(slot) != launching(look).map(|own| own.slot) {
            hold(look, slot, &mut actions);
        }
    }
    if let Some(own) = clearing(look) {
        let group = &look.seen.groups[own.slot];
        let empty = group.instances.is_empty() && group.capacity.desired == 0;
        let other = look.seen.runs(own.slot, &own.release) == Some(false);
        if empty && other && look.seen.weight(own.slot) == 0 {
            actions.push(Action::WriteRelease { slot: own.slot, release: own.release.clone() });
        }
    }
    if let Some(own) = launching(look) {
        hold(look, own.slot, &mut actions);
    }
    if look.corrects_idle_size() {
        resize(look, look.record.live.other(), Capacity::NONE, &mut actions);
    }
    for slot in Slot::BOTH {
        match want(look, slot) {
            Want::Leave | Want::Hold => {}
            Want::Empty => {
                suspend(look, slot, &mut actions);
                resize(look, slot, Capacity::NONE, &mut actions);
            }
            Want::Restore => {
                resize(look, slot, look.restored(slot), &mut actions);
                resume(look, slot, &mut actions);
            }
            Want::Retire => {
                resize(look, slot, Capacity::NONE, &mut actions);
                resume(look, slot, &mut actions);
            }
        }
    }
    actions
}

fn sticky_standby_ends(look: &Look<'_>) -> bool {
    look.record.standby.is_some() && look.record.routing.split == Split::Only(look.record.live)
}

fn clearing<'a>(look: &'a Look<'_>) -> Option<&'a Deployment> {
    look.deployment().filter(|own| matches!(own.phase, Phase::Provisioning { cleared: false }))
}

fn launching<'a>(look: &'a Look<'_>) -> Option<&'a Deployment> {
    look.deployment().filter(|own| matches!(own.phase, Phase::Provisioning { cleared: true }))
}

fn want(look: &Look<'_>, slot: Slot) -> Want {
    if look.record.pins[slot].is_none() {
        return Want::Leave;
    }
    match (&look.record.operation, &look.record.standby) {
        (Some(Operation::Deployment(own)), _) => want_in_deployment(look, own, slot),
        (Some(Operation::Replacement(_)), _) => Want::Leave,
        (None, Some(standby)) if standby.slot == slot && look.standby_may_end(standby) => Want::Retire,
        // What is on its way out is not launched again because somebody touched the weights meanwhile.
        (None, Some(standby)) if standby.slot == slot && look.retires(standby) => Want::Leave,
        (None, Some(_)) => Want::Hold,
        (None, None) => Want::Restore,
    }
}

fn want_in_deployment(look: &Look<'_>, own: &Deployment, slot: Slot) -> Want {
    let is_new = slot == own.slot;
    match &own.phase {
        Phase::Provisioning { cleared: false } if is_new => {
            if look.may_empty(slot) {
                Want::Empty
            } else {
                Want::Leave
            }
        }
        Phase::Provisioning { .. }
        | Phase::Verifying { .. }
        | Phase::Shifting { .. }
        | Phase::AwaitingApproval { .. } => Want::Hold,
        Phase::Baking => {
            if is_new && look.is_proved(own) {
                Want::Restore
            } else {
                Want::Hold
            }
        }
        Phase::RollingBack { .. } | Phase::Stuck { .. } => match (look.may_tear_down(own), is_new) {
            (true, true) => Want::Retire,
            (true, false) => Want::Restore,
            (false, _) if own.tearing_down => Want::Leave,
            // What never carried anything is not launched for the way back, and what a person has
            // retired by hand stays retired.
            (false, true) if !look.may_be_reached(own) || look.is_emptied(slot) => Want::Leave,
            (false, _) => Want::Hold,
        },
        Phase::Succeeded | Phase::RolledBack { .. } => Want::Leave,
    }
}

pub(crate) fn hold(look: &Look<'_>, slot: Slot, actions: &mut Vec<Action>) {
    let Some(pin) = &look.record.pins[slot] else { return };
    let desired = look.seen.groups[slot].capacity.desired.max(pin.set.desired).max(pin.set.min);
    resize(look, slot, Capacity { min: pin.set.min, desired, max: pin.set.max.max(desired) }, actions);
}

pub(crate) fn resize(look: &Look<'_>, slot: Slot, to: Capacity, actions: &mut Vec<Action>) {
    if look.seen.groups[slot].capacity != to {
        actions.push(Action::Resize { slot, to });
    }
}

pub(crate) fn suspend(look: &Look<'_>, slot: Slot, actions: &mut Vec<Action>) {
    let Some(pin) = &look.record.pins[slot] else { return };
    let seen = &look.seen.groups[slot].suspended;
    let mut missing: BTreeSet<Process> = pin.suspended.difference(seen).copied().collect();
    if look.record.replacement().is_none() && pin.suspended.contains(&Process::Launch) {
        // A replacement that gave way had suspended it; a deployment needs it.
        missing.remove(&Process::Launch);
        if seen.contains(&Process::Launch) {
            actions.push(Action::Resume { slot, processes: [Process::Launch].into() });
        }
    }
    if !missing.is_empty() {
        actions.push(Action::Suspend { slot, processes: missing });
    }
}

pub(crate) fn resume(look: &Look<'_>, slot: Slot, actions: &mut Vec<Action>) {
    let Some(pin) = &look.record.pins[slot] else { return };
    let ours: BTreeSet<Process> = pin.suspended.intersection(&look.seen.groups[slot].suspended).copied().collect();
    if !ours.is_empty() {
        actions.push(Action::Resume { slot, processes: ours });
    }
}

impl Look<'_> {
    /// What the group of `slot` goes back to: its former min and max, and the size it has now. The
    /// maximum never falls below that size, so that nothing that serves is taken away.
    pub(crate) fn restored(&self, slot: Slot) -> Capacity {
        let now = self.seen.groups[slot].capacity;
        let Some(pin) = &self.record.pins[slot] else { return now };
        let desired = now.desired.max(pin.former.min);
        Capacity { min: pin.former.min, desired, max: pin.former.max.max(desired) }
    }

    /// The sizes of the group of `slot` as they would be without a replacement that gave way.
    pub(crate) fn unraised(&self, slot: Slot) -> Capacity {
        let now = self.seen.groups[slot].capacity;
        let Some(pin) = self.record.pins[slot].as_ref().filter(|pin| pin.raised) else { return now };
        let desired = if now.desired == pin.former.desired + 1 { pin.former.desired } else { now.desired };
        Capacity { min: pin.former.min.min(desired), desired, max: pin.former.max.max(desired) }
    }

    /// Whether nothing of ours is left on the group of `slot`.
    pub(crate) fn is_restored(&self, slot: Slot) -> bool {
        let group = &self.seen.groups[slot];
        self.record.pins[slot]
            .as_ref()
            .is_none_or(|pin| group.capacity == self.restored(slot) && pin.suspended.is_disjoint(&group.suspended))
    }

    /// Whether nothing is left of `slot`, whoever took it away.
    pub(crate) fn is_emptied(&self, slot: Slot) -> bool {
        let group = &self.seen.groups[slot];
        self.seen.weight(slot) == 0 && group.capacity == Capacity::NONE && group.instances.is_empty()
    }

    /// Whether `slot` is retired: 0/0/0, no instance left, nothing of ours left on it.
    pub(crate) fn is_retired(&self, slot: Slot) -> bool {
        let group = &self.seen.groups[slot];
        let resumed = self.record.pins[slot].as_ref().is_none_or(|pin| pin.suspended.is_disjoint(&group.suspended));
        group.capacity == Capacity::NONE && group.instances.is_empty() && resumed
    }

    /// Whether every slot that would get more traffic than it has can carry any at all.
    fn can_route(&self, split: Split) -> bool {
        Slot::BOTH.into_iter().all(|slot| split.weight(slot) <= self.seen.weight(slot) || self.seen.healthy(slot) > 0)
    }

    /// Whether the idle slot may be emptied before a launch: nobody reaches what stands there, and
    /// it is not the last that could serve.
    pub(crate) fn may_empty(&self, slot: Slot) -> bool {
        self.seen.weight(slot) == 0
            && (self.seen.healthy(slot) == 0 || self.seen.healthy(slot.other()) > 0)
            && (self.seen.groups[slot].present() == 0 || (self.is_settled() && self.is_drained(slot)))
    }

    /// Takes down what this look shows before anything is decided: since when the wanted weights
    /// are seen, who is in the groups that we hold, and what other people changed on them.
    pub(crate) fn take_note(&mut self) {
        match self.role {
            Role::Deployer => {
                self.note_weights();
                self.note_slots();
                self.note_pins(&Slot::BOTH);
            }
            Role::BillingGuard => {}
            Role::Replacer => {
                self.note_health();
                if let Some(slot) = self.record.replacement().map(|own| own.slot) {
                    self.note_pins(&[slot]);
                }
            }
        }
    }

    fn note_pins(&mut self, slots: &[Slot]) {
        for slot in slots.iter().copied() {
            if let Some(pin) = &mut self.record.pins[slot] {
                pin.meet(&self.seen.groups[slot], self.now);
            }
            self.respect_others_sizes(slot);
        }
    }

    /// What this look shows of the slots of a deployment: asked again when one has just begun.
    pub(crate) fn note_slots(&mut self) {
        let (seen, now) = (self.seen, self.now);
        if let Some(own) = self.deployment_mut() {
            let reached = seen.weight(own.slot) > 0;
            own.carried |= reached;
            own.tearing_down &= !reached || seen.groups[own.slot].present() == 0;
            let dead = seen.healthy(own.keep()) == 0 && seen.healthy(own.slot) > 0;
            own.keep_dead_since = if dead { own.keep_dead_since.or(Some(now)) } else { None };
        }
    }

    /// Since when the wanted weights are seen; whether that is news. Asked again when others are
    /// wanted: somebody may have set them already.
    pub(crate) fn note_weights(&mut self) -> bool {
        let as_wanted = self.seen.routing.is(self.record.routing.split);
        let was_seen = self.record.routing.ever_seen;
        self.record.routing.ever_seen |= as_wanted;
        let since = self.record.routing.seen_since;
        if as_wanted && since.is_none() && !was_seen {
            self.record.took.route = Some(self.now.duration_since(self.record.routing.since));
        }
        self.record.routing.seen_since = as_wanted.then(|| since.unwrap_or(self.now));
        self.record.routing.seen_since != since
    }

    /// A size on a held group that is neither what it was nor what we set is somebody's wish. It is
    /// what the group goes back to; until then it is followed as far as serving allows.
    fn respect_others_sizes(&mut self, slot: Slot) {
        let seen = self.seen.groups[slot].capacity;
        let Some(pin) = &mut self.record.pins[slot] else { return };
        if seen == Capacity::NONE {
            return;
        }
        let ours = [pin.former, pin.set, pin.earlier];
        // Above the floor we hold, max may have followed desired; that is ours as well.
        let follows = seen.max == seen.desired && seen.desired > pin.set.desired;
        let min_changed = ours.iter().all(|own| own.min != seen.min);
        let max_changed = ours.iter().all(|own| own.max != seen.max) && (!follows || min_changed);
        if !min_changed && !max_changed {
            return;
        }
        if min_changed {
            pin.former.min = seen.min;
            pin.set.min = seen.min.max(pin.set.desired);
        }
        if max_changed {
            pin.former.max = seen.max;
            pin.set.max = seen.max.max(pin.set.desired);
        }
        let id = self.record.operation_id().cloned();
        let text = format!("somebody set {slot}'s group to {seen} meanwhile; that is what it goes back to in the end");
        self.tell(Kind::DriftFound, Severity::Info, id.as_ref(), &text);
    }
}

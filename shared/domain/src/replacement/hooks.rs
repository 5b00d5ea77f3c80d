//! Lifecycle hooks of ours: a group may hold an instance until we let it go on. One that is on its way out
//! waits until its last requests are answered; nobody else is kept waiting.

use jiff::SignedDuration;

use crate::decision::{Action, Outcome};
use crate::healing::Hooked;
use crate::look::{Look, Reply};
use crate::observation::{Lifecycle, TargetHealth};
use crate::trigger::HeldInstance;

/// Hooks whose names begin so are ours to complete.
const OURS: &str = "signalbox";
/// A wait is prolonged this often; a hook's timeout is 30 s at least.
const PROLONG_EVERY: SignedDuration = SignedDuration::from_secs(20);
/// Nobody waits longer than this, however long its requests take.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// The event may arrive before the group shows the wait.
const SHOWS_WITHIN: SignedDuration = SignedDuration::from_mins(2);

impl Look<'_> {
    pub(super) fn held_by_hook(&mut self, held: &HeldInstance) -> Option<Reply> {
        if !held.hook.starts_with(OURS) {
            return Reply::new(Outcome::Ignored, format!("the hook {} is not Signalbox's to complete", held.hook));
        }
        let (instance, hook) = (held.instance.clone(), held.hook.clone());
        let known = &mut self.record.healing.held;
        if !known.iter().any(|other| other.instance == instance && other.hook == hook) {
            known.push(Hooked { instance, slot: held.slot, hook, since: self.now, prolonged: None });
        }
        None
    }

    /// Forgets who does not wait any more.
    pub(super) fn forget_hooks(&mut self) {
        let (seen, now) = (self.seen, self.now);
        let mut held = std::mem::take(&mut self.record.healing.held);
        held.retain(|hooked| {
            let waits = seen.groups[hooked.slot].instances.iter().any(|instance| {
                instance.id == hooked.instance
                    && matches!(instance.lifecycle, Lifecycle::ComingHeld | Lifecycle::LeavingHeld)
            });
            waits || now.duration_since(hooked.since) < SHOWS_WITHIN
        });
        self.record.healing.held = held;
    }

    /// Lets go on who may.
    pub(super) fn hook_actions(&self) -> Vec<Action> {
        let of = |hooked: &Hooked| {
            let id = &hooked.instance;
            let group = &self.seen.groups[hooked.slot];
            let instance = group.instances.iter().find(|instance| instance.id == *id)?;
            let (slot, hook, instance_id) = (hooked.slot, hooked.hook.clone(), id.clone());
            match (instance.lifecycle, instance.target) {
                (Lifecycle::LeavingHeld, TargetHealth::Draining)
                    if self.now.duration_since(hooked.since) < LONGEST_WAIT =>
                {
                    let due = hooked.prolonged.is_none_or(|at| self.now.duration_since(at) >= PROLONG_EVERY);
                    due.then_some(Action::ProlongLifecycle { slot, instance: instance_id, hook })
                }
                (Lifecycle::LeavingHeld | Lifecycle::ComingHeld, _) => {
                    Some(Action::CompleteLifecycle { slot, instance: instance_id, hook })
                }
                (Lifecycle::Coming | Lifecycle::InService | Lifecycle::Standby | Lifecycle::Leaving, _) => None,
            }
        };
        self.record.healing.held.iter().filter_map(of).collect()
    }

    /// Remembers whose wait is prolonged.
    pub(crate) fn note_prolonged(&mut self, actions: &[Action]) {
        for action in actions {
            if let Action::ProlongLifecycle { instance, hook, .. } = action {
                let held = self.record.healing.held.iter_mut();
                held.filter(|one| one.instance == *instance && one.hook == *hook)
                    .for_each(|one| one.prolonged = Some(self.now));
            }
        }
    }
}

//! Steady state: an idle service is held to its record. A difference that looks like an earlier
//! wish of ours is our own late write and is put right; any other is somebody's, and the
//! definition says whether it is told or put right, at most twice an hour.

use jiff::{SignedDuration, Timestamp};

use crate::definition::{Mode, OnExternalChange};
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::slot::{Slot, Split};

/// What somebody keeps changing is put right this often within [`WINDOW`]; after that it is told.
const MOST_CORRECTIONS: usize = 2;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

impl Look<'_> {
    /// Compares a service that nothing moves with its record and tells what is not as it should be.
    pub(crate) fn hold_steady(&mut self) {
        let window_start = self.now - WINDOW;
        self.record.drift.corrected.retain(|at| *at > window_start);
        self.record.drift.emptied.retain(|at| *at > window_start);
        let difference = self.difference();
        if let Some(difference) = &difference
            && self.record.drift.told.as_ref() != Some(difference)
        {
            let told = if self.corrects_weights() || self.corrects_idle_size() {
                format!("{difference}; it is put right")
            } else {
                difference.clone()
            };
            self.tell(Kind::DriftFound, Severity::Warning, None, &told);
        }
        if self.weights_differ().is_some()
            && difference.is_some()
            && self.corrects_by_policy()
            && !self.is_fresh(&self.record.drift.corrected)
        {
            self.record.drift.corrected.push(self.now);
        }
        if self.corrects_idle_size() && !self.is_fresh(&self.record.drift.emptied) {
            self.record.drift.emptied.push(self.now);
        }
        self.record.drift.pending = self.wants_weights_corrected();
        self.record.drift.told = difference;
    }

    /// Forgets pins that were given back.
    pub(crate) fn give_back_pins(&mut self) {
        for slot in Slot::BOTH {
            if self.is_restored(slot) {
                self.record.pins[slot] = None;
            }
        }
    }

    fn difference(&self) -> Option<String> {
        if let Some(split) = self.weights_differ() {
            if self.is_our_own_late_write() && self.corrects_weights() {
                return None;
            }
            let seen = Slot::BOTH.map(|slot| format!("{slot} {}", self.seen.weight(slot))).join(" / ");
            return Some(format!("somebody changed the weights to {seen} percent; they should be {split}"));
        }
        let (idle, size) = self.idle_size();
        (size > 0).then(|| format!("{idle} is idle and retired, but its group has a desired size of {size}"))
    }

    /// The idle slot, and how large its group is although nothing of ours holds it.
    fn idle_size(&self) -> (Slot, u32) {
        let idle = self.record.live.other();
        let held = self.record.pins[idle].is_some();
        (idle, if held { 0 } else { self.seen.groups[idle].capacity.desired })
    }

    /// Whether the idle slot is emptied now, since the definition says that what somebody changed is
    /// put right.
    pub(crate) fn corrects_idle_size(&self) -> bool {
        let (idle, size) = self.idle_size();
        let at_rest = self.record.operation.is_none() && self.record.standby.is_none();
        // Clients that stick to it come back as long as it is named, whatever its weight.
        let sticks = self.seen.routing.sticky.is_some() && self.seen.routing.raw[idle].is_some();
        // Its requests are not counted at rest, so they get the time they have to end.
        let ended = self.definition.route_settle.duration() + self.definition.settle_guard.duration();
        let unused = self.seen.weight(idle) == 0 && self.weights_differ().is_none() && self.seen_for() >= ended;
        let unused = unused && !sticks;
        let lives = self.seen.healthy(self.record.live) > 0;
        at_rest && size > 0 && unused && lives && self.corrects(&self.record.drift.emptied)
    }

    /// The split wanted, where it is not the one seen. Which groups are named does not matter here:
    /// a listener that Terraform wrote anew with the live slot alone serves just as well.
    pub(crate) fn weights_differ(&self) -> Option<Split> {
        let wanted = self.record.routing.split;
        let same = self.seen.routing.elsewhere == 0
            && Slot::BOTH.into_iter().all(|slot| self.seen.weight(slot) == wanted.weight(slot));
        (!same).then_some(wanted)
    }

    fn is_our_own_late_write(&self) -> bool {
        let recently = self.now.duration_since(self.record.routing.since) < WINDOW;
        let earlier = self.seen.routing.split().is_some_and(|seen| self.record.routing.earlier.contains(&seen));
        // What was wanted and never seen yet is a write of ours that is not done.
        !self.record.routing.ever_seen || (earlier && recently)
    }

    /// Whether the weights of an idle service are written now.
    pub(crate) fn corrects_weights(&self) -> bool {
        self.wants_weights_corrected() && self.seen.healthy(self.record.live) > 0
    }

    /// Whether they are to be put right, as soon as the live slot can take them.
    fn wants_weights_corrected(&self) -> bool {
        if self.weights_differ().is_none() || self.definition.mode == Mode::Observe {
            return false;
        }
        let dead = Slot::BOTH.into_iter().any(|slot| self.seen.weight(slot) > 0 && self.seen.healthy(slot) == 0);
        self.is_our_own_late_write() || dead || self.corrects_by_policy()
    }

    fn corrects_by_policy(&self) -> bool {
        self.corrects(&self.record.drift.corrected)
    }

    /// Whether one more correction of this kind is allowed.
    fn corrects(&self, so_far: &[Timestamp]) -> bool {
        self.definition.mode == Mode::Act
            && self.definition.drift.on_external_change == OnExternalChange::Correct
            && (so_far.len() < MOST_CORRECTIONS || self.is_fresh(so_far))
    }

    /// Whether the last correction is so fresh that it may not show yet.
    fn is_fresh(&self, so_far: &[Timestamp]) -> bool {
        so_far.last().is_some_and(|at| self.now.duration_since(*at) < self.definition.settle_guard.duration())
    }
}

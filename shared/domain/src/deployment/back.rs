//! The way back: traffic to the old slot as soon as that can carry it, then the new slot is
//! retired and everything we changed is put back.

use jiff::SignedDuration;

use super::{Cause, Deployment, Phase, Stuck};
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::slot::{Slot, Split};

impl Look<'_> {
    /// Turns a deployment round.
    pub(super) fn turn_back(&mut self, mut deployment: Deployment, cause: Cause) -> bool {
        let keep = deployment.keep();
        deployment.phase = Phase::RollingBack { cause: cause.clone() };
        deployment.since = self.now;
        deployment.paused_since = None;
        deployment.paused_before = SignedDuration::ZERO;
        deployment.asking = None;
        deployment.short_since = None;
        deployment.proved_since = None;
        deployment.tearing_down = false;
        deployment.blind_since = None;
        deployment.promoted = false;
        self.note(&deployment, format!("going back to {keep}, because {cause}"));
        let to = self.release_of(keep);
        let text = format!("taking {} back: {cause}. Traffic goes to {to} on {keep}.", deployment.release);
        self.tell(Kind::RollbackStarted, Severity::Critical, Some(&deployment.id), &text);
        self.put(deployment);
        true
    }

    fn release_of(&self, slot: Slot) -> String {
        self.record.releases[slot].as_ref().map_or_else(|| "the former release".to_owned(), ToString::to_string)
    }

    /// Moves a rollback on; whether it came to another phase.
    pub(super) fn go_back(&mut self, deployment: &Deployment, cause: &Cause) -> bool {
        let keep = deployment.keep();
        self.send_traffic_back(deployment);
        let may_tear_down = self.may_tear_down(deployment);
        if let Some(own) = self.deployment_mut() {
            own.tearing_down |= may_tear_down;
        }
        // What was decided before it turned round may still be on its way, and would be found by nobody.
        let waited = self.now.duration_since(deployment.since) >= self.definition.settle_guard.duration();
        if waited && may_tear_down && self.is_restored(keep) && self.is_retired(deployment.slot) {
            return self.finish_rollback(deployment, cause);
        }
        if let Phase::Stuck { .. } = deployment.phase {
            return false;
        }
        let settling = self.definition.settle_guard.duration() + self.draining(deployment.slot);
        let limit = self.definition.health.within.duration() + settling;
        // Weights that are seen to be back are progress: the rest has its time from there.
        let progress = self.record.routing.seen_since.map_or(deployment.since, |seen| seen.max(deployment.since));
        if self.now.duration_since(progress) > limit {
            return self.get_stuck(deployment, cause);
        }
        false
    }

    fn send_traffic_back(&mut self, deployment: &Deployment) {
        let keep = deployment.keep();
        // Group-level stickiness beats weights: only a forward action without the slot ends it.
        let back = if self.seen.routing.sticky.is_some() { Split::Only(keep) } else { Split::all_to(keep) };
        if self.keep_is_dead(deployment) {
            self.serve_from_the_new_slot(deployment);
            return;
        }
        if self.record.routing.split == back || self.waits_for_a_late_write(deployment) {
            return;
        }
        if !self.record.routing.split.names(keep) {
            // Nobody checks the targets of a group that no rule names: name it first, to see them healthy.
            self.record.intend(Split::all_to(deployment.slot), self.now);
            return;
        }
        let kept = self.seen.healthy(keep);
        let enough = kept >= deployment.size;
        let better_than_nothing = kept > 0 && (self.seen.healthy(deployment.slot) == 0 || deployment.forced);
        let nothing_moves = self.record.routing.split.weight(keep) == 100;
        if enough || better_than_nothing || nothing_moves {
            self.record.intend(back, self.now);
        }
        if !enough {
            self.grow(keep, deployment.size);
        }
    }

    /// Whether the slot that traffic goes back to is dead, while the new one is not. A moment is not
    /// enough, or one missed check would move everything.
    pub(super) fn keep_is_dead(&self, deployment: &Deployment) -> bool {
        let own = self.deployment().unwrap_or(deployment);
        let settle = self.definition.health.settle.duration();
        own.keep_dead_since.is_some_and(|since| self.now.duration_since(since) >= settle)
    }

    /// Whether the slot that traffic is to go back to may be taken away a moment from now, because that
    /// was decided before anybody wanted to go back. While the new slot has anybody healthy, it waits.
    fn waits_for_a_late_write(&self, deployment: &Deployment) -> bool {
        let guard = self.definition.settle_guard.duration();
        let doubtful = deployment.keep_doubtful_since.is_some_and(|since| self.now.duration_since(since) < guard);
        doubtful && self.seen.healthy(deployment.slot) > 0
    }

    /// Whatever is wrong with the new slot, it serves: better than nobody, until the other one has healed.
    fn serve_from_the_new_slot(&mut self, deployment: &Deployment) {
        let (keep, drop) = (deployment.keep(), deployment.slot);
        self.grow(keep, deployment.size);
        if self.record.routing.split == Split::all_to(drop) {
            return;
        }
        self.record.intend(Split::all_to(drop), self.now);
        let mut own = self.deployment().unwrap_or(deployment).clone();
        own.tearing_down = false;
        let text = format!(
            "{keep} has no healthy target; {} on {drop} serves everything until {keep} is healthy again",
            own.release
        );
        self.note(&own, text.clone());
        self.tell(Kind::DeploymentHeld, Severity::Critical, Some(&own.id), &text);
        self.put(own);
    }

    /// Whether what is left of the new slot may go: all weights are back and were seen to be for
    /// long enough, and nobody reaches it any more.
    pub(crate) fn may_tear_down(&self, deployment: &Deployment) -> bool {
        let keep = deployment.keep();
        let goes_on = self.deployment().is_some_and(|own| own.tearing_down) && self.record.routing.seen_since.is_some();
        self.record.routing.split.weight(keep) == 100
            && self.is_settled()
            && (goes_on
                || !self.may_be_reached(deployment)
                || self.is_drained(deployment.slot)
                || self.is_emptied(deployment.slot))
            && (self.seen.healthy(keep) > 0 || self.seen.healthy(deployment.slot) == 0)
    }

    /// Whether requests may still reach what is on the new slot, even at weight 0. Who sticks to a slot
    /// shows in no weight: somebody may have given it some between two looks.
    pub(crate) fn may_be_reached(&self, deployment: &Deployment) -> bool {
        deployment.carried || deployment.inherited || self.seen.routing.sticky.is_some()
    }

    /// How long a slot may take to drain: what is known of it, or else what AWS sets by default.
    pub(super) fn draining(&self, slot: Slot) -> SignedDuration {
        let delay = self.seen.quiet[slot].map_or(SignedDuration::from_mins(5), |quiet| quiet.deregistration_delay);
        self.definition.route_settle.duration() + delay
    }

    fn finish_rollback(&mut self, deployment: &Deployment, cause: &Cause) -> bool {
        let keep = deployment.keep();
        let mut done = deployment.clone();
        done.phase = Phase::RolledBack { cause: cause.clone() };
        done.since = self.now;
        // Out of standby the live release itself is taken back, and that uses the way back up.
        if self.record.live == deployment.slot {
            self.record.way_back = None;
        }
        self.record.live = keep;
        self.record.pins[Slot::Blue] = None;
        self.record.pins[Slot::Green] = None;
        self.record.operation = None;
        let to = self.release_of(keep);
        self.note(&done, format!("{to} has all traffic on {keep}; {} is retired", deployment.slot));
        let text = format!("{to} is live on {keep} again; {} was taken back, because {cause}", done.release);
        self.tell(Kind::RollbackCompleted, Severity::Warning, Some(&done.id), &text);
        true
    }

    fn get_stuck(&mut self, deployment: &Deployment, cause: &Cause) -> bool {
        let (keep, drop) = (deployment.keep(), deployment.slot);
        let name = &self.definition.name;
        let (healthy, size) = (self.seen.healthy(keep), deployment.size);
        let (left, by_hand) = if self.record.routing.split.weight(keep) < 100 {
            let force =
                if healthy > 0 { format!(", or run `signalbox rollback {name} --force`") } else { String::new() };
            (
                format!("{keep} has {healthy} of the {size} healthy targets it needs to take all traffic back"),
                format!("bring {keep}'s group to {size} healthy instances{force}"),
            )
        } else if self.seen.weight(drop) > 0 {
            let weight = self.seen.weight(drop);
            (
                format!("{drop} still gets {weight} % of the traffic: the load balancer does not follow"),
                format!("give {keep} all traffic on the listener; the rest follows by itself"),
            )
        } else {
            (
                format!("{keep} has all traffic, but {drop} is not retired and put back yet"),
                format!("set {drop}'s group to 0/0/0; the rest follows by itself"),
            )
        };
        let mut stuck = deployment.clone();
        stuck.since = self.now;
        stuck.phase = Phase::Stuck {
            cause: cause.clone(),
            stuck: Stuck { left: left.clone(), by_hand: by_hand.clone(), heals: true },
        };
        self.note(&stuck, left.clone());
        let text = format!("the rollback of {} is stuck: {left}.\nTo finish: {by_hand}", stuck.release);
        self.tell(Kind::OperationStuck, Severity::Critical, Some(&stuck.id), &text);
        self.put(stuck);
        true
    }
}

//! The way in: provisioning, verifying, the steps of the shift, baking.

use super::{Cause, Deployment, Measured, Phase, Purpose};
use crate::definition::{Otherwise, Step};
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::observation::{Instance, Lifecycle, TargetHealth};
use crate::record::Standby;
use crate::slot::{Percent, Split};
use crate::trigger::AlarmChange;

/// What must hold before traffic moves.
pub(super) struct Gate {
    /// How many healthy targets carry everything now.
    pub(super) size: u32,
    /// The new slot can carry its share.
    pub(super) new_can: bool,
    /// The old slot could take everything back, or is what is to be cured.
    pub(super) old_could: bool,
}

impl Look<'_> {
    /// Moves a deployment on its way in by at most one transition; whether it moved.
    pub(super) fn go_forward(&mut self, deployment: &Deployment, raised: Option<&AlarmChange>) -> bool {
        if let Some(cause) = self.failure(deployment, raised) {
            return self.fail(deployment, cause);
        }
        self.tell_missing_alarms(deployment);
        self.tell_silence(deployment);
        if deployment.paused_since.is_some() || deployment.asking.is_some() {
            return false;
        }
        match deployment.phase {
            Phase::Provisioning { cleared: false } => self.clear(deployment),
            Phase::Provisioning { cleared: true } => self.launch(deployment),
            Phase::Verifying { healthy_since } => self.verify(deployment, healthy_since),
            Phase::Shifting { step } => self.shift(deployment, step),
            Phase::AwaitingApproval { step } => self.await_approval(deployment, step),
            Phase::Baking => self.bake(deployment),
            Phase::Succeeded | Phase::RollingBack { .. } | Phase::RolledBack { .. } | Phase::Stuck { .. } => false,
        }
    }

    fn clear(&mut self, deployment: &Deployment) -> bool {
        let group = &self.seen.groups[deployment.slot];
        let keep = deployment.keep();
        if !group.instances.is_empty() || group.capacity.desired > 0 {
            // Clients that stick to what stood by come back as long as the slot is named.
            if self.seen.routing.sticky.is_some() && deployment.inherited {
                self.record.intend(Split::Only(keep), self.now);
            }
            return false;
        }
        // Empty, and what boots from now on boots the new release: seen in one look, so that an instance
        // somebody else launched before the release was written is never taken for a new one.
        if self.seen.runs(deployment.slot, &deployment.release) != Some(true) {
            return false;
        }
        self.record.intend(Split::all_to(keep), self.now);
        if let Some(own) = self.deployment_mut() {
            own.inherited = false;
        }
        self.record.releases[deployment.slot] = Some(deployment.release.clone());
        let what = format!("{} is empty; {} is written and launched", deployment.slot, deployment.release);
        self.enter(deployment, Phase::Provisioning { cleared: true }, what)
    }

    fn launch(&mut self, deployment: &Deployment) -> bool {
        if !self.is_complete(deployment) {
            return false;
        }
        let mut next = self.deployment().unwrap_or(deployment).clone();
        next.phase = Phase::Verifying { healthy_since: Some(self.now) };
        self.note(&next, format!("all {} targets of {} are healthy", deployment.size, deployment.slot));
        self.put(next);
        true
    }

    /// As many healthy targets as carry everything, none that is not, and all booted with the release.
    pub(super) fn is_complete(&self, deployment: &Deployment) -> bool {
        let group = &self.seen.groups[deployment.slot];
        group.healthy() >= deployment.size
            && group.healthy() == group.present()
            && self.seen.runs(deployment.slot, &deployment.release) == Some(true)
    }

    fn verify(&mut self, deployment: &Deployment, healthy_since: Option<jiff::Timestamp>) -> bool {
        let (complete, now) = (self.is_complete(deployment), self.now);
        let since = if complete { healthy_since.or(Some(self.now)) } else { None };
        if since != healthy_since
            && let Some(own) = self.deployment_mut()
        {
            own.phase = Phase::Verifying { healthy_since: since };
            if !complete && own.probes.were_asked() {
                // It had been launched in time; what is lost now has its time anew.
                own.since = now;
            }
        }
        let settled =
            since.is_some_and(|since| self.now.duration_since(since) >= self.definition.health.settle.duration());
        let asks = self.seen.probed.is_some() || deployment.awaits(self.definition).is_some();
        if asks || !(settled && self.guard_is_readable()) {
            return false;
        }
        self.record.took.launch = Some(deployment.elapsed(self.now));
        let what = format!("{} stayed healthy for {}", deployment.slot, self.definition.health.settle);
        self.go_to_step(deployment, 0, what)
    }

    fn go_to_step(&mut self, deployment: &Deployment, step: usize, what: String) -> bool {
        match deployment.steps.get(step) {
            Some(Step::Weight { .. }) => self.enter(deployment, Phase::Shifting { step }, what),
            Some(Step::Approval { within, .. }) => {
                let text = format!(
                    "{} waits for approval, at most {within}.\nTo go on: signalbox promote {}",
                    deployment.release, self.definition.name
                );
                self.tell(Kind::DeploymentHeld, Severity::Warning, Some(&deployment.id), &text);
                self.enter(deployment, Phase::AwaitingApproval { step }, what)
            }
            None => self.enter(deployment, Phase::Baking, what),
        }
    }

    fn shift(&mut self, deployment: &Deployment, step: usize) -> bool {
        if self.keep_is_dead(deployment) {
            return self.take_over(deployment);
        }
        let weight = deployment.weight_of(step);
        if self.record.routing.split.weight(deployment.slot) != weight.get() {
            if self.may_take(deployment, weight) {
                self.record.intend(Split::give(deployment.slot, weight), self.now);
                if let Some(own) = self.deployment_mut() {
                    own.carried = true;
                }
            }
            return false;
        }
        let seen = self.record.routing.seen_since.is_some();
        let over = deployment.promoted || self.wait_is_over(deployment);
        if !(seen && over && self.guard_is_readable() && self.checks_allow(deployment)) {
            return false;
        }
        self.go_to_step(deployment, step + 1, format!("{} % on {} went well", weight, deployment.slot))
    }

    /// Before traffic moves: the new slot can carry its share, and the old one could take all back.
    /// Whichever could not is grown first.
    fn may_take(&mut self, deployment: &Deployment, weight: Percent) -> bool {
        let Gate { size, new_can, old_could } = self.gate(deployment, weight);
        if let Some(own) = self.deployment_mut() {
            own.size = size;
        }
        if !new_can {
            self.grow(deployment.slot, size);
        }
        if !old_could {
            self.grow(deployment.keep(), size);
        }
        new_can && old_could && self.guard_is_readable()
    }

    pub(super) fn gate(&self, deployment: &Deployment, weight: Percent) -> Gate {
        let keep = deployment.keep();
        // What scaling added to the live slot counts; what we added to make up for sick ones does not.
        let floor = self.record.pins[keep].as_ref().map_or(0, |pin| pin.set.desired);
        let live_now = self.seen.groups[keep].capacity.desired;
        let size = if live_now > floor { deployment.size.max(live_now) } else { deployment.size };
        Gate {
            size,
            new_can: self.seen.healthy(deployment.slot) >= (size * u32::from(weight.get())).div_ceil(100),
            old_could: deployment.cure || self.seen.healthy(keep) >= size,
        }
    }

    /// Raises a pinned group's floor until `healthy` targets can be healthy: one more for each
    /// instance that is not. At most twice the size, since sick instances may come back.
    pub(super) fn grow(&mut self, slot: crate::slot::Slot, healthy: u32) {
        let Some(pin) = &mut self.record.pins[slot] else { return };
        // One that was never healthy is booting, for as long as a launch may take.
        let boots = |instance: &Instance| {
            let known = pin.members.get(&instance.id);
            let within = self.definition.health.within.duration();
            known.is_some_and(|known| !known.healthy && self.now.duration_since(known.since) <= within)
        };
        let fails = |instance: &&Instance| {
            instance.lifecycle == Lifecycle::InService && instance.target == TargetHealth::Unhealthy && !boots(instance)
        };
        let sick = u32::try_from(self.seen.groups[slot].staying().filter(fails).count()).unwrap_or(u32::MAX);
        let wanted = (healthy + sick).min(healthy * 2);
        if pin.set.desired < wanted {
            pin.earlier = pin.set;
            pin.set.desired = wanted;
            pin.set.min = pin.set.min.max(wanted);
            pin.set.max = pin.set.max.max(wanted);
        }
    }

    /// The live slot died while the new one is healthy: steps and approvals protect people from a bad
    /// release, and a slot without a healthy target is worse. The guard goes on watching.
    fn take_over(&mut self, deployment: &Deployment) -> bool {
        let mut next = self.deployment().unwrap_or(deployment).clone();
        next.carried = true;
        self.record.intend(Split::all_to(deployment.slot), self.now);
        self.put(next);
        let keep = deployment.keep();
        self.enter(
            deployment,
            Phase::Baking,
            format!("{keep} has no healthy target left: {} takes over", deployment.slot),
        )
    }

    fn await_approval(&mut self, deployment: &Deployment, step: usize) -> bool {
        if self.keep_is_dead(deployment) {
            return self.take_over(deployment);
        }
        if deployment.promoted {
            return self.go_to_step(deployment, step + 1, "approved".to_owned());
        }
        let Some(Step::Approval { within, otherwise }) = deployment.steps.get(step).copied() else {
            return self.go_to_step(deployment, step + 1, "nothing to approve".to_owned());
        };
        if deployment.elapsed(self.now) <= within.duration() {
            return false;
        }
        match otherwise {
            Otherwise::Rollback => self.fail(deployment, Cause::NotApproved { within }),
            Otherwise::Promote if !(self.guard_is_readable() && self.checks_allow(deployment)) => false,
            Otherwise::Promote => {
                self.go_to_step(deployment, step + 1, format!("nobody answered within {within}: going on, as agreed"))
            }
        }
    }

    /// Whether the new slot has proved itself: from then on its pins are given back.
    pub(crate) fn is_proved(&self, deployment: &Deployment) -> bool {
        deployment.phase == Phase::Baking
            && deployment.paused_since.is_none()
            && deployment.asking.is_none()
            && self.record.routing.seen_since.is_some()
            && (deployment.proved_since.is_some()
                || (deployment.promoted || self.wait_is_over(deployment))
                    && self.checks_allow(deployment)
                    && self.seen.probed.is_none()
                    && deployment.awaits(self.definition).is_none()
                    && self.is_settled()
                    && self.guard_is_readable()
                    && self.seen.healthy(deployment.slot) >= deployment.size)
    }

    fn bake(&mut self, deployment: &Deployment) -> bool {
        if !self.is_proved(deployment) {
            return false;
        }
        let now = self.now;
        if let Some(own) = self.deployment_mut() {
            own.proved_since.get_or_insert(now);
        }
        if !self.is_restored(deployment.slot) {
            self.tell_overdue(deployment);
            return false;
        }
        let (slot, keep) = (deployment.slot, deployment.keep());
        let mut done = deployment.clone();
        done.phase = Phase::Succeeded;
        done.since = self.now;
        self.record.live = slot;
        self.record.releases[slot] = Some(done.release.clone());
        self.record.pins[slot] = None;
        self.record.operation = None;
        let (way_back, until) = match done.purpose {
            Purpose::Forward => (done.from.clone(), self.now + self.definition.standby.duration()),
            // What was just left is no way back, so it is not kept warm.
            Purpose::Back => (None, self.now),
        };
        self.record.way_back = way_back;
        self.record.standby = Some(Standby { slot: keep, until, retiring_since: None, of: Box::new(done.clone()) });
        let was = done.from.as_ref().map_or(String::new(), |from| format!(" (was {from})"));
        self.note(&done, format!("{} is live on {slot}{was}", done.release));
        let text = format!("{} is live on {slot}{was}, after {}", done.release, done.age(self.now));
        self.tell(Kind::DeploymentSucceeded, Severity::Info, Some(&done.id), &text);
        true
    }

    /// Giving back what was changed should take seconds. When it does not, people must know: the
    /// traffic is where it belongs, but the group is still held.
    fn tell_overdue(&mut self, deployment: &Deployment) {
        let waited = deployment.proved_since.map_or(jiff::SignedDuration::ZERO, |since| self.now.duration_since(since));
        if deployment.overdue_told || waited <= self.definition.health.within.duration() {
            return;
        }
        let slot = deployment.slot;
        let text = format!(
            "{} serves all traffic on {slot}, but {slot}'s group cannot be given back: it stays pinned and its processes \
             suspended. Is the function allowed to change it?",
            deployment.release
        );
        self.tell(Kind::OperationStuck, Severity::Critical, Some(&deployment.id), &text);
        if let Some(own) = self.deployment_mut() {
            own.overdue_told = true;
        }
    }

    /// Enters a phase or step: time, waits and pauses begin anew.
    fn enter(&mut self, deployment: &Deployment, phase: Phase, what: String) -> bool {
        let mut next = self.deployment().unwrap_or(deployment).clone();
        next.phase = phase;
        next.since = self.now;
        next.promoted = false;
        next.probes.ask_anew();
        next.measured = Measured::default();
        next.paused_before = jiff::SignedDuration::ZERO;
        self.note(&next, what);
        let text = next.describe();
        self.tell(Kind::DeploymentProgressed, Severity::Info, Some(&next.id), &text);
        self.put(next);
        true
    }

    /// Writes a deployment back into the record.
    pub(super) fn put(&mut self, deployment: Deployment) {
        self.record.operation = Some(crate::record::Operation::Deployment(deployment));
    }
}

//! The door: what must hold before a deployment begins. Each refusal is one sentence.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Deployment, Launches, Measured, Phase, Probes, Purpose};
use crate::definition::{Capacity, Mode};
use crate::look::Look;
use crate::observation::Process;
use crate::record::{Operation, Pin};
use crate::slot::{Slot, Split};
use crate::text::AlarmName;
use crate::trigger::{AlarmState, DeployRequest, OnFailure, Origin};

/// Deploy and rollback events older than this are refused: whoever sent them has moved on.
pub(super) const OLDEST_EVENT: SignedDuration = SignedDuration::from_mins(15);

/// Refuses an event that was under way for too long.
pub(super) fn in_time(origin: Origin, now: Timestamp) -> Result<(), String> {
    match origin {
        Origin::Event { at } if now.duration_since(at) > OLDEST_EVENT => {
            Err(format!("the event was put at {at:.0}, more than 15 minutes ago; send it again if it is still wanted"))
        }
        Origin::Event { .. } | Origin::Invoke => Ok(()),
    }
}

impl Look<'_> {
    /// Why this deploy may not begin now, if it may not.
    pub(super) fn door(&self, request: &DeployRequest) -> Result<(), String> {
        in_time(request.origin, self.now)?;
        if self.definition.mode == Mode::Observe {
            return Err("the service is in observe mode: nothing is changed except by a rollback".to_owned());
        }
        if let Some(other) = self.deployment() {
            return Err(format!("{} is still under way: {}", other.id, other.describe()));
        }
        if let Some(other) = self.record.operation.as_ref().filter(|other| !other.is_displaced_by_a_deploy()) {
            return Err(format!("an instance is being replaced; try again in a few minutes: {}", other.describe()));
        }
        self.freeze_allows()?;
        self.billing_allows()?;
        self.definition.release.accepts(&request.release)?;
        self.surroundings_allow()?;
        self.alarms_allow(request.fix_forward)?;
        self.world_allows(request.fix_forward)
    }

    fn surroundings_allow(&self) -> Result<(), String> {
        let Some(around) = &self.seen.surroundings else {
            return Err("what else forwards to the target groups could not be read; try again".to_owned());
        };
        if let Some(route) = around.other_routes.first() {
            return Err(format!("another listener or rule forwards to a slot's target group as well: {route}"));
        }
        if let Some(slot) = around.refreshing.first() {
            return Err(format!("an instance refresh runs on {}'s group; wait for it or cancel it", slot));
        }
        if around.app_cookie {
            return Err("a target group sticks by app_cookie, which AWS does not support with weights; use lb_cookie"
                .to_owned());
        }
        Ok(())
    }

    fn alarms_allow(&self, fix_forward: bool) -> Result<(), String> {
        if self.definition.guard.alarms.is_empty() {
            return Ok(());
        }
        let Some(alarms) = &self.seen.alarms else {
            return Err("the guard's alarms could not be read; try again".to_owned());
        };
        if let Some(missing) = self.definition.guard.alarms.iter().find(|alarm| !alarms.contains_key(*alarm)) {
            return Err(format!("guard alarm {missing} does not exist"));
        }
        match self.firing().into_iter().next() {
            Some(alarm) if !fix_forward => {
                Err(format!("guard alarm {alarm} is in ALARM; repair that first, or deploy the cure with fix_forward"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn world_allows(&self, fix_forward: bool) -> Result<(), String> {
        let live = self.record.live;
        let idle = live.other();
        if self.seen.weight(idle) > 0 {
            let weight = self.seen.weight(idle);
            return Err(format!(
                "{idle} is not live and still gets {weight} % of the traffic; give it all to {live} first"
            ));
        }
        if self.seen.routing.split().and_then(Split::sole) != Some(live) {
            return Err(format!("{live} is live by the record but does not get all the traffic; see `status`"));
        }
        let healthy = self.seen.healthy(live);
        let floor = self.seen.groups[live].capacity.min.max(1);
        if healthy < floor && !fix_forward {
            return Err(format!(
                "{live} is live with {healthy} of {floor} healthy targets; heal it first, or deploy the cure with fix_forward"
            ));
        }
        Ok(())
    }

    /// The guard's alarms that fire now.
    pub(super) fn firing(&self) -> BTreeSet<AlarmName> {
        let alarms = self.seen.alarms.iter().flatten();
        alarms
            .filter(|(_, seen)| seen.state == AlarmState::Alarm && !seen.suppressed)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Takes ownership of the service for a new deployment.
    pub(super) fn begin(&mut self, plan: Plan) {
        let keep = self.record.live;
        let slot = keep.other();
        let live_now = self.seen.groups[keep].capacity;
        // A replacement that gave way may have raised it by one, and billing holds it back.
        let unraised = self.uncapped(keep, self.unraised(keep));
        let capacity = self.definition.capacity.unwrap_or(unraised);
        let size = unraised.desired.max(capacity.desired).max(capacity.min).max(1);
        if self.record.standby.take().is_some() {
            self.tell_standby_displaced(&plan);
        }
        self.record.intend(Split::all_to(keep), self.now);
        self.pin(
            keep,
            unraised,
            Capacity { min: live_now.desired, max: live_now.max.max(live_now.desired), ..live_now },
        );
        self.pin(slot, capacity, Capacity { min: size, desired: size, max: capacity.max.max(size) });
        let ignored_alarms = match (plan.cure, &self.seen.alarms) {
            (true, Some(_)) => self.firing(),
            // Not seen: any of them may have fired before.
            (true, None) => self.definition.guard.alarms.iter().cloned().collect(),
            (false, _) => BTreeSet::new(),
        };
        // What stands in the slot now is none of the new release's launches.
        let old = self.seen.groups[slot].instances.iter().map(|instance| (instance.id.clone(), true)).collect();
        let deployment = Deployment {
            id: plan.id,
            release: plan.release,
            slot,
            from: self.record.releases[keep].clone(),
            purpose: plan.purpose,
            steps: plan.steps,
            on_failure: plan.on_failure,
            requested_by: plan.requested_by,
            began: self.now,
            size,
            capacity,
            cure: plan.cure,
            ignored_alarms,
            missing_alarms: BTreeSet::new(),
            launches: Launches { seen: old, failed: BTreeSet::new() },
            paused_since: None,
            paused_before: SignedDuration::ZERO,
            short_since: None,
            blind_since: (!self.guard_is_readable()).then_some(self.now),
            overdue_told: false,
            asking: None,
            promoted: false,
            carried: self.seen.weight(slot) > 0,
            inherited: self.seen.groups[slot].present() > 0,
            keep_dead_since: None,
            keep_doubtful_since: None,
            proved_since: None,
            probes: Probes::default(),
            measured: Measured::default(),
            tearing_down: false,
            forced: false,
            since: self.now,
            phase: Phase::Provisioning { cleared: false },
        };
        self.note(&deployment, plan.why);
        self.record.operation = Some(Operation::Deployment(deployment));
    }

    /// Remembers what `slot`'s group goes back to, and what it is held at until then.
    fn pin(&mut self, slot: Slot, former: Capacity, set: Capacity) {
        let group = &self.seen.groups[slot];
        let ours_already = self.record.pins[slot].take().map(|pin| pin.suspended).unwrap_or_default();
        let held = self.record.take_held(slot);
        let suspended = Process::MEDDLING
            .into_iter()
            .filter(|process| !group.suspended.contains(process))
            .chain(ours_already)
            .chain(held.iter().flat_map(|held| held.suspended.clone()))
            .collect();
        let mut pin = Pin::on(group, former, set, suspended, self.now);
        // A cap that was decided and not seen yet may still be on its way.
        pin.earlier = held.filter(|held| !held.seen).map_or(pin.earlier, |held| held.set);
        self.record.pins[slot] = Some(pin);
    }
}

/// What a new deployment is to do.
pub(super) struct Plan {
    pub(super) id: crate::text::RequestId,
    pub(super) release: crate::text::Release,
    pub(super) purpose: Purpose,
    pub(super) steps: Vec<crate::definition::Step>,
    pub(super) on_failure: OnFailure,
    pub(super) requested_by: Option<String>,
    /// What is live may be sick and its alarms may fire: this is the cure.
    pub(super) cure: bool,
    pub(super) why: String,
}

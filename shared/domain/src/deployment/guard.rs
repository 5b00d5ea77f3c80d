//! What takes a release back: alarms, lost health, launches that fail.

use super::{Cause, Deployment, Launches, Phase, Purpose};
use crate::definition::OnNoData;
use crate::look::Look;
use crate::observation::Alarms;
use crate::slot::Percent;
use crate::text::AlarmName;
use crate::trigger::{AlarmChange, AlarmState, GroupScaling, ScalingKind};

impl Look<'_> {
    /// A guard alarm that fires and is not ignored, by what is seen or by the event that woke us.
    pub(super) fn alarm_against(&self, deployment: &Deployment, raised: Option<&AlarmChange>) -> Option<Cause> {
        let counts = |alarm: &AlarmName| {
            self.definition.guard.alarms.contains(alarm) && !deployment.ignored_alarms.contains(alarm)
        };
        // An event newer than the phase is evidence even when the alarm is OK again by now, unless
        // the alarm is a composite whose actions are held back by its suppressor.
        let suppressed = |alarm: &AlarmName| {
            self.seen.alarms.as_ref().and_then(|seen| seen.get(alarm)).is_some_and(|seen| seen.suppressed)
        };
        if let Some(change) = raised
            && change.state == AlarmState::Alarm
            && change.at >= deployment.since
            && counts(&change.alarm)
            && !suppressed(&change.alarm)
        {
            return Some(Cause::Alarm { alarm: change.alarm.clone() });
        }
        if let Some(alarm) = self.firing().into_iter().find(|alarm| counts(alarm)) {
            return Some(Cause::Alarm { alarm });
        }
        let alarms = self.seen.alarms.as_ref()?;
        if self.definition.guard.on_no_data != OnNoData::Fail || deployment.purpose == Purpose::Back {
            return None;
        }
        let missing = self.definition.guard.alarms.iter().find(|alarm| !alarms.contains_key(*alarm))?;
        Some(Cause::AlarmMissing { alarm: missing.clone() })
    }

    /// Whether the guard lets a deployment go on: its alarms and what is to be measured could be read, and none is missing
    /// where the definition says to hold then.
    pub(super) fn guard_is_readable(&self) -> bool {
        let guard = &self.definition.guard;
        if self.is_unmeasured() {
            return false;
        }
        match &self.seen.alarms {
            None => guard.alarms.is_empty(),
            Some(alarms) => {
                guard.on_no_data != OnNoData::Pause || guard.alarms.iter().all(|alarm| alarms.contains_key(alarm))
            }
        }
    }

    /// Too few healthy targets for the share the new slot is seen to carry: at once when there is
    /// none at all, after `health.settle` when there are some.
    pub(super) fn health_lost(&self, deployment: &Deployment) -> Option<Cause> {
        let (healthy, needed) = self.health_of_share(deployment);
        let short_for = deployment.short_since.map(|since| self.now.duration_since(since));
        let gone = needed > 0 && healthy == 0;
        let too_long =
            healthy < needed && short_for.is_some_and(|short| short >= self.definition.health.settle.duration());
        (gone || too_long).then_some(Cause::LostHealth { healthy, needed })
    }

    fn health_of_share(&self, deployment: &Deployment) -> (u32, u32) {
        let weight = self.seen.weight(deployment.slot).min(100);
        // How many a proved slot needs is scaling's to say again.
        let size = if deployment.proved_since.is_some() { 1 } else { deployment.size };
        let needed = Percent::try_from(weight).map_or(size, |weight| deployment.needed(weight).min(size));
        (self.seen.healthy(deployment.slot), needed)
    }

    /// Writes down what this look shows of the deployment's guard: shortages of health, alarms
    /// that were OK once and count again, instances that came and went.
    pub(super) fn watch(&mut self) {
        if let (Some(alarms), Some(standby)) = (&self.seen.alarms, &mut self.record.standby) {
            rearm(alarms, &mut standby.of);
        }
        self.hear_probe();
        self.measure();
        let Some(mut deployment) = self.deployment().cloned() else { return };
        if let Some(alarms) = &self.seen.alarms {
            rearm(alarms, &mut deployment);
        }
        let blind = (!self.guard_is_readable() || self.is_kept_by_checks(&deployment)) && deployment.phase.is_forward();
        deployment.blind_since = blind.then(|| deployment.blind_since.unwrap_or(self.now));
        if is_launching(&deployment) {
            self.count_launches(&mut deployment);
        }
        if let Some(own) = self.deployment_mut() {
            *own = deployment;
        }
        self.note_shortage();
    }

    /// Since when the new slot has been short of healthy targets. Asked again when a look is done: a
    /// step may have found that more are needed.
    pub(super) fn note_shortage(&mut self) {
        let Some(deployment) = self.deployment() else { return };
        let (healthy, needed) = self.health_of_share(deployment);
        let short = healthy < needed && deployment.phase.is_forward();
        let since = short.then(|| deployment.short_since.unwrap_or(self.now));
        if let Some(own) = self.deployment_mut() {
            own.short_since = since;
        }
    }

    fn count_launches(&self, deployment: &mut Deployment) {
        let group = &self.seen.groups[deployment.slot];
        let launches = &mut deployment.launches;
        for instance in &group.instances {
            if launches.seen.len() < Launches::LIMIT || launches.seen.contains_key(&instance.id) {
                *launches.seen.entry(instance.id.clone()).or_insert(false) |= instance.is_healthy();
            }
        }
        for (id, ever_healthy) in &launches.seen {
            if !ever_healthy && group.member(id).is_none() {
                launches.failed.insert(id.to_string());
            }
        }
    }

    /// Counts what a scaling event tells of the new slot. Every copy of it counts once.
    pub(super) fn count_scaling(&mut self, event: &GroupScaling) {
        let Some(deployment) = self.deployment_mut() else { return };
        if event.slot != deployment.slot || event.at < deployment.since || !is_launching(deployment) {
            return;
        }
        let launches = &mut deployment.launches;
        let failed = match (event.kind, &event.instance) {
            (ScalingKind::LaunchFailed, _) => Some(event.activity.clone()),
            (ScalingKind::Terminated, Some(id)) if launches.seen.get(id) != Some(&true) => Some(id.to_string()),
            (ScalingKind::Terminated | ScalingKind::Launched | ScalingKind::TerminateFailed, _) => None,
        };
        if let Some(failed) = failed
            && launches.failed.len() < Launches::LIMIT
        {
            launches.failed.insert(failed);
        }
    }
}

/// An alarm that fired before counts again once it was OK.
fn rearm(alarms: &Alarms, deployment: &mut Deployment) {
    deployment.ignored_alarms.retain(|alarm| alarms.get(alarm).is_none_or(|seen| seen.state != AlarmState::Ok));
}

fn is_launching(deployment: &Deployment) -> bool {
    matches!(deployment.phase, Phase::Provisioning { cleared: true } | Phase::Verifying { .. })
}

//! What makes a release fail on its way in, and what follows from it.

use super::{Cause, Deployment, Phase};
use crate::definition::OnNoData;
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::trigger::{AlarmChange, OnFailure};

impl Look<'_> {
    /// What speaks against this deployment now.
    pub(super) fn failure(&self, deployment: &Deployment, raised: Option<&AlarmChange>) -> Option<Cause> {
        if let Some(cause) = self.alarm_against(deployment, raised) {
            return Some(cause);
        }
        if let Some(since) = deployment.paused_since {
            let limit = self.definition.pause_limit;
            if self.now.duration_since(since) > limit.duration() {
                return Some(Cause::PausedTooLong { limit });
            }
        }
        if let Some(since) = deployment.blind_since {
            let limit = self.definition.pause_limit;
            if self.now.duration_since(since) > limit.duration() {
                return Some(Cause::GuardBlind { limit });
            }
        }
        if let Some(cause) = self.probe_against(deployment).or_else(|| self.check_against(deployment)) {
            return Some(cause);
        }
        let within = self.definition.health.within;
        // A look that comes late, but finds all well, is no failure; nor is what was well at the last look.
        let was_well = matches!(deployment.phase, Phase::Verifying { healthy_since: Some(_) });
        let late = deployment.elapsed(self.now) > within.duration()
            && !self.is_complete(deployment)
            && !(was_well && deployment.probes.were_asked());
        match deployment.phase {
            Phase::Provisioning { cleared: false } => {
                let late = deployment.elapsed(self.now) > within.duration() + self.draining(deployment.slot);
                late.then_some(Cause::NeverHealthy { within })
            }
            Phase::Provisioning { cleared: true } | Phase::Verifying { .. } => {
                let count = deployment.launches.failures();
                if count > self.definition.health.max_launch_failures {
                    return Some(Cause::LaunchFailures { count });
                }
                if self.is_overwritten(deployment) {
                    return Some(Cause::ReleaseOverwritten);
                }
                late.then_some(Cause::NeverHealthy { within })
            }
            Phase::Shifting { step } => {
                let lost = self.health_lost(deployment);
                lost.or_else(|| self.is_stalled(deployment, step).then_some(Cause::NotShifted { within }))
            }
            Phase::AwaitingApproval { .. } | Phase::Baking => self.health_lost(deployment),
            Phase::Succeeded | Phase::RollingBack { .. } | Phase::RolledBack { .. } | Phase::Stuck { .. } => None,
        }
    }

    /// Whether a step's weights could not be given, or were not seen to be followed, for too long.
    fn is_stalled(&self, deployment: &Deployment, step: usize) -> bool {
        let within = self.definition.health.within.duration();
        let weight = deployment.weight_of(step);
        if self.record.routing.split.weight(deployment.slot) == weight.get() {
            let wanted_since = self.record.routing.since.max(deployment.since);
            return self.record.routing.seen_since.is_none() && self.now.duration_since(wanted_since) > within;
        }
        let gate = self.gate(deployment, weight);
        deployment.elapsed(self.now) > within && !(gate.new_can && gate.old_could)
    }

    /// The release was written before the first instance was launched. If it reads otherwise for
    /// longer than a stale read could last, somebody else wrote it.
    fn is_overwritten(&self, deployment: &Deployment) -> bool {
        let launched = !self.seen.groups[deployment.slot].instances.is_empty();
        let other = self.seen.runs(deployment.slot, &deployment.release) == Some(false);
        launched && other && deployment.elapsed(self.now) > self.definition.settle_guard.duration()
    }

    pub(super) fn fail(&mut self, deployment: &Deployment, cause: Cause) -> bool {
        if deployment.on_failure == OnFailure::Auto {
            return self.turn_back(deployment.clone(), cause);
        }
        if deployment.asking.is_some() {
            return false;
        }
        let mut held = deployment.clone();
        held.asking = Some(cause.clone());
        let text = format!(
            "{} is failing and is held where it is, because {cause}. It was deployed with rollback \"ask\": going back needs a person.\n\
             To go back: signalbox rollback {} --force --reason \"…\"",
            held.release, self.definition.name
        );
        self.note(&held, format!("held: {cause}"));
        self.tell(Kind::DeploymentHeld, Severity::Critical, Some(&held.id), &text);
        self.put(held);
        false
    }

    pub(super) fn tell_missing_alarms(&mut self, deployment: &Deployment) {
        let Some(alarms) = &self.seen.alarms else { return };
        let missing: Vec<_> =
            self.definition.guard.alarms.iter().filter(|alarm| !alarms.contains_key(*alarm)).cloned().collect();
        let untold: Vec<_> = missing.into_iter().filter(|alarm| !deployment.missing_alarms.contains(alarm)).collect();
        for alarm in untold {
            let then = match self.definition.guard.on_no_data {
                OnNoData::Pause => format!("is held, and goes back after {}", self.definition.pause_limit),
                OnNoData::Pass | OnNoData::Fail => "goes on without it".to_owned(),
            };
            let text = format!("guard alarm {alarm} no longer exists; {} {then}", deployment.release);
            self.tell(Kind::DeploymentProgressed, Severity::Warning, Some(&deployment.id), &text);
            if let Some(own) = self.deployment_mut() {
                own.missing_alarms.insert(alarm);
            }
        }
    }
}

//! Who is sick, and whom AWS will take: taken down at each look, whoever owns the service.

use super::{ABORTED, Sickness};
use crate::definition::Capacity;
use crate::healing::{Announced, Healing};
use crate::look::Look;
use crate::observation::{Instance, Lifecycle, TargetHealth};
use crate::slot::Slot;
use crate::text::InstanceId;
use crate::trigger::InstanceReport;

impl Look<'_> {
    /// Takes down who of the live slot is sick.
    pub(crate) fn note_health(&mut self) {
        let (seen, now) = (self.seen, self.now);
        let group = &seen.groups[self.record.live];
        let healing = &mut self.record.healing;
        healing.slide(self.definition.replacement.window.duration(), now);
        let here = |id: &InstanceId| group.member(id).is_some();
        let anywhere = |id: &InstanceId| Slot::BOTH.into_iter().any(|slot| seen.groups[slot].member(id).is_some());
        healing.announced.retain(|announced| anywhere(&announced.instance));
        healing.newcomers.retain(|id, _| here(id));
        let known = healing.known.get_or_insert_with(|| {
            let boots = |one: &&Instance| one.lifecycle == Lifecycle::Coming || one.target == TargetHealth::Initial;
            group.staying().filter(|one| !boots(one)).map(|one| one.id.clone()).collect()
        });
        known.retain(here);
        for instance in group.staying().filter(|instance| instance.lifecycle != Lifecycle::Standby) {
            if instance.is_healthy() {
                healing.newcomers.remove(&instance.id);
                known.insert(instance.id.clone());
            } else if !known.contains(&instance.id) {
                healing.newcomers.entry(instance.id.clone()).or_insert(now);
            }
        }
        let sick: Vec<InstanceId> = group
            .staying()
            .filter(|instance| self.sickness(instance).is_some())
            .map(|instance| instance.id.clone())
            .collect();
        let healing = &mut self.record.healing;
        healing.sick.retain(|id, _| sick.contains(id));
        for id in sick {
            healing.sick.entry(id).or_insert(now);
        }
        let mut left = std::mem::take(&mut self.record.healing.left);
        left.retain(|id, why| self.still_left(id, why));
        self.record.healing.left = left;
    }

    /// Whether what was said of an instance that is left alone is still so.
    fn still_left(&self, id: &InstanceId, why: &str) -> bool {
        let healing = &self.record.healing;
        let concerns = healing.sick.contains_key(id) || healing.announced.iter().any(|one| one.instance == *id);
        let said = |member| self.reason_to_leave(member).is_some_and(|reason| reason == why);
        concerns && (why == ABORTED || self.member(id).is_some_and(said))
    }

    /// Why this instance is not for us to replace, whatever is wrong with it.
    pub(super) fn reason_to_leave(&self, member: &Instance) -> Option<String> {
        let live = self.record.live;
        if self.seen.groups[live].heals_itself {
            return Some(format!(
                "{live}'s group has health-check type ELB and replaces it by itself; set the type to EC2 and Signalbox \
                 launches another one first"
            ));
        }
        member.protected.then(|| "it is protected from scale-in: somebody wants it kept".to_owned())
    }

    /// What is wrong with an instance of the live slot, if anything is. Who has just been launched is not
    /// judged for as long as its group gives it.
    pub(crate) fn sickness(&self, instance: &Instance) -> Option<Sickness> {
        // What billing has stopped, or a person, is meant to be down.
        let stopped = self.seen.groups[self.record.live].capacity == Capacity::NONE;
        if instance.lifecycle != Lifecycle::InService || stopped {
            return None;
        }
        let grace = self.seen.groups[self.record.live].grace;
        let grace = if grace.is_zero() { self.definition.health.within.duration() } else { grace };
        let boots = self.record.healing.newcomers.get(&instance.id);
        if boots.is_some_and(|since| self.now.duration_since(*since) < grace) {
            return None;
        }
        match instance.target {
            TargetHealth::Unhealthy => Some(Sickness::FailsCheck),
            // Its target group is in use, so it is the instance that is stopped.
            TargetHealth::Unused if self.seen.weight(self.record.live) > 0 => Some(Sickness::Stopped),
            TargetHealth::Healthy
            | TargetHealth::Initial
            | TargetHealth::Draining
            | TargetHealth::Unused
            | TargetHealth::Absent => instance.condemned.then_some(Sickness::Condemned),
        }
    }

    /// Takes down what AWS says of instances of either slot; how many of them are this service's.
    pub(crate) fn note_report(&mut self, report: &InstanceReport) -> usize {
        let groups = &self.seen.groups;
        let is_here = |id: &&InstanceId| Slot::BOTH.into_iter().any(|slot| groups[slot].member(id).is_some());
        let here: Vec<&InstanceId> = report.instances.iter().filter(is_here).collect();
        let announced = &mut self.record.healing.announced;
        for instance in &here {
            let same = |known: &Announced| known.instance == **instance && known.cause == report.cause;
            if report.withdrawn {
                // One instance may have several; the times tell them apart, where both are known.
                let other = |known: &Announced| known.ends.zip(report.ends).is_some_and(|(one, two)| one != two);
                announced.retain(|known| !same(known) || other(known));
            } else if report.cause.takes_it() && announced.len() < Healing::MOST_REPORTS {
                let known = |known: &Announced| same(known) && known.ends == report.ends;
                if !announced.iter().any(known) {
                    announced.push(Announced { instance: (*instance).clone(), cause: report.cause, ends: report.ends });
                }
            }
        }
        here.len()
    }
}

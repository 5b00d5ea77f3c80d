//! What follows from what is seen: who is next, and where a replacement goes from here.

use jiff::Timestamp;

use super::{Because, Phase, Replacement};
use crate::deployment::Purpose;
use crate::healing::{Announced, Breaker};
use crate::look::Look;
use crate::notice::Severity;
use crate::observation::{Instance, Lifecycle};
use crate::record::Operation;
use crate::text::{InstanceId, RequestId};
use crate::trigger::{OnFailure, ReportCause};

/// A look passes through at most this many phases: there are seven, and one replacement may follow another.
const MOST_TRANSITIONS: usize = 16;

/// Whether AWS takes the instance in a minute or two.
fn takes_soon(announced: &Announced) -> bool {
    announced.cause == ReportCause::SpotInterruption
}

impl Look<'_> {
    /// Lets everything follow that follows from what is known now.
    pub(crate) fn heal(&mut self) {
        self.forget_hooks();
        if self.is_hands_off() {
            self.tell_what_stays();
            return;
        }
        for _ in 0..MOST_TRANSITIONS {
            let moved = match self.record.operation.clone() {
                Some(Operation::Deployment(_)) => false,
                Some(Operation::Replacement(own)) => self.replace(own),
                None => {
                    self.watch_hold();
                    self.begin_next()
                }
            };
            if !moved {
                return;
            }
        }
    }

    /// Begins with whoever is next; whether there is one. A deploy that waits goes before another one, and
    /// between two there is a look.
    fn begin_next(&mut self) -> bool {
        let live = self.record.live;
        // What a deployment still owes the group, the deployer gives back by itself.
        let owes = self.record.pins[live].is_some() || self.record.queued.is_some() || !self.touched.is_empty();
        if owes || self.seen.weight(live) == 0 || self.flips_back_soon() {
            return false;
        }
        let next = match self.record.healing.hold.as_ref().map(|hold| hold.breaker) {
            None => self.next(),
            // Whom AWS takes in a minute is not sick: to launch first harms nobody.
            Some(Breaker::Share | Breaker::Zone) => self.announced(takes_soon),
            Some(Breaker::Window | Breaker::Defect) => None,
        };
        let Some((instance, because)) = next else { return false };
        self.begin_replacement(instance, because);
        true
    }

    /// Whether the deployer is about to give all traffic to a warm standby: better than healing what is left.
    fn flips_back_soon(&self) -> bool {
        self.record.standby.as_ref().is_some_and(|standby| {
            standby.of.purpose == Purpose::Forward
                && standby.of.on_failure == OnFailure::Auto
                && self.seen.healthy(self.record.live) == 0
                && self.seen.healthy(standby.slot) > 0
        })
    }

    /// Who is next: whom AWS takes in a minute, then who is sick longest, then whom AWS takes some day.
    fn next(&self) -> Option<(InstanceId, Because)> {
        let healing = &self.record.healing;
        let sick = || {
            let mut sick: Vec<_> = healing.sick.iter().filter(|(id, _)| self.is_open(id)).collect();
            sick.sort_by_key(|(_, since)| **since);
            sick.into_iter().find_map(|(id, _)| {
                let sickness = self.sickness(self.member(id)?)?;
                Some((id.clone(), Because::Sick { sickness }))
            })
        };
        self.announced(takes_soon).or_else(sick).or_else(|| self.announced(|_| true))
    }

    /// Whom AWS takes first, of announcements like this.
    fn announced(&self, like: impl Fn(&Announced) -> bool) -> Option<(InstanceId, Because)> {
        let announced = self.record.healing.announced.iter();
        announced
            .filter(|one| like(one) && self.is_open(&one.instance))
            .min_by_key(|one| one.ends.unwrap_or(Timestamp::MAX))
            .map(|one| (one.instance.clone(), Because::Announced { cause: one.cause, ends: one.ends }))
    }

    /// Whether an instance may be replaced at all, as far as is known.
    fn is_open(&self, id: &InstanceId) -> bool {
        let in_service = self.member(id).is_some_and(|one| one.lifecycle == Lifecycle::InService);
        in_service && !self.record.healing.left.contains_key(id)
    }

    /// An instance of the live slot that is here to stay.
    pub(super) fn member(&self, id: &InstanceId) -> Option<&Instance> {
        self.seen.groups[self.record.live].member(id)
    }

    /// Who came since another one was launched, and is here to stay.
    pub(super) fn who_came<'a>(&'a self, own: &Replacement) -> impl Iterator<Item = &'a Instance> {
        self.seen.groups[own.slot].staying().filter(|instance| !own.before.contains(&instance.id))
    }

    /// Takes ownership of the service for one instance.
    pub(super) fn begin_replacement(&mut self, instance: InstanceId, because: Because) {
        let Ok(id) = format!("replace-{instance}-{}", self.now.as_second()).parse::<RequestId>() else { return };
        let own = Replacement::of(instance, self.record.live, because, id, self.now);
        self.jot(&own, own.describe());
        self.record.operation = Some(Operation::Replacement(own));
    }

    /// Moves a replacement on; whether it came to another phase.
    fn replace(&mut self, mut own: Replacement) -> bool {
        self.get_to_know(&mut own);
        match own.phase.clone() {
            Phase::Confirming => self.confirm(own),
            Phase::Surging => self.surge(own),
            Phase::Removing { gone_since } => self.remove(own, gone_since),
            Phase::StandingDown { why, still_since, back_since } => self.stand_down(own, why, still_since, back_since),
            Phase::Replaced | Phase::StoodDown { .. } | Phase::Held { .. } => false,
        }
    }

    /// Who came since the launch, who went again, and who of them is healthy.
    fn get_to_know(&mut self, own: &mut Replacement) {
        let well = self.member(&own.instance).is_some_and(Instance::is_healthy);
        own.well_since = well.then(|| own.well_since.unwrap_or(self.now));
        if matches!(own.phase, Phase::Confirming) {
            return;
        }
        let group = &self.seen.groups[own.slot];
        let new = || self.who_came(own);
        let healthy = |id: &InstanceId| new().any(|instance| instance.id == *id && instance.is_healthy());
        let still = own.proved.clone().filter(|(id, _)| healthy(id));
        let proved = still.or_else(|| new().find(|one| one.is_healthy()).map(|one| (one.id.clone(), self.now)));
        let launched: Vec<InstanceId> = new().map(|instance| instance.id.clone()).collect();
        let gone: Vec<InstanceId> =
            own.launched.iter().filter(|id| !launched.contains(id) && !own.lost.contains(*id)).cloned().collect();
        let set = self.record.pins[own.slot].as_ref().map_or(0, |pin| pin.set.min);
        let raised = group.capacity.min >= set && group.capacity.desired > self.size_before(own);
        own.raised_since = raised.then(|| own.raised_since.unwrap_or(self.now));
        own.proved = proved;
        own.launched.extend(launched);
        for id in gone {
            if !matches!(own.phase, Phase::StandingDown { .. }) {
                self.record.healing.attempts.push(self.now);
            }
            own.lost.insert(id);
        }
        self.record.operation = Some(Operation::Replacement(own.clone()));
    }

    fn confirm(&mut self, mut own: Replacement) -> bool {
        if let Because::Sick { .. } = own.because {
            if let Some((_, because)) = self.announced(|one| one.instance == own.instance) {
                own.because = because;
            } else if self.announced(takes_soon).is_some() {
                return self.end_stood_down(own, "AWS takes another one in two minutes".to_owned(), None);
            }
        }
        if let Some(why) = self.is_over(&own) {
            return self.end_stood_down(own, why, None);
        }
        if self.flips_back_soon() {
            return self.end_stood_down(own, "the warm slot takes over".to_owned(), None);
        }
        let confirm = self.definition.replacement.confirm.duration();
        let sick_for = self.record.healing.sick.get(&own.instance).map(|since| self.now.duration_since(*since));
        let is_sick = matches!(own.because, Because::Sick { .. });
        if is_sick && sick_for.is_none_or(|long| long < confirm) {
            return false;
        }
        let asked = matches!(own.because, Because::Requested { .. });
        let left = self.member(&own.instance).and_then(|member| self.reason_to_leave(member));
        if let Some(why) = left.filter(|_| !asked) {
            self.record.healing.left.insert(own.instance.clone(), why.clone());
            return self.end_stood_down(own, why, Some(Severity::Warning));
        }
        let open = if is_sick { self.open_breaker() } else { self.open_window() };
        if let Some((breaker, why)) = open.filter(|_| !asked) {
            return self.hold_back(own, breaker, why);
        }
        self.begin_surge(own);
        true
    }

    /// Why there is nothing to replace any more.
    pub(super) fn is_over(&self, own: &Replacement) -> Option<String> {
        let Some(member) = self.member(&own.instance) else {
            return Some("it is on its way out already".to_owned());
        };
        if member.lifecycle == Lifecycle::Standby {
            return Some("somebody put it into standby".to_owned());
        }
        match &own.because {
            Because::Sick { .. } => {
                let recovered = if own.phase == Phase::Confirming {
                    own.well_since.is_some() || !self.record.healing.sick.contains_key(&own.instance)
                } else {
                    let confirm = self.definition.replacement.confirm.duration();
                    own.well_since.is_some_and(|since| self.now.duration_since(since) >= confirm)
                };
                recovered.then(|| "it recovered by itself".to_owned())
            }
            Because::Announced { cause, ends } => {
                let known = |one: &Announced| one.instance == own.instance && one.cause == *cause && one.ends == *ends;
                let withdrawn = !self.record.healing.announced.iter().any(known);
                withdrawn.then(|| "AWS has withdrawn what it had announced".to_owned())
            }
            Because::Requested { .. } => None,
        }
    }
}

//! After success the old slot stays warm for a while: the fastest way back there is. It does not
//! own the service; a new deploy may end it.

use super::door::Plan;
use super::{Cause, Purpose};
use crate::definition::Capacity;
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::record::{Pin, Standby};
use crate::slot::Split;
use crate::trigger::{AlarmChange, OnFailure};

impl Look<'_> {
    /// Watches the live slot while the old one is warm; whether anything moved.
    pub(super) fn stand_by(&mut self, standby: &Standby, raised: Option<&AlarmChange>) -> bool {
        if let Some(cause) = self.flips_back(standby, raised) {
            if standby.of.on_failure == OnFailure::Ask {
                self.ask_in_standby(standby, &cause);
                return false;
            }
            return self.flip_back(standby, cause);
        }
        let names_both = self.record.routing.split.names(standby.slot);
        if self.seen.healthy(self.record.live) == 0 && !names_both {
            // Nobody checks the targets of a group that no rule names: name it again, to see them healthy.
            self.record.intend(Split::all_to(self.record.live), self.now);
            return false;
        }
        if self.now < standby.until || standby.of.asking.is_some() {
            return false;
        }
        let live = self.record.live;
        if self.seen.routing.sticky.is_some() && self.record.routing.split != Split::Only(live) {
            self.record.intend(Split::Only(live), self.now);
            return false;
        }
        let may_end = self.standby_may_end(standby);
        if may_end
            && self.seen.groups[standby.slot].capacity != Capacity::NONE
            && let Some(own) = &mut self.record.standby
        {
            own.retiring_since = Some(self.now);
        }
        if !(may_end && self.is_retired(standby.slot)) {
            self.tell_standby_overdue(standby);
            return false;
        }
        self.record.pins[standby.slot] = None;
        self.record.standby = None;
        self.note(&standby.of, format!("{} is retired; the warm way back has ended", standby.slot));
        if standby.of.purpose == Purpose::Forward {
            let text = format!(
                "{} is retired. Going back to {} now means launching it anew.",
                standby.slot,
                self.way_back_name()
            );
            self.tell(Kind::StandbyEnded, Severity::Info, Some(&standby.of.id), &text);
        }
        true
    }

    /// A flip back goes before a replacement; whether there is one to make.
    pub(super) fn flips_from_replacement(&mut self, standby: &Standby, raised: Option<&AlarmChange>) -> bool {
        let flips = standby.of.on_failure == OnFailure::Auto && self.flips_back(standby, raised).is_some();
        if flips {
            self.give_way("a rollback");
        }
        flips
    }

    /// A release that was deployed with rollback "ask" is not taken back without a person, in standby
    /// either: the warm slot is kept until somebody decides.
    fn ask_in_standby(&mut self, standby: &Standby, cause: &Cause) {
        if standby.of.asking.is_some() {
            return;
        }
        let name = &self.definition.name;
        let text = format!(
            "{} is failing, because {cause}, and stays live. It was deployed with rollback \"ask\"; {} is kept warm.\n\
             To go back: signalbox rollback {name} --force --reason \"…\"",
            standby.of.release, standby.slot
        );
        self.tell(Kind::DeploymentHeld, Severity::Critical, Some(&standby.of.id), &text);
        if let Some(own) = &mut self.record.standby {
            own.of.asking = Some(cause.clone());
        }
    }

    fn tell_standby_overdue(&mut self, standby: &Standby) {
        let settling = self.definition.settle_guard.duration() + self.draining(standby.slot);
        let limit = self.definition.health.within.duration() + settling;
        if standby.of.overdue_told || self.now.duration_since(standby.until) <= limit {
            return;
        }
        let slot = standby.slot;
        let why = match self.seen.quiet[slot] {
            Some(quiet) if quiet.requests > 0 => format!("{} requests still reached it lately", quiet.requests),
            Some(_) => "it is not empty yet".to_owned(),
            None => "its requests could not be counted".to_owned(),
        };
        let text = format!("{slot} should be retired by now and still costs its instances: {why}");
        self.tell(Kind::OperationStuck, Severity::Warning, Some(&standby.of.id), &text);
        if let Some(own) = &mut self.record.standby {
            own.of.overdue_told = true;
        }
    }

    fn flips_back(&self, standby: &Standby, raised: Option<&AlarmChange>) -> Option<Cause> {
        if standby.of.purpose == Purpose::Back {
            return None;
        }
        if let Some(cause @ Cause::Alarm { .. }) = self.alarm_against(&standby.of, raised) {
            return Some(cause);
        }
        let live = self.record.live;
        let dead = self.seen.healthy(live) == 0 && self.seen.weight(live) > 0 && self.seen.healthy(standby.slot) > 0;
        dead.then_some(Cause::LostHealth { healthy: 0, needed: standby.of.size })
    }

    /// Flips back to the warm slot: the deployment that had succeeded is continued.
    pub(super) fn flip_back(&mut self, standby: &Standby, cause: Cause) -> bool {
        let mut deployment = (*standby.of).clone();
        deployment.carried = true;
        deployment.asking = None;
        deployment.keep_dead_since = None;
        deployment.keep_doubtful_since = standby.retiring_since;
        // A live slot that scaled out since then needs as many targets on the way back.
        let live = self.unraised(self.record.live);
        deployment.size = deployment.size.max(live.desired);
        self.hold_live_again(&deployment);
        self.record.standby = None;
        self.turn_back(deployment, cause)
    }

    fn hold_live_again(&mut self, deployment: &super::Deployment) {
        let group = &self.seen.groups[deployment.slot];
        let set = Capacity { min: group.capacity.desired, ..group.capacity };
        // A replacement may have been under way.
        let (former, suspended) = match self.record.pins[deployment.slot].take() {
            Some(pin) => (pin.former, pin.suspended),
            None => (group.capacity, Default::default()),
        };
        let pin = Pin::on(group, former, set, suspended, self.now);
        self.record.pins[deployment.slot] = Some(pin);
    }

    /// Whether the warm slot may be retired now.
    pub(crate) fn standby_may_end(&self, standby: &Standby) -> bool {
        let sticks = self.seen.routing.sticky.is_some() && self.record.routing.split.names(standby.slot);
        self.now >= standby.until
            && standby.of.asking.is_none()
            && !sticks
            && self.is_settled()
            && self.is_drained(standby.slot)
            && self.seen.healthy(self.record.live) > 0
    }

    /// Whether its time is over and its group was told to go.
    pub(crate) fn retires(&self, standby: &Standby) -> bool {
        self.now >= standby.until && self.seen.groups[standby.slot].capacity == Capacity::NONE
    }

    pub(super) fn tell_standby_displaced(&mut self, plan: &Plan) {
        let slot = self.record.live.other();
        let text = format!("the warm way back on {slot} ends, because {} needs the slot", plan.release);
        self.tell(Kind::StandbyEnded, Severity::Warning, Some(&plan.id), &text);
    }

    pub(super) fn way_back_name(&self) -> String {
        self.record.way_back.as_ref().map_or_else(|| "the former release".to_owned(), ToString::to_string)
    }
}

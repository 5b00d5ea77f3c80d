//! What billing allows a service: a constraint that its record keeps, and not an operation.
//!
//! Whoever looks after charges says which constraint holds ([`Trigger::Constrained`]). From then on no deployment
//! begins, the warm way back ends, the live group grows no further, or stops, as the plan has it. Rollbacks pass,
//! and so does the one more instance of a replacement. What was changed on a group is remembered, and given back
//! when the constraint ends, as far as it is still as we left it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::billing::plan::Measure;
use crate::decision::{Action, Answer, Decision, Outcome};
use crate::definition::{Capacity, Definition, Mode};
use crate::look::{Look, Reply};
use crate::money::Cents;
use crate::notice::{Kind, Severity};
use crate::observation::Process;
use crate::record::Record;
use crate::slot::{BySlot, Slot};
use crate::trigger::Trigger;

/// What a service keeps to while rungs are in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// The highest rung in force.
    pub rung: Cents,
    /// The measures of all of them.
    pub measures: BTreeSet<Measure>,
    /// The plan says in so many words that a service may be taken off the air.
    pub outage_allowed: bool,
}

/// What billing holds of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// What it keeps to; `None`: nothing any more, and what was changed is given back.
    pub constraint: Option<Constraint>,
    /// Since when that is so.
    pub since: Timestamp,
    /// What was changed on each group.
    pub held: BySlot<Option<Held>>,
}

/// What was changed on one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What it was.
    pub former: Capacity,
    /// What was set: of a capped group only the maximum is ours.
    pub set: Capacity,
    /// The maximum that was seen when that was decided.
    pub earlier_max: u32,
    /// The scaling processes that we suspended, and nobody before us.
    pub suspended: BTreeSet<Process>,
    /// When that was last decided: a write of ours may still be on its way.
    pub decided: Timestamp,
    /// Whether it was ever seen to be done: from then on a difference is somebody's.
    pub seen: bool,
    /// Somebody set it to this meanwhile, and it is left to them.
    pub left: Option<Capacity>,
}

impl Constraint {
    /// Whether this measure is among them. Who is off the air is held to all others as well.
    #[must_use]
    pub fn holds(&self, measure: Measure) -> bool {
        self.measures.contains(&measure) || self.stops()
    }

    fn stops(&self) -> bool {
        self.outage_allowed && self.measures.contains(&Measure::StopLive)
    }

    /// Whether no deployment may begin. A group that may not grow cannot be doubled either.
    fn refuses_deployments(&self) -> bool {
        self.holds(Measure::FreezeDeployments) || self.holds(Measure::CapScaling)
    }

    /// What it comes to, in words.
    #[must_use]
    pub fn spoken(&self) -> String {
        let words: Vec<&str> =
            self.measures.iter().filter(|measure| measure.acts()).map(|measure| measure.spoken()).collect();
        words.join("; ")
    }
}

impl Held {
    fn stops(&self) -> bool {
        self.set == Capacity::NONE
    }

    /// Whether the group is as we set it.
    fn is_set(&self, seen: Capacity) -> bool {
        if self.stops() { seen == self.set } else { seen.max == self.set.max }
    }

    /// Whether the group is as it was.
    fn is_former(&self, seen: Capacity) -> bool {
        // How many there are in between is scaling's.
        seen.max == self.former.max && (!self.stops() || seen.min == self.former.min)
    }
}

impl Record {
    /// What the service keeps to for billing's sake.
    #[must_use]
    pub fn constraint(&self) -> Option<&Constraint> {
        self.cap.as_ref().and_then(|cap| cap.constraint.as_ref())
    }

    /// Whether the service keeps to this measure.
    fn is_held_to(&self, measure: Measure) -> bool {
        self.constraint().is_some_and(|constraint| constraint.holds(measure))
    }

    /// What billing changed on the group of `slot`, unless somebody else has changed it since.
    fn held(&self, slot: Slot) -> Option<&Held> {
        self.cap.as_ref()?.held[slot].as_ref().filter(|held| held.left.is_none())
    }

    /// What billing changed on the group of `slot`, for somebody who takes the group over: from now on they give
    /// it back.
    pub(crate) fn take_held(&mut self, slot: Slot) -> Option<Held> {
        self.cap.as_mut().and_then(|cap| cap.held[slot].take())
    }
}

impl Look<'_> {
    /// Why no deployment may begin, if billing is in the way.
    pub(crate) fn billing_allows(&self) -> Result<(), String> {
        match self.record.constraint().filter(|constraint| constraint.refuses_deployments()) {
            Some(constraint) => Err(format!(
                "AWS charges have passed {}: {}. `signalbox billing release` lifts it, a rollback passes",
                constraint.rung,
                constraint.spoken()
            )),
            None => Ok(()),
        }
    }

    /// The sizes of the group of `slot` as they would be without billing.
    pub(crate) fn uncapped(&self, slot: Slot, seen: Capacity) -> Capacity {
        match self.record.held(slot).filter(|held| held.is_set(seen)) {
            Some(held) if held.stops() => held.former,
            Some(held) => Capacity { max: held.former.max.max(seen.desired), ..seen },
            None => seen,
        }
    }

    /// Brings the record to the constraint that is to hold now.
    pub(crate) fn constrain(&mut self, trigger: &Trigger) -> Option<Reply> {
        let Trigger::Constrained(wanted) = trigger else { return None };
        if self.definition.mode == Mode::Observe {
            return match self.record.cap {
                Some(_) => {
                    Reply::new(Outcome::Waiting, "in observe mode, so what billing changed stays as it is until then")
                }
                None => Reply::new(Outcome::Idle, "in observe mode, so nothing is changed"),
            };
        }
        let changed = self.note_constraint(wanted.as_ref());
        if self.record.cap.is_none() {
            return Reply::new(Outcome::Idle, "billing holds nothing back");
        }
        if let Some(other) = &self.record.operation {
            return Reply::new(Outcome::Waiting, format!("it waits until this is over: {}", other.describe()));
        }
        self.end_standby_early();
        for slot in Slot::BOTH {
            self.note_held(slot);
        }
        self.hold_live();
        self.forget_cap();
        let (outcome, text) = self.how_billing_stands();
        Reply::new(if changed { Outcome::Accepted } else { outcome }, text)
    }

    /// Keeps to this constraint from now on; whether that is news.
    fn note_constraint(&mut self, wanted: Option<&Constraint>) -> bool {
        let known = self.record.constraint();
        if known == wanted {
            return false;
        }
        let same = known.zip(wanted).is_some_and(|(known, wanted)| known.measures == wanted.measures);
        if let (true, Some(cap)) = (same, &mut self.record.cap) {
            cap.constraint = wanted.cloned();
            return false;
        }
        let (kind, severity, text) = match wanted {
            Some(constraint) => {
                let text =
                    format!("held back, since AWS charges have passed {}: {}", constraint.rung, constraint.spoken());
                (Kind::BillingEnforced, Severity::Warning, text)
            }
            None => {
                let text = "no longer held back for what AWS charges; what was changed is given back".to_owned();
                (Kind::BillingLifted, Severity::Info, text)
            }
        };
        let mut held = self.record.cap.take().map(|cap| cap.held).unwrap_or_default();
        for slot in Slot::BOTH {
            // Whatever somebody made of it meanwhile is where the next measure begins.
            held[slot].take_if(|held| wanted.is_some() && held.left.is_some() && held.suspended.is_empty());
        }
        self.record.cap = Some(Cap { constraint: wanted.cloned(), since: self.now, held });
        self.tell(kind, severity, None, &text);
        true
    }

    fn end_standby_early(&mut self) {
        let retires = self.record.is_held_to(Measure::RetireStandby);
        if let Some(standby) = self.record.standby.as_mut().filter(|_| retires) {
            standby.until = standby.until.min(self.now);
        }
    }

    /// Whether the live group is to be emptied now. As long as somebody stands by, traffic would flip to them.
    fn stops_now(&self) -> bool {
        self.record.constraint().is_some_and(Constraint::stops) && self.record.standby.is_none()
    }

    /// Whether what is held of `slot` is still wanted, and not given back.
    fn keeps(&self, slot: Slot, held: &Held) -> bool {
        let caps = self.record.is_held_to(Measure::CapScaling);
        slot == self.record.live && if held.stops() { self.stops_now() } else { caps }
    }

    /// Compares what is held of `slot` with what is seen.
    fn note_held(&mut self, slot: Slot) {
        let group = &self.seen.groups[slot];
        let (seen, now) = (group.capacity, self.now);
        let Some(mut held) = self.record.cap.as_ref().and_then(|cap| cap.held[slot].clone()) else { return };
        let resumed = held.suspended.is_disjoint(&group.suspended);
        let settled = now.duration_since(held.decided) >= self.definition.settle_guard.duration();
        let keeps = self.keeps(slot, &held);
        // Whoever moved the traffic away has dealt with the size.
        let is_others = slot != self.record.live || held.left.is_some();
        let is_back = held.is_former(seen) || (!held.seen && !held.is_set(seen));
        if !keeps && resumed && (is_others || (is_back && settled)) {
            self.put_held(slot, None);
            return;
        }
        // A pin at rest is being given back by whoever put it there.
        if is_others || self.record.pins[slot].is_some() {
            return;
        }
        held.seen |= held.is_set(seen);
        // What was raised for a sick instance and not taken back is ours as well.
        if held.seen && !held.stops() && seen.max == seen.desired && seen.max > held.set.max {
            held.set.max = seen.max;
        }
        if held.is_set(seen) || (!keeps && held.is_former(seen)) {
            // As it should be.
        } else if held.seen {
            held.left = Some(seen);
            let text = format!(
                "somebody set {slot}'s group to {seen} although billing holds it at {}; it is left so, and not given back as {}",
                held.set, held.former
            );
            self.tell(Kind::DriftFound, Severity::Warning, None, &text);
        } else if keeps {
            // It is not done yet, and meanwhile the group may have grown, or somebody has changed it.
            let max = if seen.max == held.earlier_max { held.former.max } else { seen.max };
            held.former = Capacity { max, ..seen };
            held.set = if held.stops() { held.set } else { self.capped(seen) };
            (held.earlier_max, held.decided) = (seen.max, now);
        }
        self.put_held(slot, Some(held));
    }

    /// Takes hold of the live group, as far as that is wanted.
    fn hold_live(&mut self) {
        let live = self.record.live;
        let group = &self.seen.groups[live];
        let caps = self.record.is_held_to(Measure::CapScaling);
        // Who sleeps costs nothing, and must be able to wake: it is held when it has.
        if !caps || self.record.pins[live].is_some() || group.capacity.desired == 0 {
            return;
        }
        let stops = self.stops_now();
        let set = if stops { Capacity::NONE } else { self.capped(group.capacity) };
        // A schedule would launch what was stopped. Under a cap it runs on: what it sets is the team's own wish.
        let ours = [Process::ScheduledActions].into_iter().filter(|one| stops && !group.suspended.contains(one));
        let suspended: BTreeSet<Process> = ours.collect();
        let held = match self.record.cap.as_ref().and_then(|cap| cap.held[live].clone()) {
            None => {
                let former = group.capacity;
                let earlier_max = former.max;
                Held { former, set, earlier_max, suspended, decided: self.now, seen: former == set, left: None }
            }
            Some(held) if stops && !held.stops() && held.left.is_none() => {
                let former = Capacity { max: held.former.max, ..group.capacity };
                let earlier_max = group.capacity.max;
                Held { former, set, earlier_max, suspended, decided: self.now, seen: false, left: None }
            }
            Some(_) => return,
        };
        self.put_held(live, Some(held));
    }

    /// A group of this size that grows no further, and never one that is too small to serve.
    fn capped(&self, seen: Capacity) -> Capacity {
        let floor = self.definition.capacity.map_or(0, |capacity| capacity.min).min(seen.max);
        Capacity { max: seen.desired.max(seen.min).max(floor), ..seen }
    }

    fn put_held(&mut self, slot: Slot, held: Option<Held>) {
        if let Some(cap) = &mut self.record.cap {
            cap.held[slot] = held;
        }
    }

    fn forget_cap(&mut self) {
        let over = |cap: &Cap| cap.constraint.is_none() && Slot::BOTH.into_iter().all(|slot| cap.held[slot].is_none());
        self.record.cap.take_if(|cap| over(cap));
    }

    fn how_billing_stands(&self) -> (Outcome, String) {
        let Some(cap) = &self.record.cap else { return (Outcome::Idle, "everything is given back".to_owned()) };
        let live = self.record.live;
        let seen = self.seen.groups[live].capacity;
        let held = cap.held[live].as_ref();
        let Some(constraint) = &cap.constraint else {
            let gives_back = held.filter(|held| held.left.is_none() && !held.is_former(seen));
            return match gives_back {
                Some(held) => (Outcome::Advanced, format!("{live}'s group is given back: {} again", held.former)),
                None => {
                    (Outcome::Waiting, "everything is given back; a late write of ours would still show".to_owned())
                }
            };
        };
        let words = constraint.spoken();
        match held {
            Some(Held { left: Some(theirs), .. }) => {
                (Outcome::Idle, format!("{words}, but somebody set {live}'s group to {theirs}, and it is left to them"))
            }
            Some(held) if !self.keeps(live, held) => {
                (Outcome::Advanced, format!("{words}; {live}'s group is given back first"))
            }
            Some(held) if !held.is_set(seen) => {
                (Outcome::Advanced, format!("{words}; {live}'s group goes from {seen} to {}", held.set))
            }
            None if constraint.holds(Measure::CapScaling) && seen.desired == 0 => {
                (Outcome::Waiting, format!("{words}; {live}'s group sleeps and is held when it wakes"))
            }
            None if constraint.holds(Measure::CapScaling) => {
                (Outcome::Waiting, format!("{words}; {live}'s group is still in other hands"))
            }
            Some(_) | None if constraint.stops() && !self.stops_now() => {
                (Outcome::Waiting, format!("{words}, when the warm way back has ended"))
            }
            Some(_) | None => (Outcome::Idle, words),
        }
    }
}

/// The answer to somebody who asks what constraints would do, one line for each.
pub(crate) fn preview(
    record: Option<&Record>,
    would: impl Iterator<Item = Decision>,
    service: &Definition,
) -> Decision {
    let line = |would: Decision| {
        let steps: Vec<String> = would.actions.iter().map(ToString::to_string).collect();
        let steps = if steps.is_empty() { String::new() } else { format!(" [{}]", steps.join(", ")) };
        format!("{}{steps}", would.answer.reason)
    };
    let plan = Some(would.map(line).collect());
    let answer = Answer { plan, ..Answer::of(&service.name, Outcome::Idle, "this is what would be done") };
    Decision { next: record.cloned(), ..Decision::only(answer) }
}

/// What brings the groups to what billing holds, or gives them back.
pub(crate) fn actions(look: &Look<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let Some(cap) = &look.record.cap else { return actions };
    if look.record.operation.is_some() || look.is_hands_off() {
        return actions;
    }
    for slot in Slot::BOTH {
        let Some(held) = &cap.held[slot] else { continue };
        let group = &look.seen.groups[slot];
        let ours = slot == look.record.live && held.left.is_none() && look.record.pins[slot].is_none();
        if look.keeps(slot, held) && ours {
            hold(look, slot, held, &mut actions);
            continue;
        }
        if ours && held.is_set(group.capacity) && !held.is_former(group.capacity) {
            let former = held.former;
            actions.push(if held.stops() {
                Action::Resize { slot, to: former }
            } else {
                Action::Bound { slot, min: group.capacity.min, max: former.max }
            });
        }
        let suspended: BTreeSet<Process> = held.suspended.intersection(&group.suspended).copied().collect();
        if !suspended.is_empty() {
            actions.push(Action::Resume { slot, processes: suspended });
        }
    }
    actions
}

/// Who changes sizes by the clock is suspended first; then floor and ceiling are set at once.
fn hold(look: &Look<'_>, slot: Slot, held: &Held, actions: &mut Vec<Action>) {
    let group = &look.seen.groups[slot];
    let missing: BTreeSet<Process> = held.suspended.difference(&group.suspended).copied().collect();
    if !missing.is_empty() {
        actions.push(Action::Suspend { slot, processes: missing });
    }
    if held.is_set(group.capacity) {
        return;
    }
    if held.stops() {
        let outage_allowed = look.record.constraint().is_some_and(|constraint| constraint.outage_allowed);
        actions.push(Action::Stop { slot, outage_allowed });
    } else {
        actions.push(Action::Bound { slot, min: group.capacity.min, max: held.set.max });
    }
}

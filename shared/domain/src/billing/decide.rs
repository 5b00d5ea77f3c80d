//! What one look at the charges leads to: pure and total, like everything here.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::answer::{Answer, LIFT_WITH, what_is_in_force};
use super::calendar::MonthName;
use super::charges::{Charge, Judged, Standing};
use super::look::{Look, Seen};
use super::month::{Fired, InForce, Month};
use super::plan::{Measure, Plan, Rung};
use super::trigger::{BudgetAlert, BudgetReport, Trigger};
use crate::cap::Constraint;
use crate::decision::Outcome;
use crate::money::Cents;
use crate::notice::{Kind, Severity};
use crate::text::minute;

/// AWS puts a new reading about every six hours; after this long without one, something is wrong.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What one look decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The month as it should be.
    pub next: Month,
    /// Whether anything is new that has to be saved.
    pub news: bool,
    /// What every service is to keep to from now on.
    pub constraint: Option<Constraint>,
    /// The rungs that fired at this look, in order.
    pub fired: Vec<Cents>,
    /// What to answer.
    pub answer: Answer,
}

impl Decision {
    /// Whether services have to be looked at: something is in force, or owed.
    #[must_use]
    pub fn concerns_services(&self) -> bool {
        self.next.owes
    }
}

/// Decides what one look at the charges leads to. `last` is the month before, for what goes on over its turn.
#[must_use]
pub fn decide(
    plan: &Plan,
    month: Option<&Month>,
    last: Option<&Month>,
    seen: &Seen,
    trigger: &Trigger,
    now: Timestamp,
) -> Decision {
    let now = month.map_or(now, |month| now.max(month.last_look));
    let month = month.cloned().unwrap_or_else(|| Month::new(MonthName::of(now), last, now));
    let judged = Judged::default();
    let confirmed = last.and_then(Month::confirmed_up_to);
    let mut look = Look { plan, seen, now, before: month.clone(), month, confirmed, judged, fired: Vec::new() };
    look.judge();
    if trigger.is_question() {
        return look.finish(None, trigger);
    }
    let reply = look.hear(trigger);
    look.tell_whether_believed();
    look.fire();
    look.prove();
    look.enforce();
    look.tell_forecast(trigger);
    look.tell_silence(trigger);
    look.finish(reply, trigger)
}

impl Look<'_> {
    fn tell_whether_believed(&mut self) {
        let Some((charge, standing)) = self.judged.newest else { return };
        let doubted = match standing {
            Standing::Implausible { highest } => Some(highest),
            Standing::Proven | Standing::TooFew { .. } => None,
        };
        match (doubted, self.month.implausible) {
            (Some(highest), None) => {
                let text = format!(
                    "{} for {} is not believed, and nothing is done about it: it is more than {} times the highest reading before, {highest}.\nIf it is right: signalbox billing confirm --reason \"…\"",
                    charge.total,
                    self.month.month.spoken(),
                    self.plan.plausibility.max_jump_ratio
                );
                self.tell(Kind::ChargesImplausible, Severity::Critical, &text);
            }
            (None, Some(absurd)) => {
                let text = format!("{} is believed again, after {} was not", charge.total, absurd.total);
                let confirmed = self.month.confirmed_up_to().is_some_and(|up_to| up_to >= absurd.total);
                if !confirmed {
                    self.tell(Kind::ChargesPlausible, Severity::Info, &text);
                }
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        self.month.implausible = doubted.map(|_| charge);
    }

    /// Fires every rung that is reached and has not fired this month, in order.
    fn fire(&mut self) {
        let Some((reading, standing)) = self.judged.usable else { return };
        let proven = standing == Standing::Proven;
        let released = self.month.released_up_to();
        for rung in &self.plan.rungs {
            let is_news = rung.at <= reading.total && rung.at > released && !self.month.has_fired(rung.at);
            if !is_news {
                continue;
            }
            self.month.fired.push(Fired { rung: rung.at, at: self.now, reading, proven });
            self.fired.push(rung.at);
            self.tell_rung(rung, reading, standing);
        }
    }

    fn tell_rung(&mut self, rung: &Rung, reading: Charge, standing: Standing) {
        let does: Vec<&str> = acts(rung).map(Measure::spoken).collect();
        let what = match (does.is_empty(), self.in_the_way(), standing) {
            (true, _, _) => "People are told, and nothing else is done.".to_owned(),
            (false, Some(why), _) => format!("Nothing is done: {why}. It would be: {}.", does.join("; ")),
            (false, None, Standing::TooFew { known }) => format!(
                "Nothing is done yet, since {known} of the {} readings that it takes are known. It would be: {}.",
                self.plan.plausibility.min_readings,
                does.join("; ")
            ),
            (false, None, Standing::Proven | Standing::Implausible { .. }) => {
                format!("Now: {}.\nTo lift it: {LIFT_WITH}", does.join("; "))
            }
        };
        let dearest = self.seen.breakdown.iter().flatten().take(3);
        let dearest: Vec<String> = dearest.map(|(service, total)| format!("{service} {total}")).collect();
        let dearest = if dearest.is_empty() { String::new() } else { format!("\nMost of it: {}.", dearest.join(", ")) };
        let text = format!(
            "{} is passed: {} so far in {}.\nRead at {}.{dearest}\n{what}",
            rung.at,
            reading.total,
            self.month.month.spoken(),
            minute(reading.at)
        );
        let severity = if does.is_empty() { Severity::Warning } else { Severity::Critical };
        self.tell(Kind::ChargesPassed, severity, &text);
    }

    /// A rung that fired on too few readings comes into force when enough of them say so; and one that fired on what
    /// turned out to be wrong no longer is.
    fn prove(&mut self) {
        let highest = self.judged.believed.iter().map(|charge| charge.total).max();
        for fired in self.month.fired.iter_mut().filter(|fired| highest.is_some_and(|highest| highest < fired.rung)) {
            fired.proven = false;
        }
        let Some((reading, Standing::Proven)) = self.judged.usable else { return };
        for fired in self.month.fired.iter_mut().filter(|fired| fired.rung <= reading.total) {
            fired.proven = true;
        }
    }

    /// What the rungs that have fired come to.
    fn constraint(&self) -> Option<Constraint> {
        if self.in_the_way().is_some() {
            return None;
        }
        let released = self.month.released_up_to();
        let in_force = |rung: &&Rung| {
            rung.at > released && self.month.fired.iter().any(|fired| fired.rung == rung.at && fired.proven)
        };
        let rungs: Vec<&Rung> = self.plan.rungs.iter().filter(in_force).collect();
        let measures: BTreeSet<Measure> = rungs.iter().flat_map(|rung| acts(rung)).collect();
        let highest = rungs.iter().filter(|rung| acts(rung).next().is_some()).map(|rung| rung.at).max()?;
        Some(self.plan.constraint(highest, measures))
    }

    fn enforce(&mut self) {
        let constraint = self.constraint();
        if self.month.constraint() == constraint.as_ref() {
            return;
        }
        let told_by_rung = constraint.as_ref().is_some_and(|constraint| self.fired.contains(&constraint.rung));
        let text = match &constraint {
            Some(constraint) => {
                let words = what_is_in_force(constraint);
                format!("now in force {words}.\nTo lift it: {LIFT_WITH}")
            }
            None if self.plan.rungs.is_empty() => {
                "there is no billing plan any more: what was in force is lifted".to_owned()
            }
            None if self.before.fired.is_empty() && self.month.fired.is_empty() => {
                format!("{} has begun: what was in force is lifted", self.month.month.spoken())
            }
            None => "what was in force is lifted".to_owned(),
        };
        let severity = if constraint.is_some() { Severity::Critical } else { Severity::Info };
        // Known before anything is done: whoever dies on the way leaves a month that says so.
        self.month.owes |= constraint.is_some();
        self.month.in_force = constraint.map(|constraint| InForce { constraint, since: self.now });
        for stands in self.month.services.values_mut() {
            (stands.done, stands.failing) = (false, 0);
        }
        if !told_by_rung {
            self.tell(Kind::ChargesSaid, severity, &text);
        }
    }

    /// Says once of each rung that the month is going to end above it, by whoever expects so.
    fn tell_forecast(&mut self, trigger: &Trigger) {
        if !self.plan.forecast {
            return;
        }
        if let Trigger::BudgetReported(BudgetReport { alert: BudgetAlert::Forecasted, amount }) = trigger {
            self.tell_expected(*amount, &format!("AWS Budgets expects {amount}"));
        }
        if let Some(own) = self.forecast() {
            self.tell_expected(own.least(), &format!("the month is going to end at {own}"));
        }
    }

    fn tell_expected(&mut self, reached: Cents, who: &str) {
        let news =
            |rung: &Cents| *rung <= reached && !self.month.has_fired(*rung) && !self.month.forecast_told.contains(rung);
        let rungs: Vec<Cents> = self.plan.rungs.iter().map(|rung| rung.at).filter(news).collect();
        if rungs.is_empty() {
            return;
        }
        let names: Vec<String> = rungs.iter().map(ToString::to_string).collect();
        let text = format!(
            "a forecast for {}: {who}, which is above {}. It is only told: nothing is done on a forecast.",
            self.month.month.spoken(),
            names.join(" and ")
        );
        self.month.forecast_told.extend(rungs);
        self.tell(Kind::ChargesForecast, Severity::Warning, &text);
    }

    /// Says once a day that nobody knows what is charged.
    fn tell_silence(&mut self, trigger: &Trigger) {
        let Some(charges) = self.seen.charges.as_ref().filter(|_| *trigger == Trigger::Heartbeat) else { return };
        let newest = charges.last().map(|charge| charge.at);
        let long_ago = |at: Timestamp| self.now.duration_since(at) >= SILENT_AFTER;
        if !newest.is_none_or(long_ago) {
            self.month.silence_told = None;
            return;
        }
        if !self.month.silence_told.is_none_or(long_ago) {
            return;
        }
        let text = match newest {
            None => "no reading is known, so no rung can fire. CloudWatch in us-east-1 has no AWS/Billing EstimatedCharges: turn on \"Receive CloudWatch billing alerts\" in the account's billing preferences; the first one comes within a day".to_owned(),
            Some(at) => format!(
                "no new reading since {}, so no rung can fire",
                minute(at)
            ),
        };
        self.month.silence_told = Some(self.now);
        self.tell(Kind::ChargesSilent, Severity::Warning, &text);
    }

    fn finish(mut self, reply: Option<(Outcome, String)>, trigger: &Trigger) -> Decision {
        let answer = self.answer(reply, trigger);
        let news = self.month != self.before && !trigger.is_question();
        if news {
            self.month.last_look = self.now;
        }
        Decision { news, constraint: self.month.constraint().cloned(), next: self.month, fired: self.fired, answer }
    }
}

/// What a rung does beside telling people.
fn acts(rung: &Rung) -> impl Iterator<Item = Measure> {
    rung.measures.iter().copied().filter(|measure| measure.acts())
}

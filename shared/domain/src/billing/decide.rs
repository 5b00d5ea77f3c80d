//! What one look at the charges leads to: pure and total, like everything here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::answer::{Answer, LIFT_WITH, what_is_in_force};
use super::charges::{Charge, Confirmed, Judged, Standing, judge};
use super::forecast::{Forecast, forecast};
use super::month::{Exemption, Fired, InForce, Month, MonthName, Said, Stands};
use super::plan::{Measure, Plan, Rung};
use super::trigger::{BudgetAlert, BudgetReport, Trigger};
use crate::cap::Constraint;
use crate::decision::Outcome;
use crate::money::Cents;
use crate::notice::{self, Kind, Notice, Severity};
use crate::text::{ServiceName, minute};

/// AWS puts a new reading about every six hours; after this long without one, something is wrong.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What fails once mostly works at the next look.
const TOLD_WHEN_FAILING: u32 = 2;

/// What was seen of the charges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The readings of this month and of the one before, oldest first; `None`: they could not be read.
    pub charges: Option<Vec<Charge>>,
    /// The services of AWS that cost most so far, the dearest first; `None`: not asked, or not readable.
    pub breakdown: Option<Vec<(String, Cents)>>,
}

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

/// A look in progress: the month as it is becoming, beside what was seen.
pub(super) struct Look<'a> {
    pub(super) plan: &'a Plan,
    pub(super) seen: &'a Seen,
    pub(super) now: Timestamp,
    pub(super) before: Month,
    pub(super) month: Month,
    /// What a person said is right of the month before.
    confirmed: Option<Cents>,
    pub(super) judged: Judged,
    pub(super) fired: Vec<Cents>,
}

impl Look<'_> {
    fn judge(&mut self) {
        let confirmed = Confirmed { last: self.confirmed, own: self.month.confirmed_up_to() };
        let charges = self.seen.charges.as_deref().unwrap_or_default();
        self.judged = judge(charges, self.month.month, &self.plan.plausibility, confirmed);
        if !self.judged.believed.is_empty() {
            let surplus = self.judged.believed.len().saturating_sub(Month::MOST_READINGS);
            self.month.readings = self.judged.believed[surplus..].to_vec();
        }
    }

    /// Does what a person asks for.
    fn hear(&mut self, trigger: &Trigger) -> Option<(Outcome, String)> {
        match trigger {
            Trigger::Release { reason } => Some(self.release(reason)),
            Trigger::Confirm { reason } => Some(self.confirm(reason)),
            Trigger::Exempt { until, owner, reason } => Some(self.exempt(*until, owner, reason)),
            Trigger::Heartbeat
            | Trigger::AlarmChanged
            | Trigger::BudgetReported(_)
            | Trigger::Status
            | Trigger::Preview => None,
        }
    }

    fn release(&mut self, reason: &str) -> (Outcome, String) {
        let above = self.month.released_up_to();
        let Some(up_to) = self.month.fired.iter().map(|fired| fired.rung).max().filter(|rung| *rung > above) else {
            return (Outcome::Idle, "nothing is in force that could be released".to_owned());
        };
        self.month.released = Some(Said { up_to, at: self.now, reason: reason.to_owned() });
        let text = format!("released by a person: {reason}. Up to {up_to} nothing fires again this month");
        self.tell(Kind::ChargesSaid, Severity::Info, &text);
        (Outcome::Accepted, text)
    }

    fn confirm(&mut self, reason: &str) -> (Outcome, String) {
        if self.seen.charges.is_none() {
            return (Outcome::Refused, "what AWS charges could not be read this time; try again".to_owned());
        }
        let doubted = match self.judged.newest {
            Some((charge, Standing::Implausible { .. } | Standing::TooFew { .. })) => charge,
            Some((_, Standing::Proven)) | None => {
                return (Outcome::Idle, "there is no reading that waits to be confirmed".to_owned());
            }
        };
        self.month.confirmed = Some(Said { up_to: doubted.total, at: self.now, reason: reason.to_owned() });
        self.judge();
        let text = format!("{} is confirmed by a person: {reason}", doubted.total);
        self.tell(Kind::ChargesSaid, Severity::Info, &text);
        (Outcome::Accepted, text)
    }

    fn exempt(&mut self, until: Timestamp, owner: &str, reason: &str) -> (Outcome, String) {
        if until <= self.now {
            return (Outcome::Refused, format!("until: {until:.0} is over already; give a time to come"));
        }
        self.month.exempt = Some(Exemption { until, owner: owner.to_owned(), reason: reason.to_owned() });
        let text =
            format!("exempt until {until:.0}, {owner} answers for it: {reason}. Rungs are told and nothing is done");
        self.tell(Kind::ChargesSaid, Severity::Warning, &text);
        (Outcome::Accepted, text)
    }

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

    /// Why nothing is done although rungs fire, if something is in the way.
    pub(super) fn in_the_way(&self) -> Option<String> {
        if self.plan.dry_run {
            return Some("the plan says dry_run".to_owned());
        }
        let exempt = self.month.exempted(self.now)?;
        Some(format!("exempt until {:.0}, {} answers for it: {}", exempt.until, exempt.owner, exempt.reason))
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

    pub(super) fn forecast(&self) -> Option<Forecast> {
        forecast(&self.judged.believed, self.month.month)
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

    fn tell(&mut self, kind: Kind, severity: Severity, text: &str) {
        self.month.tell((kind, severity), text, self.now);
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

impl Month {
    fn tell(&mut self, (kind, severity): (Kind, Severity), text: &str, at: Timestamp) {
        self.notices += 1;
        let id = format!("billing-{}/{}/{}", self.month, kind.name(), self.notices);
        let text = format!("AWS charges: {text}");
        notice::put(&mut self.outbox, [Notice { id, kind, severity, operation: None, text, at }]);
    }

    /// Takes down how services stand after they were looked at under `constraint`. `None` of one that others went before:
    /// it stands as it did. Who could not be brought to what is in force, twice on end, is told once; it is tried again
    /// at every heartbeat.
    #[must_use]
    pub fn settled(
        &self,
        stands: &BTreeMap<ServiceName, Option<Stands>>,
        constraint: Option<&Constraint>,
        now: Timestamp,
    ) -> Month {
        let mut next = self.clone();
        let in_force = self.constraint();
        let mut failing = Vec::new();
        for (service, stands) in stands {
            let before = self.services.get(service);
            let mut now_stands = match (stands, before) {
                (Some(stands), _) => stands.clone(),
                (None, Some(before)) => before.clone(),
                (None, None) => Stands::waiting("others went before it"),
            };
            // Something else is in force meanwhile: what was seen says nothing of that.
            now_stands.done &= in_force == constraint;
            let failed = before.map_or(0, |before| before.failing);
            now_stands.failing = match stands {
                Some(Stands { failing: 1.., .. }) => failed.saturating_add(1),
                Some(Stands { done: true, .. }) => 0,
                Some(_) | None => failed,
            };
            if now_stands.failing == TOLD_WHEN_FAILING && failed < TOLD_WHEN_FAILING {
                failing.push(format!("{service}: {}", now_stands.what));
            }
            next.services.insert(service.clone(), now_stands);
        }
        if let Some((first, others)) = failing.split_first() {
            let more = if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
            let (severity, text) = match in_force {
                Some(_) => (Severity::Warning, "could not be brought to what is in force"),
                None => (Severity::Critical, "could not be given back what was held back"),
            };
            next.tell((Kind::BillingIncomplete, severity), &format!("{text}, and is tried again: {first}{more}"), now);
        }
        if in_force.is_none() && next.services.values().all(|stands| stands.done) {
            next.services.clear();
        }
        next.owes = in_force.is_some() || !next.services.is_empty();
        if next != *self {
            next.last_look = next.last_look.max(now);
        }
        next
    }
}

//! What is answered to whoever asked about charges.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Number;

use super::charges::Standing;
use super::look::Look;
use super::month::Exemption;
use super::plan::Measure;
use super::trigger::Trigger;
use crate::cap::Constraint;
use crate::decision::Outcome;
use crate::money::Cents;
use crate::text::{ServiceName, minute};

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// The newest reading of this month, in dollars, believed or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading_usd: Option<Number>,
    /// The rungs that fired just now, in order, in dollars.
    pub rungs_fired: Vec<Number>,
    /// How things stand, in sentences that a person understands.
    pub reason: String,
    /// What became of a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Everything that is known, in the answer to `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<Status>>,
    /// What each rung would do to each service now, in the answer to `preview`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Vec<Previewed>>,
}

/// What one rung would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Previewed {
    /// The rung, in dollars.
    pub at_usd: Number,
    /// What it does, as the plan has it.
    pub r#do: Vec<Measure>,
    /// What it and those below it would come to for each service: a sentence, and the calls.
    pub services: BTreeMap<ServiceName, String>,
}

/// Everything that is known of the month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The month, UTC.
    pub month: String,
    /// The newest reading, in dollars.
    pub reading_usd: Option<Number>,
    /// When AWS put it.
    pub read_at: Option<Timestamp>,
    /// Whether it is believed: `proven`, `too_few` or `implausible`.
    pub standing: Option<&'static str>,
    /// The rungs that have fired this month, in dollars.
    pub rungs_passed: Vec<Number>,
    /// What the month is going to come to, in dollars.
    pub forecast_usd: Option<Number>,
    /// So much more or less, in about 19 of 20 cases.
    pub forecast_error_usd: Option<Number>,
    /// What is in force.
    pub in_force: Vec<Measure>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How it is lifted.
    pub lift_with: Option<&'static str>,
    /// The exemption that holds.
    pub exempt: Option<Exemption>,
    /// Whether the plan says that nothing is to be done.
    pub dry_run: bool,
    /// How each service stands, in one sentence.
    pub services: BTreeMap<ServiceName, String>,
}

/// How what is in force is lifted.
pub(super) const LIFT_WITH: &str = "signalbox billing release --reason \"…\"";

/// What is in force, in words.
pub(super) fn what_is_in_force(constraint: &Constraint) -> String {
    format!("by {}: {}", constraint.rung, constraint.spoken())
}

impl Look<'_> {
    pub(super) fn answer(&self, reply: Option<(Outcome, String)>, trigger: &Trigger) -> Answer {
        let stands = self.how_it_stands();
        let (outcome, reason) = match reply {
            Some((outcome, said)) => (Some(outcome), format!("{said}. {stands}")),
            None => (None, stands),
        };
        Answer {
            reading_usd: self.judged.newest.map(|(charge, _)| charge.total.number()),
            rungs_fired: self.fired.iter().map(|rung| rung.number()).collect(),
            reason,
            outcome,
            status: (*trigger == Trigger::Status).then(|| Box::new(self.status())),
            preview: None,
        }
    }

    fn how_it_stands(&self) -> String {
        let month = self.month.month.spoken();
        let mut sentences = vec![match (self.judged.newest, &self.seen.charges) {
            (Some((charge, Standing::Implausible { highest })), _) => {
                format!("{} for {month} is not believed: the highest before was {highest}", charge.total)
            }
            (Some((charge, Standing::TooFew { known })), _) => {
                let needed = self.plan.plausibility.min_readings;
                format!("{} so far in {month}; {known} of the {needed} readings that it takes are known", charge.total)
            }
            (Some((charge, Standing::Proven)), _) => format!("{} so far in {month}", charge.total),
            (None, Some(_)) => format!("there is no reading of {month} yet"),
            (None, None) => "what AWS charges could not be read this time".to_owned(),
        }];
        if !self.month.fired.is_empty() {
            let passed: Vec<String> = self.month.fired.iter().map(|fired| fired.rung.to_string()).collect();
            sentences.push(format!("Passed: {}", passed.join(", ")));
        }
        if let Some(forecast) = self.forecast().filter(|_| self.plan.forecast) {
            sentences.push(format!("Forecast for the end of the month: {forecast}"));
        }
        sentences.push(match &self.month.in_force {
            Some(force) => {
                let since = minute(force.since);
                format!("In force since {since} {}. To lift it: {LIFT_WITH}", what_is_in_force(&force.constraint))
            }
            None => "Nothing is in force".to_owned(),
        });
        sentences.extend(self.in_the_way().map(|why| format!("Nothing would be done: {why}")));
        sentences.join(". ")
    }

    fn status(&self) -> Status {
        let (month, forecast) = (&self.month, self.forecast());
        let force = month.in_force.as_ref();
        let standing = |standing: Standing| match standing {
            Standing::Proven => "proven",
            Standing::TooFew { .. } => "too_few",
            Standing::Implausible { .. } => "implausible",
        };
        Status {
            month: month.month.to_string(),
            reading_usd: self.judged.newest.map(|(charge, _)| charge.total.number()),
            read_at: self.judged.newest.map(|(charge, _)| charge.at),
            standing: self.judged.newest.map(|(_, how)| standing(how)),
            rungs_passed: month.fired.iter().map(|fired| fired.rung.number()).collect(),
            forecast_usd: forecast.map(|forecast| forecast.total.number()),
            forecast_error_usd: forecast.map(|forecast| forecast.error.number()),
            in_force: force.map(|force| force.constraint.measures.iter().copied().collect()).unwrap_or_default(),
            since: force.map(|force| force.since),
            lift_with: force.map(|_| LIFT_WITH),
            exempt: month.exempted(self.now).cloned(),
            dry_run: self.plan.dry_run,
            services: month.services.iter().map(|(service, stands)| (service.clone(), stands.what.clone())).collect(),
        }
    }
}

/// What each rung would leave a service with, for `preview`: the rung itself and all below it.
#[must_use]
pub fn previews(plan: &super::plan::Plan) -> Vec<(Cents, Vec<Measure>, Constraint)> {
    let mut measures = std::collections::BTreeSet::new();
    plan.rungs
        .iter()
        .map(|rung| {
            measures.extend(rung.measures.iter().copied());
            let all = measures.clone();
            (rung.at, rung.measures.iter().copied().collect(), plan.constraint(rung.at, all))
        })
        .collect()
}

//! The billing plan: what is done at which amount.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cap::Constraint;
use crate::mistake::{Mistake, read};
use crate::money::Cents;

/// The billing plan of the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is done at which amount, the lowest first: at most [`Plan::MOST_RUNGS`].
    pub rungs: Vec<Rung>,
    /// Which readings are believed.
    pub plausibility: Plausibility,
    /// Whether people are told when the month is going to end above a rung.
    pub forecast: bool,
    /// Everything is told and nothing is done.
    pub dry_run: bool,
    /// A service may be taken off the air for money's sake.
    pub allow_outage: bool,
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// It is reached when the month's charges are this much.
    pub at: Cents,
    /// What is done then.
    pub measures: BTreeSet<Measure>,
}

/// What may be done about charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// People are told.
    Notify,
    /// No deployment begins. Rollbacks pass.
    FreezeDeployments,
    /// The warm way back ends at once.
    RetireStandby,
    /// The live group grows no further. The surge of one of a replacement passes.
    CapScaling,
    /// The live group is emptied: the service is off the air. Contains all others.
    StopLive,
}

/// Which readings are believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plausibility {
    /// A reading above so many times the highest earlier one is not believed: above 1.
    pub max_jump_ratio: f64,
    /// Up to this amount every reading is.
    pub above: Cents,
    /// With fewer readings than this, people are told and nothing else is done: at least 1.
    pub min_readings: u32,
}

impl Default for Plausibility {
    fn default() -> Self {
        Plausibility { max_jump_ratio: 10.0, above: Cents(500), min_readings: 4 }
    }
}

impl Measure {
    /// Whether it does anything beside telling people.
    #[must_use]
    pub fn acts(self) -> bool {
        self != Measure::Notify
    }

    /// What it comes to, in words.
    #[must_use]
    pub fn spoken(self) -> &'static str {
        match self {
            Measure::Notify => "people are told",
            Measure::FreezeDeployments => "no deployment begins (rollbacks pass)",
            Measure::RetireStandby => "the warm way back ends",
            Measure::CapScaling => "the live group grows no further",
            Measure::StopLive => "the live group is emptied: the service is off the air",
        }
    }
}

impl Plan {
    /// A plan of which nothing follows.
    #[must_use]
    pub fn none() -> Plan {
        let plausibility = Plausibility::default();
        Plan { rungs: Vec::new(), plausibility, forecast: false, dry_run: false, allow_outage: false }
    }

    /// These measures as services keep to them, at this rung.
    pub(super) fn constraint(&self, rung: Cents, measures: BTreeSet<Measure>) -> Constraint {
        let outage_allowed = self.allow_outage && measures.contains(&Measure::StopLive);
        Constraint { rung, measures, outage_allowed }
    }

    /// The most rungs of a plan.
    pub const MOST_RUNGS: usize = 20;

    /// Reads a plan from its JSON text.
    ///
    /// # Errors
    /// The first mistake, with the path of the field and what would be right.
    pub fn read(text: &str) -> Result<Plan, Mistake> {
        let written: Written = read(text)?;
        let rungs = rungs(written.rungs)?;
        if !written.allow_outage
            && let Some(index) = rungs.iter().position(|rung| rung.measures.contains(&Measure::StopLive))
        {
            let problem = "stop_live takes the service off the air: it needs \"allow_outage\": true in the plan";
            return Err(Mistake::at(format!("rungs[{index}].do"), problem));
        }
        Ok(Plan {
            rungs,
            plausibility: plausibility(written.plausibility)?,
            forecast: written.forecast,
            dry_run: written.dry_run,
            allow_outage: written.allow_outage,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rungs: Vec<WrittenRung>,
    #[serde(default)]
    plausibility: WrittenPlausibility,
    #[serde(default = "yes")]
    forecast: bool,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    allow_outage: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRung {
    at_usd: f64,
    r#do: Vec<Measure>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlausibility {
    max_jump_ratio: Option<f64>,
    above_usd: Option<f64>,
    min_readings: Option<u32>,
}

fn rungs(written: Vec<WrittenRung>) -> Result<Vec<Rung>, Mistake> {
    if written.is_empty() || written.len() > Plan::MOST_RUNGS {
        return Err(Mistake::at("rungs", format!("must be 1 to {} rungs", Plan::MOST_RUNGS)));
    }
    let mut rungs: Vec<Rung> = Vec::with_capacity(written.len());
    for (index, rung) in written.into_iter().enumerate() {
        let at = whole_cents(rung.at_usd).filter(|at| *at > Cents(0)).ok_or_else(|| {
            Mistake::at(format!("rungs[{index}].at_usd"), "must be above 0, in dollars and whole cents")
        })?;
        if rungs.last().is_some_and(|lower| lower.at >= at) {
            return Err(Mistake::at(format!("rungs[{index}].at_usd"), "must be above the rung before it"));
        }
        let count = rung.r#do.len();
        let measures: BTreeSet<Measure> = rung.r#do.into_iter().collect();
        if measures.is_empty() {
            return Err(Mistake::at(format!("rungs[{index}].do"), "must have at least one action, such as notify"));
        }
        if measures.len() < count {
            return Err(Mistake::at(format!("rungs[{index}].do"), "names an action twice"));
        }
        rungs.push(Rung { at, measures });
    }
    Ok(rungs)
}

fn plausibility(written: WrittenPlausibility) -> Result<Plausibility, Mistake> {
    let default = Plausibility::default();
    let max_jump_ratio = written.max_jump_ratio.unwrap_or(default.max_jump_ratio);
    if max_jump_ratio <= 1.0 {
        return Err(Mistake::at("plausibility.max_jump_ratio", "must be above 1"));
    }
    let above = match written.above_usd {
        None => default.above,
        Some(dollars) => whole_cents(dollars)
            .filter(|above| *above >= Cents(0))
            .ok_or_else(|| Mistake::at("plausibility.above_usd", "must be 0 or more, in dollars and whole cents"))?,
    };
    let min_readings = written.min_readings.unwrap_or(default.min_readings);
    if min_readings == 0 {
        return Err(Mistake::at("plausibility.min_readings", "must be a whole number from 1 up"));
    }
    Ok(Plausibility { max_jump_ratio, above, min_readings })
}

/// Dollars that are whole cents.
fn whole_cents(dollars: f64) -> Option<Cents> {
    Cents::from_dollars(dollars).filter(|cents| (cents.dollars() - dollars).abs() < 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_may_leave_out_all_but_its_rungs() {
        let plan =
            Plan::read(r#"{"rungs":[{"at_usd":10,"do":["notify"]},{"at_usd":20.5,"do":["freeze_deployments"]}]}"#);
        let plan = plan.unwrap();
        assert_eq!(plan.rungs[1].at, Cents(2_050));
        assert_eq!(plan.plausibility, Plausibility::default());
        assert!(plan.forecast && !plan.dry_run && !plan.allow_outage);
    }

    #[test]
    fn a_mistake_is_refused_with_its_path() {
        let rungs = r#""rungs":[{"at_usd":10,"do":["notify"]}]"#;
        for (plan, path) in [
            ("{}".to_owned(), "rungs"),
            (r#"{"rungs":[]}"#.to_owned(), "rungs"),
            (r#"{"rungs":[{"at_usd":0,"do":["notify"]}]}"#.to_owned(), "rungs[0].at_usd"),
            (r#"{"rungs":[{"at_usd":-5,"do":["notify"]}]}"#.to_owned(), "rungs[0].at_usd"),
            (r#"{"rungs":[{"at_usd":10.001,"do":["notify"]}]}"#.to_owned(), "rungs[0].at_usd"),
            (r#"{"rungs":[{"at_usd":"10","do":["notify"]}]}"#.to_owned(), "rungs[0].at_usd"),
            (
                r#"{"rungs":[{"at_usd":20,"do":["notify"]},{"at_usd":20,"do":["notify"]}]}"#.to_owned(),
                "rungs[1].at_usd",
            ),
            (r#"{"rungs":[{"at_usd":10,"do":[]}]}"#.to_owned(), "rungs[0].do"),
            (r#"{"rungs":[{"at_usd":10,"do":["notify","notify"]}]}"#.to_owned(), "rungs[0].do"),
            (r#"{"rungs":[{"at_usd":10,"do":["burn"]}]}"#.to_owned(), "rungs[0].do[0]"),
            (r#"{"rungs":[{"at_usd":10,"do":["stop_live"]}]}"#.to_owned(), "rungs[0].do"),
            (r#"{"rungs":[{"at_usd":10}]}"#.to_owned(), "rungs[0].do"),
            (format!(r#"{{{rungs},"plausibility":{{"max_jump_ratio":1}}}}"#), "plausibility.max_jump_ratio"),
            (format!(r#"{{{rungs},"plausibility":{{"above_usd":-1}}}}"#), "plausibility.above_usd"),
            (format!(r#"{{{rungs},"plausibility":{{"min_readings":0}}}}"#), "plausibility.min_readings"),
            (format!(r#"{{{rungs},"dry_rnu":true}}"#), "dry_rnu"),
        ] {
            let mistake = Plan::read(&plan).unwrap_err();
            assert!(mistake.path == path || mistake.problem.contains(path), "{plan}: {mistake}");
        }
        assert!(Plan::read(r#"{"rungs":[{"at_usd":10,"do":["stop_live"]}],"allow_outage":true}"#).is_ok());
    }
}

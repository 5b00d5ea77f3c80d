//! `signalbox billing`: what AWS charges, in lines short enough for a phone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use signalbox_domain::billing::plan::Measure;
use signalbox_domain::decision::Outcome;
use signalbox_domain::money::Cents;

use crate::show::{self, Problem};
use crate::time::time;

#[derive(Subcommand)]
pub(crate) enum Billing {
    /// Write the billing plan, after checking every field of it.
    Plan {
        /// The plan, as JSON.
        file: PathBuf,
    },
    #[command(flatten)]
    Asked(Asked),
}

/// What is asked of the billing guard.
#[derive(Subcommand)]
pub(crate) enum Asked {
    /// Say what is charged, what is in force since when, and how it is lifted.
    Status,
    /// Say what each rung of the plan would do to each service now, and do nothing.
    Preview,
    /// Lift what is in force; up to that rung nothing fires again this month.
    Release {
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Say that a reading is right although it is not believed.
    Confirm {
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Keep everything as it is for a while, whatever is charged.
    Exempt {
        /// Until when, such as 2026-11-30T07:00:00Z.
        #[arg(long, value_parser = time)]
        until: Timestamp,
        /// Who answers for it.
        #[arg(long)]
        owner: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
}

/// What a person reads of an answer.
#[derive(Deserialize)]
struct Answer {
    reason: String,
    outcome: Option<Outcome>,
    status: Option<Status>,
    preview: Option<Vec<Rung>>,
}

/// What is in force, since when and how it is lifted is in the reason already.
#[derive(Deserialize)]
struct Status {
    read_at: Option<Timestamp>,
    services: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Rung {
    at_usd: f64,
    r#do: Vec<Measure>,
    services: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn payload(&self) -> Value {
        match self {
            Asked::Status => json!({ "command": "status" }),
            Asked::Preview => json!({ "command": "preview" }),
            Asked::Release { reason } => json!({ "command": "release", "reason": reason }),
            Asked::Confirm { reason } => json!({ "command": "confirm", "reason": reason }),
            Asked::Exempt { until, owner, reason } => {
                json!({ "command": "exempt", "until": until, "owner": owner, "reason": reason })
            }
        }
    }

    /// Prints an answer; a refusal is a failure of the command.
    pub(crate) fn show(&self, answer: Value, json: bool) -> Result<ExitCode, Problem> {
        let whole = json.then(|| answer.to_string());
        let answer: Answer = serde_json::from_value(answer).map_err(|error| {
            Problem::failed("the billing guard answered something else", error, "is it of this version of Signalbox?")
        })?;
        match whole {
            Some(whole) => show::line(whole),
            None => answer.lines().iter().for_each(show::line),
        }
        Ok(match answer.outcome {
            Some(Outcome::Refused) => ExitCode::FAILURE,
            Some(Outcome::Accepted | Outcome::Advanced | Outcome::Waiting | Outcome::Idle | Outcome::Ignored)
            | None => ExitCode::SUCCESS,
        })
    }
}

impl Answer {
    fn lines(&self) -> Vec<String> {
        if let Some(rungs) = &self.preview {
            return rungs.iter().flat_map(Rung::lines).collect();
        }
        let mut lines: Vec<String> = self.reason.split(". ").map(str::to_owned).collect();
        if let (Some(outcome), Some(first)) = (self.outcome, lines.first_mut()) {
            *first = format!("{}: {first}", outcome.name());
        }
        lines.extend(self.status.iter().flat_map(Status::lines));
        lines
    }
}

impl Status {
    fn lines(&self) -> Vec<String> {
        let read_at = self.read_at.map(|at| format!("  last reading: {at:.0}"));
        let services = self.services.iter().map(|(service, stands)| format!("  {service}: {stands}"));
        read_at.into_iter().chain(services).collect()
    }
}

impl Rung {
    fn lines(&self) -> Vec<String> {
        let at = Cents::from_dollars(self.at_usd).unwrap_or_default();
        let mut lines = vec![format!("at {at}: {}", words(&self.r#do))];
        lines.extend(self.services.iter().map(|(service, said)| format!("  {service}: {said}")));
        lines
    }
}

/// As the plan has them.
fn words(measures: &[Measure]) -> String {
    let word = |measure: &Measure| serde_json::to_value(measure).ok()?.as_str().map(str::to_owned);
    measures.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(answer: Value) -> Vec<String> {
        serde_json::from_value::<Answer>(answer).unwrap().lines()
    }

    #[test]
    fn a_status_is_read_line_by_line() {
        let answer = json!({
            "reading_usd": 52.1,
            "rungs_fired": [],
            "reason": "$52.10 so far in November 2026. Passed: $10.00, $50.00. In force since Nov 20 06:00 UTC: no deployment begins since $50.00",
            "status": {
                "month": "2026-11",
                "reading_usd": 52.1,
                "read_at": "2026-11-23T01:25:00Z",
                "standing": "proven",
                "rungs_passed": [10, 50],
                "forecast_usd": null,
                "forecast_error_usd": null,
                "in_force": ["freeze_deployments", "cap_scaling"],
                "since": "2026-11-20T06:00:00.123Z",
                "lift_with": "signalbox billing release --reason \"…\"",
                "exempt": null,
                "dry_run": false,
                "services": {"shop": "grows no further than 2", "wiki": "may grow no further"},
            },
        });
        let expected = [
            "$52.10 so far in November 2026",
            "Passed: $10.00, $50.00",
            "In force since Nov 20 06:00 UTC: no deployment begins since $50.00",
            "  last reading: 2026-11-23T01:25:00Z",
            "  shop: grows no further than 2",
            "  wiki: may grow no further",
        ];
        assert_eq!(lines(answer), expected);
    }

    #[test]
    fn a_preview_has_each_service_under_each_rung_with_its_steps() {
        let answer = json!({
            "rungs_fired": [],
            "reason": "there is no reading yet",
            "preview": [
                {"at_usd": 10, "do": ["notify"], "services": {}},
                {"at_usd": 20.5, "do": ["notify", "cap_scaling"], "services": {"shop": "would grow no further [keep blue between 1 and 1]"}},
            ],
        });
        let expected = [
            "at $10.00: notify",
            "at $20.50: notify, cap_scaling",
            "  shop: would grow no further [keep blue between 1 and 1]",
        ];
        assert_eq!(lines(answer), expected);
    }

    #[test]
    fn what_became_of_a_command_comes_first() {
        let answer = json!({"rungs_fired": [], "outcome": "idle", "reason": "nothing is in force. $4.00 so far"});
        assert_eq!(lines(answer), ["idle: nothing is in force", "$4.00 so far"]);
    }
}

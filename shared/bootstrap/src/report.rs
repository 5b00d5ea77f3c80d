//! The report of an invocation: a log line and metrics for each look, an error type for each failure.

use std::fmt::Display;

use jiff::SignedDuration;
use lambda_runtime::Diagnostic;
use signalbox_domain::billing;
use signalbox_domain::decision::{Answer, Outcome};
use signalbox_domain::report::Received;
use signalbox_reconciler::Taken;

use crate::metrics::{Metrics, Unit};

/// Reports in the name of one function.
#[derive(Clone, Debug)]
pub struct Report {
    metrics: Metrics,
}

impl Report {
    /// Reports of this function.
    #[must_use]
    pub fn of(function: &str) -> Self {
        Report { metrics: Metrics::new(function) }
    }

    /// A look was done.
    pub fn looked(&self, answer: &Answer, took: SignedDuration) {
        let phase = answer.phase.as_deref().unwrap_or("");
        let operation = answer.operation.as_deref().unwrap_or("");
        let outcome = answer.outcome.name();
        tracing::info!(service = answer.service, operation, outcome, phase, reason = answer.reason, "looked");
        let mut values =
            vec![("Looks", 1.0, Unit::Count), ("LookMilliseconds", took.as_secs_f64() * 1_000.0, Unit::Milliseconds)];
        values.extend(counts_as(phase, answer.outcome).map(|name| (name, 1.0, Unit::Count)));
        self.metrics.record(&values, Some(&answer.service));
    }

    /// The charges were looked at. The heartbeat's look is a heartbeat, too: its absence is what a dead-man alarm
    /// watches.
    pub fn looked_at_charges(&self, trigger: &billing::Trigger, answer: &billing::Answer, took: SignedDuration) {
        let outcome = answer.outcome.map_or("", Outcome::name);
        let reading_usd = answer.reading_usd.as_ref().and_then(serde_json::Number::as_f64);
        tracing::info!(outcome, reading_usd, reason = answer.reason, "looked at charges");
        self.metrics.record(&of_charges(trigger, answer, took), None);
    }

    /// A report came to its outcome. Nothing of what it says is logged.
    pub fn taken(&self, received: &Received, taken: &Taken) {
        tracing::info!(report = received.id, outcome = ?taken.outcome, "taken");
        taken.counted.iter().for_each(|counted| self.metrics.count(counted));
    }

    /// A heartbeat was done. Its absence is what a dead-man alarm watches.
    pub fn beat(&self, looked_at: u32) {
        let values = [("Heartbeats", 1.0, Unit::Count), ("ServicesLookedAt", f64::from(looked_at), Unit::Count)];
        self.metrics.record(&values, None);
    }

    /// An invocation failed. The type is stable, so that alarms can match it.
    #[must_use]
    pub fn failure(&self, error_type: &str, error: &dyn Display) -> Diagnostic {
        let message = error.to_string();
        tracing::error!(error_type, reason = message, "invocation failed");
        self.metrics.record(&[("Errors", 1.0, Unit::Count)], None);
        Diagnostic { error_type: error_type.to_owned(), error_message: message }
    }
}

/// What a look at the charges measures.
fn of_charges(
    trigger: &billing::Trigger,
    answer: &billing::Answer,
    took: SignedDuration,
) -> Vec<(&'static str, f64, Unit)> {
    let fired = u32::try_from(answer.rungs_fired.len()).unwrap_or(u32::MAX);
    let mut values = vec![
        ("Looks", 1.0, Unit::Count),
        ("LookMilliseconds", took.as_secs_f64() * 1_000.0, Unit::Milliseconds),
        ("RungsFired", fired.into(), Unit::Count),
    ];
    let reading = answer.reading_usd.as_ref().and_then(serde_json::Number::as_f64);
    values.extend(reading.map(|dollars| ("ReadingUsd", dollars, Unit::None)));
    values.extend((*trigger == billing::Trigger::Heartbeat).then_some(("Heartbeats", 1.0, Unit::Count)));
    values
}

/// What a look counts as, beside a look: by the phase that an operation came to.
fn counts_as(phase: &str, outcome: Outcome) -> Option<&'static str> {
    let began = outcome == Outcome::Accepted;
    let moved = began || outcome == Outcome::Advanced;
    match phase {
        "provisioning" if began => Some("Deployments"),
        "rolling_back" if moved => Some("Rollbacks"),
        "surging" if moved => Some("Replacements"),
        "held" => Some("ReplacementsHeld"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_the_charges_tells_the_reading_and_how_many_rungs_fired() {
        let answer = |reading: Option<f64>, fired: &[u32]| billing::Answer {
            reading_usd: reading.and_then(serde_json::Number::from_f64),
            rungs_fired: fired.iter().map(|rung| (*rung).into()).collect(),
            reason: String::new(),
            outcome: None,
            status: None,
            preview: None,
        };
        let names = |trigger, answer| {
            let values = of_charges(&trigger, &answer, SignedDuration::from_millis(12));
            values.into_iter().map(|(name, value, _)| format!("{name} {value}")).collect::<Vec<_>>()
        };
        assert_eq!(
            names(billing::Trigger::Heartbeat, answer(Some(20.5), &[10, 20])),
            ["Looks 1", "LookMilliseconds 12", "RungsFired 2", "ReadingUsd 20.5", "Heartbeats 1"]
        );
        let unread = names(billing::Trigger::Status, answer(None, &[]));
        assert_eq!(unread, ["Looks 1", "LookMilliseconds 12", "RungsFired 0"]);
    }

    #[test]
    fn an_operation_counts_when_it_begins_or_comes_to_its_phase_and_not_while_it_stands_there() {
        use Outcome::{Accepted, Advanced, Ignored, Waiting};
        for (phase, outcome, name) in [
            ("provisioning", Accepted, Some("Deployments")),
            ("provisioning", Advanced, None),
            ("rolling_back", Accepted, Some("Rollbacks")),
            ("rolling_back", Advanced, Some("Rollbacks")),
            ("rolling_back", Waiting, None),
            ("confirming", Accepted, None),
            ("surging", Accepted, Some("Replacements")),
            ("surging", Advanced, Some("Replacements")),
            ("surging", Waiting, None),
            ("surging", Ignored, None),
            ("held", Advanced, Some("ReplacementsHeld")),
            ("", Waiting, None),
        ] {
            assert_eq!(counts_as(phase, outcome), name, "{phase} {outcome:?}");
        }
    }
}

//! What people are told: one notice for each transition, with an id that stays the same
//! however often it is sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text::{RequestId, ServiceName, ascii_subject};

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable: the same notice sent twice has the same id.
    pub id: String,
    /// What kind of event it tells of.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// The operation it belongs to, if any.
    pub operation: Option<String>,
    /// Readable text; the first line says what happened to which service.
    pub text: String,
    /// When it was decided.
    pub at: Timestamp,
}

/// What a notice tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A deployment was accepted.
    DeploymentStarted,
    /// A deploy waits for its turn.
    DeploymentQueued,
    /// A deployment moved on.
    DeploymentProgressed,
    /// A deployment is held by a person or waits for one.
    DeploymentHeld,
    /// A deployment succeeded.
    DeploymentSucceeded,
    /// A release is being taken back.
    RollbackStarted,
    /// A release was taken back.
    RollbackCompleted,
    /// An operation cannot go on without help.
    OperationStuck,
    /// A request was refused and nobody reads its answer.
    RequestRefused,
    /// The warm way back ended.
    StandbyEnded,
    /// Somebody else changed what Signalbox holds.
    DriftFound,
    /// Several notices in one, since too many waited.
    Coalesced,
    /// What is live was said by a person.
    Adopted,
    /// What would be done if the service were not only watched.
    Observed,
    /// Deployments are frozen.
    Frozen,
    /// Deployments are not frozen any more.
    Thawed,
    /// An instance is being replaced.
    ReplacementStarted,
    /// A replacement moved on.
    ReplacementProgressed,
    /// An instance was replaced.
    ReplacementCompleted,
    /// An instance is not replaced after all.
    ReplacementStoodDown,
    /// Nothing is replaced for now.
    ReplacementHeld,
    /// Replacements go on.
    ReplacementResumed,
    /// A service is held back for what AWS charges.
    BillingEnforced,
    /// It no longer is.
    BillingLifted,
    /// It could not be, or not yet.
    BillingIncomplete,
    /// What AWS charges has reached a rung of the plan.
    ChargesPassed,
    /// What AWS says it charges is not believed.
    ChargesImplausible,
    /// It is believed again.
    ChargesPlausible,
    /// The month is going to end above a rung.
    ChargesForecast,
    /// Nobody knows what AWS charges.
    ChargesSilent,
    /// A person said something about charges.
    ChargesSaid,
    /// Several people report the same thing right after traffic was moved.
    ReportsAfterFlip,
}

impl Kind {
    /// The name used in message attributes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::DeploymentStarted => "deployment_started",
            Kind::DeploymentQueued => "deployment_queued",
            Kind::DeploymentProgressed => "deployment_progressed",
            Kind::DeploymentHeld => "deployment_held",
            Kind::DeploymentSucceeded => "deployment_succeeded",
            Kind::RollbackStarted => "rollback_started",
            Kind::RollbackCompleted => "rollback_completed",
            Kind::OperationStuck => "operation_stuck",
            Kind::RequestRefused => "request_refused",
            Kind::StandbyEnded => "standby_ended",
            Kind::DriftFound => "drift_found",
            Kind::Coalesced => "coalesced",
            Kind::Adopted => "adopted",
            Kind::Observed => "observed",
            Kind::Frozen => "frozen",
            Kind::Thawed => "thawed",
            Kind::ReplacementStarted => "replacement_started",
            Kind::ReplacementProgressed => "replacement_progressed",
            Kind::ReplacementCompleted => "replacement_completed",
            Kind::ReplacementStoodDown => "replacement_stood_down",
            Kind::ReplacementHeld => "replacement_held",
            Kind::ReplacementResumed => "replacement_resumed",
            Kind::BillingEnforced => "billing_enforced",
            Kind::BillingLifted => "billing_lifted",
            Kind::BillingIncomplete => "billing_incomplete",
            Kind::ChargesPassed => "charges_passed",
            Kind::ChargesImplausible => "charges_implausible",
            Kind::ChargesPlausible => "charges_plausible",
            Kind::ChargesForecast => "charges_forecast",
            Kind::ChargesSilent => "charges_silent",
            Kind::ChargesSaid => "charges_said",
            Kind::ReportsAfterFlip => "reports_after_flip",
        }
    }
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// The name used in message attributes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

impl Notice {
    /// A notice about a service, whose name its first line begins with. `number` tells apart those
    /// of one kind.
    pub(crate) fn about(
        service: &ServiceName,
        (kind, severity): (Kind, Severity),
        operation: Option<&RequestId>,
        text: &str,
        now: Timestamp,
        number: u64,
    ) -> Notice {
        let of = operation.map_or_else(|| service.to_string(), ToString::to_string);
        Notice {
            id: format!("{of}/{}/{number}", kind.name()),
            kind,
            severity,
            operation: operation.map(ToString::to_string),
            text: format!("{service}: {text}"),
            at: now,
        }
    }

    /// The subject of a mail.
    #[must_use]
    pub fn subject(&self) -> String {
        ascii_subject(self.text.lines().next().unwrap_or_default())
    }
}

/// The most notices that wait at once; older ones are told together after that.
pub const OUTBOX_LIMIT: usize = 50;

/// Puts notices into an outbox. When more wait than it holds, the oldest become one.
pub(crate) fn put(outbox: &mut Vec<Notice>, notices: impl IntoIterator<Item = Notice>) {
    for notice in notices {
        if !outbox.iter().any(|waiting| waiting.id == notice.id) {
            outbox.push(notice);
        }
    }
    if outbox.len() <= OUTBOX_LIMIT {
        return;
    }
    let surplus: Vec<Notice> = outbox.drain(..=outbox.len() - OUTBOX_LIMIT).collect();
    let Some(first) = surplus.first() else { return };
    let severity = surplus.iter().map(|notice| notice.severity).max().unwrap_or(Severity::Info);
    let lines: Vec<&str> = surplus.iter().filter_map(|notice| notice.text.lines().next()).collect();
    let told_before = lines.len().saturating_sub(20);
    let text = format!(
        "{} notices could not be sent in time; the last of them:\n{}",
        lines.len(),
        lines[told_before..].join("\n")
    );
    let (id, at) = (format!("{}+", first.id), first.at);
    outbox.insert(0, Notice { id, kind: Kind::Coalesced, severity, operation: None, text, at });
}

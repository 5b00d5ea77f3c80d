//! Every event that a function accepts: raw JSON in, a typed nudge out, or an error that says
//! what is wrong without repeating what was in it.
//!
//! ```text
//! event ─ Shape ─ registry ──┬─ claimed by one parser ─┬─ Incoming
//!                            │                         └─ Malformed (the JSON path)
//!                            └─ claimed by none ─────────  Unrecognized (source, detail-type, keys)
//! ```
//!
//! - A parser *claims* an event by its source and detail-type, or by its shape; what an event
//!   contains never decides whose it is. So a claimed event that cannot be read is
//!   [`EventError::Malformed`] and never ends up with another parser or as unrecognised.
//! - What AWS sends may grow: fields that nobody reads are tolerated there, and what is read is
//!   strict. What people write is strict throughout: a misspelt option of a deploy is refused,
//!   not forgotten.
//! - The samples in the workspace's `events/` are the reference; the tests here walk them.

mod alarm;
mod billing;
mod command;
mod deploy;
mod error;
mod eventbridge;
mod health;
mod heartbeat;
mod incoming;
mod instance;
mod lifecycle;
mod opaque;
mod registry;
mod replace;
mod report;
mod rollback;
mod scaling;
mod shape;
mod sns;
mod strict;
mod time;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use error::EventError;
pub use incoming::{Context, GroupEvent, Incoming, LifecycleEvent, LifecycleKind};
pub use report::{Arrival, Arrived, Asked, HttpAnswer, Origins, ReportEvent, Told};

/// Reads an event of the deployer. SNS may put several records into one event, everything else
/// yields exactly one [`Incoming`].
///
/// # Errors
/// [`EventError`]; of several SNS records the first that cannot be read decides, since nudges
/// are idempotent and the whole event may be sent again.
pub fn deployer(event: &Value, context: &Context<'_>) -> Result<Vec<Incoming>, EventError> {
    registry::parse(registry::DEPLOYER, event, context)
}

/// Reads an event of the replacer. SNS may put several records into one event, and AWS Health may
/// announce a change for some instances and take it back for others; everything else yields
/// exactly one [`Incoming`].
///
/// # Errors
/// [`EventError`]; of several SNS records the first that cannot be read decides, since nudges
/// are idempotent and the whole event may be sent again.
pub fn replacer(event: &Value, context: &Context<'_>) -> Result<Vec<Incoming>, EventError> {
    registry::parse(registry::REPLACER, event, context)
}

/// Reads an event of the billing guard: an [`Incoming::Heartbeat`], an [`Incoming::Billing`] or an
/// [`Incoming::Irrelevant`]. SNS may put several records into one event, everything else yields exactly
/// one [`Incoming`].
///
/// # Errors
/// [`EventError`]; of several SNS records the first that cannot be read decides, since nudges
/// are idempotent and the whole event may be sent again.
pub fn billing_guard(event: &Value, context: &Context<'_>) -> Result<Vec<Incoming>, EventError> {
    registry::parse(registry::BILLING_GUARD, event, context)
}

/// Reads an event of the reporter. What is wrong with a report is not an error of the event: each record has an
/// outcome of its own.
///
/// # Errors
/// [`EventError`]; of several SNS records the first that came through a foreign topic, or the first where all of
/// them are alarms or mails of AWS Budgets.
pub fn reporter(event: &Value, context: &Context<'_>) -> Result<ReportEvent, EventError> {
    registry::parse(registry::REPORTER, event, context)
}

/// Reads an event of the rollback function: always an [`Incoming::Rollback`].
///
/// # Errors
/// [`EventError::Unrecognized`] or [`EventError::Malformed`].
pub fn rollback(event: &Value, context: &Context<'_>) -> Result<Incoming, EventError> {
    registry::parse(registry::ROLLBACK, event, context)
}

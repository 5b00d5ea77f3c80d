//! The reporter's command, by direct invoke or by a rule: `{"command": "resend"}`.

use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;

use super::arrival::ReportEvent;
use crate::{command, strict};

/// The commands that the reporter takes.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Resend,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(crate) fn parse(event: &Value) -> Result<ReportEvent, Mistake> {
    let (command, body) = command::named(event)?;
    let Nothing {} = strict::read(&body)?;
    Ok(match command {
        Name::Resend => ReportEvent::Resend,
    })
}

//! The billing guard's commands, by direct invoke: `{"command": "status"}`, `{"command": "preview"}`,
//! `{"command": "release", "reason": …}`, `{"command": "confirm", "reason": …}` and
//! `{"command": "exempt", "until": …, "owner": …, "reason": …}`. They name no service: an account has one bill.

use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::billing::Trigger;
use signalbox_domain::mistake::Mistake;

use crate::incoming::Incoming;
use crate::time::Time;
use crate::words::{Owner, Reason};
use crate::{command, strict};

/// The commands that the billing guard takes.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Status,
    Preview,
    Release,
    Confirm,
    Exempt,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasoned {
    reason: Reason<500>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exemption {
    until: Time,
    owner: Owner,
    reason: Reason<500>,
}

pub(crate) fn parse(event: &Value) -> Result<Incoming, Mistake> {
    let (command, body) = command::named(event)?;
    let nothing = || strict::read(&body).map(|Nothing {}| ());
    let reason = || strict::read(&body).map(|Reasoned { reason }| reason.0);
    let trigger = match command {
        Name::Status => nothing().map(|()| Trigger::Status)?,
        Name::Preview => nothing().map(|()| Trigger::Preview)?,
        Name::Release => Trigger::Release { reason: reason()? },
        Name::Confirm => Trigger::Confirm { reason: reason()? },
        Name::Exempt => {
            let Exemption { until, owner, reason } = strict::read(&body)?;
            Trigger::Exempt { until: until.0, owner: owner.0, reason: reason.0 }
        }
    };
    Ok(Incoming::Billing(trigger))
}

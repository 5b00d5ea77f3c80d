//! The replacer's command, by direct invoke:
//! `{"command": "replace", "service": …, "instance_id": …, "reason": …}`.

use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::{InstanceId, ServiceName};

use crate::incoming::Incoming;
use crate::words::Reason;
use crate::{command, strict};

/// The commands that the replacer takes.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Replace,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    service: ServiceName,
    instance_id: InstanceId,
    reason: Reason<500>,
}

pub(crate) fn parse(event: &Value) -> Result<Incoming, Mistake> {
    let (command, body) = command::named(event)?;
    match command {
        Name::Replace => {
            let Replacement { service, instance_id, reason } = strict::read(&body)?;
            Ok(Incoming::Replace { service, instance: instance_id, reason: reason.0 })
        }
    }
}

//! Commands by direct invoke, `{"command": …, "service": …, …}`, and those of the deployer.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::{Release, ServiceName};
use signalbox_domain::trigger::Word;

use crate::incoming::{Context, Incoming};
use crate::time::Time;
use crate::words::Reason;
use crate::{deploy, strict};

/// The name alone.
#[derive(Deserialize)]
struct Named<N> {
    command: N,
}

/// The commands that the deployer takes.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Deploy,
    Promote,
    Pause,
    Resume,
    Abort,
    Status,
    Adopt,
    Freeze,
    Thaw,
    Plan,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfService {
    service: ServiceName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adoption {
    service: ServiceName,
    live: Slot,
    release: Release,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Freezing {
    service: ServiceName,
    #[serde(default)]
    until: Option<Time>,
    reason: Reason,
}

/// Reads the name first, which is one of `N`, so that a mistake in the rest is judged by what that
/// command takes: the name, and the command without it.
pub(crate) fn named<N: DeserializeOwned>(event: &Value) -> Result<(N, Value), Mistake> {
    let Named { command } = strict::read(event)?;
    let mut body = strict::without_widget_context(event);
    if let Some(fields) = body.as_object_mut() {
        fields.remove("command");
    }
    Ok((command, body))
}

pub(crate) fn parse(event: &Value, context: &Context<'_>) -> Result<Incoming, Mistake> {
    let (command, body) = named(event)?;
    let said = |word| {
        let OfService { service } = strict::read(&body)?;
        Ok(Incoming::Said { service, word })
    };
    match command {
        Name::Deploy => deploy::parse_command(&body, context),
        Name::Promote => said(Word::Promote),
        Name::Pause => said(Word::Pause),
        Name::Resume => said(Word::Resume),
        Name::Abort => said(Word::Abort),
        Name::Status => {
            let OfService { service } = strict::read(&body)?;
            Ok(Incoming::Status { service })
        }
        Name::Adopt => {
            let Adoption { service, live, release } = strict::read(&body)?;
            Ok(Incoming::Adopt { service, live, release })
        }
        Name::Plan => deploy::parse_plan(&body, context),
        Name::Freeze => {
            let Freezing { service, until, reason } = strict::read(&body)?;
            Ok(Incoming::Freeze { service, until: until.map(|until| until.0), reason: reason.0 })
        }
        Name::Thaw => {
            let OfService { service } = strict::read(&body)?;
            Ok(Incoming::Thaw { service })
        }
    }
}

//! A deploy: by EventBridge (`Deployment Requested` from `signalbox.ci`) or by command.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::definition::Strategy;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::{Release, RequestId, ServiceName};
use signalbox_domain::trigger::{DeployRequest, OnFailure, Origin};

use crate::eventbridge::Envelope;
use crate::incoming::{Context, Incoming};
use crate::shape::Shape;
use crate::{strict, words};

/// A deploy as it is written, in either envelope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    service: ServiceName,
    release: Release,
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default)]
    strategy: Option<Strategy>,
    #[serde(default)]
    fix_forward: bool,
    #[serde(default)]
    rollback: OnFailure,
    #[serde(default)]
    requested_by: Option<String>,
}

impl Document {
    /// The request; `id` is asked for where the document has none.
    fn request(
        self,
        id: impl FnOnce() -> Result<RequestId, Mistake>,
        origin: Origin,
    ) -> Result<(ServiceName, DeployRequest), Mistake> {
        let request = DeployRequest {
            id: self.id.map_or_else(id, Ok)?,
            release: self.release,
            strategy: self.strategy,
            fix_forward: self.fix_forward,
            on_failure: self.rollback,
            requested_by: words::requester(self.requested_by.as_deref()),
            origin,
        };
        Ok((self.service, request))
    }
}

pub(crate) fn claims(shape: Shape<'_>) -> bool {
    shape == Shape::EventBridge { source: "signalbox.ci", detail_type: "Deployment Requested" }
}

pub(crate) fn parse_event(event: &Value) -> Result<Incoming, Mistake> {
    let envelope = Envelope::<Document>::open(event)?;
    let origin = Origin::Event { at: envelope.put_at()? };
    let id = envelope.id();
    let (service, request) = envelope.detail().request(|| id, origin)?;
    Ok(Incoming::Deploy { service, request })
}

/// What a plan takes is what a deploy takes. `body` is the command without its name.
pub(crate) fn parse_plan(body: &Value, context: &Context<'_>) -> Result<Incoming, Mistake> {
    let (service, request) = command_of(body, context)?;
    Ok(Incoming::Plan { service, request })
}

/// `body` is the command without its name.
pub(crate) fn parse_command(body: &Value, context: &Context<'_>) -> Result<Incoming, Mistake> {
    let (service, request) = command_of(body, context)?;
    Ok(Incoming::Deploy { service, request })
}

fn command_of(body: &Value, context: &Context<'_>) -> Result<(ServiceName, DeployRequest), Mistake> {
    let document: Document = strict::read(body)?;
    document.request(|| context.id(), Origin::Invoke)
}

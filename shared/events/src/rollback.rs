//! A rollback: by EventBridge (`Rollback Requested` from `signalbox.ci`) or by direct invoke.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::{Release, RequestId, ServiceName};
use signalbox_domain::trigger::{Origin, RollbackRequest};

use crate::eventbridge::Envelope;
use crate::incoming::{Context, Incoming};
use crate::shape::Shape;
use crate::words::Reason;
use crate::{strict, words};

/// A rollback as it is written, in either envelope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    service: ServiceName,
    reason: Reason,
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default)]
    from: Option<Release>,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    requested_by: Option<String>,
}

impl Document {
    /// The request; `id` is asked for where the document has none.
    fn incoming(self, id: impl FnOnce() -> Result<RequestId, Mistake>, origin: Origin) -> Result<Incoming, Mistake> {
        let request = RollbackRequest {
            id: self.id.map_or_else(id, Ok)?,
            reason: self.reason.0,
            from: self.from,
            force: self.force,
            requested_by: words::requester(self.requested_by.as_deref()),
            origin,
        };
        Ok(Incoming::Rollback { service: self.service, request })
    }
}

pub(crate) fn claims(shape: Shape<'_>) -> bool {
    shape == Shape::EventBridge { source: "signalbox.ci", detail_type: "Rollback Requested" }
}

pub(crate) fn parse_event(event: &Value) -> Result<Incoming, Mistake> {
    let envelope = Envelope::<Document>::open(event)?;
    let origin = Origin::Event { at: envelope.put_at()? };
    let id = envelope.id();
    envelope.detail().incoming(|| id, origin)
}

pub(crate) fn parse_invoke(event: &Value, context: &Context<'_>) -> Result<Incoming, Mistake> {
    let document: Document = strict::read(&strict::without_widget_context(event))?;
    document.incoming(|| context.id(), Origin::Invoke)
}

//! The heartbeat: an EventBridge rule's `Scheduled Event`, of which nothing is read, or the
//! payload `{"heartbeat": true}` that our schedules send.

use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;

use crate::incoming::Incoming;
use crate::shape::Shape;
use crate::strict;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Beat {
    heartbeat: bool,
}

pub(crate) fn claims_rule(shape: Shape<'_>) -> bool {
    shape == Shape::EventBridge { source: "aws.events", detail_type: "Scheduled Event" }
}

pub(crate) fn parse(event: &Value) -> Result<Incoming, Mistake> {
    let beat: Beat = strict::read(event)?;
    if beat.heartbeat { Ok(Incoming::Heartbeat) } else { Err(Mistake::at("heartbeat", "must be true")) }
}

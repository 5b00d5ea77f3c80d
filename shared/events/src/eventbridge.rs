//! The EventBridge envelope around our own details.
//!
//! The crate's envelope takes `id` and `time` as optional, which is too lax for us: an id is
//! what makes a request act once, and the time is what it is judged by. Both are asked for
//! here, by whoever needs them. Details are `Serialize` only because that envelope wants it.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::RequestId;

use crate::strict;

/// An envelope with what is in it.
pub(crate) struct Envelope<T: Serialize + DeserializeOwned>(EventBridgeEvent<T>);

impl<T: Serialize + DeserializeOwned> Envelope<T> {
    /// Opens `event`.
    pub(crate) fn open(event: &Value) -> Result<Envelope<T>, Mistake> {
        strict::read(event).map(Envelope).map_err(|mistake| match mistake.path.as_str() {
            // The envelope's own words say what is wrong with a time, but not what would be right.
            "time" => Mistake::at("time", "must be a time like 2026-11-23T01:30:00Z"),
            _ => mistake,
        })
    }

    /// The event's id, as the id of what it asks for.
    pub(crate) fn id(&self) -> Result<RequestId, Mistake> {
        let id = self.0.id.as_deref().ok_or_else(|| Mistake::at("id", "is required"))?;
        id.parse().map_err(|problem| Mistake::at("id", format!("{problem}")))
    }

    /// When the event was put.
    pub(crate) fn put_at(&self) -> Result<Timestamp, Mistake> {
        let time = self.0.time.ok_or_else(|| Mistake::at("time", "is required"))?;
        i32::try_from(time.timestamp_subsec_nanos())
            .ok()
            .and_then(|nanoseconds| Timestamp::new(time.timestamp(), nanoseconds).ok())
            .ok_or_else(|| Mistake::at("time", "is out of range"))
    }

    /// What is in it.
    pub(crate) fn detail(self) -> T {
        self.0.detail
    }
}

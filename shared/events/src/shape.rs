//! What an event looks like from outside. An event has exactly one shape, so that two parsers
//! that claim different shapes can never claim the same event.

use serde_json::Value;

/// The outer form of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    /// An EventBridge envelope.
    EventBridge {
        /// Who sent it.
        source: &'a str,
        /// Which of their events it is.
        detail_type: &'a str,
    },
    /// Records of SNS.
    Notifications,
    /// An alarm that invokes the function itself.
    AlarmAction,
    /// A schedule's `heartbeat`.
    Heartbeat,
    /// A `command`.
    Command,
    /// A request by HTTP, as a function URL and API Gateway send it, payload format 2.0.
    Http,
    /// An `email`, or a `type` and a `message`: a bug report.
    Report,
    /// A `service` or a `reason` without a command: how a rollback is asked for.
    Request,
    /// Anything else.
    Other,
}

impl Shape<'_> {
    /// The shape of `event`.
    pub(crate) fn of(event: &Value) -> Shape<'_> {
        let Some(fields) = event.as_object() else { return Shape::Other };
        let source = fields.get("source").and_then(Value::as_str);
        let has = |key: &str| fields.contains_key(key);
        if let Some(detail_type) = fields.get("detail-type") {
            return match (source, detail_type.as_str()) {
                (Some(source), Some(detail_type)) => Shape::EventBridge { source, detail_type },
                (None, _) | (_, None) => Shape::Other,
            };
        }
        if has("Records") {
            let first = &event["Records"][0];
            let from_sns = first["EventSource"].as_str() == Some("aws:sns") || first.get("Sns").is_some();
            return if from_sns { Shape::Notifications } else { Shape::Other };
        }
        if source == Some("aws.cloudwatch") && (has("alarmData") || has("alarmArn")) {
            return Shape::AlarmAction;
        }
        if event["requestContext"].get("http").is_some() {
            return Shape::Http;
        }
        // From here on it is something that a person or a schedule of ours wrote.
        if has("command") {
            Shape::Command
        } else if has("heartbeat") {
            Shape::Heartbeat
        } else if has("email") || (has("type") && has("message")) {
            Shape::Report
        } else if has("service") || has("reason") {
            Shape::Request
        } else {
            Shape::Other
        }
    }
}

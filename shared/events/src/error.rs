//! Why an event was not accepted, in words that may be logged and kept in a dead-letter queue.

use std::fmt::Write as _;

use serde_json::Value;
use signalbox_domain::definition::Arn;
use signalbox_domain::mistake::Mistake;

/// Longest name (source, detail-type, key, path) that an error repeats, in characters.
const LONGEST_NAME: usize = 100;
/// Longest description of a mistake, in characters.
const LONGEST_PROBLEM: usize = 400;
/// Most keys that an error lists.
const MOST_KEYS: usize = 20;

/// Why an event was not accepted. Nothing of the event's contents is in it, apart from its
/// source, detail-type, field names and, where that is the point, the topic; whoever can send
/// an event could otherwise write into our logs, or read there what others have sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// No parser claims it.
    #[error("no parser accepts this event: {}", arrived(source.as_deref(), detail_type.as_deref(), keys))]
    Unrecognized {
        /// Where it says it comes from, such as `aws.s3` or `aws:sns`. (Raw, since a plain
        /// `source` would be taken for the error behind this one.)
        r#source: Option<String>,
        /// Its detail-type, where it has one.
        detail_type: Option<String>,
        /// Its top-level keys (for SNS: those of the message), at most 20.
        keys: Vec<String>,
    },
    /// A parser claims it and cannot read it.
    #[error("{0}")]
    Malformed(Mistake),
    /// It came through an SNS topic that is not among the trusted ones.
    #[error("the topic {topic} is not one of the trusted topics")]
    Untrusted {
        /// The topic.
        topic: Arn,
    },
}

impl EventError {
    /// The error's type as Lambda reports it; stable, alarms and queues match it.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            EventError::Unrecognized { .. } => "UnrecognizedEvent",
            EventError::Malformed(_) => "MalformedEvent",
            EventError::Untrusted { .. } => "UntrustedSource",
        }
    }

    /// What arrived in this event, which nobody claims.
    pub(crate) fn unrecognized(event: &Value) -> EventError {
        // SNS and SQS write the name with different capitals.
        let of_record = ["EventSource", "eventSource"].iter().find_map(|key| event["Records"][0][*key].as_str());
        EventError::Unrecognized {
            source: event["source"].as_str().or(of_record).map(name),
            detail_type: event["detail-type"].as_str().map(name),
            keys: keys(event),
        }
    }

    /// What arrived in a message of SNS, which nobody claims; text that is not JSON has no keys.
    pub(crate) fn unrecognized_message(message: &Value) -> EventError {
        EventError::Unrecognized { source: Some("aws:sns".to_owned()), detail_type: None, keys: keys(message) }
    }
}

impl From<Mistake> for EventError {
    fn from(mistake: Mistake) -> EventError {
        EventError::Malformed(Mistake::at(
            printable(&mistake.path, LONGEST_NAME),
            printable(&mistake.problem, LONGEST_PROBLEM),
        ))
    }
}

fn keys(of: &Value) -> Vec<String> {
    of.as_object().map(|fields| fields.keys().take(MOST_KEYS).map(|key| name(key)).collect()).unwrap_or_default()
}

fn name(text: &str) -> String {
    printable(text, LONGEST_NAME)
}

fn printable(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(longest).collect()
}

fn arrived(source: Option<&str>, detail_type: Option<&str>, keys: &[String]) -> String {
    let mut text = format!("source {}", source.unwrap_or("unknown"));
    if let Some(detail_type) = detail_type {
        // Writing to a String cannot fail.
        let _ = write!(text, ", detail-type {detail_type}");
    }
    match keys {
        [] => text.push_str(", not a JSON object with keys"),
        keys => {
            let _ = write!(text, ", keys {}", keys.join(", "));
        }
    }
    text
}

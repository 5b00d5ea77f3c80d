//! Records of SNS: the envelope, whether its topic is believed, and who claims the message.
//!
//! The envelope is our own. The one of `aws_lambda_events` insists on signature, certificate,
//! subscription and seven more fields that nothing here reads, so that a record without them
//! (a hand-made one, an emulator's) would be refused for the sake of nothing. A test
//! holds that our samples are envelopes for that crate too.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use signalbox_domain::definition::Arn;
use signalbox_domain::mistake::Mistake;

use crate::alarm;
use crate::error::EventError;
use crate::incoming::{Context, Incoming};
use crate::strict;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    sns: Notification,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    topic_arn: Arn,
    message: String,
    #[serde(default)]
    message_attributes: Option<HashMap<String, IgnoredAny>>,
}

/// A message that came through a trusted topic.
pub(crate) struct Message {
    /// The message where it is JSON, else null.
    json: Value,
    ours_by_attributes: bool,
}

/// One kind of message that is accepted.
pub(crate) struct Kind {
    /// What the tests call it.
    #[cfg_attr(not(test), allow(dead_code, reason = "names who claimed what where a test fails"))]
    pub(crate) name: &'static str,
    /// Whether a message is of this kind.
    pub(crate) claims: fn(&Message) -> bool,
    parse: fn(&Message) -> Result<Incoming, Mistake>,
}

/// What is accepted through a trusted topic. An alarm is an alarm whatever its attributes say:
/// an alarm taken for a notice would be lost without a word.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "alarm",
        claims: |message| alarm::sns::claims(&message.json),
        parse: |message| alarm::sns::parse(&message.json),
    },
    Kind {
        name: "notice of our own",
        claims: |message| !alarm::sns::claims(&message.json) && message.is_ours(),
        parse: |_| Ok(irrelevant("a notice of our own that came back through its topic")),
    },
    Kind {
        name: "test notification",
        claims: |message| !alarm::sns::claims(&message.json) && !message.is_ours() && message.is_test_notification(),
        parse: |_| Ok(irrelevant("a group tests whether its notifications arrive")),
    },
];

impl Message {
    fn of(notification: &Notification) -> Message {
        let attributes = notification.message_attributes.as_ref();
        let has = |name| attributes.is_some_and(|attributes| attributes.contains_key(name));
        Message {
            // Not everything in a topic is JSON: our readable notices are not.
            json: serde_json::from_str(&notification.message).unwrap_or(Value::Null),
            ours_by_attributes: has("service") && has("kind") && has("severity"),
        }
    }

    fn is_ours(&self) -> bool {
        self.ours_by_attributes || self.json["source"].as_str() == Some("signalbox")
    }

    fn is_test_notification(&self) -> bool {
        self.json["Event"].as_str() == Some("autoscaling:TEST_NOTIFICATION")
    }
}

pub(crate) fn parse(event: &Value, context: &Context<'_>) -> Result<Vec<Incoming>, EventError> {
    let batch: Batch = strict::read(event)?;
    let notifications = || batch.records.iter().map(|record| &record.sns);
    // All topics are checked before any message is looked at.
    if let Some(foreign) = notifications().find(|sns| !context.trusted_topics.contains(&sns.topic_arn)) {
        return Err(EventError::Untrusted { topic: foreign.topic_arn.clone() });
    }
    notifications().enumerate().map(|(index, sns)| incoming(index, &Message::of(sns))).collect()
}

fn incoming(index: usize, message: &Message) -> Result<Incoming, EventError> {
    match KINDS.iter().find(|kind| (kind.claims)(message)) {
        Some(kind) => {
            Ok((kind.parse)(message).map_err(|mistake| mistake.under(&format!("Records[{index}].Sns.Message")))?)
        }
        None => Err(EventError::unrecognized_message(&message.json)),
    }
}

/// The names of those that claim each message of `event`.
#[cfg(test)]
pub(crate) fn claimants(event: &Value) -> Vec<Vec<&'static str>> {
    let of = |sns: &Notification| {
        let message = Message::of(sns);
        KINDS.iter().filter(|kind| (kind.claims)(&message)).map(|kind| kind.name).collect()
    };
    strict::read::<Batch>(event)
        .map(|batch| batch.records.iter().map(|record| of(&record.sns)).collect())
        .unwrap_or_default()
}

fn irrelevant(reason: &str) -> Incoming {
    Incoming::Irrelevant { reason: reason.to_owned() }
}

//! Records of SNS: the envelope, whether its topic is believed, and what each message is. Which of those are
//! accepted depends on the function.
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
use signalbox_domain::report::Document;

use crate::alarm::{self, Alarm};
use crate::billing::budget;
use crate::error::EventError;
use crate::incoming::{Context, Incoming};
use crate::report::{Arrival, Arrived};
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
    #[serde(default)]
    message_id: Option<String>,
    message: String,
    #[serde(default)]
    message_attributes: Option<HashMap<String, IgnoredAny>>,
}

/// A message that came through a trusted topic.
struct Message<'a> {
    text: &'a str,
    /// The message where it is JSON, else null.
    json: Value,
    ours_by_attributes: bool,
}

/// What a message is. It is exactly one of these, so that two kinds can never claim the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An alarm's.
    Alarm,
    /// A mail of AWS Budgets.
    BudgetMail,
    /// A notice of our own, coming back.
    OwnNotice,
    /// An Auto Scaling group trying out its notifications.
    TestNotification,
    /// Anything else.
    Other,
}

/// One kind of message that a function accepts, and how it is read.
pub(crate) struct Kind {
    form: Form,
    parse: fn(&Message<'_>) -> Result<Incoming, Mistake>,
}

/// What those who look after a service accept through a trusted topic.
pub(crate) const FOR_SERVICES: &[Kind] = &[
    Kind { form: Form::Alarm, parse: |message| alarm::sns::read(&message.json).map(Alarm::for_services) },
    OWN_NOTICE,
    TEST_NOTIFICATION,
];

/// What the billing guard accepts through a trusted topic.
pub(crate) const FOR_BILLING: &[Kind] = &[
    Kind { form: Form::Alarm, parse: |message| alarm::sns::read(&message.json).map(Alarm::for_billing) },
    Kind { form: Form::BudgetMail, parse: |message| budget::parse(message.text) },
    OWN_NOTICE,
    TEST_NOTIFICATION,
];

const OWN_NOTICE: Kind = Kind { form: Form::OwnNotice, parse: |_| Ok(irrelevant(BACK_AGAIN)) };

const TEST_NOTIFICATION: Kind = Kind { form: Form::TestNotification, parse: |_| Ok(irrelevant(TEST)) };

/// Why a notice of our own is nothing to act on.
const BACK_AGAIN: &str = "a notice of our own that came back through its topic";
/// Why a test is not.
const TEST: &str = "a group tests whether its notifications arrive";
/// Longest id of a message that is taken, in bytes. SNS gives 36.
const LONGEST_ID: usize = 128;

impl Message<'_> {
    fn of(notification: &Notification) -> Message<'_> {
        let attributes = notification.message_attributes.as_ref();
        let has = |name| attributes.is_some_and(|attributes| attributes.contains_key(name));
        Message {
            text: &notification.message,
            // Not everything in a topic is JSON: our readable notices are not, nor are the mails of AWS Budgets.
            json: serde_json::from_str(&notification.message).unwrap_or(Value::Null),
            ours_by_attributes: has("service") && has("kind") && has("severity"),
        }
    }

    /// An alarm is an alarm whatever its attributes say, and so is a mail: either, taken for a notice, would be
    /// lost without a word.
    fn form(&self) -> Form {
        if alarm::sns::claims(&self.json) {
            Form::Alarm
        } else if budget::claims(self.text) {
            Form::BudgetMail
        } else if self.ours_by_attributes || self.json["source"] == "signalbox" {
            Form::OwnNotice
        } else if self.json["Event"] == "autoscaling:TEST_NOTIFICATION" {
            Form::TestNotification
        } else {
            Form::Other
        }
    }
}

/// Reads what is in `event` as the kinds that the function accepts.
pub(crate) fn parse(kinds: &[Kind], event: &Value, context: &Context<'_>) -> Result<Vec<Incoming>, EventError> {
    let batch = trusted(event, context)?;
    batch.records.iter().enumerate().map(|(index, record)| incoming(kinds, index, &Message::of(&record.sns))).collect()
}

/// All topics are checked before any message is looked at.
fn trusted(event: &Value, context: &Context<'_>) -> Result<Batch, EventError> {
    let batch: Batch = strict::read(event)?;
    let mut topics = batch.records.iter().map(|record| &record.sns.topic_arn);
    match topics.find(|topic| !context.trusted_topics.contains(topic)) {
        Some(foreign) => Err(EventError::Untrusted { topic: foreign.clone() }),
        None => Ok(batch),
    }
}

/// Reads what is in `event` as bug reports, each record for itself. An alarm or a mail of AWS Budgets is none: a
/// topic of those is not one for the reporter, so where there is nothing else it is said loudly.
pub(crate) fn reports(event: &Value, context: &Context<'_>) -> Result<Vec<Arrival>, EventError> {
    let batch = trusted(event, context)?;
    let messages: Vec<Message<'_>> = batch.records.iter().map(|record| Message::of(&record.sns)).collect();
    if let Some(first) = messages.first().filter(|_| messages.iter().all(|message| is_for_others(message.form()))) {
        return Err(EventError::unrecognized_message(&first.json));
    }
    let arrivals = batch.records.iter().zip(&messages).enumerate();
    Ok(arrivals.map(|(index, (record, message))| arrival(index, record.sns.message_id.as_deref(), message)).collect())
}

fn is_for_others(form: Form) -> bool {
    matches!(form, Form::Alarm | Form::BudgetMail)
}

fn arrival(index: usize, id: Option<&str>, message: &Message<'_>) -> Arrival {
    let record = format!("Records[{index}]");
    let arrived = match message.form() {
        Form::OwnNotice => Arrived::Ignored { reason: BACK_AGAIN },
        Form::TestNotification => Arrived::Ignored { reason: TEST },
        Form::Alarm | Form::BudgetMail => {
            Arrived::Rejected(Mistake::at(format!("{record}.Sns.Message"), "is no report"))
        }
        Form::Other => match id.filter(|id| (1..=LONGEST_ID).contains(&id.len())) {
            Some(id) => Arrived::of(id, Document::from_json(message.text), &format!("{record}.Sns.Message")),
            None => Arrived::Rejected(Mistake::at(format!("{record}.Sns.MessageId"), "is required")),
        },
    };
    Arrival { record, arrived }
}

fn incoming(kinds: &[Kind], index: usize, message: &Message<'_>) -> Result<Incoming, EventError> {
    let form = message.form();
    match kinds.iter().find(|kind| kind.form == form) {
        Some(kind) => {
            Ok((kind.parse)(message).map_err(|mistake| mistake.under(&format!("Records[{index}].Sns.Message")))?)
        }
        None => Err(EventError::unrecognized_message(&message.json)),
    }
}

/// What each message of `event` is.
#[cfg(test)]
pub(crate) fn forms(event: &Value) -> Vec<Form> {
    strict::read::<Batch>(event)
        .map(|batch| batch.records.iter().map(|record| Message::of(&record.sns).form()).collect())
        .unwrap_or_default()
}

fn irrelevant(reason: &str) -> Incoming {
    Incoming::Irrelevant { reason: reason.to_owned() }
}

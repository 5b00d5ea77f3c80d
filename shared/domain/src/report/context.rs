//! How the service stands that a report is about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::definition::Arn;
use crate::record::Record;
use crate::slot::Slot;
use crate::text::{AlarmName, Release, ServiceName};

/// How the service stands that a report is about, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Which it is.
    pub service: Option<ServiceName>,
    /// Its live slot.
    pub live: Option<Slot>,
    /// The release that the live slot runs.
    pub release: Option<Release>,
    /// When traffic was last meant to move between the slots.
    pub flipped_at: Option<Timestamp>,
    /// When that flip began: with several steps, at the first of them.
    #[serde(default)]
    pub flip_began: Option<Timestamp>,
    /// The alarms of its guard that are in ALARM.
    pub alarms: Vec<AlarmName>,
    /// What is under way, in words.
    pub operation: Option<String>,
    /// Where its alerts go, if its definition says so.
    #[serde(default)]
    pub alerts_topic: Option<Arn>,
}

impl Context {
    /// What the record knows, beside the alarms that fire.
    #[must_use]
    pub fn of(service: ServiceName, record: &Record) -> Context {
        let operation = record.operation.as_ref();
        Context {
            live: Some(record.live),
            release: record.releases[record.live].clone(),
            // A record begins with the weights that it found, which nobody moved.
            flipped_at: (!record.routing.earlier.is_empty()).then_some(record.routing.since),
            flip_began: record.routing.moving_since,
            operation: operation.map(|of| format!("{} ({}, {})", of.describe(), of.id(), of.phase())),
            service: Some(service),
            ..Context::default()
        }
    }

    /// Whole minutes since traffic was last moved.
    pub(super) fn minutes_since_flip(&self, now: Timestamp) -> Option<i64> {
        let minutes = now.duration_since(self.flipped_at?).as_mins();
        (minutes >= 0).then_some(minutes)
    }
}

/// The service that a report is about: the one it names, if that is defined, else the only one there is.
#[must_use]
pub fn resolve(said: Option<&ServiceName>, defined: &[ServiceName]) -> Option<ServiceName> {
    let named = said.filter(|said| defined.contains(said));
    let only = if let [only] = defined { Some(only) } else { None };
    named.or(only).cloned()
}

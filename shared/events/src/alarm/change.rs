//! What the EventBridge event and the alarm's own action have in common. Of the configuration only the
//! dimensions are read, so metric, metric-math, composite, log and anomaly alarms are all alike.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::text::AlarmName;
use signalbox_domain::trigger::{AlarmChange, AlarmState};

use super::dimensions;
use crate::incoming::Incoming;
use crate::time::Time;

/// `detail` or `alarmData`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    alarm_name: AlarmName,
    state: State,
    #[serde(default)]
    alarm_contributor: Option<Value>,
    #[serde(default)]
    configuration: Value,
}

#[derive(Serialize, Deserialize)]
struct State {
    value: AlarmState,
    timestamp: Time,
}

impl Change {
    pub(crate) fn incoming(self) -> Incoming {
        let of_contributor = self.alarm_contributor.is_some();
        let attributes = &self.alarm_contributor.unwrap_or_default()["attributes"];
        let change = AlarmChange {
            alarm: self.alarm_name,
            state: self.state.value,
            at: self.state.timestamp.0,
            of: dimensions::of_configuration(&self.configuration, attributes),
        };
        incoming(change, of_contributor)
    }
}

/// An alarm over several time series also reports each of them, its contributors. One of them
/// in ALARM puts the alarm in ALARM. One that is back says nothing about the others, and
/// the alarm itself reports when all are.
pub(super) fn incoming(change: AlarmChange, of_contributor: bool) -> Incoming {
    match change.state {
        AlarmState::Ok | AlarmState::InsufficientData if of_contributor => Incoming::Irrelevant {
            reason: "one time series of an alarm is back, which is not yet the alarm itself".to_owned(),
        },
        AlarmState::Ok | AlarmState::InsufficientData | AlarmState::Alarm => Incoming::AlarmChanged(change),
    }
}

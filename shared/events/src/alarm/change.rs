//! What the EventBridge event and the alarm's own action have in common. Of the configuration
//! nothing is read, so metric, metric-math, composite, log and anomaly alarms are all alike.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use signalbox_domain::text::AlarmName;
use signalbox_domain::trigger::{AlarmChange, AlarmState};

use crate::incoming::Incoming;
use crate::time::Time;

/// `detail` or `alarmData`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    alarm_name: AlarmName,
    state: State,
    #[serde(default, skip_serializing)]
    alarm_contributor: Option<IgnoredAny>,
}

#[derive(Serialize, Deserialize)]
struct State {
    value: AlarmState,
    timestamp: Time,
}

impl Change {
    pub(crate) fn incoming(self) -> Incoming {
        let change = AlarmChange { alarm: self.alarm_name, state: self.state.value, at: self.state.timestamp.0 };
        incoming(change, self.alarm_contributor.is_some())
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

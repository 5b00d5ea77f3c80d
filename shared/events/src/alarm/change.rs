//! What the EventBridge event and the alarm's own action have in common. Of the configuration only the
//! namespaces and dimensions of its metrics are read, so metric, metric-math, composite, log and anomaly
//! alarms are all alike.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::text::AlarmName;
use signalbox_domain::trigger::{AlarmChange, AlarmState};

use super::meaning::Alarm;
use super::{charges, dimensions};
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
    pub(crate) fn alarm(self) -> Alarm {
        let of_contributor = self.alarm_contributor.is_some();
        let attributes = &self.alarm_contributor.unwrap_or_default()["attributes"];
        let change = AlarmChange {
            alarm: self.alarm_name,
            state: self.state.value,
            at: self.state.timestamp.0,
            of: dimensions::of_configuration(&self.configuration, attributes),
        };
        Alarm { change, of_contributor, on_charges: charges::in_configuration(&self.configuration) }
    }
}

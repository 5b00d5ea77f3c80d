//! The JSON text that an alarm publishes to an SNS topic
//! ([shape](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html)).
//! Its `Region` is a display name and is not read.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::AlarmName;
use signalbox_domain::trigger::{AlarmChange, AlarmState};

use super::{Alarm, charges, dimensions};
use crate::strict;
use crate::time::Time;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Published {
    alarm_name: AlarmName,
    new_state_value: AlarmState,
    state_change_time: Time,
    #[serde(default)]
    alarm_contributor_id: Option<IgnoredAny>,
    #[serde(default)]
    alarm_contributor_attributes: Value,
    #[serde(default)]
    trigger: Value,
}

/// Either field is enough, so that an alarm that lost the other is malformed and not unknown.
pub(crate) fn claims(message: &Value) -> bool {
    message.get("AlarmName").is_some() || message.get("NewStateValue").is_some()
}

pub(crate) fn read(message: &Value) -> Result<Alarm, Mistake> {
    let published: Published = strict::read(message)?;
    let change = AlarmChange {
        alarm: published.alarm_name,
        state: published.new_state_value,
        at: published.state_change_time.0,
        of: dimensions::of_trigger(&published.trigger, &published.alarm_contributor_attributes),
    };
    let of_contributor = published.alarm_contributor_id.is_some();
    Ok(Alarm { change, of_contributor, on_charges: charges::in_trigger(&published.trigger) })
}

//! The alarm's own Lambda action
//! ([shape](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html)).

use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;

use super::Alarm;
use super::change::Change;
use crate::strict;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    alarm_data: Change,
}

pub(crate) fn read(event: &Value) -> Result<Alarm, Mistake> {
    let action: Action = strict::read(event)?;
    Ok(action.alarm_data.alarm())
}

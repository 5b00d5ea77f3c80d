//! The alarm's own Lambda action
//! ([shape](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html)).

use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;

use super::change::Change;
use crate::incoming::Incoming;
use crate::strict;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    alarm_data: Change,
}

pub(crate) fn parse(event: &Value) -> Result<Incoming, Mistake> {
    let action: Action = strict::read(event)?;
    Ok(action.alarm_data.incoming())
}

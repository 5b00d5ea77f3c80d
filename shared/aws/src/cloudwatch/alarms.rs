//! The guard's alarms.

use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use signalbox_domain::definition::Definition;
use signalbox_domain::observation::{AlarmSeen, Alarms};
use signalbox_domain::trigger::AlarmState;
use signalbox_reconciler::ports::CloudError;

use super::CloudWatch;
use crate::errors::OrFailed;

/// As many alarms as one call describes.
const PAGE: i32 = 100;

impl CloudWatch {
    /// The guard's alarms, metric and composite, by name. One that does not exist is missing.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn alarms(&self, of: &Definition) -> Result<Alarms, CloudError> {
        let mut alarms = Alarms::new();
        if of.guard.alarms.is_empty() {
            return Ok(alarms);
        }
        let names: Vec<String> = of.guard.alarms.iter().map(|alarm| alarm.as_str().to_owned()).collect();
        let mut token = None;
        loop {
            let answer = self
                .client
                .describe_alarms()
                .set_alarm_names(Some(names.clone()))
                // Without this, only metric alarms are described.
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .max_records(PAGE)
                .set_next_token(token)
                .send()
                .await
                .or_failed("DescribeAlarms", &format_args!("the guard of {}", of.name))?;
            alarms.extend(
                answer
                    .metric_alarms()
                    .iter()
                    .filter_map(|alarm| Some((alarm.alarm_name()?.parse().ok()?, metric(alarm)))),
            );
            alarms.extend(
                answer
                    .composite_alarms()
                    .iter()
                    .filter_map(|alarm| Some((alarm.alarm_name()?.parse().ok()?, composite(alarm)))),
            );
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(alarms);
            }
        }
    }
}

fn metric(alarm: &MetricAlarm) -> AlarmSeen {
    AlarmSeen { state: state(alarm.state_value()), suppressed: false }
}

fn composite(alarm: &CompositeAlarm) -> AlarmSeen {
    AlarmSeen { state: state(alarm.state_value()), suppressed: alarm.actions_suppressed_by().is_some() }
}

/// A state we have never heard of is no evidence of anything.
fn state(value: Option<&StateValue>) -> AlarmState {
    match value {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        _ => AlarmState::InsufficientData,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::ActionsSuppressedBy;

    use super::*;

    #[test]
    fn an_unknown_state_is_no_evidence() {
        assert_eq!(state(Some(&"FESTIVE".into())), AlarmState::InsufficientData);
        assert_eq!(state(None), AlarmState::InsufficientData);
    }

    #[test]
    fn a_composite_alarm_may_be_suppressed() {
        let alarm = CompositeAlarm::builder().state_value(StateValue::Alarm);
        assert!(!composite(&alarm.clone().build()).suppressed);
        assert!(composite(&alarm.actions_suppressed_by(ActionsSuppressedBy::Alarm).build()).suppressed);
    }
}

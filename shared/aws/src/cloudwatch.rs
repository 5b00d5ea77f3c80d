//! CloudWatch: the guard's alarms, and how many requests a slot still gets.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmType, CompositeAlarm, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StateValue, StatusCode,
};
use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Definition;
use signalbox_domain::observation::{AlarmSeen, Alarms};
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::AlarmState;
use signalbox_reconciler::ports::CloudError;

use crate::errors::{OrFailed, unfinished, unusable};

/// As many alarms as one call describes.
const PAGE: i32 = 100;
/// The load balancer reports once a minute.
const PERIOD_SECONDS: i32 = 60;
/// Younger minutes may still be on their way, so silence is proved by no less than this.
const SHORTEST_SILENCE: SignedDuration = SignedDuration::from_mins(2);

/// CloudWatch.
#[derive(Clone, Debug)]
pub struct CloudWatch {
    client: Client,
}

impl CloudWatch {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        CloudWatch { client: Client::new(config) }
    }

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

    /// The requests that a slot's target group got in the minutes of `route_settle` and at least in
    /// the last two. A minute without a datapoint had none
    /// ([metrics](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html)).
    ///
    /// # Errors
    /// When they cannot be read, or not completely.
    pub async fn requests(&self, of: &Definition, slot: Slot, now: Timestamp) -> Result<u64, CloudError> {
        const CALL: &str = "GetMetricData";
        let group = &of.slots[slot].target_group_arn;
        let (Some(balancer_name), Some(group_name)) =
            (balancer_dimension(&of.routes_at.listener_arn()), group_dimension(group.as_str()))
        else {
            return Err(unusable(CALL, group, "its ARN or the listener's does not name what metrics are kept by"));
        };
        let from = window_start(of, now);
        let (mut sum, mut token) = (0.0, None);
        loop {
            let answer = self
                .client
                .get_metric_data()
                .start_time(DateTime::from_secs(from.as_second()))
                .end_time(DateTime::from_secs(now.as_second()))
                .metric_data_queries(request_count(&balancer_name, &group_name))
                .set_next_token(token)
                .send()
                .await
                .or_failed(CALL, group)?;
            for result in answer.metric_data_results() {
                if matches!(result.status_code(), Some(StatusCode::InternalError | StatusCode::Forbidden)) {
                    return Err(unfinished(CALL, group, "the metric could not be read"));
                }
                sum += result.values().iter().sum::<f64>();
            }
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(whole(sum));
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

/// One period more than asked, since AWS cuts the start to the whole minute.
fn window_start(of: &Definition, now: Timestamp) -> Timestamp {
    let silence = of.route_settle.duration().max(SHORTEST_SILENCE) + SignedDuration::from_secs(PERIOD_SECONDS.into());
    now.checked_sub(silence).unwrap_or(Timestamp::MIN)
}

/// `app/<name>/<id>` of `…:listener/app/<name>/<id>/<listener>`.
fn balancer_dimension(listener: &str) -> Option<String> {
    let (_, path) = listener.split_once(":listener/")?;
    path.rsplit_once('/').map(|(balancer, _listener)| balancer.to_owned())
}

/// `targetgroup/<name>/<id>` of a target group's ARN.
fn group_dimension(group: &str) -> Option<String> {
    group.rsplit(':').next().filter(|name| name.starts_with("targetgroup/")).map(str::to_owned)
}

fn request_count(balancer: &str, group: &str) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace("AWS/ApplicationELB")
        .metric_name("RequestCount")
        .dimensions(dimension("TargetGroup", group))
        .dimensions(dimension("LoadBalancer", balancer))
        .build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat("Sum").build();
    MetricDataQuery::builder().id("requests").metric_stat(stat).build()
}

/// Rounded up: something is never nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such casts saturate, and a count is not negative"
)]
fn whole(sum: f64) -> u64 {
    sum.ceil() as u64
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::ActionsSuppressedBy;

    use super::*;
    use crate::samples::{BLUE, LISTENER, definition};

    #[test]
    fn the_dimensions_are_cut_from_the_arns() {
        assert_eq!(balancer_dimension(LISTENER).unwrap(), "app/front/50dc6c495c0c9188");
        assert_eq!(group_dimension(BLUE).unwrap(), "targetgroup/shop-blue/1111111111111111");
        assert_eq!(group_dimension("nonsense"), None);
    }

    #[test]
    fn silence_is_proved_by_two_minutes_at_least() {
        let now: Timestamp = "2026-11-23T01:30:30Z".parse().unwrap();
        let mut definition = definition();
        assert_eq!(window_start(&definition, now).to_string(), "2026-11-23T01:27:30Z");
        definition.route_settle = "0s".parse().unwrap();
        assert_eq!(window_start(&definition, now).to_string(), "2026-11-23T01:27:30Z");
        definition.route_settle = "10m".parse().unwrap();
        assert_eq!(window_start(&definition, now).to_string(), "2026-11-23T01:19:30Z");
    }

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

    #[test]
    fn counts_are_rounded_up_and_never_negative() {
        assert_eq!([whole(0.0), whole(0.2), whole(3.0), whole(-1.0)], [0, 1, 3, 0]);
    }
}

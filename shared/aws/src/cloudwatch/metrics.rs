//! What the load balancer measures of the target groups.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::{CheckMetric, Definition};
use signalbox_domain::observation::{Minute, Window};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_reconciler::ports::CloudError;

use super::CloudWatch;
use super::read::{CALL, read};
use crate::errors::unusable;

/// The load balancer reports once a minute.
const PERIOD_SECONDS: i32 = 60;
/// Younger minutes may still be on their way, so silence is proved by no less than this.
const SHORTEST_SILENCE: SignedDuration = SignedDuration::from_mins(2);

/// What is read of a target group
/// ([metrics](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// Requests for which a target was chosen.
    Requests,
    /// Those that a target answered with a 5xx.
    Failed,
    /// Connections to a target that were not established.
    Refused,
    /// The time a target took to begin its answer, in seconds.
    Slow,
}

impl Measure {
    /// AWS's name of the metric, and the statistic of it.
    fn metric(self) -> (&'static str, &'static str) {
        match self {
            Measure::Requests => ("RequestCount", "Sum"),
            Measure::Failed => ("HTTPCode_Target_5XX_Count", "Sum"),
            Measure::Refused => ("TargetConnectionErrorCount", "Sum"),
            Measure::Slow => ("TargetResponseTime", "p95"),
        }
    }

    /// What CloudWatch calls its values in the answer: it begins with a lower-case letter.
    fn id(self, slot: Slot) -> String {
        format!("{slot}_{}", self.metric().0)
    }
}

impl CloudWatch {
    /// The requests that a slot's target group got in the minutes of `route_settle` and at least in
    /// the last two. A minute without a datapoint had none.
    ///
    /// # Errors
    /// When they cannot be read, or not completely.
    pub async fn requests(&self, of: &Definition, slot: Slot, now: Timestamp) -> Result<u64, CloudError> {
        let window = Window { from: window_start(of, now), to: now };
        let results = read(&self.client, &of.name, window, vec![query(of, slot, Measure::Requests)?]).await?;
        Ok(whole(results.iter().flat_map(MetricDataResult::values).sum()))
    }

    /// What both slots' target groups did in each minute of `window`. A minute without a datapoint had no
    /// request. The response time is read where a check asks for it.
    ///
    /// # Errors
    /// When it cannot be read, or not completely.
    pub async fn traffic(&self, of: &Definition, window: Window) -> Result<BySlot<Vec<Minute>>, CloudError> {
        let timed = of.guard.checks.iter().any(|check| check.metric == CheckMetric::LatencyP95Ms);
        let counted = [Measure::Requests, Measure::Failed, Measure::Refused];
        let measures = counted.into_iter().chain(timed.then_some(Measure::Slow));
        let queries = measures.flat_map(|measure| Slot::BOTH.map(|slot| query(of, slot, measure)));
        let results = read(&self.client, &of.name, window, queries.collect::<Result<_, _>>()?).await?;
        Ok(BySlot::from_fn(|slot| minutes(slot, window, &results)))
    }
}

/// Every minute of the window, oldest first.
fn minutes(slot: Slot, window: Window, results: &[MetricDataResult]) -> Vec<Minute> {
    let of = |measure: Measure| -> BTreeMap<i64, f64> {
        let own = results.iter().filter(|result| result.id() == Some(&measure.id(slot)));
        own.flat_map(|result| result.timestamps().iter().map(DateTime::secs).zip(result.values().iter().copied()))
            .collect()
    };
    let [requests, failed, refused, slow] =
        [Measure::Requests, Measure::Failed, Measure::Refused, Measure::Slow].map(of);
    let count = |of: &BTreeMap<i64, f64>, second: i64| of.get(&second).map_or(0, |value| whole(*value));
    let minute = |second: i64| {
        Some(Minute {
            at: Timestamp::from_second(second).ok()?,
            requests: count(&requests, second),
            failures: count(&failed, second) + count(&refused, second),
            p95_ms: slow.get(&second).map(|seconds| u32::try_from(whole(seconds * 1_000.0)).unwrap_or(u32::MAX)),
        })
    };
    let begins = (window.from.as_second()..window.to.as_second()).step_by(PERIOD_SECONDS as usize);
    begins.filter_map(minute).collect()
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

/// One metric of one slot's target group, minute by minute.
fn query(of: &Definition, slot: Slot, measure: Measure) -> Result<MetricDataQuery, CloudError> {
    let group = &of.slots[slot].target_group_arn;
    let (Some(balancer_name), Some(group_name)) =
        (balancer_dimension(&of.routes_at.listener_arn()), group_dimension(group.as_str()))
    else {
        return Err(unusable(CALL, group, "its ARN or the listener's does not name what metrics are kept by"));
    };
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let (name, statistic) = measure.metric();
    let metric = Metric::builder()
        .namespace("AWS/ApplicationELB")
        .metric_name(name)
        .dimensions(dimension("TargetGroup", &group_name))
        .dimensions(dimension("LoadBalancer", &balancer_name))
        .build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat(statistic).build();
    Ok(MetricDataQuery::builder().id(measure.id(slot)).metric_stat(stat).build())
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
    use aws_sdk_cloudwatch::types::StatusCode;

    use super::*;
    use crate::samples::{BLUE, LISTENER, definition};

    fn result(id: &str, values: &[(&str, f64)], status: StatusCode) -> MetricDataResult {
        let at = |text: &str| DateTime::from_secs(text.parse::<Timestamp>().unwrap().as_second());
        MetricDataResult::builder()
            .id(id)
            .set_timestamps(Some(values.iter().map(|(text, _)| at(text)).collect()))
            .set_values(Some(values.iter().map(|(_, value)| *value).collect()))
            .status_code(status)
            .build()
    }

    #[test]
    fn every_minute_of_the_window_is_there_and_only_those() {
        const FIRST: &str = "2026-11-23T01:00:00Z";
        const SECOND: &str = "2026-11-23T01:01:00Z";
        const LATER: &str = "2026-11-23T01:03:00Z";
        let results = [
            result("green_RequestCount", &[(SECOND, 40.0)], StatusCode::PartialData),
            result("green_RequestCount", &[(FIRST, 30.0), (LATER, 99.0)], StatusCode::Complete),
            result("green_HTTPCode_Target_5XX_Count", &[(SECOND, 3.0)], StatusCode::Complete),
            result("green_TargetConnectionErrorCount", &[(SECOND, 2.0)], StatusCode::Complete),
            result("green_TargetResponseTime", &[(SECOND, 0.250_1)], StatusCode::Complete),
            result("blue_RequestCount", &[(FIRST, 7.0)], StatusCode::Complete),
        ];
        let window = Window { from: FIRST.parse().unwrap(), to: LATER.parse().unwrap() };
        let minute =
            |at: &str, requests, failures, p95_ms| Minute { at: at.parse().unwrap(), requests, failures, p95_ms };
        assert_eq!(
            minutes(Slot::Green, window, &results),
            [minute(FIRST, 30, 0, None), minute(SECOND, 40, 5, Some(251)), minute("2026-11-23T01:02:00Z", 0, 0, None)]
        );
        let blue = minutes(Slot::Blue, window, &results);
        assert_eq!(blue.iter().map(|minute| minute.requests).collect::<Vec<_>>(), [7, 0, 0]);
    }

    #[test]
    fn an_id_is_one_that_cloudwatch_takes() {
        let id = Measure::Failed.id(Slot::Green);
        assert!(id.starts_with(|c: char| c.is_ascii_lowercase()));
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{id}");
    }

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
    fn counts_are_rounded_up_and_never_negative() {
        assert_eq!([whole(0.0), whole(0.2), whole(3.0), whole(-1.0)], [0, 1, 3, 0]);
    }
}

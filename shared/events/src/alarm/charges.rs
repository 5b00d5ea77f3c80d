//! Whether an alarm is about what AWS charges: whether any of its metrics is in the namespace that CloudWatch
//! keeps for that
//! ([metrics](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html)).
//!
//! Read with tolerance, like the dimensions. A composite alarm names no metric, so it is about none.

use serde_json::Value;

const NAMESPACE: &str = "AWS/Billing";

/// Of a `configuration`.
pub(super) fn in_configuration(configuration: &Value) -> bool {
    elements(&configuration["metrics"]).any(|metric| metric["metricStat"]["metric"]["namespace"] == NAMESPACE)
}

/// Of a published `Trigger`: of its one metric, or of one of those of its expression.
pub(super) fn in_trigger(trigger: &Value) -> bool {
    trigger["Namespace"] == NAMESPACE
        || elements(&trigger["Metrics"]).any(|metric| metric["MetricStat"]["Metric"]["Namespace"] == NAMESPACE)
}

fn elements(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

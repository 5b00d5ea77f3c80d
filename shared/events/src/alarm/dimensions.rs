//! What an alarm is about: the values of the dimensions of its metrics, such as the name of a target
//! group, and of the one time series that it reports. Their names are not read: a value that names a
//! group or an instance of ours says enough.
//!
//! Read with tolerance, since an alarm is an alarm whatever it is about: what is missing, or not of the
//! shape that is known, counts for nothing.

use std::collections::BTreeSet;

use serde_json::Value;

/// Most values that are kept. A metric has at most 30 dimensions and an alarm at most ten metrics, most
/// of which share theirs.
const MOST: usize = 100;
/// Longest value, in characters: longer than CloudWatch takes.
const LONGEST: usize = 1_024;

/// Of a `configuration`, where dimensions are an object of values by name, and of the `attributes` of a
/// contributor, which are one too.
pub(super) fn of_configuration(configuration: &Value, attributes: &Value) -> BTreeSet<String> {
    let metrics = elements(&configuration["metrics"]).map(|metric| &metric["metricStat"]["metric"]["dimensions"]);
    kept(metrics.chain([attributes]).flat_map(values))
}

/// Of a published `Trigger`, where dimensions are a list of names and values, and of the `attributes` of
/// a contributor, which are an object.
pub(super) fn of_trigger(trigger: &Value, attributes: &Value) -> BTreeSet<String> {
    let of_expression = elements(&trigger["Metrics"]).map(|metric| &metric["MetricStat"]["Metric"]["Dimensions"]);
    let listed = of_expression.chain([&trigger["Dimensions"]]).flat_map(elements);
    // In small letters in AWS's examples, with capitals as everywhere else in these messages.
    let listed = listed.flat_map(|dimension| [&dimension["value"], &dimension["Value"]]);
    kept(listed.chain(values(attributes)))
}

fn elements(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

fn values(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_object().into_iter().flat_map(serde_json::Map::values)
}

fn kept<'a>(values: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    for value in values.filter_map(Value::as_str).filter(|value| (1..=LONGEST).contains(&value.chars().count())) {
        if kept.len() == MOST {
            break;
        }
        kept.insert(value.to_owned());
    }
    kept
}

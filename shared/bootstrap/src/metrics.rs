//! Metrics in CloudWatch's embedded metric format: a line of JSON on stdout, from which CloudWatch
//! makes datapoints
//! ([specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)).
//!
//! Written by hand: the format is one small object, and the crates for it would bring dozens of
//! others along.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "Signalbox";

/// Where a function's metrics go: namespace `Signalbox`, dimension `Function`, and where a service is
/// concerned also `Function` with `Service`.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    function: String,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Something that CloudWatch has no unit for.
    None,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Milliseconds => "Milliseconds",
            Unit::None => "None",
        }
    }
}

impl Metrics {
    /// Those of this function.
    pub(crate) fn new(function: &str) -> Self {
        Metrics { function: function.to_owned() }
    }

    /// Writes values with their names and units, all at this moment. A value that is not finite is
    /// left out, since JSON has no word for it.
    #[expect(clippy::print_stdout, reason = "stdout is where CloudWatch reads metrics from")]
    #[expect(clippy::disallowed_methods, reason = "a datapoint is of now, whatever time the service is at")]
    pub(crate) fn record(&self, values: &[(&str, f64, Unit)], service: Option<&str>) {
        if let Some(line) = self.line(values, service, Timestamp::now()) {
            println!("{line}");
        }
    }

    /// `None`: there is nothing to write.
    fn line(&self, values: &[(&str, f64, Unit)], service: Option<&str>, at: Timestamp) -> Option<String> {
        let values: Vec<_> = values.iter().filter(|(_, value, _)| value.is_finite()).collect();
        if values.is_empty() {
            return None;
        }
        let dimensions = match service {
            None => json!([["Function"]]),
            Some(_) => json!([["Function"], ["Function", "Service"]]),
        };
        let metrics: Vec<Value> =
            values.iter().map(|(name, _, unit)| json!({ "Name": name, "Unit": unit.name() })).collect();
        let directive = json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics });
        let mut line = Map::new();
        line.insert("_aws".to_owned(), json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive] }));
        line.insert("Function".to_owned(), json!(self.function));
        if let Some(service) = service {
            line.insert("Service".to_owned(), json!(service));
        }
        line.extend(values.iter().map(|(name, value, _)| ((*name).to_owned(), json!(value))));
        Some(Value::Object(line).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[(&str, f64, Unit)], service: Option<&str>) -> Option<Value> {
        let at = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        Metrics::new("deployer").line(values, service, at).map(|line| serde_json::from_str(&line).unwrap())
    }

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let values = [("Looks", 1.0, Unit::Count), ("LookMilliseconds", 12.5, Unit::Milliseconds)];
        let expected = json!({
            "_aws": {
                "Timestamp": 1_700_000_000_123_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "Signalbox",
                    "Dimensions": [["Function"], ["Function", "Service"]],
                    "Metrics": [
                        {"Name": "Looks", "Unit": "Count"},
                        {"Name": "LookMilliseconds", "Unit": "Milliseconds"},
                    ],
                }],
            },
            "Function": "deployer",
            "Service": "shop",
            "Looks": 1.0,
            "LookMilliseconds": 12.5,
        });
        assert_eq!(line(&values, Some("shop")), Some(expected));
    }

    #[test]
    fn without_a_service_there_is_no_dimension_for_it() {
        let line = line(&[("Errors", 1.0, Unit::Count)], None).unwrap();
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Function"]]));
        assert_eq!(line.get("Service"), None);
    }

    #[test]
    fn what_is_no_number_is_not_written() {
        assert_eq!(line(&[("Looks", f64::NAN, Unit::Count)], None), None);
        assert_eq!(line(&[], None), None);
    }
}

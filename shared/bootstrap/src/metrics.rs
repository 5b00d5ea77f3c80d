//! Metrics in CloudWatch's embedded metric format: a line of JSON on stdout, from which CloudWatch
//! makes datapoints
//! ([specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)).
//!
//! Written by hand: the format is one small object, and the crates for it would bring dozens of
//! others along.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use signalbox_domain::report::Counted;

const NAMESPACE: &str = "Signalbox";

/// Where a function's metrics go: namespace `Signalbox`, dimension `Function`, and where a service is
/// concerned also `Function` with `Service`. What is counted of reports is of the service, whoever counts it:
/// dimension `service`, or `service` with `release`.
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
    pub(crate) fn record(&self, values: &[(&str, f64, Unit)], service: Option<&str>) {
        write(self.line(values, service, now()));
    }

    /// Counts one more of something that reports say.
    pub(crate) fn count(&self, counted: &Counted) {
        write(of_reports(counted, now()));
    }

    fn line(&self, values: &[(&str, f64, Unit)], service: Option<&str>, at: Timestamp) -> Option<String> {
        let function = ("Function", self.function.as_str());
        match service {
            None => line(values, &[&["Function"]], &[function], at),
            Some(service) => {
                line(values, &[&["Function"], &["Function", "Service"]], &[function, ("Service", service)], at)
            }
        }
    }
}

fn of_reports(counted: &Counted, at: Timestamp) -> Option<String> {
    let service = ("service", counted.service.as_str());
    let values = [(counted.metric, 1.0, Unit::Count)];
    match &counted.release {
        None => line(&values, &[&["service"]], &[service], at),
        Some(release) => line(&values, &[&["service", "release"]], &[service, ("release", release.as_str())], at),
    }
}

#[expect(clippy::disallowed_methods, reason = "a datapoint is of now, whatever time the service is at")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::print_stdout, reason = "stdout is where CloudWatch reads metrics from")]
fn write(line: Option<String>) {
    if let Some(line) = line {
        println!("{line}");
    }
}

/// Values by these sets of dimensions, which have these values. `None`: there is nothing to write.
fn line(values: &[(&str, f64, Unit)], sets: &[&[&str]], dimensions: &[(&str, &str)], at: Timestamp) -> Option<String> {
    let values: Vec<_> = values.iter().filter(|(_, value, _)| value.is_finite()).collect();
    if values.is_empty() {
        return None;
    }
    let metrics: Vec<Value> =
        values.iter().map(|(name, _, unit)| json!({ "Name": name, "Unit": unit.name() })).collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": sets, "Metrics": metrics });
    let mut line = Map::new();
    line.insert("_aws".to_owned(), json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive] }));
    line.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    line.extend(values.iter().map(|(name, value, _)| ((*name).to_owned(), json!(value))));
    Some(Value::Object(line).to_string())
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
    fn a_bug_counts_for_its_service_and_for_its_release() {
        let at = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        let counted = |release: Option<&str>| {
            let release = release.map(|release| release.parse().unwrap());
            let counted = Counted { metric: "BugReports", service: "shop".parse().unwrap(), release };
            serde_json::from_str::<Value>(&of_reports(&counted, at).unwrap()).unwrap()
        };
        let (all, one) = (counted(None), counted(Some("v43")));
        assert_eq!(all["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["service"]]));
        assert_eq!(one["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["service", "release"]]));
        assert_eq!(
            (&one["service"], &one["release"], &one["BugReports"]),
            (&json!("shop"), &json!("v43"), &json!(1.0))
        );
    }

    #[test]
    fn what_is_no_number_is_not_written() {
        assert_eq!(line(&[("Looks", f64::NAN, Unit::Count)], None), None);
        assert_eq!(line(&[], None), None);
    }
}

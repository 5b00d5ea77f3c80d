//! What AWS charges: its own estimate of the month so far, which it puts into CloudWatch a few times a day.

use std::cmp::Reverse;
use std::fmt::Display;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{Builder, Region};
use aws_sdk_cloudwatch::types::{Dimension, DimensionFilter, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing::Charge;
use signalbox_domain::money::Cents;
use signalbox_domain::observation::Window;
use signalbox_reconciler::ports::CloudError;

use super::read::{CALL, read};
use crate::errors::{OrFailed, unusable};

const LIST: &str = "ListMetrics";
/// Charges of all regions are kept in this one
/// ([billing metrics](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html)).
const HOME: Region = Region::from_static("us-east-1");
const NAMESPACE: &str = "AWS/Billing";
const METRIC: &str = "EstimatedCharges";
const CURRENCY: &str = "Currency";
const SERVICE: &str = "ServiceName";
/// The finest that is kept for 63 days
/// ([retention](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html)), which is this
/// month and the one before.
const PERIOD_SECONDS: i32 = 300;
/// The end of the time that is asked for is left out and cut to the second: a little later, and what was put just
/// now is in it.
const JUST_NOW: SignedDuration = SignedDuration::from_mins(1);
/// As many metrics are read in one call
/// ([quotas](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html)).
const MOST_QUERIES: usize = 500;

/// What AWS charges, in whichever region the function runs.
#[derive(Clone, Debug)]
pub struct Charges {
    client: Client,
}

impl Charges {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Charges { client: Client::from_conf(Builder::from(config).region(HOME).build()) }
    }

    /// What AWS estimated of the whole account's charges, as it was put between these times, oldest first.
    ///
    /// # Errors
    /// When it cannot be read, or not completely, or where a value is no amount.
    pub async fn readings(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Charge>, CloudError> {
        let total = query("total", vec![usd()]);
        let results = read(&self.client, &METRIC, window(from, to), vec![total]).await?;
        let mut readings = put(&results, "total", &METRIC)?;
        readings.sort_by_key(|reading| reading.at);
        Ok(readings)
    }

    /// What each service of AWS charged last between these times, the dearest first. Who charges nothing is left out.
    ///
    /// # Errors
    /// When it cannot be read, or not completely, or where a value is no amount.
    pub async fn breakdown(&self, from: Timestamp, to: Timestamp) -> Result<Vec<(String, Cents)>, CloudError> {
        let mut charged = Vec::new();
        for services in self.services().await?.chunks(MOST_QUERIES) {
            let of = |(index, service): (usize, &String)| query(&id(index), vec![dimension(SERVICE, service), usd()]);
            let queries = services.iter().enumerate().map(of).collect();
            let results = read(&self.client, &METRIC, window(from, to), queries).await?;
            for (index, service) in services.iter().enumerate() {
                let newest = put(&results, &id(index), service)?.into_iter().max_by_key(|reading| reading.at);
                charged.extend(newest.map(|newest| (service.clone(), newest.total)));
            }
        }
        charged.retain(|(_, total)| *total != Cents(0));
        charged.sort_by_key(|(_, total)| Reverse(*total));
        Ok(charged)
    }

    /// The services of AWS that the whole account is charged for. Where accounts are billed together, those of each
    /// account have one more dimension.
    async fn services(&self) -> Result<Vec<String>, CloudError> {
        let (mut services, mut token) = (Vec::new(), None);
        loop {
            let answer = self
                .client
                .list_metrics()
                .namespace(NAMESPACE)
                .metric_name(METRIC)
                .dimensions(DimensionFilter::builder().name(SERVICE).build())
                .dimensions(DimensionFilter::builder().name(CURRENCY).value(USD).build())
                .set_next_token(token)
                .send()
                .await
                .or_failed(LIST, &METRIC)?;
            services.extend(answer.metrics().iter().filter_map(service_of));
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                services.sort_unstable();
                services.dedup();
                return Ok(services);
            }
        }
    }
}

const USD: &str = "USD";

fn usd() -> Dimension {
    dimension(CURRENCY, USD)
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

/// What CloudWatch calls the values of one service in its answer.
fn id(index: usize) -> String {
    format!("service_{index}")
}

fn window(from: Timestamp, to: Timestamp) -> Window {
    Window { from, to: to.checked_add(JUST_NOW).unwrap_or(to) }
}

/// A total only grows within a month, so the highest value of a period is its newest.
fn query(id: &str, dimensions: Vec<Dimension>) -> MetricDataQuery {
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(METRIC).set_dimensions(Some(dimensions)).build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat("Maximum").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

/// The service whose charges a metric holds, if it holds nothing narrower.
fn service_of(metric: &Metric) -> Option<String> {
    let of = |name: &str| metric.dimensions().iter().find(|dimension| dimension.name() == Some(name))?.value();
    let is_whole = metric.dimensions().len() == 2 && of(CURRENCY) == Some(USD);
    of(SERVICE).filter(|_| is_whole).map(str::to_owned)
}

/// Everything that was put under one id, in no order.
fn put(results: &[MetricDataResult], id: &str, about: &dyn Display) -> Result<Vec<Charge>, CloudError> {
    let wrong = |problem: String| unusable(CALL, about, problem);
    let mut readings = Vec::new();
    for result in results.iter().filter(|result| result.id() == Some(id)) {
        let (times, values) = (result.timestamps(), result.values());
        if times.len() != values.len() {
            return Err(wrong(format!("it has {} values at {} times", values.len(), times.len())));
        }
        for (at, dollars) in times.iter().zip(values) {
            let at = Timestamp::from_second(at.secs()).map_err(|error| wrong(error.to_string()))?;
            let total = Cents::from_dollars(*dollars);
            let total = total.ok_or_else(|| wrong(format!("the value {dollars} at {at} is no amount of dollars")))?;
            readings.push(Charge { at, total });
        }
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use signalbox_reconciler::ports::ErrorClass;

    use super::*;
    use crate::replay::{Given, Replay};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A result as CloudWatch answers it, the newest value first.
    fn result(id: &str, values: &[(&str, f64)], status: &str) -> Value {
        let times: Vec<Value> = values.iter().map(|(text, _)| json!({ "epoch": at(text).as_second() })).collect();
        let values: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        json!({ "Id": id, "Timestamps": times, "Values": values, "StatusCode": status })
    }

    fn page(results: &[Value], next: Option<&str>) -> Given {
        let page = json!({ "MetricDataResults": results });
        Given::cbor(&with_token(page, next))
    }

    fn with_token(mut page: Value, next: Option<&str>) -> Value {
        if let Some(next) = next {
            page["NextToken"] = json!(next);
        }
        page
    }

    fn listed(metrics: &[&[(&str, &str)]], next: Option<&str>) -> Given {
        let dimension = |(name, value): &(&str, &str)| json!({ "Name": name, "Value": value });
        let metric = |dimensions: &&[(&str, &str)]| {
            let dimensions: Vec<Value> = dimensions.iter().map(dimension).collect();
            json!({ "Namespace": NAMESPACE, "MetricName": METRIC, "Dimensions": dimensions })
        };
        let metrics: Vec<Value> = metrics.iter().map(metric).collect();
        Given::cbor(&with_token(json!({ "Metrics": metrics }), next))
    }

    fn charges(answers: Vec<Given>) -> (Charges, Replay) {
        let replay = Replay::of(answers);
        (Charges::new(&replay.config()), replay)
    }

    async fn read(charges: &Charges) -> Result<Vec<Charge>, CloudError> {
        charges.readings(at("2026-10-01T00:00:00Z"), at("2026-11-23T01:30:00.5Z")).await
    }

    #[tokio::test]
    async fn readings_are_of_all_pages_and_oldest_first() {
        let (charges, replay) = charges(vec![
            page(
                &[result("total", &[("2026-11-23T01:25:00Z", 19.999), ("2026-11-22T19:25:00Z", 18.5)], "PartialData")],
                Some("on"),
            ),
            page(&[result("total", &[("2026-11-22T13:25:00Z", 17.0)], "Complete")], None),
        ]);
        let reading = |time: &str, cents| Charge { at: at(time), total: Cents(cents) };
        let expected = [
            reading("2026-11-22T13:25:00Z", 1_700),
            reading("2026-11-22T19:25:00Z", 1_850),
            reading("2026-11-23T01:25:00Z", 2_000),
        ];
        assert_eq!(read(&charges).await.unwrap(), expected);
        let asked = replay.asked();
        assert!(!asked[0].body.contains("NextToken") && asked[1].body.contains("NextToken"));
        assert!(asked.iter().all(|asked| asked.body.contains("Maximum") && !asked.body.contains(SERVICE)));
    }

    #[tokio::test]
    async fn charges_are_asked_for_where_they_are_kept_wherever_the_function_runs() {
        let (charges, replay) = charges(vec![page(&[], None)]);
        assert_eq!(read(&charges).await.unwrap(), []);
        let asked = &replay.asked()[0];
        assert!(asked.uri.starts_with("https://monitoring.us-east-1."), "{}", asked.uri);
        assert!(asked.authorization.contains("/us-east-1/monitoring/"), "{}", asked.authorization);
        assert_eq!(replay.config().region().unwrap().as_ref(), "eu-west-1");
    }

    #[tokio::test]
    async fn an_endpoint_of_ones_own_is_asked_all_the_same() {
        let replay = Replay::of(vec![page(&[], None)]);
        let config = replay.config().into_builder().endpoint_url("http://127.0.0.1:5000").build();
        assert_eq!(read(&Charges::new(&config)).await.unwrap(), []);
        let asked = &replay.asked()[0];
        assert!(asked.uri.starts_with("http://127.0.0.1:5000/"), "{}", asked.uri);
        assert!(asked.authorization.contains("/us-east-1/"), "{}", asked.authorization);
    }

    #[tokio::test]
    async fn a_value_that_is_no_amount_and_half_an_answer_are_errors() {
        const TIME: &str = "2026-11-23T01:25:00Z";
        for (results, class) in [
            (vec![result("total", &[(TIME, f64::MAX)], "Complete")], ErrorClass::Permanent),
            (
                vec![json!({ "Id": "total", "Timestamps": [], "Values": [1.0], "StatusCode": "Complete" })],
                ErrorClass::Permanent,
            ),
            (vec![result("total", &[(TIME, 20.0)], "PartialData")], ErrorClass::Retry),
            (vec![result("total", &[], "InternalError")], ErrorClass::Retry),
        ] {
            let (charges, _) = charges(vec![page(&results, None)]);
            let error = read(&charges).await.unwrap_err();
            assert_eq!((error.class, error.operation), (class, CALL), "{error}");
        }
        for dollars in [f64::NAN, f64::INFINITY] {
            let strange = MetricDataResult::builder().id("total").values(dollars);
            let strange = strange.timestamps(aws_sdk_cloudwatch::primitives::DateTime::from_secs(0)).build();
            assert!(put(&[strange], "total", &METRIC).is_err());
        }
    }

    #[tokio::test]
    async fn the_breakdown_names_the_newest_charge_of_each_service_and_the_dearest_first() {
        let usd = ("Currency", "USD");
        let of = |service| ("ServiceName", service);
        let (charges, replay) = charges(vec![
            listed(
                &[&[of("AmazonS3"), usd], &[usd, of("AmazonEC2")], &[of("AmazonEC2"), usd, ("LinkedAccount", "1")]],
                Some("on"),
            ),
            listed(&[&[of("AWSLambda"), usd], &[of("AmazonRDS"), usd], &[of("AmazonSNS"), ("Currency", "CNY")]], None),
            page(
                &[
                    result("service_0", &[("2026-11-23T01:25:00Z", 0.0)], "Complete"),
                    result("service_1", &[("2026-11-23T01:25:00Z", 9.0), ("2026-11-22T19:25:00Z", 8.5)], "Complete"),
                    result("service_2", &[], "Complete"),
                    result("service_3", &[("2026-11-22T19:25:00Z", 11.0), ("2026-11-23T01:25:00Z", 11.5)], "Complete"),
                ],
                None,
            ),
        ]);
        let (from, to) = (at("2026-11-01T00:00:00Z"), at("2026-11-23T01:30:00Z"));
        let dearest = charges.breakdown(from, to).await.unwrap();
        assert_eq!(dearest, [("AmazonS3".to_owned(), Cents(1_150)), ("AmazonEC2".to_owned(), Cents(900))]);
        let asked = replay.asked();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|asked| asked.uri.starts_with("https://monitoring.us-east-1.")));
        assert!(["AWSLambda", "AmazonEC2", "AmazonRDS", "AmazonS3"].iter().all(|name| asked[2].body.contains(name)));
        assert!(!["AmazonSNS", "LinkedAccount"].iter().any(|name| asked[2].body.contains(name)));
    }

    #[tokio::test]
    async fn an_account_that_is_charged_for_nothing_has_no_breakdown() {
        let (charges, replay) = charges(vec![listed(&[], None)]);
        let (from, to) = (at("2026-11-01T00:00:00Z"), at("2026-11-23T01:30:00Z"));
        assert_eq!(charges.breakdown(from, to).await.unwrap(), []);
        assert_eq!(replay.asked().len(), 1);
    }
}

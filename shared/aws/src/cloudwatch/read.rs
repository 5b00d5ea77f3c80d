//! Values of metrics, read to their end.

use std::fmt::Display;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult, StatusCode};
use signalbox_domain::observation::Window;
use signalbox_reconciler::ports::CloudError;

use crate::errors::{OrFailed, unfinished};

pub(super) const CALL: &str = "GetMetricData";

const UNREAD: &str = "a metric could not be read, or not completely";

/// All pages of an answer; a metric may be in several of them.
pub(super) async fn read(
    client: &Client,
    about: &(dyn Display + Sync),
    window: Window,
    queries: Vec<MetricDataQuery>,
) -> Result<Vec<MetricDataResult>, CloudError> {
    let (mut results, mut token) = (Vec::new(), None);
    loop {
        let answer = client
            .get_metric_data()
            .start_time(DateTime::from_secs(window.from.as_second()))
            .end_time(DateTime::from_secs(window.to.as_second()))
            .set_metric_data_queries(Some(queries.clone()))
            .set_next_token(token)
            .send()
            .await
            .or_failed(CALL, &about)?;
        results.extend(answer.metric_data_results.unwrap_or_default());
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return if is_whole(&results) { Ok(results) } else { Err(unfinished(CALL, &about, UNREAD)) };
        }
    }
}

/// Whether every metric was read to its end: partial data is only so until a later page completes it
/// ([statuses](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html)).
fn is_whole(results: &[MetricDataResult]) -> bool {
    results.iter().enumerate().all(|(index, result)| match result.status_code() {
        Some(StatusCode::InternalError | StatusCode::Forbidden) => false,
        Some(StatusCode::PartialData) => results[index + 1..].iter().any(|later| later.id() == result.id()),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_every_metric_was_read_to_its_end() {
        let ends = |statuses: &[(&str, StatusCode)]| {
            is_whole(
                &statuses
                    .iter()
                    .map(|(id, status)| MetricDataResult::builder().id(*id).status_code(status.clone()).build())
                    .collect::<Vec<_>>(),
            )
        };
        assert!(ends(&[]));
        assert!(ends(&[("a", StatusCode::PartialData), ("b", StatusCode::Complete), ("a", StatusCode::Complete)]));
        assert!(!ends(&[("a", StatusCode::PartialData), ("b", StatusCode::Complete)]));
        assert!(!ends(&[("a", StatusCode::Complete), ("b", StatusCode::Forbidden)]));
        assert!(!ends(&[("a", StatusCode::InternalError), ("a", StatusCode::Complete)]));
    }
}

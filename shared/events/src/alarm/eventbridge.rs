//! EventBridge `CloudWatch Alarm State Change`
//! ([shape](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html)).

use serde_json::Value;
use signalbox_domain::mistake::Mistake;

use super::Alarm;
use super::change::Change;
use crate::eventbridge::Envelope;
use crate::shape::Shape;

pub(crate) fn claims(shape: Shape<'_>) -> bool {
    shape == Shape::EventBridge { source: "aws.cloudwatch", detail_type: "CloudWatch Alarm State Change" }
}

pub(crate) fn read(event: &Value) -> Result<Alarm, Mistake> {
    Ok(Envelope::<Change>::open(event)?.detail().alarm())
}

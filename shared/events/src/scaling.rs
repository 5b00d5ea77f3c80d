//! What an Auto Scaling group did with an instance
//! ([shape](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html)).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::{GroupName, InstanceId, Malformed};
use signalbox_domain::trigger::ScalingKind;

use crate::eventbridge::Envelope;
use crate::incoming::{GroupEvent, Incoming};
use crate::opaque::Opaque;
use crate::shape::Shape;

#[derive(Serialize, Deserialize)]
struct Detail {
    #[serde(rename = "AutoScalingGroupName")]
    group: GroupName,
    #[serde(rename = "ActivityId")]
    activity: Opaque<128>,
    #[serde(rename = "EC2InstanceId", default)]
    instance: Option<Instance>,
}

/// An instance's id, or the empty text that stands for none.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Instance(Option<InstanceId>);

impl TryFrom<String> for Instance {
    type Error = Malformed;

    fn try_from(id: String) -> Result<Instance, Malformed> {
        if id.is_empty() { Ok(Instance(None)) } else { id.parse().map(|id| Instance(Some(id))) }
    }
}

fn kind(shape: Shape<'_>) -> Option<ScalingKind> {
    let Shape::EventBridge { source: "aws.autoscaling", detail_type } = shape else { return None };
    match detail_type {
        "EC2 Instance Launch Successful" => Some(ScalingKind::Launched),
        "EC2 Instance Launch Unsuccessful" => Some(ScalingKind::LaunchFailed),
        "EC2 Instance Terminate Successful" => Some(ScalingKind::Terminated),
        "EC2 Instance Terminate Unsuccessful" => Some(ScalingKind::TerminateFailed),
        _ => None,
    }
}

pub(crate) fn claims(shape: Shape<'_>) -> bool {
    kind(shape).is_some()
}

pub(crate) fn parse(event: &Value) -> Result<Incoming, Mistake> {
    let kind = kind(Shape::of(event)).ok_or_else(|| Mistake::at("detail-type", "is not one of the four"))?;
    let envelope = Envelope::<Detail>::open(event)?;
    let at = envelope.put_at()?;
    let Detail { group, activity, instance } = envelope.detail();
    let instance = instance.and_then(|Instance(id)| id);
    match kind {
        ScalingKind::Launched | ScalingKind::Terminated | ScalingKind::TerminateFailed if instance.is_none() => {
            Err(Mistake::at("detail.EC2InstanceId", "is required; only a failed launch may have none"))
        }
        ScalingKind::Launched | ScalingKind::Terminated | ScalingKind::TerminateFailed | ScalingKind::LaunchFailed => {
            Ok(Incoming::GroupScaled(GroupEvent { group, kind, instance, activity: activity.0, at }))
        }
    }
}

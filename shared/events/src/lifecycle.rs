//! An instance that waits at a lifecycle hook of its Auto Scaling group
//! ([shape](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html#ec2-auto-scaling-lifecycle-action-events)).
//! Which way it goes is said by the detail-type; `LifecycleTransition` repeats it and is not read.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::{GroupName, InstanceId};

use crate::eventbridge::Envelope;
use crate::incoming::{Incoming, LifecycleEvent, LifecycleKind};
use crate::opaque::Opaque;
use crate::shape::Shape;

#[derive(Serialize, Deserialize)]
struct Detail {
    #[serde(rename = "AutoScalingGroupName")]
    group: GroupName,
    #[serde(rename = "EC2InstanceId")]
    instance: InstanceId,
    #[serde(rename = "LifecycleHookName")]
    hook: Opaque<255>,
    #[serde(rename = "LifecycleActionToken")]
    token: Opaque<128>,
}

fn kind(shape: Shape<'_>) -> Option<LifecycleKind> {
    let Shape::EventBridge { source: "aws.autoscaling", detail_type } = shape else { return None };
    match detail_type {
        "EC2 Instance-launch Lifecycle Action" => Some(LifecycleKind::Launching),
        "EC2 Instance-terminate Lifecycle Action" => Some(LifecycleKind::Terminating),
        _ => None,
    }
}

pub(crate) fn claims(shape: Shape<'_>) -> bool {
    kind(shape).is_some()
}

pub(crate) fn parse(event: &Value) -> Result<Incoming, Mistake> {
    let kind = kind(Shape::of(event)).ok_or_else(|| Mistake::at("detail-type", "is not one of the two"))?;
    let envelope = Envelope::<Detail>::open(event)?;
    let at = envelope.put_at()?;
    let Detail { group, instance, hook, token } = envelope.detail();
    Ok(Incoming::Lifecycle(LifecycleEvent { group, kind, instance, hook: hook.0, token: token.0, at }))
}

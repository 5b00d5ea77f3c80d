//! What EC2 says of one instance: that it changed its state
//! ([shape](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html)),
//! and, of a Spot Instance, that it will be interrupted
//! ([shape](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html))
//! or may soon be ([shape](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html)).
//!
//! An interruption's `instance-action` is not read: stopped, terminated or hibernated, the
//! instance no longer serves. Nor does the event say when, only the documentation does.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::InstanceId;
use signalbox_domain::trigger::{InstanceReport, ReportCause};

use crate::eventbridge::Envelope;
use crate::incoming::Incoming;
use crate::shape::Shape;

/// The three kinds of event.
#[derive(Clone, Copy)]
enum Kind {
    Interruption,
    Rebalance,
    StateChange,
}

/// Of a Spot Instance.
#[derive(Serialize, Deserialize)]
struct Warning {
    #[serde(rename = "instance-id")]
    instance: InstanceId,
}

#[derive(Serialize, Deserialize)]
struct Change {
    #[serde(rename = "instance-id")]
    instance: InstanceId,
    state: State,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
}

fn kind(shape: Shape<'_>) -> Option<Kind> {
    let Shape::EventBridge { source: "aws.ec2", detail_type } = shape else { return None };
    match detail_type {
        "EC2 Spot Instance Interruption Warning" => Some(Kind::Interruption),
        "EC2 Instance Rebalance Recommendation" => Some(Kind::Rebalance),
        "EC2 Instance State-change Notification" => Some(Kind::StateChange),
        _ => None,
    }
}

pub(crate) fn claims(shape: Shape<'_>) -> bool {
    kind(shape).is_some()
}

pub(crate) fn parse(event: &Value) -> Result<Incoming, Mistake> {
    match kind(Shape::of(event)).ok_or_else(|| Mistake::at("detail-type", "is not one of the three"))? {
        Kind::Interruption => warning(event, ReportCause::SpotInterruption),
        Kind::Rebalance => warning(event, ReportCause::RebalanceRecommended),
        Kind::StateChange => state_change(event),
    }
}

fn warning(event: &Value, cause: ReportCause) -> Result<Incoming, Mistake> {
    let envelope = Envelope::<Warning>::open(event)?;
    let at = envelope.put_at()?;
    let instances = vec![envelope.detail().instance];
    Ok(Incoming::InstancesReported(InstanceReport { instances, cause, ends: None, withdrawn: false, at }))
}

fn state_change(event: &Value) -> Result<Incoming, Mistake> {
    let envelope = Envelope::<Change>::open(event)?;
    let at = envelope.put_at()?;
    let Change { instance, state } = envelope.detail();
    let cause = match state {
        State::Pending | State::Running => {
            return Ok(Incoming::Irrelevant {
                reason: "an instance starts or runs, and nothing is wrong with that".to_owned(),
            });
        }
        State::Stopping => ReportCause::Stopping,
        State::Stopped => ReportCause::Stopped,
        State::ShuttingDown => ReportCause::ShuttingDown,
        State::Terminated => ReportCause::Terminated,
    };
    let instances = vec![instance];
    Ok(Incoming::InstancesReported(InstanceReport { instances, cause, ends: None, withdrawn: false, at }))
}

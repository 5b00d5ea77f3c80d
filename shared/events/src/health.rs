//! AWS Health: what AWS is going to do to instances
//! ([shape](https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html)).
//!
//! - Only a `scheduledChange` of EC2 is about an instance's future: retirement, stop, reboot,
//!   maintenance of its host. Not the type's code is read but the category, since AWS adds codes.
//! - Only the instances among the affected entities count. A public event
//!   ([public events](https://docs.aws.amazon.com/health/latest/ug/about-public-events.html))
//!   names none, and is irrelevant for that.
//! - A long list of entities comes in pages
//!   ([pages](https://docs.aws.amazon.com/health/latest/ug/pagnation-of-health-events.html)),
//!   each an event with its own part of the list. Each is read on its own: what is done about an
//!   instance does not depend on the others of its list.
//! - AWS sends a copy of each event to a backup Region and marks it with `backupEvent`
//!   ([backup Regions](https://docs.aws.amazon.com/health/latest/ug/choosing-a-region.html)).
//!   It exists for the case that the original is lost, and it is for a rule's filter to leave it
//!   out where it is not wanted. So it is read like the original: nudges are idempotent. Nor is
//!   `eventRegion` read: an instance of another Region is in no group here.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::text::InstanceId;
use signalbox_domain::trigger::{InstanceReport, ReportCause};

use crate::eventbridge::Envelope;
use crate::incoming::Incoming;
use crate::shape::Shape;
use crate::time::MailTime;

/// What it is about. Read first, so that nothing else is asked of events that are not for us.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Topic {
    service: String,
    event_type_category: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    #[serde(default)]
    status_code: Option<Status>,
    #[serde(default)]
    start_time: Option<MailTime>,
    #[serde(default)]
    affected_entities: Vec<Entity>,
}

/// How far the whole event is.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Upcoming,
    Closed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    entity_value: String,
    #[serde(default)]
    status: Option<EntityStatus>,
}

/// How far it is for one entity. Only one word takes an entity out of the event: with any other,
/// one of tomorrow's too, the change is still to be reckoned with.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum EntityStatus {
    Resolved,
    #[serde(other)]
    Unresolved,
}

impl Change {
    /// Whether the whole event no longer stands.
    fn is_closed(&self) -> bool {
        match self.status_code {
            Some(Status::Closed) => true,
            Some(Status::Open | Status::Upcoming) | None => false,
        }
    }

    /// The instances for which it stands, and those for which it does not: each once. An instance
    /// that is named both ways is one for which it stands.
    fn instances(&self) -> (Vec<InstanceId>, Vec<InstanceId>) {
        let (mut standing, mut withdrawn) = (Vec::new(), Vec::new());
        for entity in &self.affected_entities {
            let Some(instance) = instance(&entity.entity_value) else { continue };
            let into = if self.is_closed() || entity.is_resolved() { &mut withdrawn } else { &mut standing };
            if !into.contains(&instance) {
                into.push(instance);
            }
        }
        withdrawn.retain(|instance| !standing.contains(instance));
        (standing, withdrawn)
    }
}

impl Entity {
    fn is_resolved(&self) -> bool {
        match self.status {
            Some(EntityStatus::Resolved) => true,
            Some(EntityStatus::Unresolved) | None => false,
        }
    }
}

/// The instance that an entity is, by its id or its ARN; `None` where it is something else.
fn instance(entity: &str) -> Option<InstanceId> {
    let id = match entity.strip_prefix("arn:") {
        // What remains is partition, service, Region, account and resource.
        Some(rest) => match rest.splitn(5, ':').collect::<Vec<_>>()[..] {
            [_, "ec2", _, _, resource] => resource.strip_prefix("instance/")?,
            _ => return None,
        },
        None => entity,
    };
    let of_instance = id.strip_prefix("i-").is_some_and(|rest| !rest.is_empty());
    if of_instance { id.parse().ok() } else { None }
}

pub(crate) fn claims(shape: Shape<'_>) -> bool {
    shape == Shape::EventBridge { source: "aws.health", detail_type: "AWS Health Event" }
}

pub(crate) fn parse(event: &Value) -> Result<Vec<Incoming>, Mistake> {
    let topic = Envelope::<Topic>::open(event)?.detail();
    if topic.service != "EC2" {
        return Ok(irrelevant("an AWS Health event about another service than EC2"));
    }
    if topic.event_type_category != "scheduledChange" {
        return Ok(irrelevant("an AWS Health event about EC2 that schedules no change"));
    }
    let envelope = Envelope::<Change>::open(event)?;
    let at = envelope.put_at()?;
    let change = envelope.detail();
    let ends = change.start_time.map(|time| time.0);
    let (standing, withdrawn) = change.instances();
    let reports: Vec<Incoming> = [(standing, false), (withdrawn, true)]
        .into_iter()
        .filter(|(instances, _)| !instances.is_empty())
        .map(|(instances, withdrawn)| InstanceReport {
            instances,
            cause: ReportCause::ScheduledChange,
            ends,
            withdrawn,
            at,
        })
        .map(Incoming::InstancesReported)
        .collect();
    if reports.is_empty() {
        return Ok(irrelevant("a change that AWS schedules on EC2, but on no instance"));
    }
    Ok(reports)
}

fn irrelevant(reason: &str) -> Vec<Incoming> {
    vec![Incoming::Irrelevant { reason: reason.to_owned() }]
}

//! What an event does: it is read, it is found out whom it concerns, and those are looked at.

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::{Value, json};
use signalbox_bootstrap::{Environment, Report};
use signalbox_domain::definition::Definition;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::ServiceName;
use signalbox_domain::trigger::{GroupScaling, Nudge, Trigger};
use signalbox_events::{Context, GroupEvent, Incoming};
use signalbox_reconciler::ports::World;
use signalbox_reconciler::{Linger, Reconciler};

/// A heartbeat leaves this much of its invocation's time to the work in hand.
const BEFORE_DEADLINE: SignedDuration = SignedDuration::from_secs(10);

/// The deployer in its world.
pub(crate) struct Deployer<W> {
    reconciler: Reconciler<W>,
    environment: Environment,
    report: Report,
}

impl<W: World> Deployer<W> {
    pub(crate) fn new(reconciler: Reconciler<W>, environment: Environment, report: Report) -> Self {
        Deployer { reconciler, environment, report }
    }

    /// One invocation.
    pub(crate) async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let context =
            Context { request_id: &event.context.request_id, trusted_topics: &self.environment.trusted_topics };
        let incoming = signalbox_events::deployer(&event.payload, &context)
            .map_err(|error| self.report.failure(error.error_type(), &error))?;
        let mut answers = Vec::with_capacity(incoming.len());
        for one in incoming {
            // On the heap: the SDK's calls nest deeper than the compiler likes to lay out in one piece.
            answers.push(Box::pin(self.act_on(one, &event)).await?);
        }
        // SNS may put several records into one event; everything else is one event and one answer.
        if answers.len() == 1 {
            return Ok(answers.remove(0));
        }
        let services = answers.into_iter().flat_map(|answer| match answer["services"].as_array() {
            Some(services) => services.clone(),
            None => vec![answer],
        });
        Ok(json!({ "services": services.collect::<Vec<Value>>() }))
    }

    async fn act_on(&self, incoming: Incoming, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        match incoming {
            Incoming::Heartbeat => self.heartbeat(event.context.deadline).await,
            Incoming::AlarmChanged(change) => {
                let trigger = Trigger::AlarmChanged(change.clone());
                let watches = |of: &Definition| of.is_guarded_by(change.alarm.as_str()).then(|| trigger.clone());
                self.concerned(watches, "this alarm guards no defined service").await
            }
            Incoming::GroupScaled(event) => {
                let owns = |of: &Definition| of.slot_of_group(event.group.as_str()).map(|slot| of_slot(&event, slot));
                self.concerned(owns, "this Auto Scaling group belongs to no defined service").await
            }
            Incoming::Deploy { service, request } => self.look(service, Trigger::DeployRequested(request)).await,
            Incoming::Rollback { service, request } => self.look(service, Trigger::RollbackRequested(request)).await,
            Incoming::Said { service, word } => self.look(service, Trigger::Said(word)).await,
            Incoming::Adopt { service, live, release } => {
                self.look(service, Trigger::AdoptRequested { live, release }).await
            }
            Incoming::Plan { service, request } => self.look(service, Trigger::PlanRequested(request)).await,
            Incoming::Freeze { service, until, reason } => {
                self.look(service, Trigger::FreezeRequested { until, reason }).await
            }
            Incoming::Thaw { service } => self.look(service, Trigger::ThawRequested).await,
            Incoming::Status { service } => self.look(service, Trigger::StatusRequested).await,
            Incoming::Lifecycle(_) | Incoming::InstancesReported(_) | Incoming::Replace { .. } => {
                Ok(ignored("sick instances are not this function's to replace"))
            }
            Incoming::Irrelevant { reason } => Ok(ignored(&reason)),
        }
    }

    async fn look(&self, service: ServiceName, trigger: Trigger) -> Result<Value, Diagnostic> {
        let began = self.reconciler.world().now();
        let looked = self
            .reconciler
            .look(&Nudge { service, trigger })
            .await
            .map_err(|error| self.report.failure(error.error_type(), &error))?;
        self.report.looked(&looked.answer, self.reconciler.world().now().duration_since(began));
        to_json(&looked.answer)
    }

    async fn concerned(
        &self,
        concerns: impl Fn(&Definition) -> Option<Trigger>,
        nobody: &str,
    ) -> Result<Value, Diagnostic> {
        let began = self.reconciler.world().now();
        let (looked, failure) = self
            .reconciler
            .look_at_concerned(concerns)
            .await
            .map_err(|error| self.report.failure("CloudCallFailed", &error))?;
        for one in &looked {
            self.report.looked(&one.answer, self.reconciler.world().now().duration_since(began));
        }
        if let Some(error) = failure {
            return Err(self.report.failure(error.error_type(), &error));
        }
        if looked.is_empty() {
            return Ok(ignored(nobody));
        }
        to_json(&json!({ "services": looked.iter().map(|one| &one.answer).collect::<Vec<_>>() }))
    }

    async fn heartbeat(&self, deadline: u64) -> Result<Value, Diagnostic> {
        let began = self.reconciler.world().now();
        let deadline = i64::try_from(deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let leave = deadline.unwrap_or(began) - BEFORE_DEADLINE;
        let until = leave.min(began + self.environment.linger);
        let heartbeat = self
            .reconciler
            .heartbeat(Linger { until })
            .await
            .map_err(|error| self.report.failure(error.error_type(), &error))?;
        for answer in &heartbeat.services {
            self.report.looked(answer, self.reconciler.world().now().duration_since(began));
        }
        self.report.beat(u32::try_from(heartbeat.looked_at).unwrap_or(u32::MAX));
        to_json(&heartbeat)
    }
}

fn of_slot(event: &GroupEvent, slot: Slot) -> Trigger {
    Trigger::GroupScaled(GroupScaling {
        slot,
        kind: event.kind,
        instance: event.instance.clone(),
        activity: event.activity.clone(),
        at: event.at,
    })
}

fn ignored(reason: &str) -> Value {
    json!({ "outcome": "ignored", "reason": reason, "services": [] })
}

fn to_json(answer: &impl serde::Serialize) -> Result<Value, Diagnostic> {
    serde_json::to_value(answer)
        .map_err(|error| Diagnostic { error_type: "Unanswerable".to_owned(), error_message: error.to_string() })
}

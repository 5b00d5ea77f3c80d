//! What the functions that look after services share: an event is read, its parts are acted on one by
//! one, and it is answered whole. What a part means is each function's own.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::{Value, json};
use signalbox_domain::billing;
use signalbox_domain::definition::Definition;
use signalbox_domain::text::ServiceName;
use signalbox_domain::trigger::{GroupScaling, Nudge, Trigger};
use signalbox_events::{Context, EventError, GroupEvent, Incoming};
use signalbox_reconciler::ports::{Billing, CloudError, World};
use signalbox_reconciler::{Linger, LookError, Looked, Reconciler};

use crate::environment::Environment;
use crate::report::Report;

/// A heartbeat leaves this much of its invocation's time to the work in hand.
const BEFORE_DEADLINE: SignedDuration = SignedDuration::from_secs(10);

/// A function in its world.
pub struct Shell<W> {
    reconciler: Reconciler<W>,
    environment: Environment,
    report: Report,
}

impl<W: World> Shell<W> {
    /// A function that looks with this reconciler.
    pub fn new(reconciler: Reconciler<W>, environment: Environment, report: Report) -> Self {
        Shell { reconciler, environment, report }
    }

    /// What it looks with.
    pub fn reconciler(&self) -> &Reconciler<W> {
        &self.reconciler
    }

    /// One invocation: `parse` reads it, `act_on` does what each part of it asks for.
    ///
    /// # Errors
    /// The event could not be read, or the first part that could not be acted on.
    pub async fn answer(
        &self,
        event: &LambdaEvent<Value>,
        parse: impl Fn(&Value, &Context<'_>) -> Result<Vec<Incoming>, EventError>,
        act_on: impl AsyncFn(Incoming) -> Result<Value, Diagnostic>,
    ) -> Result<Value, Diagnostic> {
        let incoming = self.read(event, parse)?;
        let mut answers = Vec::with_capacity(incoming.len());
        for one in incoming {
            // On the heap: the SDK's calls nest deeper than the compiler likes to lay out in one piece.
            answers.push(Box::pin(act_on(one)).await?);
        }
        Ok(whole(answers))
    }

    /// Reads an event, part by part.
    ///
    /// # Errors
    /// It could not be read.
    pub fn read(
        &self,
        event: &LambdaEvent<Value>,
        parse: impl Fn(&Value, &Context<'_>) -> Result<Vec<Incoming>, EventError>,
    ) -> Result<Vec<Incoming>, Diagnostic> {
        let context =
            Context { request_id: &event.context.request_id, trusted_topics: &self.environment.trusted_topics };
        parse(&event.payload, &context).map_err(|error| self.failure(error.error_type(), &error))
    }

    /// Looks at one service.
    ///
    /// # Errors
    /// What kept it from that.
    pub async fn look(&self, service: ServiceName, trigger: Trigger) -> Result<Value, Diagnostic> {
        let began = self.reconciler.world().now();
        let looked = self
            .reconciler
            .look(&Nudge { service, trigger })
            .await
            .map_err(|error| self.failure(error.error_type(), &error))?;
        self.report.looked(&looked.answer, self.since(began));
        to_json(&looked.answer)
    }

    /// Answers for the services that `looking` looks at, which are those that an event concerns; with
    /// `nobody` as the reason where it concerns none.
    ///
    /// # Errors
    /// What kept it from that: after all who could be looked at were.
    pub async fn concerned(
        &self,
        looking: impl Future<Output = Result<(Vec<Looked>, Option<LookError>), CloudError>>,
        nobody: &str,
    ) -> Result<Value, Diagnostic> {
        let began = self.reconciler.world().now();
        let (looked, failure) = looking.await.map_err(|error| self.failure("CloudCallFailed", &error))?;
        for one in &looked {
            self.report.looked(&one.answer, self.since(began));
        }
        if let Some(error) = failure {
            return Err(self.failure(error.error_type(), &error));
        }
        if looked.is_empty() {
            return Ok(ignored(nobody));
        }
        to_json(&json!({ "services": looked.iter().map(|one| &one.answer).collect::<Vec<_>>() }))
    }

    /// Looks at the service whose group did something.
    ///
    /// # Errors
    /// What kept it from that.
    pub async fn group_scaled(&self, event: &GroupEvent) -> Result<Value, Diagnostic> {
        let owns = |of: &Definition| {
            let slot = of.slot_of_group(event.group.as_str())?;
            let (kind, instance, activity) = (event.kind, event.instance.clone(), event.activity.clone());
            Some(Trigger::GroupScaled(GroupScaling { slot, kind, instance, activity, at: event.at }))
        };
        self.concerned(self.reconciler.look_at_concerned(owns), "this Auto Scaling group belongs to no defined service")
            .await
    }

    /// Looks at whatever is under way, and stays with it as long as the variable and this invocation allow.
    ///
    /// # Errors
    /// What failed, after everything else was done.
    pub async fn heartbeat(&self, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let began = self.reconciler.world().now();
        let deadline = i64::try_from(event.context.deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let leave = deadline.unwrap_or(began) - BEFORE_DEADLINE;
        let until = leave.min(began + self.environment.linger);
        let heartbeat = self
            .reconciler
            .heartbeat(Linger { until })
            .await
            .map_err(|error| self.failure(error.error_type(), &error))?;
        for answer in &heartbeat.services {
            self.report.looked(answer, self.since(began));
        }
        self.report.beat(u32::try_from(heartbeat.looked_at).unwrap_or(u32::MAX));
        to_json(&heartbeat)
    }

    /// A failure of this invocation, reported.
    pub fn failure(&self, error_type: &str, error: &dyn std::fmt::Display) -> Diagnostic {
        self.report.failure(error_type, error)
    }

    fn since(&self, began: Timestamp) -> SignedDuration {
        self.reconciler.world().now().duration_since(began)
    }
}

impl<W: World + Billing> Shell<W> {
    /// Looks at what AWS charges.
    ///
    /// # Errors
    /// What kept it from that, or from a part of it.
    pub async fn look_at_charges(&self, trigger: &billing::Trigger) -> Result<billing::Answer, Diagnostic> {
        let began = self.reconciler.world().now();
        let answer =
            self.reconciler.look_at_charges(trigger).await.map_err(|error| self.failure(error.error_type(), &error))?;
        self.report.looked_at_charges(trigger, &answer, self.since(began));
        Ok(answer)
    }
}

/// The answer to what concerns nothing of ours.
#[must_use]
pub fn ignored(reason: &str) -> Value {
    json!({ "outcome": "ignored", "reason": reason, "services": [] })
}

/// Everything is one event and one answer, except what SNS or AWS Health put together. Where all of that
/// concerns nothing of ours, for one reason, it is said once.
fn whole(mut answers: Vec<Value>) -> Value {
    if answers.iter().all(|answer| answer["outcome"] == "ignored") {
        answers.dedup();
    }
    if answers.len() == 1 {
        return answers.remove(0);
    }
    let services = answers.into_iter().flat_map(|answer| match answer["services"].as_array() {
        Some(services) => services.clone(),
        None => vec![answer],
    });
    json!({ "services": services.collect::<Vec<Value>>() })
}

/// An answer as Lambda returns it.
///
/// # Errors
/// It has no form in JSON.
pub fn to_json(answer: &impl Serialize) -> Result<Value, Diagnostic> {
    serde_json::to_value(answer)
        .map_err(|error| Diagnostic { error_type: "Unanswerable".to_owned(), error_message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_answered_as_it_is() {
        let answer = json!({ "service": "shop", "outcome": "idle" });
        assert_eq!(whole(vec![answer.clone()]), answer);
        assert_eq!(whole(vec![ignored("no")]), json!({ "outcome": "ignored", "reason": "no", "services": [] }));
    }

    #[test]
    fn several_parts_are_answered_with_the_services_of_all() {
        let (shop, blog) = (json!({ "service": "shop" }), json!({ "service": "blog" }));
        let answers = vec![json!({ "services": [shop, blog] }), ignored("no"), shop.clone()];
        assert_eq!(whole(answers), json!({ "services": [shop, blog, shop] }));
        assert_eq!(whole(Vec::new()), json!({ "services": [] }));
    }

    #[test]
    fn parts_that_concern_nothing_of_ours_are_answered_once_for_one_reason() {
        assert_eq!(whole(vec![ignored("no"), ignored("no")]), ignored("no"));
        assert_eq!(whole(vec![ignored("no"), ignored("nor this")]), json!({ "services": [] }));
        let same = json!({ "services": [{ "service": "shop", "outcome": "idle" }] });
        assert_eq!(whole(vec![same.clone(), same])["services"].as_array().unwrap().len(), 2);
    }
}

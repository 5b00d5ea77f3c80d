//! One look at one service.

use futures_util::future::{join, try_join_all};
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::cap::Cap;
use signalbox_domain::decide::{decide, halt};
use signalbox_domain::decision::{Action, Answer, Decision, Outcome, Touched};
use signalbox_domain::definition::Definition;
use signalbox_domain::first_contact::unknown;
use signalbox_domain::interlock;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::needs::{Haste, Needs};
use signalbox_domain::observation::Observation;
use signalbox_domain::record::{OperationKind, Record};
use signalbox_domain::text::{RequestId, ServiceName};
use signalbox_domain::trigger::{Nudge, Role, Trigger};

use crate::announce::to_send;
use crate::budget::{Budget, LONGEST_WAIT};
use crate::observe::observe;
use crate::ports::{CloudError, DecisionItem, ErrorClass, OperationItem, Save, Saved, World, next_version};

/// A change to the world starts at most this long after the save that decided it. AWS cannot fence
/// a stalled writer, so we stop ourselves; together with two tries of three seconds each, a late
/// write always shows before `settle_guard` (60 s) is over.
pub const LATEST_START: SignedDuration = SignedDuration::from_secs(10);

/// How often a look that lost the race begins again.
pub(crate) const MOST_RACES: usize = 8;

/// The shell around the decisions.
#[derive(Clone, Debug)]
pub struct Reconciler<W> {
    role: Role,
    pub(crate) world: W,
    budget: Budget,
}

/// What a look came to.
#[derive(Clone, Debug)]
pub struct Looked {
    /// What to answer.
    pub answer: Answer,
    /// When another look is worth it.
    pub look_again_in: Option<SignedDuration>,
    /// The operation's phase moved, or one began or ended.
    pub moved: bool,
    /// What was to be done and could not be; the next look tries it again.
    pub failed: Option<String>,
    /// What billing holds of the service after this look.
    pub cap: Option<Cap>,
}

/// What was saved, and done as far as it could be.
struct Done {
    /// The first action that could not be, and why.
    failed: Option<String>,
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The definition in the table cannot be used.
    #[error("the definition of {service} is wrong at {mistake}")]
    Definition {
        /// The service.
        service: ServiceName,
        /// Where, and what would be right.
        mistake: Mistake,
    },
    /// Something is under way for a service whose definition is gone.
    #[error(
        "something is under way or held back for {service}, which has no definition any more; define it again to let it end"
    )]
    Undefined {
        /// The service.
        service: ServiceName,
    },
    /// The record was written by a newer version.
    #[error(
        "the record of {service} was written by a newer version of Signalbox; this function writes nothing until it is updated"
    )]
    NewerSchema {
        /// The service.
        service: ServiceName,
    },
    /// Others go first with the load balancer's calls.
    #[error("the load balancer's calls of the next half minute are given away; the next heartbeat looks at {service}")]
    PutOff {
        /// The service.
        service: ServiceName,
    },
    /// Others were first, again and again.
    #[error(
        "others changed the record of {service} {MOST_RACES} times while this look was under way; the next heartbeat looks again"
    )]
    Contended {
        /// The service.
        service: ServiceName,
    },
}

impl LookError {
    /// A stable name that alarms can match.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            LookError::Cloud(_) => "CloudCallFailed",
            LookError::Definition { .. } => "InvalidDefinition",
            LookError::Undefined { .. } => "UndefinedService",
            LookError::NewerSchema { .. } => "NewerSchema",
            LookError::PutOff { .. } => "PutOff",
            LookError::Contended { .. } => "Contended",
        }
    }
}

impl<W: World> Reconciler<W> {
    /// A reconciler in this world, of the function with this role.
    pub fn new(role: Role, world: W) -> Self {
        Reconciler { role, world, budget: Budget::default() }
    }

    /// The world it works in.
    pub fn world(&self) -> &W {
        &self.world
    }

    /// Looks at a service until the result is saved or there is nothing to save.
    ///
    /// # Errors
    /// What kept it from that; nothing was decided then.
    pub async fn look(&self, nudge: &Nudge) -> Result<Looked, LookError> {
        self.look_within(LONGEST_WAIT, nudge).await
    }

    /// The same, waiting no longer than this for the load balancer's calls.
    pub(crate) async fn look_within(&self, patience: SignedDuration, nudge: &Nudge) -> Result<Looked, LookError> {
        let until = self.world.now() + patience;
        for _ in 0..MOST_RACES {
            let patience = until.duration_since(self.world.now());
            if let Some(looked) = Box::pin(self.look_once(patience, nudge)).await? {
                return Ok(looked);
            }
        }
        Err(LookError::Contended { service: nudge.service.clone() })
    }

    /// `None`: somebody else saved first.
    async fn look_once(&self, patience: SignedDuration, nudge: &Nudge) -> Result<Option<Looked>, LookError> {
        let loaded = self.world.load(&nudge.service, nudge.trigger.request_id()).await?;
        let Some(text) = loaded.definition else {
            if loaded.record.is_some_and(|(record, _)| record.is_busy() || record.cap.is_some()) {
                return Err(LookError::Undefined { service: nudge.service.clone() });
            }
            return self.decline(nudge).await.map(Some);
        };
        if loaded.newer_schema {
            return Err(LookError::NewerSchema { service: nudge.service.clone() });
        }
        let definition = Definition::read(&text)
            .map_err(|mistake| LookError::Definition { service: nudge.service.clone(), mistake })?;
        let trigger = match loaded.known_request {
            Some(operation) => Trigger::Repeated { operation },
            None => nudge.trigger.clone(),
        };
        let (record, version) = loaded.record.map_or((None, None), |(record, version)| (Some(record), Some(version)));
        let touchable = record.as_ref().map(touchable_operations).unwrap_or_default();
        let needs = Needs::of(self.role, record.as_ref(), &definition, &trigger, self.world.now());
        self.wait_for_turn(needs, patience, nudge).await?;
        let now = self.world.now();
        let about = record.as_ref().and_then(Record::deployment);
        let (seen, items) = join(
            // On the heap, like the rest of a look: the SDK's calls nest deeply.
            Box::pin(observe(&self.world, &definition, needs, about, now)),
            try_join_all(touchable.iter().map(|(kind, id)| self.world.operation(&nudge.service, *kind, id))),
        )
        .await;
        let (seen, items) = (seen?, items?.into_iter().flatten().collect());
        let owes_nothing = trigger == Trigger::Constrained(None);
        if self.role != Role::Deployer && record.is_none() && seen.releases.is_none() && !owes_nothing {
            // What an event says would be lost with an answer; a failure has it delivered again.
            let (resource, source) = (definition.name.to_string(), "not readable at the first contact".into());
            let class = ErrorClass::Retry;
            return Err(CloudError { operation: "GetParameters", resource, class, source }.into());
        }
        let decision = decide(self.role, record.as_ref(), &seen, &definition, &trigger, now);
        let decision = second_lock(decision, &seen, &definition, now);
        let moved = decision.is_move();
        let cap = decision.next.as_ref().and_then(|next| next.cap.clone());
        let (answer, look_again_in) = (decision.answer.clone(), decision.look_again_in);
        let done = Box::pin(self.carry_out(&definition, nudge, record.as_ref(), version, decision, items, now)).await?;
        Ok(done.map(|Done { failed }| Looked { answer, look_again_in, moved, failed, cap }))
    }

    /// Waits until the load balancer may be asked for all that this look needs of it.
    async fn wait_for_turn(&self, needs: Needs, patience: SignedDuration, nudge: &Nudge) -> Result<(), LookError> {
        let put_off = |_| LookError::PutOff { service: nudge.service.clone() };
        let (calls, now) = (needs.balancer_calls(), self.world.now());
        let wait = self.budget.reserve(calls, needs.haste, patience, now).map_err(put_off)?;
        if !wait.is_zero() {
            self.world.sleep(wait).await;
        }
        Ok(())
    }

    /// Answers about a service that nobody defined; the refusal of an event is told as well.
    async fn decline(&self, nudge: &Nudge) -> Result<Looked, LookError> {
        let (answer, notice) = unknown(&nudge.service, &nudge.trigger, self.world.now());
        if let Some(notice) = notice {
            self.world.publish(&nudge.service, None, &notice).await?;
        }
        Ok(Looked { answer, look_again_in: None, moved: false, failed: None, cap: None })
    }

    /// Saves, acts and announces. `None`: the save lost the race, and nothing was done.
    #[expect(clippy::too_many_arguments, reason = "the parts of one look, handed over once")]
    async fn carry_out(
        &self,
        definition: &Definition,
        nudge: &Nudge,
        before: Option<&Record>,
        version: Option<u64>,
        decision: Decision,
        items: Vec<OperationItem>,
        now: Timestamp,
    ) -> Result<Option<Done>, LookError> {
        let record = decision.next.clone().filter(|next| Some(next) != before);
        let written = record.is_some();
        let waited = before.map_or(&[][..], |before| &before.outbox);
        let outbox = decision.next.as_ref().map(|next| to_send(waited, &next.outbox, now));
        let save = Save {
            service: nudge.service.clone(),
            record: record.map(|record| (record, version)),
            operations: operation_items(&decision, &items),
            decision: worth_recording(&nudge.trigger, &decision).then(|| decision_item(&nudge.trigger, &decision, now)),
            accepted: decision.accepted.clone(),
            nonce: self.world.nonce(),
        };
        let saves = save.record.is_some() || save.decision.is_some() || !save.operations.is_empty();
        if saves && self.world.save(&save).await? == Saved::Lost {
            return Ok(None);
        }
        let saved_at = self.world.now();
        let failed = self.act(definition, &decision.actions, saved_at).await;
        for notice in &decision.orphans {
            self.world.publish(&definition.name, definition.alerts_topic_arn.as_ref(), notice).await?;
        }
        if let (Some(outbox), Some(next)) = (outbox, decision.next)
            && !outbox.is_empty()
        {
            let version = if written { Some(next_version(version)) } else { version };
            self.announce(definition, nudge, next, version, &outbox).await;
        }
        Ok(Some(Done { failed }))
    }

    /// Does what was decided, in order, and stops at the first failure: the next look sees what is
    /// missing and does it then. What failed, if anything did.
    async fn act(&self, definition: &Definition, actions: &[Action], saved_at: Timestamp) -> Option<String> {
        for action in actions {
            if self.world.now().duration_since(saved_at) > LATEST_START {
                tracing::warn!(service = %definition.name, %action, "too late after the save; left to the next look");
                return None;
            }
            if let Action::Route { .. } = action {
                // It reads the actions anew before it writes them, and does not wait: a late write is worse than
                // a full bucket. On credit there is always a call.
                let _ = self.budget.reserve(1, Haste::Rollback, SignedDuration::ZERO, self.world.now());
            }
            match self.world.apply(definition, action).await {
                Ok(()) => tracing::info!(service = %definition.name, %action, "done"),
                Err(error) => {
                    tracing::error!(service = %definition.name, %action, %error, "failed; the next look tries again");
                    return Some(format!("{action}: {error}"));
                }
            }
        }
        None
    }
}

/// The operations whose timelines this look may write to.
fn touchable_operations(record: &Record) -> Vec<(OperationKind, RequestId)> {
    let own = record.operation.as_ref().map(|own| (own.kind(), own.id().clone()));
    let standby = record.standby.as_ref().map(|standby| (OperationKind::Deployment, standby.of.id.clone()));
    own.into_iter().chain(standby).collect()
}

/// Holds every action against the interlock. A refusal is a defect: the operation stops.
fn second_lock(decision: Decision, seen: &Observation, definition: &Definition, now: Timestamp) -> Decision {
    let refused = decision.actions.iter().find_map(|action| interlock::permit(action, seen).err());
    let (Some(refused), Some(next)) = (refused, &decision.next) else {
        return decision;
    };
    tracing::error!(service = %definition.name, refused, "the interlock refused a decided action: a defect");
    let (record, operation, reason) = halt(next, definition, &refused, now);
    let mut halted = Decision {
        answer: Answer { outcome: Outcome::Refused, reason, ..decision.answer },
        next: Some(record),
        actions: Vec::new(),
        ..decision
    };
    if let Some(operation) = operation {
        match halted.touched.iter_mut().find(|touched| touched.operation.id() == operation.id()) {
            Some(touched) => touched.operation = operation,
            None => halted.touched.push(Touched { operation, entries: Vec::new() }),
        }
    }
    halted
}

fn operation_items(decision: &Decision, former: &[OperationItem]) -> Vec<OperationItem> {
    let item = |touched: &Touched| {
        let operation = touched.operation.clone();
        let former = former.iter().find(|item| item.operation.id() == operation.id());
        let timeline = former.map(|item| item.timeline.clone()).unwrap_or_default();
        let mut item = OperationItem { operation, timeline };
        item.extend(touched.entries.iter().cloned());
        item
    };
    decision.touched.iter().map(item).collect()
}

/// Every event of a service leaves one decision; a heartbeat only when it changed something, and a
/// question never.
fn worth_recording(trigger: &Trigger, decision: &Decision) -> bool {
    match trigger {
        Trigger::Heartbeat => decision.is_move(),
        Trigger::Constrained(_) => decision.is_move() || decision.answer.outcome == Outcome::Accepted,
        Trigger::StatusRequested | Trigger::PlanRequested(_) | Trigger::ConstraintsPreviewed(_) => false,
        Trigger::AlarmChanged(_)
        | Trigger::GroupScaled(_)
        | Trigger::DeployRequested(_)
        | Trigger::RollbackRequested(_)
        | Trigger::Said(_)
        | Trigger::AdoptRequested { .. }
        | Trigger::FreezeRequested { .. }
        | Trigger::ThawRequested
        | Trigger::InstancesReported(_)
        | Trigger::InstanceHeld(_)
        | Trigger::ReplaceRequested { .. }
        | Trigger::Repeated { .. } => true,
    }
}

fn decision_item(trigger: &Trigger, decision: &Decision, now: Timestamp) -> DecisionItem {
    DecisionItem {
        at: now,
        trigger: describe(trigger),
        request: trigger.request_id().cloned(),
        outcome: decision.answer.outcome,
        reason: decision.answer.reason.clone(),
        operation: decision.answer.operation.clone(),
        phase: decision.answer.phase.clone(),
        actions: decision.actions.clone(),
    }
}

fn describe(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Heartbeat => "heartbeat".to_owned(),
        Trigger::AlarmChanged(change) => format!("alarm {} at {}", change.alarm, change.at),
        Trigger::GroupScaled(event) => format!("scaling activity {} on {}", event.activity, event.slot),
        Trigger::DeployRequested(request) => format!("deploy {} of {}", request.id, request.release),
        Trigger::RollbackRequested(request) => format!("rollback {}", request.id),
        Trigger::Repeated { operation } => format!("{operation} again"),
        Trigger::Said(word) => word.verb().to_owned(),
        Trigger::AdoptRequested { live, release } => format!("adopt {live} with {release}"),
        Trigger::PlanRequested(request) => format!("plan of {}", request.release),
        Trigger::FreezeRequested { .. } => "freeze".to_owned(),
        Trigger::ThawRequested => "thaw".to_owned(),
        Trigger::StatusRequested => "status".to_owned(),
        Trigger::InstancesReported(report) => {
            let named: Vec<&str> = report.instances.iter().map(|instance| instance.as_str()).collect();
            let of = if report.withdrawn { "withdrawn: " } else { "" };
            format!("AWS on {}: {of}{}", named.join(", "), report.cause)
        }
        Trigger::InstanceHeld(held) => format!("{} waits at {}", held.instance, held.hook),
        Trigger::ReplaceRequested { instance, .. } => format!("replace {instance}"),
        Trigger::Constrained(Some(constraint)) => format!("billing at {}", constraint.rung),
        Trigger::Constrained(None) => "billing lets go".to_owned(),
        Trigger::ConstraintsPreviewed(_) => "preview".to_owned(),
    }
}

//! What a trigger asks for, and the loop that carries a look to where nothing more follows.

use super::door::{Plan, in_time};
use super::{Cause, Deployment, Measured, Phase, Purpose};
use crate::decision::Outcome;
use crate::definition::{Mode, Strategy};
use crate::look::{Look, Reply};
use crate::notice::{Kind, Severity};
use crate::record::Operation;
use crate::slot::{Slot, Split};
use crate::text::{Release, RequestId};
use crate::trigger::{AlarmChange, AlarmState, DeployRequest, OnFailure, Origin, RollbackRequest, Trigger, Word};

/// A look passes through at most this many phases: there are nine, and 50 steps.
const MOST_TRANSITIONS: usize = 64;

impl Look<'_> {
    /// Does what the trigger asks for, if it asks for anything.
    pub(crate) fn hear(&mut self, trigger: &Trigger) -> Option<Reply> {
        self.watch();
        match trigger {
            Trigger::Heartbeat | Trigger::StatusRequested | Trigger::PlanRequested(_) => None,
            Trigger::Repeated { operation } => self.repeated(operation),
            Trigger::AlarmChanged(change) => self.alarm_changed(change),
            Trigger::GroupScaled(event) => {
                self.count_scaling(event);
                None
            }
            Trigger::DeployRequested(request) => self.deploy(request),
            Trigger::RollbackRequested(request) => self.roll_back(request),
            Trigger::Said(word) => self.said(*word),
            Trigger::AdoptRequested { live, release } => self.adopt(*live, release),
            Trigger::FreezeRequested { until, reason } => self.freeze(*until, reason),
            Trigger::ThawRequested => self.thaw(),
            Trigger::InstancesReported(_) | Trigger::InstanceHeld(_) | Trigger::ReplaceRequested { .. } => {
                Reply::new(Outcome::Ignored, "this is the replacer's to answer")
            }
            Trigger::Constrained(_) | Trigger::ConstraintsPreviewed(_) => {
                Reply::new(Outcome::Ignored, "this is the billing guard's to answer")
            }
        }
    }

    /// Lets everything follow that follows from what is known now.
    pub(crate) fn advance(&mut self, trigger: &Trigger) {
        let raised = if let Trigger::AlarmChanged(change) = trigger { Some(change) } else { None };
        for _ in 0..MOST_TRANSITIONS {
            if self.is_hands_off() {
                break;
            }
            if self.begin_queued() {
                continue;
            }
            let moved = match (self.record.operation.clone(), self.record.standby.clone()) {
                (Some(Operation::Deployment(deployment)), _) => match deployment.phase.clone() {
                    Phase::RollingBack { cause } | Phase::Stuck { cause, stuck: super::Stuck { heals: true, .. } } => {
                        self.go_back(&deployment, &cause)
                    }
                    Phase::Stuck { .. } | Phase::Succeeded | Phase::RolledBack { .. } => false,
                    Phase::Provisioning { .. }
                    | Phase::Verifying { .. }
                    | Phase::Shifting { .. }
                    | Phase::AwaitingApproval { .. }
                    | Phase::Baking => self.go_forward(&deployment, raised),
                },
                (Some(Operation::Replacement(_)), Some(standby)) => self.flips_from_replacement(&standby, raised),
                (Some(Operation::Replacement(_)), None) => false,
                (None, Some(standby)) => self.stand_by(&standby, raised),
                (None, None) => {
                    self.give_back_pins();
                    false
                }
            };
            if !self.note_weights() && !moved {
                break;
            }
        }
        self.note_shortage();
        if self.record.operation.is_none() && !self.is_first {
            self.hold_steady();
        }
    }

    fn repeated(&self, operation: &RequestId) -> Option<Reply> {
        let (outcome, reason) = match self.deployment() {
            Some(own) if &own.id == operation => (
                Outcome::Waiting,
                format!("this request is known: {operation} is under way, {}", self.waiting_for(own)),
            ),
            Some(_) | None if self.record.queued.as_ref().is_some_and(|queued| queued.request.id == *operation) => {
                (Outcome::Waiting, format!("this request is known: {operation} waits for its turn"))
            }
            Some(_) | None => {
                (Outcome::Idle, format!("this request is known: {operation} is over; nothing is done twice"))
            }
        };
        Some(Reply { outcome, reason, operation: Some(operation.clone()) })
    }

    fn alarm_changed(&mut self, change: &AlarmChange) -> Option<Reply> {
        if !self.definition.is_guarded_by(change.alarm.as_str()) {
            return Reply::new(Outcome::Ignored, format!("alarm {} guards nothing here", change.alarm));
        }
        let own = match (&mut self.record.operation, &mut self.record.standby) {
            (Some(Operation::Deployment(own)), _) => Some(own),
            (Some(Operation::Replacement(_)) | None, standby) => standby.as_mut().map(|standby| standby.of.as_mut()),
        };
        if let Some(own) = own
            && change.state == AlarmState::Ok
            && change.at >= own.began
        {
            own.ignored_alarms.remove(&change.alarm);
        }
        None
    }

    fn deploy(&mut self, request: &DeployRequest) -> Option<Reply> {
        if let Some(queued) = self.queue(request) {
            return Some(queued);
        }
        if let Err(why) = self.door(request) {
            return self.refuse(request.origin, &format!("the deploy of {} was refused", request.release), &why);
        }
        self.give_way("a deployment");
        let why = self.begin_deploy(request);
        self.accepted = Some((request.id.clone(), request.id.clone()));
        Reply::new(Outcome::Accepted, why)
    }

    /// Begins what the door has let in; what it does, in words.
    pub(super) fn begin_deploy(&mut self, request: &DeployRequest) -> String {
        let strategy = request.strategy.as_ref().unwrap_or(&self.definition.strategy);
        let slot = self.record.live.other();
        let by = request.requested_by.as_ref().map_or(String::new(), |by| format!(", asked by {by}"));
        let why = format!("deploying {} to {slot}{by}", request.release);
        self.tell(Kind::DeploymentStarted, Severity::Info, Some(&request.id), &why);
        self.begin(Plan {
            id: request.id.clone(),
            release: request.release.clone(),
            purpose: Purpose::Forward,
            steps: strategy.steps(),
            on_failure: request.on_failure,
            requested_by: request.requested_by.clone(),
            cure: request.fix_forward,
            why: why.clone(),
        });
        why
    }

    /// A refusal is an answer. Nobody reads the answer to an event, so that one is told as well.
    pub(super) fn refuse(&mut self, origin: Origin, what: &str, why: &str) -> Option<Reply> {
        if let Origin::Event { .. } = origin {
            self.tell(Kind::RequestRefused, Severity::Warning, None, &format!("{what}: {why}"));
        }
        Reply::new(Outcome::Refused, why)
    }

    fn roll_back(&mut self, request: &RollbackRequest) -> Option<Reply> {
        if let Err(why) = in_time(request.origin, self.now) {
            return self.refuse(request.origin, "the rollback was refused", &why);
        }
        if let Some(own) = self.deployment().filter(|own| own.purpose == Purpose::Back && own.phase.is_forward()) {
            return Reply::new(Outcome::Waiting, format!("a rollback is already under way: {}", own.describe()));
        }
        let leaving =
            self.deployment().map_or(self.record.releases[self.record.live].clone(), |own| Some(own.release.clone()));
        if let Some(from) = &request.from
            && leaving.as_ref() != Some(from)
        {
            let now = leaving.map_or_else(|| "no known release".to_owned(), |release| release.to_string());
            let why = format!("the rollback was to leave {from}, but {now} is what would be left");
            return self.refuse(request.origin, "the rollback was refused", &why);
        }
        self.drop_queued();
        let cause = Cause::Requested { reason: request.reason.clone(), by: request.requested_by.clone() };
        match self.deployment().cloned() {
            Some(deployment) => self.roll_back_deployment(request, deployment, cause),
            None => self.roll_back_live(request, cause),
        }
    }

    fn roll_back_deployment(
        &mut self,
        request: &RollbackRequest,
        mut deployment: Deployment,
        cause: Cause,
    ) -> Option<Reply> {
        if deployment.phase.is_forward()
            && deployment.on_failure == OnFailure::Ask
            && !request.force
            && deployment.carried
        {
            let why = format!("{} was deployed with rollback \"ask\"; going back needs force", deployment.release);
            return self.refuse(request.origin, "the rollback was refused", &why);
        }
        self.accepted = Some((request.id.clone(), deployment.id.clone()));
        let forces = request.force && !deployment.forced;
        deployment.forced |= request.force;
        match &deployment.phase {
            Phase::RollingBack { .. } => {
                let text = format!("a rollback is already under way: {}", deployment.describe());
                self.put(deployment);
                Reply::new(if forces { Outcome::Advanced } else { Outcome::Waiting }, text)
            }
            Phase::Stuck { cause, .. } => {
                let cause = cause.clone();
                self.turn_back(deployment, cause);
                Reply::new(Outcome::Advanced, "the stuck rollback is tried again")
            }
            Phase::Provisioning { .. }
            | Phase::Verifying { .. }
            | Phase::Shifting { .. }
            | Phase::AwaitingApproval { .. }
            | Phase::Baking
            | Phase::Succeeded
            | Phase::RolledBack { .. } => {
                let text = format!("taking {} back to {}", deployment.release, deployment.keep());
                self.turn_back(deployment, cause);
                Reply::new(Outcome::Advanced, text)
            }
        }
    }

    fn roll_back_live(&mut self, request: &RollbackRequest, cause: Cause) -> Option<Reply> {
        let Some(way_back) = self.record.way_back.clone() else {
            return Reply::new(Outcome::Idle, "there is no release to go back to; deploy the one you want");
        };
        if let Some(standby) = self.record.standby.clone()
            && standby.of.purpose == Purpose::Forward
        {
            if standby.of.on_failure == OnFailure::Ask && !request.force {
                let why = format!("{} was deployed with rollback \"ask\"; going back needs force", standby.of.release);
                return self.refuse(request.origin, "the rollback was refused", &why);
            }
            self.give_way("a rollback");
            self.accepted = Some((request.id.clone(), standby.of.id.clone()));
            let text = format!("going back to {way_back}, which is warm on {}", standby.slot);
            self.flip_back(&standby, cause);
            return Reply::new(Outcome::Accepted, text);
        }
        let why =
            format!("going back to {way_back} on {}, which has to be launched anew: {cause}", self.record.live.other());
        self.give_way("a rollback");
        self.tell(Kind::RollbackStarted, Severity::Critical, Some(&request.id), &why);
        self.accepted = Some((request.id.clone(), request.id.clone()));
        self.begin(Plan {
            id: request.id.clone(),
            release: way_back,
            purpose: Purpose::Back,
            steps: Strategy::AllAtOnce.steps(),
            on_failure: OnFailure::Auto,
            requested_by: request.requested_by.clone(),
            cure: true,
            why: why.clone(),
        });
        Reply::new(Outcome::Accepted, why)
    }

    fn said(&mut self, word: Word) -> Option<Reply> {
        if let Some(own) = self.record.replacement().cloned() {
            return self.said_of_replacement(own, word);
        }
        let Some(mut deployment) = self.deployment().cloned() else {
            return Reply::new(Outcome::Idle, "no deployment is under way");
        };
        let forward = deployment.phase.is_forward();
        let paused = deployment.paused_since;
        let waits = matches!(deployment.phase, Phase::Shifting { .. } | Phase::AwaitingApproval { .. } | Phase::Baking);
        match word {
            Word::Abort if forward && deployment.on_failure == OnFailure::Ask && deployment.carried => {
                let why = format!(
                    "{} was deployed with rollback \"ask\"; only `rollback` with force goes back",
                    deployment.release
                );
                Reply::new(Outcome::Refused, why)
            }
            Word::Abort if forward => {
                self.drop_queued();
                let text = format!("{} is aborted and taken back to {}", deployment.release, deployment.keep());
                self.turn_back(deployment, Cause::Aborted);
                Reply::new(Outcome::Advanced, text)
            }
            Word::Promote if waits && deployment.asking.is_none() => {
                if paused.is_some() {
                    return Reply::new(Outcome::Refused, "it is paused: `resume` it first");
                }
                deployment.promoted = true;
                self.mark(deployment, "a person ended the present wait", "promoted")
            }
            Word::Pause if forward && paused.is_none() => {
                deployment.paused_since = Some(self.now);
                let text = format!("paused; goes back by itself after {}", self.definition.pause_limit);
                self.mark(deployment, "paused by a person", &text)
            }
            Word::Pause if forward => Reply::new(Outcome::Waiting, "it is paused already"),
            Word::Resume if deployment.asking.is_some() => {
                deployment.asking = None;
                deployment.blind_since = None;
                deployment.probes.ask_anew();
                deployment.measured = Measured { from: Some(self.now), ..Measured::default() };
                self.mark(deployment, "a person lets it go on", "goes on")
            }
            Word::Resume => match (paused, &deployment.phase) {
                (Some(since), _) => {
                    deployment.paused_before += self.now.duration_since(since);
                    deployment.paused_since = None;
                    deployment.probes.ask_anew();
                    self.mark(deployment, "resumed by a person", "resumed")
                }
                (None, Phase::Stuck { cause, .. }) => {
                    let cause = cause.clone();
                    self.turn_back(deployment, cause);
                    Reply::new(Outcome::Advanced, "the stuck rollback is tried again")
                }
                (None, _) => {
                    Reply::new(Outcome::Waiting, format!("it is not paused: {}", self.waiting_for(&deployment)))
                }
            },
            Word::Abort | Word::Promote | Word::Pause => {
                Reply::new(Outcome::Waiting, format!("nothing to {}: {}", word.verb(), self.waiting_for(&deployment)))
            }
        }
    }

    fn mark(&mut self, deployment: Deployment, noted: &str, answer: &str) -> Option<Reply> {
        self.note(&deployment, noted);
        let text = format!("{}: {}", noted, deployment.describe());
        let kind = if deployment.paused_since.is_some() { Kind::DeploymentHeld } else { Kind::DeploymentProgressed };
        self.tell(kind, Severity::Info, Some(&deployment.id), &text);
        self.put(deployment);
        Reply::new(Outcome::Advanced, answer)
    }

    fn adopt(&mut self, live: Slot, release: &Release) -> Option<Reply> {
        if let Some(deployment) = self.deployment() {
            return Reply::new(Outcome::Refused, format!("{} is under way: {}", deployment.id, deployment.describe()));
        }
        if let Some(own) = self.record.replacement() {
            return Reply::new(Outcome::Refused, format!("{} is under way: {}", own.id, own.describe()));
        }
        if let Some(standby) = &self.record.standby {
            let why = format!(
                "{} is live and {} stands by; `rollback` or `deploy` moves them",
                self.record.live, standby.slot
            );
            return Reply::new(Outcome::Refused, why);
        }
        if self.seen.healthy(live) == 0 {
            return Reply::new(Outcome::Refused, format!("{live} has no healthy target, so it cannot be live"));
        }
        self.record.live = live;
        self.record.releases[live] = Some(release.clone());
        self.record.way_back = None;
        // What is seen now counts as an earlier wish of ours, so that it is put right and not blamed on anyone.
        if let Some(seen) = self.seen.routing.split() {
            self.record.routing.split = seen;
        }
        self.record.intend(Split::all_to(live), self.now);
        self.record.routing.ever_seen = self.seen.routing.is(self.record.routing.split);
        let then = match self.definition.mode {
            Mode::Act => "all traffic goes there",
            Mode::Observe => "in observe mode nothing is moved",
        };
        let text = format!("{release} on {live} is live, by a person's word; {then}");
        self.tell(Kind::Adopted, Severity::Info, None, &text);
        Reply::new(Outcome::Accepted, text)
    }
}

impl Word {
    /// The command.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Word::Promote => "promote",
            Word::Pause => "pause",
            Word::Resume => "resume",
            Word::Abort => "abort",
        }
    }
}

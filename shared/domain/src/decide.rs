//! The one way in. [`decide`] takes what is remembered, what was seen and why we look, and says what
//! comes next. It is pure and total: the same input always gives the same decision, and every input
//! gives one.

use jiff::{SignedDuration, Timestamp};

use crate::cap;
use crate::decision::{Answer, Decision, Outcome};
use crate::definition::Definition;
use crate::deployment::{Cause, Deployment, Phase, Stuck, plan};
use crate::first_contact;
use crate::healing::{Breaker, Hold};
use crate::intent;
use crate::look::{Look, Reply};
use crate::notice::{Kind, Notice, Severity};
use crate::observation::Observation;
use crate::record::{Operation, Record};
use crate::replacement;
use crate::text::spoken;
use crate::trigger::{Role, Trigger};

/// Decides what one look leads to.
///
/// `now` is the clock's time; a clock that stands behind the record's last look is not believed.
#[must_use]
pub fn decide(
    role: Role,
    record: Option<&Record>,
    seen: &Observation,
    definition: &Definition,
    trigger: &Trigger,
    now: Timestamp,
) -> Decision {
    if let Trigger::PlanRequested(request) = trigger {
        let would = decide(role, record, seen, definition, &Trigger::DeployRequested(request.clone()), now);
        return Decision { next: record.cloned(), ..Decision::only(plan::answer(would, definition)) };
    }
    if let Trigger::ConstraintsPreviewed(constraints) = trigger {
        let would = constraints.iter().map(|constraint| {
            let constrained = Trigger::Constrained(Some(constraint.clone()));
            decide(role, record, seen, definition, &constrained, now)
        });
        return cap::preview(record, would, definition);
    }
    let now = record.map_or(now, |record| now.max(record.last_look));
    let before = match record {
        Some(record) => record.clone(),
        None => match first_contact::record(seen, definition, trigger, now) {
            Ok(record) => record,
            Err(reason) => return first_contact::decline(definition, trigger, &reason, now),
        },
    };
    let mut look = Look {
        role,
        record: before.clone(),
        seen,
        definition,
        now,
        told: Vec::new(),
        touched: Vec::new(),
        observed: None,
        accepted: None,
        is_first: record.is_none(),
    };
    if let Trigger::StatusRequested = trigger {
        return look.report(record);
    }
    look.take_note();
    let reply = match role {
        Role::Deployer => {
            let reply = look.hear(trigger);
            look.advance(trigger);
            reply
        }
        Role::Replacer => {
            let reply = look.hear_replacer(trigger);
            look.heal();
            reply
        }
        Role::BillingGuard => look.constrain(trigger),
    };
    let would = look.say_what_would_be(record, trigger);
    look.finish(&before, reply.or(would))
}

impl Look<'_> {
    /// How things stand, changing nothing.
    fn report(self, record: Option<&Record>) -> Decision {
        let mut answer = self.answer(&self.record, None);
        if let Some(takes) = self.rollback_takes() {
            answer.rollback_seconds = Some(takes.as_secs());
            answer.reason += &format!(". A rollback now takes about {}", spoken(takes));
        }
        if let Some(window) = self.window_open() {
            answer.reason += &format!(". Deployments are frozen {window}");
        }
        if let Err(refused) = self.billing_allows() {
            answer.reason += &format!(". {refused}");
        }
        answer.record = Some(Box::new(self.record));
        Decision { next: record.cloned(), ..Decision::only(answer) }
    }

    fn finish(mut self, before: &Record, reply: Option<Reply>) -> Decision {
        let nothing_yet = self.is_first;
        let actions = match self.role {
            Role::Deployer => {
                self.note_slots();
                intent::actions(&self)
            }
            Role::Replacer => {
                let actions = replacement::actions(&self);
                self.note_prolonged(&actions);
                actions
            }
            Role::BillingGuard => cap::actions(&self),
        };
        let answer = self.answer(before, reply);
        let told = !self.told.is_empty();
        self.record.tell(std::mem::take(&mut self.told));
        let look_again_in = self.look_again_in(!actions.is_empty());
        // A service without a record gets one when there is something to remember, not by being looked at.
        let worth_saving =
            if nothing_yet { self.record.is_busy() || told || !actions.is_empty() } else { self.record != *before };
        if worth_saving || !actions.is_empty() {
            self.record.last_look = self.now;
        }
        let next = (worth_saving || !nothing_yet).then_some(self.record);
        Decision {
            next,
            actions,
            touched: self.touched,
            observed: self.observed,
            accepted: self.accepted,
            answer,
            orphans: Vec::new(),
            look_again_in,
        }
    }

    fn answer(&self, before: &Record, reply: Option<Reply>) -> Answer {
        let (was, is) = (before.operation.as_ref(), self.record.operation.as_ref());
        let known = reply.as_ref().and_then(|reply| reply.operation.clone());
        let (outcome, reason) = match reply {
            Some(reply) => (reply.outcome, reply.reason),
            None => match (was, is) {
                (Some(was), Some(is)) if was.stands_as(is) => (Outcome::Waiting, self.waiting(is)),
                (Some(_), Some(is)) => (Outcome::Advanced, is.describe()),
                (None, Some(is)) => (Outcome::Accepted, is.describe()),
                (Some(_), None) => {
                    (Outcome::Advanced, self.last_touched().map_or_else(String::new, Operation::describe))
                }
                (None, None) => self.at_rest(),
            },
        };
        let subject = is.or(was).or(self.last_touched());
        // A replacement may begin and end in one look, where a breaker is open.
        let ended = self.last_touched().filter(|ended| {
            was.is_some_and(|was| was.id() == ended.id()) || matches!(ended, Operation::Replacement(_))
        });
        Answer {
            service: self.definition.name.to_string(),
            outcome,
            reason,
            phase: is.or(ended).map(|operation| operation.phase().to_owned()),
            operation: known.as_ref().or(subject.map(Operation::id)).map(ToString::to_string),
            record: None,
            plan: None,
            rollback_seconds: None,
        }
    }

    /// What there is to say of a service that nothing moves.
    fn at_rest(&self) -> (Outcome, String) {
        if self.role != Role::Replacer {
            return (Outcome::Idle, self.what_is_live());
        }
        if let Some(Operation::Replacement(ended)) = self.last_touched() {
            return (Outcome::Advanced, ended.describe());
        }
        let healing = &self.record.healing;
        match (&healing.hold, healing.left.first_key_value()) {
            (Some(hold), _) => (Outcome::Waiting, format!("nothing is replaced for now: {}", hold.why)),
            (None, Some((instance, why))) => (Outcome::Idle, format!("{instance} is not replaced: {why}")),
            (None, None) => (Outcome::Idle, self.what_is_live()),
        }
    }

    fn what_is_live(&self) -> String {
        let live = self.record.live;
        let release = self.record.releases[live].as_ref().map_or("no known release", |release| release.as_str());
        match &self.record.standby {
            Some(standby) => format!("{release} is live on {live}; {} stands by as a warm way back", standby.slot),
            None => format!("{release} is live on {live}; there is nothing to do"),
        }
    }

    fn waiting(&self, operation: &Operation) -> String {
        match operation {
            Operation::Deployment(own) => self.waiting_for(own),
            Operation::Replacement(own) => own.describe(),
        }
    }

    /// What an operation waits for, in words.
    pub(crate) fn waiting_for(&self, deployment: &Deployment) -> String {
        if let Some(cause) = &deployment.asking {
            return format!(
                "{} is held, because {cause}; `rollback` with force goes back, `resume` goes on",
                deployment.release
            );
        }
        if deployment.paused_since.is_some() {
            return format!("paused while {}", deployment.describe());
        }
        deployment.describe()
    }

    fn look_again_in(&self, acted: bool) -> Option<SignedDuration> {
        if acted || !self.record.outbox.is_empty() {
            return Some(SignedDuration::from_secs(1));
        }
        match (&self.record.operation, self.role) {
            (Some(Operation::Deployment(_)), Role::Deployer) | (Some(Operation::Replacement(_)), Role::Replacer) => {
                return Some(SignedDuration::from_secs(2));
            }
            (Some(Operation::Deployment(_) | Operation::Replacement(_)), _) | (None, Role::Replacer) => {
                let holds = self.role == Role::Replacer && !self.record.healing.held.is_empty();
                return holds.then_some(SignedDuration::from_secs(20));
            }
            (None, Role::Deployer) => {}
            (None, Role::BillingGuard) => return None,
        }
        self.record.standby.as_ref().map(|standby| {
            let left = standby.until.duration_since(self.now);
            left.clamp(SignedDuration::from_secs(5), SignedDuration::from_secs(60))
        })
    }
}

/// Stops the operation because its next action was refused by [`crate::interlock::permit`]:
/// a defect of ours, so it is loud, and nothing but a person's word moves it again.
#[must_use]
pub fn halt(
    record: &Record,
    definition: &Definition,
    refused: &str,
    now: Timestamp,
) -> (Record, Option<Operation>, String) {
    let mut record = record.clone();
    let now = now.max(record.last_look);
    record.last_look = now;
    let left = format!("a step was refused as unsafe: {refused}");
    match &mut record.operation {
        Some(Operation::Deployment(own)) => {
            let name = &definition.name;
            let by_hand = format!("check the weights and groups of {name}, then `signalbox resume {name}`");
            let stuck = Stuck { left: left.clone(), by_hand, heals: false };
            own.phase = Phase::Stuck { cause: Cause::Defect { refused: refused.to_owned() }, stuck };
            own.since = now;
        }
        Some(Operation::Replacement(own)) => {
            own.phase = replacement::Phase::Held { why: left.clone() };
            own.since = now;
            record.healing.hold =
                Some(Hold { breaker: Breaker::Defect, why: left.clone(), since: now, clear_since: None });
        }
        None => {}
    }
    let operation = record.operation.clone();
    if record.replacement().is_some() {
        record.operation = None;
    }
    let text = format!("stopped. {left}. Traffic stays where it is. This is a defect of Signalbox: please report it.");
    record.notices += 1;
    let told = Notice::about(
        &definition.name,
        (Kind::OperationStuck, Severity::Critical),
        operation.as_ref().map(Operation::id),
        &text,
        now,
        record.notices,
    );
    record.tell([told]);
    (record, operation, left)
}

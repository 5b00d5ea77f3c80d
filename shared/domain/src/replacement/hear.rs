//! What the replacer hears.

use super::{ABORTED, Because, Phase, Replacement};
use crate::decision::Outcome;
use crate::definition::Mode;
use crate::healing::Breaker;
use crate::look::{Look, Reply};
use crate::observation::Lifecycle;
use crate::record::Operation;
use crate::text::InstanceId;
use crate::trigger::{InstanceReport, Trigger, Word};

impl Look<'_> {
    /// Does what the trigger asks for, if it asks for anything.
    pub(crate) fn hear_replacer(&mut self, trigger: &Trigger) -> Option<Reply> {
        match trigger {
            Trigger::InstancesReported(report) => self.reported(report),
            Trigger::InstanceHeld(held) => self.held_by_hook(held),
            Trigger::ReplaceRequested { instance, reason } => self.asked_to_replace(instance, reason),
            // They say that something may have happened; what has, shows in the group.
            Trigger::Heartbeat | Trigger::AlarmChanged(_) | Trigger::GroupScaled(_) => None,
            Trigger::DeployRequested(_)
            | Trigger::RollbackRequested(_)
            | Trigger::Said(_)
            | Trigger::AdoptRequested { .. }
            | Trigger::PlanRequested(_)
            | Trigger::FreezeRequested { .. }
            | Trigger::ThawRequested
            | Trigger::Repeated { .. }
            | Trigger::StatusRequested => Reply::new(Outcome::Ignored, "this is the deployer's to answer"),
            Trigger::Constrained(_) | Trigger::ConstraintsPreviewed(_) => {
                Reply::new(Outcome::Ignored, "this is the billing guard's to answer")
            }
        }
    }

    /// What a person says while an instance is replaced. To abort it twice ends it whatever the replacer does.
    pub(crate) fn said_of_replacement(&mut self, own: Replacement, word: Word) -> Option<Reply> {
        let why = || ABORTED.to_owned();
        match (word, &own.phase) {
            (Word::Abort, Phase::Confirming) => {
                self.record.healing.left.insert(own.instance.clone(), why());
                self.end_stood_down(own, why(), None);
            }
            (Word::Abort, Phase::Surging | Phase::Removing { gone_since: None }) => {
                self.record.healing.left.insert(own.instance.clone(), why());
                self.begin_standing_down(own, why());
            }
            (Word::Abort, Phase::StandingDown { .. }) => self.give_way("a person"),
            (Word::Abort, _) | (Word::Promote | Word::Pause | Word::Resume, _) => {
                return Reply::new(Outcome::Waiting, format!("nothing to {}: {}", word.verb(), own.describe()));
            }
        }
        None
    }

    fn reported(&mut self, report: &InstanceReport) -> Option<Reply> {
        if self.note_report(report) > 0 {
            return None;
        }
        let named: Vec<&str> = report.instances.iter().map(InstanceId::as_str).collect();
        Reply::new(Outcome::Ignored, format!("nobody of this service's is named: {}", named.join(", ")))
    }

    fn asked_to_replace(&mut self, instance: &InstanceId, reason: &str) -> Option<Reply> {
        let because = Because::Requested { reason: reason.to_owned() };
        let live = self.record.live;
        if self.definition.mode == Mode::Observe {
            let why = "the service is in observe mode: nothing is changed except by a rollback";
            return Reply::new(Outcome::Refused, why);
        }
        let Some(member) = self.member(instance) else {
            return Reply::new(Outcome::Refused, format!("{instance} is not in {live}'s group, which is live"));
        };
        if member.lifecycle != Lifecycle::InService {
            return Reply::new(Outcome::Refused, format!("{instance} is not in service"));
        }
        if self.seen.groups[live].heals_itself {
            let why = format!("{live}'s group has health-check type ELB and replaces by itself what is sick");
            return Reply::new(Outcome::Refused, why);
        }
        if self.record.operation.is_none() && self.record.pins[live].is_some() {
            return Reply::new(
                Outcome::Refused,
                format!("{live}'s group is being put back as it was; try again in a minute"),
            );
        }
        match &mut self.record.operation {
            Some(Operation::Deployment(own)) => {
                Reply::new(Outcome::Refused, format!("{} is under way: {}", own.id, own.describe()))
            }
            Some(Operation::Replacement(own)) if own.instance == *instance => {
                if own.phase == Phase::Confirming {
                    own.because = because;
                    return None;
                }
                Reply::new(Outcome::Waiting, format!("this is under way: {}", own.describe()))
            }
            Some(Operation::Replacement(own)) if own.phase != Phase::Confirming => {
                Reply::new(Outcome::Refused, format!("one at a time: {}", own.describe()))
            }
            Some(Operation::Replacement(_)) | None => {
                self.give_way("what a person asked for");
                let healing = &mut self.record.healing;
                healing.left.remove(instance);
                if healing.hold.as_ref().is_some_and(|hold| hold.breaker == Breaker::Defect) {
                    healing.hold = None;
                }
                self.begin_replacement(instance.clone(), because);
                None
            }
        }
    }
}

//! How a replacement passes from phase to phase, how it ends, and what is told of it.

use super::{Phase, Replacement};
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::record::Operation;

impl Look<'_> {
    pub(super) fn keep(&mut self, own: Replacement, phase: Phase) {
        self.record.operation = Some(Operation::Replacement(Replacement { phase, ..own }));
    }

    pub(super) fn pass_to(&mut self, own: Replacement, phase: Phase, told: (Kind, Severity), what: &str) {
        self.begin_phase(Replacement { phase, ..own }, what, Some(told));
    }

    /// Begins the phase it has now, and says so. After the last one it does not own the service any more.
    fn begin_phase(&mut self, mut own: Replacement, what: &str, told: Option<(Kind, Severity)>) {
        own.since = self.now;
        self.jot(&own, what);
        if let Some((kind, severity)) = told {
            self.tell(kind, severity, Some(&own.id), what);
        }
        self.record.operation = (!own.phase.is_terminal()).then_some(Operation::Replacement(own));
    }

    pub(super) fn end_replaced(&mut self, own: Replacement) -> bool {
        self.record.pins[own.slot] = None;
        let new = own.proved.as_ref().map_or_else(|| "another one".to_owned(), |(id, _)| id.to_string());
        let text = format!("{} on {} was replaced by {new}: {}", own.instance, own.slot, own.because);
        self.pass_to(own, Phase::Replaced, (Kind::ReplacementCompleted, Severity::Info), &text);
        true
    }

    /// Ends it with nothing replaced. An instance that was only suspected is nobody's news.
    pub(super) fn end_stood_down(&mut self, own: Replacement, why: String, told: Option<Severity>) -> bool {
        let own = Replacement { phase: Phase::StoodDown { why }, ..own };
        let text = own.describe();
        self.begin_phase(own, &text, told.map(|severity| (Kind::ReplacementStoodDown, severity)));
        true
    }

    /// Something that goes first takes the service over. What was raised stays pinned, and is given back by it.
    pub(crate) fn give_way(&mut self, who: &str) {
        let Some(own) = self.record.replacement().cloned() else { return };
        let told = (!matches!(own.phase, Phase::Confirming)).then_some(Severity::Warning);
        self.end_stood_down(own, format!("{who} goes first"), told);
    }

    pub(super) fn tell_slow(&mut self, own: &mut Replacement) {
        let limit = self.definition.replacement.within.duration() + self.definition.settle_guard.duration();
        if own.overdue_told || self.now.duration_since(own.since) <= limit {
            return;
        }
        own.overdue_told = true;
        let text = format!("putting {}'s group back takes too long. {}", own.slot, self.by_hand(own));
        self.tell(Kind::OperationStuck, Severity::Critical, Some(&own.id), &text);
    }

    /// In observe mode nothing is put back: says once what is still changed.
    pub(super) fn tell_what_stays(&mut self) {
        let Some(mut own) = self.record.replacement().filter(|own| own.surged.is_some()).cloned() else { return };
        if own.overdue_told {
            return;
        }
        own.overdue_told = true;
        let text =
            format!("in observe mode the replacement of {} stops where it is. {}", own.instance, self.by_hand(&own));
        self.tell(Kind::OperationStuck, Severity::Warning, Some(&own.id), &text);
        self.record.operation = Some(Operation::Replacement(own));
    }

    /// What is still changed, and how a person finishes it. Never a smaller size: who goes then is chance.
    fn by_hand(&self, own: &Replacement) -> String {
        let (group, back) = (&self.seen.groups[own.slot], self.restored(own.slot));
        let new: Vec<&str> = self.who_came(own).map(|one| one.id.as_str()).collect();
        let too_many = match self.is_surplus(own) {
            true => format!(
                " One is too many: terminate one that is not healthy, of {}.",
                [own.instance.as_str()].iter().chain(&new).copied().collect::<Vec<_>>().join(", ")
            ),
            false => String::new(),
        };
        let ours = self.record.pins[own.slot].as_ref().map(|pin| &pin.suspended);
        let suspended: Vec<&str> =
            ours.into_iter().flatten().filter(|one| group.suspended.contains(one)).map(|one| one.name()).collect();
        let resume =
            if suspended.is_empty() { String::new() } else { format!(" and resume {}", suspended.join(" and ")) };
        format!(
            "It is {}.{too_many}\nTo finish: set min to {} and max to {}{resume}; the rest follows by itself",
            group.capacity, back.min, back.max
        )
    }

    /// Writes what happened into the timeline.
    pub(super) fn jot(&mut self, own: &Replacement, what: impl Into<String>) {
        self.touch(Operation::Replacement(own.clone()), what.into());
    }
}

//! From the launch of another one to the removal of the sick one, or back.

use jiff::{SignedDuration, Timestamp};

use super::{Phase, Replacement};
use crate::definition::Capacity;
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::observation::Process;
use crate::record::Pin;

/// So long after its time was over nothing is tried any more.
const GIVES_UP_AFTER: SignedDuration = SignedDuration::from_mins(15);

impl Look<'_> {
    pub(super) fn begin_surge(&mut self, mut own: Replacement) {
        let group = &self.seen.groups[own.slot];
        let former = group.capacity;
        let more = former.desired + 1;
        let set = Capacity { min: more, desired: more, max: former.max.max(more) };
        // Rebalancing zones would take away others meanwhile, and a schedule what was raised.
        let meddles = |process: &Process| !group.suspended.contains(process);
        let suspended = Process::MEDDLING.into_iter().filter(meddles).collect();
        let pin = Pin::on(group, former, set, suspended, self.now);
        self.record.pins[own.slot] = Some(Pin { raised: true, ..pin });
        self.record.healing.attempts.push(self.now);
        own.surged = Some(self.now);
        own.before = group.staying().map(|instance| instance.id.clone()).collect();
        let text =
            format!("replacing {} on {}: {}. Another one is launched first", own.instance, own.slot, own.because);
        self.pass_to(own, Phase::Surging, (Kind::ReplacementStarted, Severity::Warning), &text);
    }

    pub(super) fn surge(&mut self, own: Replacement) -> bool {
        if let Some(why) = self.is_over(&own) {
            return self.begin_standing_down(own, why);
        }
        if !own.lost.is_empty() && self.record.healing.attempts.len() > self.most_attempts() {
            let why = format!("what is launched in its place dies, {} so far", own.lost.len());
            return self.begin_standing_down(own, why);
        }
        let settle = self.definition.health.settle.duration();
        let proved = own.proved.as_ref().is_some_and(|(_, since)| self.now.duration_since(*since) >= settle);
        // A write of ours that is late must show before anything is lowered.
        if proved && own.raised_since.is_some_and(|since| self.is_done_since(since)) {
            self.set_pin(&own, 0);
            let new = own.proved.as_ref().map_or_else(String::new, |(id, _)| id.to_string());
            let text = format!("{new} on {} is healthy; {} is removed now", own.slot, own.instance);
            let told = (Kind::ReplacementProgressed, Severity::Info);
            self.pass_to(own, Phase::Removing { gone_since: None }, told, &text);
            return true;
        }
        let within = self.definition.replacement.within;
        if self.is_late(&own) {
            return self.begin_standing_down(own, format!("nobody new was healthy within {within}"));
        }
        false
    }

    pub(super) fn remove(&mut self, mut own: Replacement, gone_since: Option<Timestamp>) -> bool {
        if self.member(&own.instance).is_some() {
            return self.still_there(own);
        }
        if gone_since.is_none() && self.is_surplus(&own) {
            return self.begin_standing_down(own, "its group took it away by itself".to_owned());
        }
        let gone = gone_since.unwrap_or(self.now);
        if self.is_done_since(gone) && self.is_restored(own.slot) {
            return self.end_replaced(own);
        }
        self.tell_slow(&mut own);
        self.keep(own, Phase::Removing { gone_since: Some(gone) });
        false
    }

    /// The sick one is to go and is still there: it goes as long as somebody new stands in for it.
    fn still_there(&mut self, mut own: Replacement) -> bool {
        let within = self.definition.replacement.within;
        if self.record.pins[own.slot].as_ref().is_some_and(|pin| pin.former.min > pin.former.desired) {
            return self.begin_standing_down(own, "somebody set a larger minimum meanwhile".to_owned());
        }
        if self.is_overdue(&own) {
            return self.begin_standing_down(own, "it could not be removed".to_owned());
        }
        let small = self.seen.groups[own.slot].capacity.desired <= self.size_before(&own);
        if own.proved.is_some() && !small {
            self.tell_slow(&mut own);
            self.keep(own, Phase::Removing { gone_since: None });
            return false;
        }
        if self.is_late(&own) {
            return self.begin_standing_down(own, format!("nobody new stayed healthy within {within}"));
        }
        self.set_pin(&own, 1);
        let text = format!("nobody new on {} stands in for {} any more; it stays for now", own.slot, own.instance);
        self.pass_to(own, Phase::Surging, (Kind::ReplacementStarted, Severity::Warning), &text);
        true
    }

    /// Whether its time is over.
    fn is_late(&self, own: &Replacement) -> bool {
        let within = self.definition.replacement.within.duration();
        own.surged.is_some_and(|since| self.now.duration_since(since) > within)
    }

    /// Whether it has taken so long that whatever is left is left.
    pub(super) fn is_overdue(&self, own: &Replacement) -> bool {
        let limit = self.definition.replacement.within.duration() + GIVES_UP_AFTER;
        own.surged.is_some_and(|since| self.now.duration_since(since) > limit)
    }

    /// Whether nothing of ours can be late any more that was decided until then.
    pub(super) fn is_done_since(&self, at: Timestamp) -> bool {
        self.now.duration_since(at) >= self.definition.settle_guard.duration()
    }

    pub(super) fn stand_down(
        &mut self,
        mut own: Replacement,
        why: String,
        still_since: Option<Timestamp>,
        back_since: Option<Timestamp>,
    ) -> bool {
        let overdue = self.is_overdue(&own);
        if !overdue && back_since.is_none() && self.is_better_off_without(&own) {
            let text =
                format!("{} on {} is sick again and somebody new is well; it is removed", own.instance, own.slot);
            let told = (Kind::ReplacementProgressed, Severity::Warning);
            self.pass_to(own, Phase::Removing { gone_since: None }, told, &text);
            return true;
        }
        let settled = self.is_done_since(own.since);
        let surplus = self.is_surplus(&own);
        let lowers = surplus && back_since.is_none() && !overdue;
        let back = (settled && !lowers).then(|| back_since.unwrap_or(self.now));
        if back.is_some_and(|since| self.is_done_since(since)) && self.is_restored(own.slot) {
            let left =
                if overdue && surplus { "; the group stays one larger, since nobody could be taken away" } else { "" };
            self.record.pins[own.slot] = None;
            return self.end_stood_down(own, format!("{why}{left}"), Some(Severity::Warning));
        }
        let group = &self.seen.groups[own.slot];
        let nobody = group.counted() <= self.size_before(&own);
        let launches = !group.suspended.contains(&Process::Launch);
        if lowers
            && nobody
            && launches
            && settled
            && let Some(pin) = &mut self.record.pins[own.slot]
        {
            pin.suspended.insert(Process::Launch);
        }
        let still = (lowers && nobody && !launches).then(|| still_since.unwrap_or(self.now));
        self.tell_slow(&mut own);
        self.keep(own, Phase::StandingDown { why, still_since: still, back_since: back });
        false
    }

    /// Whether the one that was to stay is sick while a new one is well.
    fn is_better_off_without(&self, own: &Replacement) -> bool {
        let healing = &self.record.healing;
        let sick = healing.sick.contains_key(&own.instance) && self.member(&own.instance).is_some();
        sick && own.proved.is_some() && self.is_surplus(own) && !healing.left.contains_key(&own.instance)
    }

    pub(super) fn begin_standing_down(&mut self, own: Replacement, why: String) -> bool {
        self.set_pin(&own, 0);
        let text = format!("{} on {} is not replaced after all: {why}", own.instance, own.slot);
        let phase = Phase::StandingDown { why, still_since: None, back_since: None };
        self.pass_to(own, phase, (Kind::ReplacementProgressed, Severity::Warning), &text);
        true
    }

    /// How large the group was, and is to be again.
    pub(super) fn size_before(&self, own: &Replacement) -> u32 {
        self.record.pins[own.slot].as_ref().map_or(0, |pin| pin.former.desired)
    }

    /// Whether the group is still one larger than it was. Where scaling has made it larger than that, or
    /// smaller, the size is scaling's.
    pub(super) fn is_surplus(&self, own: &Replacement) -> bool {
        self.seen.groups[own.slot].capacity.desired == self.size_before(own) + 1
    }

    /// Holds the group at the size it had, or at one more.
    fn set_pin(&mut self, own: &Replacement, more: u32) {
        if let Some(pin) = &mut self.record.pins[own.slot] {
            let least = pin.former.desired.max(pin.former.min) + more;
            pin.earlier = pin.set;
            pin.set = Capacity { min: least, desired: least, max: pin.set.max.max(least) };
        }
    }
}

//! What keeps replacements from causing the outage. Each breaker opens on what several sick instances say
//! together, and closes at less than what opened it, so that it does not open and close by turns.

use std::collections::BTreeSet;

use super::{Phase, Replacement};
use crate::healing::{Breaker, Hold};
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::observation::{Instance, Lifecycle};

impl Look<'_> {
    /// The instances of the live slot that are in service.
    fn fleet(&self) -> impl Iterator<Item = &Instance> {
        self.seen.groups[self.record.live].staying().filter(|instance| instance.lifecycle == Lifecycle::InService)
    }

    fn zones<'a>(instances: impl Iterator<Item = &'a Instance>) -> BTreeSet<&'a str> {
        instances.map(|instance| instance.zone.as_str()).collect()
    }

    /// The breaker that is open, and what was seen.
    pub(super) fn open_breaker(&self) -> Option<(Breaker, String)> {
        let (fleet, sick) = (self.fleet().count(), self.record.healing.sick.len());
        if self.is_too_large_a_share() {
            let limit = self.definition.replacement.hold_above_percent;
            let are = if sick == 1 { "is" } else { "are" };
            let why = format!("{sick} of {fleet} instances {are} sick, more than {limit} %: it is not the instances");
            return Some((Breaker::Share, why));
        }
        if let Some(zone) = self.sick_zone() {
            return Some((Breaker::Zone, format!("all {sick} sick instances are in {zone}, and others run elsewhere")));
        }
        self.open_window()
    }

    /// The same, for one that is not sick: only how many were replaced lately speaks against that.
    pub(super) fn open_window(&self) -> Option<(Breaker, String)> {
        let rules = &self.definition.replacement;
        let attempts = self.record.healing.attempts.len();
        if rules.max_in_window == 0 {
            return Some((Breaker::Window, "replacement.max_in_window is 0".to_owned()));
        }
        (attempts >= self.most_attempts()).then(|| {
            let why = format!("{attempts} were launched within {} already: replacing does not help", rules.window);
            (Breaker::Window, why)
        })
    }

    /// How many may be launched within the window.
    pub(super) fn most_attempts(&self) -> usize {
        usize::try_from(self.definition.replacement.max_in_window).unwrap_or(usize::MAX)
    }

    /// One of one, and one of two, may always heal.
    fn is_too_large_a_share(&self) -> bool {
        let (fleet, sick) = (self.fleet().count(), self.record.healing.sick.len());
        fleet >= 2 && self.is_share_above(1) && !(sick == 1 && fleet == 2)
    }

    /// Whether the sick, counted so many times, are more than `hold_above_percent` of the fleet.
    fn is_share_above(&self, times: usize) -> bool {
        let limit = usize::try_from(self.definition.replacement.hold_above_percent).unwrap_or(100);
        self.record.healing.sick.len() * times * 100 > self.fleet().count() * limit
    }

    /// The zone that all sick ones are in, where there are several and the fleet runs in others, too.
    fn sick_zone(&self) -> Option<&str> {
        let sick = || self.fleet().filter(|instance| self.record.healing.sick.contains_key(&instance.id));
        let zones = Self::zones(sick());
        let everywhere = Self::zones(self.fleet());
        (sick().count() >= 2 && zones.len() == 1 && everywhere.len() > 1).then(|| zones.first().copied()).flatten()
    }

    /// Whether things look well enough to close the breaker: it would not open now, and not at twice as much.
    fn is_clear(&self, breaker: Breaker) -> bool {
        let healing = &self.record.healing;
        match breaker {
            Breaker::Share => {
                let few = healing.sick.len() <= 1 || !self.is_share_above(2);
                few && !self.is_too_large_a_share()
            }
            Breaker::Zone => self.sick_zone().is_none(),
            Breaker::Window => self.open_window().is_none() && healing.attempts.len() * 2 <= self.most_attempts(),
            Breaker::Defect => false,
        }
    }

    /// Holds back: nothing is replaced until the breaker closes, or a person says so.
    pub(super) fn hold_back(&mut self, mut own: Replacement, breaker: Breaker, why: String) -> bool {
        own.phase = Phase::Held { why: why.clone() };
        own.since = self.now;
        self.record.operation = None;
        let text = format!(
            "nothing is replaced: {why}.\nTo replace it all the same: signalbox replace {} {} --reason \"…\"",
            self.definition.name, own.instance
        );
        self.jot(&own, own.describe());
        self.tell(Kind::ReplacementHeld, Severity::Critical, Some(&own.id), &text);
        self.record.healing.hold = Some(Hold { breaker, why, since: self.now, clear_since: None });
        true
    }

    /// Closes the breaker once there is nobody left to be replaced, or things have looked well enough for a while.
    pub(super) fn watch_hold(&mut self) {
        let Some(mut hold) = self.record.healing.hold.take() else { return };
        let healing = &self.record.healing;
        let nobody = match hold.breaker {
            Breaker::Share | Breaker::Zone => healing.sick.is_empty(),
            Breaker::Window => healing.sick.is_empty() && healing.announced.is_empty(),
            Breaker::Defect => false,
        };
        hold.clear_since = self.is_clear(hold.breaker).then(|| hold.clear_since.unwrap_or(self.now));
        let confirm = self.definition.replacement.confirm.duration();
        let clear = hold.clear_since.is_some_and(|since| self.now.duration_since(since) >= confirm);
        if hold.since == self.now || (!nobody && !clear) {
            self.record.healing.hold = Some(hold);
            return;
        }
        let then = if nobody { "nobody is sick any more" } else { "sick instances are replaced again" };
        let text = format!("replacements go on: {then}. They were held, because {}", hold.why);
        self.tell(Kind::ReplacementResumed, Severity::Info, None, &text);
    }
}

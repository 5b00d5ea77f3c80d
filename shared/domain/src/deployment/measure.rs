//! Measuring the new slot while it carries traffic: which minutes count, what they were judged to say,
//! and what follows. How one check is judged is in [`super::analysis`].

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::analysis::{self, Verdict, judge};
use super::{Cause, Deployment, Phase, Purpose};
use crate::definition::{Check, Definition, OnNoData, Step};
use crate::look::Look;
use crate::notice::{Kind, Severity};
use crate::observation::Window;
use crate::record::Intended;

/// The load balancer reports once a minute.
const MINUTE: i64 = 60;
/// Younger minutes may still be on their way to CloudWatch.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// What the present step was measured to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    /// Minutes before this say nothing, since something else was wrong with them.
    pub from: Option<Timestamp>,
    /// Minutes before this have been judged.
    pub until: Option<Timestamp>,
    /// The checks, by their place in the definition, that had something to judge.
    pub judged: BTreeSet<usize>,
    /// How often each check failed, by its place in the definition.
    pub failed: Vec<u32>,
    /// The last failure, in words.
    pub last: Option<String>,
    /// Since when both slots are equally bad, so that it is not the release.
    pub on_both_since: Option<Timestamp>,
    /// Whether it was told that there is nothing to judge.
    pub silence_told: bool,
}

impl Deployment {
    /// The closed minutes of the present step that are to be judged, if there is a new one: whole
    /// minutes after the step's weights were seen, at least two minutes old.
    pub(crate) fn measures(&self, definition: &Definition, routing: &Intended, now: Timestamp) -> Option<Window> {
        let carries = matches!(self.phase, Phase::Shifting { .. } | Phase::AwaitingApproval { .. } | Phase::Baking);
        if !carries || self.purpose == Purpose::Back || definition.guard.checks.is_empty() {
            return None;
        }
        let began = routing.seen_since?.max(self.since).max(self.measured.from.unwrap_or(Timestamp::MIN));
        let from = Timestamp::from_second((began.as_second() + MINUTE - 1).div_euclid(MINUTE) * MINUTE).ok()?;
        let to = Timestamp::from_second((now - LATE).as_second().div_euclid(MINUTE) * MINUTE).ok()?;
        let is_new = self.measured.until.is_none_or(|until| until < to);
        (from < to && is_new).then_some(Window { from, to })
    }
}

impl Look<'_> {
    /// Judges the minutes that this look shows.
    pub(super) fn measure(&mut self) {
        let (Some(traffic), Some(own)) = (&self.seen.traffic, self.deployment()) else { return };
        if own.measures(self.definition, &self.record.routing, self.now).is_none() {
            return;
        }
        let mut own = own.clone();
        own.measured.until = Some(traffic.window.to);
        let (new, live) = (&traffic.minutes[own.slot], &traffic.minutes[own.keep()]);
        let (mut on_both, mut live_is_well) = (None, true);
        for (index, check) in self.definition.guard.checks.iter().enumerate() {
            live_is_well &= analysis::live_is_well(check, live);
            let named = |what: String| format!("{}: {what}", check.metric.name());
            match judge(check, new, live) {
                Verdict::NoData { .. } => continue,
                Verdict::Holds => {}
                Verdict::Fails { what } => {
                    own.measured.failed.resize(self.definition.guard.checks.len(), 0);
                    own.measured.failed[index] += 1;
                    own.measured.last = Some(named(what.clone()));
                    self.note(&own, named(what));
                }
                Verdict::FailsOnBoth { what } => on_both = Some(named(what)),
            }
            own.measured.judged.insert(index);
        }
        match on_both {
            // What is bad for itself is no better for what is bad on both.
            Some(_) if self.fails_too_often(&own) => {}
            Some(what) => self.not_the_release(&mut own, traffic.window.to, &what),
            None if live_is_well && !own.measured.judged.is_empty() => own.measured.on_both_since = None,
            None => {}
        }
        self.put(own);
    }

    /// Both slots are equally bad: the deployment stands, and what was measured says nothing of it.
    fn not_the_release(&mut self, own: &mut Deployment, until: Timestamp, what: &str) {
        let since = own.measured.on_both_since;
        own.measured = Measured {
            from: Some(until),
            until: Some(until),
            on_both_since: since.or(Some(self.now)),
            ..Measured::default()
        };
        if since.is_some() {
            return;
        }
        self.note(own, format!("held, since both slots are equally bad: {what}"));
        let text = format!(
            "{} is held where it is: both slots are equally bad, so it is not this release. {what}.\n\
             It goes on when they are well again, and goes back after {}.",
            own.release, self.definition.pause_limit
        );
        self.tell(Kind::DeploymentHeld, Severity::Critical, Some(&own.id), &text);
    }

    /// A check that failed more often than it may, or had nothing to judge where that means failure.
    pub(super) fn check_against(&self, deployment: &Deployment) -> Option<Cause> {
        let measured = &deployment.measured;
        if self.fails_too_often(deployment) {
            return measured.last.clone().map(|what| Cause::CheckFailed { what });
        }
        let fails = self.definition.guard.on_no_data == OnNoData::Fail
            && measured.until.is_some()
            && !self.is_unmeasured()
            && !deployment.promoted
            && self.wait_is_over(deployment);
        self.unjudged(deployment).filter(|_| fails).map(|what| Cause::NoData { what })
    }

    fn fails_too_often(&self, deployment: &Deployment) -> bool {
        let mut pairs = self.definition.guard.checks.iter().zip(&deployment.measured.failed);
        pairs.any(|(check, failed)| *failed > check.failures_allowed)
    }

    /// A check that had nothing to judge in this step, in words.
    fn unjudged(&self, deployment: &Deployment) -> Option<String> {
        // A step without a wait gives way to the next one at once, and that is measured.
        let is_measured = self.wait(deployment).is_some_and(|wait| wait > SignedDuration::ZERO);
        if deployment.purpose == Purpose::Back || !is_measured {
            return None;
        }
        let mut checks = self.definition.guard.checks.iter().enumerate();
        // With all traffic on the new slot there is nothing to compare with.
        let alone = self.record.routing.split.weight(deployment.keep()) == 0;
        let is_open = |(index, check): &(usize, &Check)| {
            !(deployment.measured.judged.contains(index) || alone && check.is_relative())
        };
        let (_, check) = checks.find(is_open)?;
        let (metric, least) = (check.metric.name(), check.least());
        Some(match deployment.measured.until {
            Some(_) => format!("{metric}: there were fewer than {least} requests to judge by"),
            None => {
                format!("{metric}: no whole minute of this step could be measured; metrics come three minutes late")
            }
        })
    }

    /// Whether the time of the present step is over.
    pub(super) fn wait_is_over(&self, deployment: &Deployment) -> bool {
        let over = |wait: SignedDuration| self.record.routing.seen_since.is_some() && self.seen_for() >= wait;
        self.wait(deployment).is_some_and(over)
    }

    /// How long the present step lasts by the clock.
    fn wait(&self, deployment: &Deployment) -> Option<SignedDuration> {
        match deployment.phase {
            Phase::Shifting { step } => match deployment.steps.get(step) {
                Some(Step::Weight { bake, .. }) => Some(bake.duration()),
                Some(Step::Approval { .. }) | None => Some(SignedDuration::ZERO),
            },
            Phase::Baking => Some(self.definition.bake.duration()),
            Phase::Provisioning { .. }
            | Phase::Verifying { .. }
            | Phase::AwaitingApproval { .. }
            | Phase::Succeeded
            | Phase::RollingBack { .. }
            | Phase::RolledBack { .. }
            | Phase::Stuck { .. } => None,
        }
    }

    /// Whether the checks let the present step end.
    pub(super) fn checks_allow(&self, deployment: &Deployment) -> bool {
        deployment.promoted || !self.is_kept_by_checks(deployment)
    }

    /// Whether the checks alone keep a deployment where it is.
    pub(super) fn is_kept_by_checks(&self, deployment: &Deployment) -> bool {
        deployment.measured.on_both_since.is_some()
            || (self.definition.guard.on_no_data != OnNoData::Pass
                && self.wait_is_over(deployment)
                && self.unjudged(deployment).is_some())
    }

    /// Whether the minutes of this step that should have been read could not be.
    pub(super) fn is_unmeasured(&self) -> bool {
        let due = |own: &Deployment| own.measures(self.definition, &self.record.routing, self.now).is_some();
        self.seen.traffic.is_none() && self.deployment().is_some_and(due)
    }

    /// Says once for each step that a check had nothing to judge.
    pub(super) fn tell_silence(&mut self, deployment: &Deployment) {
        let Measured { silence_told, on_both_since, .. } = deployment.measured;
        if silence_told || on_both_since.is_some() || deployment.promoted || !self.wait_is_over(deployment) {
            return;
        }
        let Some(what) = self.unjudged(deployment) else { return };
        let then = match self.definition.guard.on_no_data {
            OnNoData::Pass => "goes on without it".to_owned(),
            OnNoData::Fail => return,
            OnNoData::Pause => format!("is held, and goes back after {}", self.definition.pause_limit),
        };
        let text = format!("{} {then}. {what}", deployment.release);
        self.note(deployment, what);
        self.tell(Kind::DeploymentProgressed, Severity::Warning, Some(&deployment.id), &text);
        if let Some(own) = self.deployment_mut() {
            own.measured.silence_told = true;
        }
    }
}

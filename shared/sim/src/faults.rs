//! What goes wrong on the way: calls that are throttled, answers that are lost, effects that come after
//! the caller has given up, invocations that are killed or stall and wake up late, clocks that are
//! wrong. And tampering: deliberate faults of ours, put between the reconciler and the world from
//! outside, that the checkers have to catch.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::world::World;

/// What goes wrong, each in cases of 1,000, until the faults stop.
#[derive(Clone, Debug)]
pub struct Faults {
    /// No faults from then on: everything must come to rest.
    pub until: Timestamp,
    /// A call is answered with a throttling error and does nothing.
    pub throttled: u32,
    /// A call takes effect, but its answer is lost.
    pub answer_lost: u32,
    /// A call takes effect only after the caller has given up, up to [`Faults::LATEST_EFFECT`] later.
    pub lands_late: u32,
    /// The invocation dies before the call's effect.
    pub killed_before: u32,
    /// The invocation dies after the call's effect.
    pub killed_after: u32,
    /// The invocation stalls before the call's effect, for up to [`Faults::LONGEST_STALL`].
    pub stalled: u32,
    /// An event is delivered twice.
    pub duplicated: u32,
    /// The heartbeat is missed.
    pub missed_beat: u32,
    /// How far an event may be late, in seconds.
    pub late_seconds: i64,
    /// How far an invocation's clock may be off, either way, in milliseconds.
    pub clock_skew_ms: i64,
    /// How far the index of busy services may be behind, in seconds.
    pub index_behind: i64,
    /// How many load balancer calls others in the account make each second.
    pub neighbours: u32,
    /// One crash at one exact effect: its number, counted from 0, and whether after it.
    pub crash_at: Option<(u64, bool)>,
    /// How many effects there were so far.
    pub effects: u64,
    /// Until then every call is throttled.
    pub all_throttled_until: Timestamp,
    /// A deliberate fault of ours.
    pub tampering: Option<Tampering>,
    /// What went wrong so far, by the number of the draw.
    pub went_wrong: BTreeMap<u64, Wrong>,
    /// Exactly this goes wrong, and nothing by chance: how a failing run is shrunk.
    pub only: Option<BTreeMap<u64, Wrong>>,
    pub(crate) draws: u64,
    /// The account's tokens for calls of the load balancer.
    pub(crate) tokens: u32,
}

/// One thing that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The call is answered with a throttling error.
    Throttled,
    /// The answer is lost.
    AnswerLost,
    /// The effect comes so many seconds after the caller has given up.
    LandsLate(i64),
    /// The invocation dies before the effect.
    KilledBefore,
    /// The invocation dies after the effect.
    KilledAfter,
    /// The invocation stalls before the effect for so many seconds.
    Stalled(i64),
    /// An event is delivered twice.
    Duplicated,
    /// A heartbeat is missed.
    MissedBeat,
    /// An event is so many seconds late.
    Late(i64),
    /// A clock is off by so many milliseconds.
    ClockOff(i64),
    /// The index is so many seconds behind.
    IndexBehind(i64),
}

impl Default for Faults {
    fn default() -> Self {
        Faults {
            until: Timestamp::MAX,
            throttled: 0,
            answer_lost: 0,
            lands_late: 0,
            killed_before: 0,
            killed_after: 0,
            stalled: 0,
            duplicated: 0,
            missed_beat: 0,
            late_seconds: 0,
            clock_skew_ms: 0,
            index_behind: 0,
            neighbours: 0,
            crash_at: None,
            effects: 0,
            all_throttled_until: Timestamp::MIN,
            tampering: None,
            went_wrong: BTreeMap::new(),
            only: None,
            draws: 0,
            tokens: Faults::BURST,
        }
    }
}

impl Faults {
    /// A function's timeout is 60 s; no stall outlives it.
    pub const LONGEST_STALL: SignedDuration = SignedDuration::from_secs(50);
    /// A call that its caller has given up may still be carried out so long after it was made.
    pub const LATEST_EFFECT: SignedDuration = SignedDuration::from_secs(20);
    /// The account may make so many calls to describe or change load balancers at once ...
    /// ([throttling](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/throttling.html))
    const BURST: u32 = 40;
    /// ... and gets so many back each second, for everybody in it.
    const REFILL: u32 = 10;

    /// The usual weather: rare, but everything happens.
    #[must_use]
    pub fn weather(until: Timestamp) -> Faults {
        Faults {
            until,
            throttled: 15,
            answer_lost: 8,
            lands_late: 4,
            killed_before: 4,
            killed_after: 4,
            stalled: 4,
            duplicated: 200,
            missed_beat: 50,
            late_seconds: 20,
            clock_skew_ms: 2_000,
            index_behind: 20,
            neighbours: 8,
            ..Faults::default()
        }
    }
}

/// A deliberate fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tampering {
    /// The guard's alarms are always read as OK.
    DropGuard,
    /// Nothing is ever pinned: growing the floor of a group is skipped.
    SkipPin,
    /// Pins are never given back.
    KeepPins,
    /// Scaling processes are not suspended.
    SkipSuspend,
    /// Suspended processes are never resumed.
    SkipResume,
    /// Actions are done although the save is lost.
    ActBeforeSave,
    /// The last writer wins: versions are not compared.
    IgnoreVersion,
    /// Stickiness is not seen.
    IgnoreStickiness,
    /// A slot is always read as quiet.
    IgnoreRequests,
    /// The wanted weights are read as the present ones.
    BelieveOwnWords,
    /// Every target is read as healthy.
    TrustEveryTarget,
    /// Notices are dropped as if they had been sent.
    DropNotices,
    /// A request's id is not remembered.
    ForgetRequests,
    /// The release is not written.
    SkipRelease,
    /// A group is grown to one instance, whatever it needs.
    GrowTooLittle,
    /// Another instance is terminated than the one that was meant.
    TerminateAnother,
    /// What billing holds back is never given back.
    KeepCap,
    /// Rungs that have fired are forgotten.
    ForgetRungs,
}

impl Tampering {
    /// All of them.
    pub const ALL: [Tampering; 18] = [
        Tampering::DropGuard,
        Tampering::SkipPin,
        Tampering::KeepPins,
        Tampering::SkipSuspend,
        Tampering::SkipResume,
        Tampering::ActBeforeSave,
        Tampering::IgnoreVersion,
        Tampering::IgnoreStickiness,
        Tampering::IgnoreRequests,
        Tampering::BelieveOwnWords,
        Tampering::TrustEveryTarget,
        Tampering::DropNotices,
        Tampering::ForgetRequests,
        Tampering::SkipRelease,
        Tampering::GrowTooLittle,
        Tampering::TerminateAnother,
        Tampering::KeepCap,
        Tampering::ForgetRungs,
    ];
}

impl World {
    /// Draws what becomes of a call; `effect`: it would change something.
    pub(crate) fn fate(&mut self, operation: &str, effect: bool) -> Option<Wrong> {
        if effect {
            let number = self.faults.effects;
            self.faults.effects += 1;
            if let Some((at, after)) = self.faults.crash_at
                && at == number
            {
                return Some(if after { Wrong::KilledAfter } else { Wrong::KilledBefore });
            }
        }
        if self.now < self.faults.all_throttled_until || !self.faults.take_token(operation) {
            return Some(Wrong::Throttled);
        }
        let faults = &self.faults;
        // In the order of the draws: the first that is hit counts.
        let chances = [
            (faults.throttled, Wrong::Throttled),
            (faults.answer_lost, Wrong::AnswerLost),
            (faults.killed_before, Wrong::KilledBefore),
            (faults.killed_after, Wrong::KilledAfter),
            (faults.stalled, Wrong::Stalled(0)),
            (faults.lands_late, Wrong::LandsLate(0)),
        ];
        let random = &mut self.random.faults;
        let (mut drawn, seconds) = (random.u32(0..1_000), random.i64(1..Faults::LONGEST_STALL.as_secs()));
        let hit = chances.into_iter().find_map(|(chance, wrong)| {
            let hit = drawn < chance;
            drawn = drawn.saturating_sub(chance);
            hit.then_some(wrong)
        });
        let wrong = match hit {
            Some(Wrong::Stalled(_)) => Some(Wrong::Stalled(seconds)),
            Some(Wrong::LandsLate(_)) => Some(Wrong::LandsLate(1 + seconds % Faults::LATEST_EFFECT.as_secs())),
            other => other,
        };
        // A read has no effect that could be lost or late; it can only fail.
        self.goes_wrong(wrong.filter(|wrong| effect || *wrong == Wrong::Throttled))
    }

    /// What goes wrong at this draw: what chance has it, or what was prescribed.
    pub(crate) fn goes_wrong(&mut self, by_chance: Option<Wrong>) -> Option<Wrong> {
        let faults = &mut self.faults;
        faults.draws += 1;
        let wrong = match &faults.only {
            Some(only) => only.get(&faults.draws).copied(),
            None => by_chance.filter(|_| self.now < faults.until),
        };
        if let Some(wrong) = wrong {
            faults.went_wrong.insert(faults.draws, wrong);
        }
        wrong
    }

    /// Whether this fault of ours is in force.
    pub(crate) fn tampers(&self, tampering: Tampering) -> bool {
        self.faults.tampering == Some(tampering)
    }
}

impl Faults {
    /// A second passes: tokens come back, and others take theirs.
    pub(crate) fn second(&mut self) {
        self.tokens = (self.tokens + Faults::REFILL).min(Faults::BURST).saturating_sub(self.neighbours);
    }

    fn take_token(&mut self, operation: &str) -> bool {
        let of_the_balancer = matches!(
            operation,
            "DescribeListeners" | "DescribeRules" | "DescribeTargetHealth" | "ModifyListener" | "ModifyRule"
        );
        if !of_the_balancer {
            return true;
        }
        let taken = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        taken
    }
}

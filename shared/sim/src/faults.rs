//! What goes wrong on the way: calls that are throttled, answers that are lost, invocations that are
//! killed or stall and wake up late. And tampering: deliberate faults of ours, put between the
//! reconciler and the world from outside, that the checkers have to catch.

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
    /// One crash at one exact effect: its number, counted from 0, and whether after it.
    pub crash_at: Option<(u64, bool)>,
    /// How many effects there were so far.
    pub effects: u64,
    /// Until then every call is throttled.
    pub all_throttled_until: Timestamp,
    /// A deliberate fault of ours.
    pub tampering: Option<Tampering>,
}

impl Default for Faults {
    fn default() -> Self {
        Faults {
            until: Timestamp::MAX,
            throttled: 0,
            answer_lost: 0,
            killed_before: 0,
            killed_after: 0,
            stalled: 0,
            duplicated: 0,
            missed_beat: 0,
            late_seconds: 0,
            crash_at: None,
            effects: 0,
            all_throttled_until: Timestamp::MIN,
            tampering: None,
        }
    }
}

impl Faults {
    /// A function's timeout is 60 s; no stall outlives it.
    pub const LONGEST_STALL: SignedDuration = SignedDuration::from_secs(50);

    /// The usual weather: rare, but everything happens.
    #[must_use]
    pub fn weather(until: Timestamp) -> Faults {
        Faults {
            until,
            throttled: 15,
            answer_lost: 8,
            killed_before: 4,
            killed_after: 4,
            stalled: 4,
            duplicated: 200,
            missed_beat: 50,
            late_seconds: 20,
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
}

impl Tampering {
    /// All of them.
    pub const ALL: [Tampering; 14] = [
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
    ];
}

/// What becomes of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) throttled: bool,
    pub(crate) answer_lost: bool,
    pub(crate) killed_before: bool,
    pub(crate) killed_after: bool,
    pub(crate) stall: SignedDuration,
}

impl World {
    /// Draws what becomes of a call; `effect`: it would change something.
    pub(crate) fn fate(&mut self, effect: bool) -> Fate {
        let mut fate = Fate::default();
        if effect {
            let number = self.faults.effects;
            self.faults.effects += 1;
            if let Some((at, after)) = self.faults.crash_at
                && at == number
            {
                fate.killed_before = !after;
                fate.killed_after = after;
                return fate;
            }
        }
        if self.now < self.faults.all_throttled_until {
            fate.throttled = true;
            return fate;
        }
        if self.now >= self.faults.until {
            return fate;
        }
        // Every draw is made whether it counts or not, so that one fault more reshuffles nothing.
        let random = &mut self.random.faults;
        let mut happens = |in_thousand: u32| random.u32(0..1_000) < in_thousand;
        fate.throttled = happens(self.faults.throttled);
        fate.answer_lost = happens(self.faults.answer_lost) && effect;
        fate.killed_before = happens(self.faults.killed_before) && effect;
        fate.killed_after = happens(self.faults.killed_after) && effect;
        let stalls = happens(self.faults.stalled) && effect;
        let seconds = self.random.faults.i64(1..Faults::LONGEST_STALL.as_secs());
        if stalls {
            fate.stall = SignedDuration::from_secs(seconds);
        }
        fate
    }

    /// Whether this fault of ours is in force.
    pub(crate) fn tampers(&self, tampering: Tampering) -> bool {
        self.faults.tampering == Some(tampering)
    }
}

//! The load balancer's describe calls are a budget of the whole account: a bucket of 40 that fills by
//! 10 a second, for everybody
//! ([request throttling](https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html)).
//! A suite that looks often must not be the one that empties it. This one belongs to a process: ten
//! calls at once, then five a second. Whoever is in a rollback does not wait, on credit if need be;
//! whoever would wait for too long is put off to its next look.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::needs::Haste;

/// How many calls may be made at once.
const BURST: i32 = 10;
/// The time in which one call becomes possible again.
const REFILL: SignedDuration = SignedDuration::from_millis(200);
/// Whoever would have to wait longer is put off: a heartbeat must end before its function's timeout.
pub(crate) const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// The budget. Places are given in the order of asking, and each caller waits for its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    /// When the bucket is full again, if nobody asks; `None`: nobody asked yet.
    full_at: Arc<Mutex<Option<Timestamp>>>,
}

/// The calls of the next half minute are given away already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsedUp;

impl Budget {
    /// Reserves so many calls, and says how far away they are: at most `patience`.
    pub(crate) fn reserve(
        &self,
        calls: u32,
        haste: Haste,
        patience: SignedDuration,
        now: Timestamp,
    ) -> Result<SignedDuration, UsedUp> {
        // A poisoned lock still holds a time, and any time will do.
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = i32::try_from(calls).unwrap_or(i32::MAX);
        let next = full_at.map_or(now, |full_at| full_at.max(now)) + REFILL * calls;
        let wait = match haste {
            Haste::None => (next.duration_since(now) - REFILL * BURST).max(SignedDuration::ZERO),
            Haste::Rollback => SignedDuration::ZERO,
        };
        if wait > patience.max(SignedDuration::ZERO) {
            return Err(UsedUp);
        }
        *full_at = Some(next);
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// So many callers ask for one call each; how long each has to wait, in milliseconds.
    fn waits(budget: &Budget, callers: usize, now: Timestamp) -> Vec<i128> {
        (0..callers).map(|_| budget.reserve(1, Haste::None, LONGEST_WAIT, now).unwrap().as_millis()).collect()
    }

    #[test]
    fn ten_at_once_then_five_a_second_in_order() {
        assert_eq!(waits(&Budget::default(), 13, NOW), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 400, 600]);
    }

    #[test]
    fn a_rest_fills_it_again_but_never_beyond_the_burst() {
        let budget = Budget::default();
        waits(&budget, 10, NOW);
        assert_eq!(waits(&budget, 6, NOW + SignedDuration::from_secs(1)), [0, 0, 0, 0, 0, 200]);
        let much_later = NOW + SignedDuration::from_hours(1);
        assert_eq!(waits(&budget, 11, much_later), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200]);
    }

    #[test]
    fn a_rollback_goes_before_everybody_who_waits_and_pushes_them_back() {
        let budget = Budget::default();
        waits(&budget, 100, NOW);
        assert_eq!(budget.reserve(3, Haste::Rollback, LONGEST_WAIT, NOW), Ok(SignedDuration::ZERO));
        assert_eq!(waits(&budget, 1, NOW), [18_800]);
    }

    #[test]
    fn who_would_wait_for_too_long_is_put_off_and_takes_no_place() {
        let budget = Budget::default();
        waits(&budget, 160, NOW);
        assert_eq!(
            [0; 3].map(|_| budget.reserve(1, Haste::None, LONGEST_WAIT, NOW)),
            [Err(UsedUp), Err(UsedUp), Err(UsedUp)]
        );
        assert_eq!(waits(&budget, 1, NOW + SignedDuration::from_secs(1)), [29_200]);
        assert_eq!(budget.reserve(1, Haste::Rollback, LONGEST_WAIT, NOW), Ok(SignedDuration::ZERO));
    }
}

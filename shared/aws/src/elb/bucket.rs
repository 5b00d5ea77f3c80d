//! A token bucket in front of the load balancer's API.
//!
//! The account has one bucket for all callers of the Elastic Load Balancing API, so a suite that
//! looks often must not be the one that empties it
//! ([request throttling](https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html)).
//! This one belongs to a process: ten calls at once, then five a second.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// How many calls may be made at once.
const BURST: u32 = 10;
/// The time in which one call becomes possible again.
const REFILL: Duration = Duration::from_millis(200);

/// The bucket. Places are given in the order of asking, and each caller waits for its own.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When the bucket is full again, if nobody asks; `None`: nobody asked yet.
    full_at: Mutex<Option<Instant>>,
}

impl Bucket {
    /// Waits until a call may be made.
    #[expect(clippy::disallowed_methods, reason = "a wait for AWS's sake, of which the reconciler need not know")]
    pub(crate) async fn take(&self) {
        let wait = self.reserve(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a token without waiting, on credit if need be: for the reads that a change to the
    /// world depends on, since a late write is worse than a full bucket.
    pub(crate) fn take_at_once(&self) {
        self.reserve(Instant::now());
    }

    /// Reserves the next place, and says how far away it is.
    fn reserve(&self, now: Instant) -> Duration {
        // A poisoned lock still holds a time, and any time will do.
        let mut full_at = self.full_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = full_at.map_or(now, |full_at| full_at.max(now)) + REFILL;
        *full_at = Some(next);
        next.saturating_duration_since(now).saturating_sub(REFILL * BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_once_then_five_a_second_in_order() {
        let (bucket, now) = (Bucket::default(), Instant::now());
        let waits: Vec<u128> = (0..13).map(|_| bucket.reserve(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 400, 600]);
    }

    #[test]
    fn a_rest_fills_it_again_but_never_beyond_the_burst() {
        let (bucket, start) = (Bucket::default(), Instant::now());
        for _ in 0..10 {
            bucket.reserve(start);
        }
        let later = start + Duration::from_secs(1);
        let waits: Vec<u128> = (0..6).map(|_| bucket.reserve(later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 200]);
        let much_later = start + Duration::from_secs(3_600);
        let waits: Vec<u128> = (0..11).map(|_| bucket.reserve(much_later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200]);
    }
}

//! Real time and real randomness: the one place of the suite that reads them.

use std::hash::{BuildHasher, RandomState};

use jiff::{SignedDuration, Timestamp};
use signalbox_reconciler::ports::Clock;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else waits by")]
    async fn sleep(&self, duration: SignedDuration) {
        // A negative duration has already passed.
        tokio::time::sleep(duration.try_into().unwrap_or_default()).await;
    }

    /// Keys from the operating system's random numbers, hashed: unique, not secret, and without a
    /// dependency.
    fn nonce(&self) -> u128 {
        let random = || u128::from(RandomState::new().hash_one("signalbox"));
        (random() << 64) | random()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_nonces_are_the_same() {
        let nonces: HashSet<u128> = (0..10_000).map(|_| SystemClock.nonce()).collect();
        assert_eq!(nonces.len(), 10_000);
    }

    #[tokio::test]
    async fn a_negative_wait_is_none() {
        SystemClock.sleep(SignedDuration::from_secs(-5)).await;
    }
}

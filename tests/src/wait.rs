//! Waiting, always with a limit and a name.

use std::time::{Duration, Instant};

/// How often [`eventually`] looks.
const POLL: Duration = Duration::from_millis(20);

/// Awaits `future`; panics with `what` when it takes longer than `limit`.
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {limit:?}"),
    }
}

/// Looks again and again until `look` finds something; panics with `what` after `limit`.
pub async fn eventually<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        let left = limit.saturating_sub(started.elapsed());
        if let Some(found) = within(left.max(POLL), what, look()).await {
            return found;
        }
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(POLL).await;
    }
}

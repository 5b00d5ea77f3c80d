//! How long a rollback would take now, from how long the last moves took.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::look::Look;

/// How long things took the last time, as they were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Took {
    /// From wanting weights to seeing them.
    pub route: Option<SignedDuration>,
    /// From launching a slot to its having stayed healthy.
    pub launch: Option<SignedDuration>,
}

/// What moving all traffic takes where it was never seen: a look, and the load balancer's nodes.
const ROUTE: SignedDuration = SignedDuration::from_secs(10);

impl Look<'_> {
    /// The seconds until all traffic would be back after a rollback that is asked for now; `None`: there
    /// is nothing to go back to. A warm slot takes as long as the last change of weights took; a retired
    /// one as long as the last launch, or else what the definition gives it.
    pub(crate) fn rollback_takes(&self) -> Option<SignedDuration> {
        let route = self.record.took.route.unwrap_or(ROUTE);
        let warm = |slot, size| self.seen.healthy(slot) >= size;
        let launch = self.record.took.launch.unwrap_or(self.definition.health.within.duration());
        if let Some(own) = self.deployment() {
            return Some(if warm(own.keep(), own.size) { route } else { route + launch });
        }
        let way_back = self.record.way_back.as_ref()?;
        let standby = self.record.standby.as_ref();
        let is_warm = standby.is_some_and(|standby| {
            self.record.releases[standby.slot].as_ref() == Some(way_back) && warm(standby.slot, standby.of.size)
        });
        Some(if is_warm { route } else { route + launch })
    }
}

//! How services stand after they were looked at, and who is told where they do not follow.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::month::{Month, Stands};
use crate::cap::Constraint;
use crate::notice::{Kind, Severity};
use crate::text::ServiceName;

/// What fails once mostly works at the next look.
const TOLD_WHEN_FAILING: u32 = 2;

impl Month {
    /// Takes down how services stand after they were looked at under `constraint`. `None` of one that others went before:
    /// it stands as it did. Who could not be brought to what is in force, twice on end, is told once; it is tried again
    /// at every heartbeat.
    #[must_use]
    pub fn settled(
        &self,
        stands: &BTreeMap<ServiceName, Option<Stands>>,
        constraint: Option<&Constraint>,
        now: Timestamp,
    ) -> Month {
        let mut next = self.clone();
        let in_force = self.constraint();
        let mut failing = Vec::new();
        for (service, stands) in stands {
            let before = self.services.get(service);
            let mut now_stands = match (stands, before) {
                (Some(stands), _) => stands.clone(),
                (None, Some(before)) => before.clone(),
                (None, None) => Stands::waiting("others went before it"),
            };
            // Something else is in force meanwhile: what was seen says nothing of that.
            now_stands.done &= in_force == constraint;
            let failed = before.map_or(0, |before| before.failing);
            now_stands.failing = match stands {
                Some(Stands { failing: 1.., .. }) => failed.saturating_add(1),
                Some(Stands { done: true, .. }) => 0,
                Some(_) | None => failed,
            };
            if now_stands.failing == TOLD_WHEN_FAILING && failed < TOLD_WHEN_FAILING {
                failing.push(format!("{service}: {}", now_stands.what));
            }
            next.services.insert(service.clone(), now_stands);
        }
        if let Some((first, others)) = failing.split_first() {
            let more = if others.is_empty() { String::new() } else { format!(" (and {} more)", others.len()) };
            let (severity, text) = match in_force {
                Some(_) => (Severity::Warning, "could not be brought to what is in force"),
                None => (Severity::Critical, "could not be given back what was held back"),
            };
            next.tell((Kind::BillingIncomplete, severity), &format!("{text}, and is tried again: {first}{more}"), now);
        }
        if in_force.is_none() && next.services.values().all(|stands| stands.done) {
            next.services.clear();
        }
        next.owes = in_force.is_some() || !next.services.is_empty();
        if next != *self {
            next.last_look = next.last_look.max(now);
        }
        next
    }
}

//! What a look has to ask the world for: only what it could need, since calls are a budget.

use jiff::Timestamp;

use crate::deployment::Phase;
use crate::record::Record;
use crate::slot::Slot;
use crate::trigger::Trigger;

/// What a look has to ask for beyond the weights, the groups and the releases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The guard's alarms.
    pub alarms: bool,
    /// What stands around the service.
    pub surroundings: bool,
    /// How quiet this slot is.
    pub quiet: Option<Slot>,
}

impl Needs {
    /// What a look with this trigger at a service with this record has to ask for.
    #[must_use]
    pub fn of(record: Option<&Record>, trigger: &Trigger, now: Timestamp) -> Needs {
        let asks =
            matches!(trigger, Trigger::DeployRequested(_) | Trigger::RollbackRequested(_) | Trigger::PlanRequested(_));
        let waits = record.is_some_and(|record| record.queued.is_some() && record.operation.is_none());
        let begins = asks || waits;
        let Some(record) = record else {
            return Needs { alarms: begins, surroundings: begins, quiet: None };
        };
        let leaving = match (record.deployment(), &record.standby) {
            (Some(own), _) => match own.phase {
                Phase::Provisioning { cleared: false } | Phase::RollingBack { .. } | Phase::Stuck { .. } => {
                    Some(own.slot)
                }
                Phase::Provisioning { cleared: true }
                | Phase::Verifying { .. }
                | Phase::Shifting { .. }
                | Phase::AwaitingApproval { .. }
                | Phase::Baking
                | Phase::Succeeded
                | Phase::RolledBack { .. } => None,
            },
            (None, Some(standby)) if begins || now >= standby.until => Some(standby.slot),
            (None, Some(_)) => None,
            (None, None) => begins.then_some(record.live.other()),
        };
        let watched = record.operation.is_some() || record.standby.is_some() || begins;
        Needs { alarms: watched, surroundings: begins && record.operation.is_none(), quiet: leaving }
    }
}

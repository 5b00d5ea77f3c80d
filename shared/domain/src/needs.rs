//! What a look has to ask the world for: only what it could need, since calls are a budget.

use jiff::Timestamp;

use crate::definition::{Definition, Mode};
use crate::deployment::Phase;
use crate::observation::{Probe, Window};
use crate::record::Record;
use crate::slot::Slot;
use crate::trigger::{AlarmState, Role, Trigger, Word};

/// Whether a look may wait for its turn where calls are a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Haste {
    /// It waits.
    #[default]
    None,
    /// People may be getting errors: it goes first.
    Rollback,
}

/// What a look has to ask for beyond the weights and the groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The releases, where they cost a call. The replacer needs them only to make the first record.
    pub releases: bool,
    /// The guard's alarms.
    pub alarms: bool,
    /// What stands around the service.
    pub surroundings: bool,
    /// How quiet this slot is.
    pub quiet: Option<Slot>,
    /// What this one says of the new release.
    pub probe: Option<Probe>,
    /// What both slots did in these minutes.
    pub traffic: Option<Window>,
    /// Whether it may wait.
    pub haste: Haste,
}

impl Needs {
    /// What a look with this trigger at a service with this record has to ask for.
    #[must_use]
    pub fn of(
        role: Role,
        record: Option<&Record>,
        definition: &Definition,
        trigger: &Trigger,
        now: Timestamp,
    ) -> Needs {
        if role != Role::Deployer {
            return Needs { releases: record.is_none(), ..Needs::default() };
        }
        let asks =
            matches!(trigger, Trigger::DeployRequested(_) | Trigger::RollbackRequested(_) | Trigger::PlanRequested(_));
        let waits = record.is_some_and(|record| record.queued.is_some() && record.operation.is_none());
        let begins = asks || waits;
        let Some(record) = record else {
            return Needs {
                releases: true,
                alarms: begins,
                surroundings: begins,
                haste: haste(None, trigger),
                ..Needs::default()
            };
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
        // An answer may take seconds: nobody who wants something now waits for it.
        let may_ask = *trigger == Trigger::Heartbeat && definition.mode == Mode::Act;
        let watched = record.operation.is_some() || record.standby.is_some() || begins;
        Needs {
            releases: true,
            alarms: watched,
            surroundings: begins && record.operation.is_none(),
            quiet: leaving,
            probe: record.deployment().filter(|_| may_ask).and_then(|own| own.asks(definition, &record.routing, now)),
            haste: haste(record.deployment().map(|own| &own.phase), trigger),
            traffic: record.deployment().and_then(|own| own.measures(definition, &record.routing, now)),
        }
    }
}

impl Needs {
    /// The calls to the load balancer that this takes: the forward action and the targets of both slots;
    /// how long a target drains; every listener with its rules, and what both target groups stick by.
    #[must_use]
    pub fn balancer_calls(self) -> u32 {
        3 + u32::from(self.quiet.is_some()) + if self.surroundings { 4 } else { 0 }
    }
}

fn haste(phase: Option<&Phase>, trigger: &Trigger) -> Haste {
    let back = matches!(phase, Some(Phase::RollingBack { .. } | Phase::Stuck { .. }));
    let fires = matches!(trigger, Trigger::AlarmChanged(change) if change.state == AlarmState::Alarm);
    let asked = matches!(trigger, Trigger::RollbackRequested(_) | Trigger::Said(Word::Abort));
    if back || fires || asked { Haste::Rollback } else { Haste::None }
}

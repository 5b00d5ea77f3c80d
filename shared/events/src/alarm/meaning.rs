//! What an alarm means, once its envelope is off: to those who look after services, and to the billing guard.

use signalbox_domain::billing;
use signalbox_domain::trigger::{AlarmChange, AlarmState};

use crate::incoming::Incoming;

/// An alarm, out of any of the envelopes.
pub(crate) struct Alarm {
    pub(super) change: AlarmChange,
    /// Only one time series of the alarm's several is meant.
    pub(super) of_contributor: bool,
    /// It is about what AWS charges.
    pub(super) on_charges: bool,
}

impl Alarm {
    /// An alarm over several time series also reports each of them, its contributors. One of them
    /// in ALARM puts the alarm in ALARM. One that is back says nothing about the others, and
    /// the alarm itself reports when all are.
    pub(crate) fn for_services(self) -> Incoming {
        match self.change.state {
            AlarmState::Ok | AlarmState::InsufficientData if self.of_contributor => Incoming::Irrelevant {
                reason: "one time series of an alarm is back, which is not yet the alarm itself".to_owned(),
            },
            AlarmState::Ok | AlarmState::InsufficientData | AlarmState::Alarm => Incoming::AlarmChanged(self.change),
        }
    }

    /// Whatever its state: the charges are looked at, and the alarm is not believed.
    pub(crate) fn for_billing(self) -> Incoming {
        if self.on_charges {
            Incoming::Billing(billing::Trigger::AlarmChanged)
        } else {
            Incoming::Irrelevant { reason: "this alarm is not about what AWS charges".to_owned() }
        }
    }
}

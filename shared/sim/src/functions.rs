//! Our functions as invocations in the world: the heartbeat every minute, an invocation for each
//! alarm event, commands when somebody gives them.

use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decision::Answer;
use signalbox_domain::text::ServiceName;
use signalbox_domain::trigger::{AlarmChange, Nudge, Trigger};
use signalbox_reconciler::{Linger, LookError, Reconciler};

use crate::ports::SimPorts;
use crate::time::{Shared, until, wait};

/// How long a heartbeat stays with what moves, as in production.
const LINGER: SignedDuration = SignedDuration::from_secs(45);

/// The functions of one installation.
#[derive(Clone, Debug)]
pub struct Functions {
    world: Shared,
    reconciler: Rc<Reconciler<SimPorts>>,
}

impl Functions {
    /// Installs the functions in this world.
    #[must_use]
    pub fn new(world: &Shared) -> Self {
        Functions { world: Rc::clone(world), reconciler: Rc::new(Reconciler::new(SimPorts::new(world))) }
    }

    /// The schedule: a heartbeat at every full minute, for ever.
    pub async fn beat(self) {
        loop {
            let next_minute = (self.world.borrow().now.as_second() / 60 + 1) * 60;
            let Ok(at) = Timestamp::from_second(next_minute) else { return };
            until(&self.world, at).await;
            // What fails is tried again at the next beat, as in production.
            let _ = self.reconciler.heartbeat(Linger { until: at + LINGER }).await;
        }
    }

    /// EventBridge: each alarm event becomes an invocation when it is delivered.
    pub async fn deliver_alarms(self, service: ServiceName) {
        loop {
            wait(&self.world, SignedDuration::from_secs(1)).await;
            let now = self.world.borrow().now;
            let due: Vec<_> =
                self.world.borrow_mut().alarm_events.extract_if(.., |event| event.delivered_at <= now).collect();
            for event in due {
                let Ok(alarm) = event.alarm.parse() else { continue };
                let trigger = Trigger::AlarmChanged(AlarmChange { alarm, state: event.state, at: event.at });
                let _ = self.reconciler.look(&Nudge { service: service.clone(), trigger }).await;
            }
        }
    }

    /// A command: one look, and its answer.
    ///
    /// # Errors
    /// What kept the look from an answer.
    pub async fn command(&self, nudge: Nudge) -> Result<Answer, LookError> {
        Ok(self.reconciler.look(&nudge).await?.answer)
    }
}

//! The heartbeat: every minute, look at whatever is under way, and stay with it for a while.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use signalbox_domain::decision::Answer;
use signalbox_domain::definition::Definition;
use signalbox_domain::text::ServiceName;
use signalbox_domain::trigger::{Nudge, Trigger};

use crate::budget::LONGEST_WAIT;
use crate::look::{LookError, Looked, Reconciler};
use crate::ports::{CloudError, World};

/// The shortest one: the load balancer's describe calls are a budget shared with everybody.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// The heartbeat's own beat, by which the looks at idle services are spread.
const BEAT: SignedDuration = SignedDuration::from_mins(1);

/// How long a heartbeat may stay with what moves.
#[derive(Clone, Copy, Debug)]
pub struct Linger {
    /// Look again until then.
    pub until: Timestamp,
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, Serialize)]
pub struct Heartbeat {
    /// How many services were looked at.
    pub looked_at: usize,
    /// The last answers of those that moved.
    pub services: Vec<Answer>,
}

/// A heartbeat that could not do all of its work. What it could do, it did.
#[derive(Debug, thiserror::Error)]
pub enum HeartbeatError {
    /// Nobody knows what there is to look at.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// Some services could not be looked at.
    #[error("{} of {} services could not be looked at; the first: {first}", failed, looked_at)]
    Looks {
        /// How many failed.
        failed: usize,
        /// Out of how many.
        looked_at: usize,
        /// The first failure.
        first: LookError,
    },
}

impl HeartbeatError {
    /// A stable name that alarms can match.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            HeartbeatError::Cloud(_) => "CloudCallFailed",
            HeartbeatError::Looks { first, .. } => first.error_type(),
        }
    }
}

impl<W: World> Reconciler<W> {
    /// Looks at every busy service, and at those idle ones whose turn it is; then stays with those
    /// that move. Two calls when all is idle. Each service is attended to for itself, so that one that
    /// fails or takes long never delays another. Where there are more than the load balancer's call
    /// budget has room for, chance decides which of them wait for another beat; a rollback never waits.
    ///
    /// # Errors
    /// After everything else was done: what failed.
    pub async fn heartbeat(&self, linger: Linger) -> Result<Heartbeat, HeartbeatError> {
        let (busy, definitions) = join(self.world.busy(), self.world.definitions()).await;
        let now = self.world.now();
        let due: BTreeSet<ServiceName> = busy?
            .into_iter()
            .chain(definitions?.into_iter().filter_map(|(name, text)| due_for_drift(&name, &text, now)))
            .collect();
        let looked_at = due.len();
        let attended = join_all(due.iter().map(|service| Box::pin(self.attend(service, linger)))).await;
        let mut moved: Vec<Answer> = Vec::new();
        let mut failures: Vec<LookError> = Vec::new();
        for (answer, failure) in attended {
            moved.extend(answer);
            failures.extend(failure);
        }
        let failed = failures.len();
        match failures.into_iter().next() {
            None => Ok(Heartbeat { looked_at, services: moved }),
            Some(first) => Err(HeartbeatError::Looks { failed, looked_at, first }),
        }
    }

    /// Looks at one service, and again as long as that is worth it: its last answer that moved it, and
    /// what failed.
    async fn attend(&self, service: &ServiceName, linger: Linger) -> (Option<Answer>, Option<LookError>) {
        let nudge = Nudge { service: service.clone(), trigger: Trigger::Heartbeat };
        let mut last_move = None;
        let mut patience = LONGEST_WAIT;
        loop {
            let again = match self.look_within(patience, &nudge).await {
                Ok(Looked { answer, look_again_in, moved, .. }) => {
                    last_move = if moved { Some(answer) } else { last_move };
                    look_again_in
                }
                Err(LookError::PutOff { .. }) => {
                    tracing::info!(%service, "left to the next heartbeat: the load balancer's calls are given away");
                    return (last_move, None);
                }
                Err(error) => {
                    tracing::error!(%service, error_type = error.error_type(), %error, "look failed");
                    return (last_move, Some(error));
                }
            };
            let Some(pause) = again.map(|again| again.max(SHORTEST_PAUSE)) else { return (last_move, None) };
            if self.world.now() + pause >= linger.until {
                return (last_move, None);
            }
            self.world.sleep(pause).await;
            patience = linger.until.duration_since(self.world.now());
        }
    }
}

/// Whether it is this idle service's turn: once every `drift.every`, at a minute that its name
/// chooses, so that many services do not all take the same one.
fn due_for_drift(name: &str, text: &str, now: Timestamp) -> Option<ServiceName> {
    let service: ServiceName = name.parse().ok()?;
    // A definition that cannot be read is looked at each time: that look says what is wrong with it.
    let Ok(definition) = Definition::read(text) else { return Some(service) };
    let beats = (definition.drift.every.duration().as_secs() / BEAT.as_secs()).max(1);
    let turn = name.bytes().fold(0i64, |hash, byte| (hash * 31 + i64::from(byte)) % 1_000_003);
    ((now.as_second() / BEAT.as_secs() + turn) % beats == 0).then_some(service)
}

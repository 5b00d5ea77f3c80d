//! Our functions as invocations in the world: the heartbeat every minute, an invocation for each
//! event, commands when somebody gives them. Each invocation is a task of its own; it may be
//! delivered twice, late or never, and may die on the way.

use std::cell::Cell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing;
use signalbox_domain::decision::Answer;
use signalbox_domain::report::{Received, Rules};
use signalbox_domain::text::ServiceName;
use signalbox_domain::trigger::{AlarmChange, Nudge, Role, Trigger};
use signalbox_reconciler::{Linger, LookError, Reconciler, Reporter};

use crate::checkers::Invariant;
use crate::faults::{Faults, Wrong};
use crate::ports::{Life, SimPorts};
use crate::time::{Shared, start, until, wait};

/// How long a heartbeat stays with what moves, as in production.
const LINGER: SignedDuration = SignedDuration::from_secs(45);
/// Lambda delivers an asynchronous event that failed again after about a minute, then after two
/// ([retries](https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html)).
const RETRIES: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// The functions of one installation.
#[derive(Clone, Debug)]
pub struct Functions {
    world: Shared,
}

impl Functions {
    /// Installs the functions in this world.
    #[must_use]
    pub fn new(world: &Shared) -> Self {
        Functions { world: Rc::clone(world) }
    }

    /// The schedule: a heartbeat at every full minute, for ever; the replacer's comes a little later.
    pub async fn beat(self, role: Role) {
        let after = match role {
            Role::Deployer => 0,
            Role::Replacer | Role::BillingGuard => 25,
        };
        loop {
            let next_minute = ((self.world.borrow().now.as_second() - after) / 60 + 1) * 60 + after;
            let Ok(at) = Timestamp::from_second(next_minute) else { return };
            until(&self.world, at).await;
            if role == Role::Replacer && !self.world.borrow().heals {
                continue;
            }
            if self.is_fated(|faults| faults.missed_beat, Wrong::MissedBeat) {
                continue;
            }
            let world = Rc::clone(&self.world);
            start(&self.world, async move {
                // What fails is tried again at the next beat, as in production.
                let _ = Reconciler::new(role, SimPorts::new(&world)).heartbeat(Linger { until: at + LINGER }).await;
            });
        }
    }

    /// The billing guard's schedule, where there is a plan: every quarter of an hour.
    pub async fn beat_for_billing(self) {
        loop {
            let Ok(at) = Timestamp::from_second((self.world.borrow().now.as_second() / 900 + 1) * 900) else { return };
            until(&self.world, at).await;
            let missed = self.is_fated(|faults| faults.missed_beat, Wrong::MissedBeat);
            if self.world.borrow().account.plan.is_some() && !missed {
                let world = Rc::clone(&self.world);
                start(&self.world, async move {
                    let guard = Reconciler::new(Role::BillingGuard, SimPorts::new(&world));
                    let _ = guard.look_at_charges(&billing::Trigger::Heartbeat).await;
                });
            }
        }
    }

    /// An event or a command of the billing guard: late or twice where the weather has it so, and again when it
    /// failed.
    pub(crate) fn deliver_to_guard(&self, trigger: billing::Trigger) {
        self.attempt(async move |functions| {
            let ports = SimPorts::new(&functions.world);
            let (life, asked) = (ports.life(), trigger.clone());
            let guard = async move { Reconciler::new(Role::BillingGuard, ports).look_at_charges(&asked).await.is_ok() };
            outlives(&functions.world, &life, guard).await == Some(true)
        });
    }

    /// A user's report through SNS: late or twice where the weather has it so, and again when it failed.
    pub(crate) fn deliver_report(&self, received: Received) {
        self.attempt(async move |functions| functions.take_report(received.clone()).await);
    }

    /// A user's report by HTTP: once, whatever becomes of it.
    pub(crate) fn post_report(&self, received: Received) {
        let functions = self.clone();
        start(&self.world, async move {
            functions.take_report(received).await;
        });
    }

    /// One invocation for a report, and what the function counts of it; whether it lived to send it to everybody.
    async fn take_report(&self, received: Received) -> bool {
        let ports = SimPorts::new(&self.world);
        let (life, counts) = (ports.life(), Rc::clone(&self.world));
        let takes = async move {
            let Ok(taken) = Reporter::new(ports, Rules::default()).take(&received).await else { return false };
            counts.borrow_mut().count_reports(&taken.counted);
            taken.failed.is_empty()
        };
        outlives(&self.world, &life, takes).await == Some(true)
    }

    /// The reporter's schedule, where there are reports: what is owed is sent again every quarter of an hour.
    pub async fn beat_for_reports(self) {
        loop {
            let Ok(at) = Timestamp::from_second((self.world.borrow().now.as_second() / 900 + 1) * 900) else { return };
            until(&self.world, at).await;
            let there_are_some = self.world.borrow().reported.are_there();
            if there_are_some && !self.is_fated(|faults| faults.missed_beat, Wrong::MissedBeat) {
                let world = Rc::clone(&self.world);
                start(&self.world, async move {
                    let _ = Reporter::new(SimPorts::new(&world), Rules::default()).resend().await;
                });
            }
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
                let trigger = Trigger::AlarmChanged(AlarmChange {
                    alarm,
                    state: event.state,
                    at: event.at,
                    of: Default::default(),
                });
                self.deliver(Nudge { service: service.clone(), trigger: trigger.clone() });
                self.deliver_to(Role::Replacer, Nudge { service: service.clone(), trigger });
            }
        }
    }

    /// An asynchronous event: late or twice where the weather has it so, and again when it failed.
    pub fn deliver(&self, nudge: Nudge) {
        let replacers = matches!(
            nudge.trigger,
            Trigger::InstancesReported(_) | Trigger::InstanceHeld(_) | Trigger::ReplaceRequested { .. }
        );
        self.deliver_to(if replacers { Role::Replacer } else { Role::Deployer }, nudge);
    }

    fn deliver_to(&self, role: Role, nudge: Nudge) {
        if role == Role::Replacer && !self.world.borrow().heals {
            return;
        }
        self.attempt(async move |functions| functions.invoke(role, &nudge).await);
    }

    /// Lambda's way with an asynchronous event: late or twice where the weather has it so, and again when it failed.
    fn attempt(&self, invocation: impl AsyncFn(&Functions) -> bool + Clone + 'static) {
        let twice = self.is_fated(|faults| faults.duplicated, Wrong::Duplicated);
        for _ in 0..=u32::from(twice) {
            let late = self.lateness();
            let (functions, invocation) = (self.clone(), invocation.clone());
            start(&self.world, async move {
                wait(&functions.world, late).await;
                for pause in [SignedDuration::ZERO].into_iter().chain(RETRIES) {
                    wait(&functions.world, pause).await;
                    if invocation(&functions).await {
                        return;
                    }
                }
            });
        }
    }

    /// One invocation; whether it lived to answer. Every answer to an event leaves a decision.
    async fn invoke(&self, role: Role, nudge: &Nudge) -> bool {
        let ports = SimPorts::new(&self.world);
        let life = ports.life();
        let before = self.world.borrow().table.decisions.len();
        let asked = nudge.clone();
        let looks = async move { Reconciler::new(role, ports).look(&asked).await.is_ok() };
        let Some(answered) = outlives(&self.world, &life, looks).await else { return false };
        let mut world = self.world.borrow_mut();
        let known = world.table.records.contains_key(nudge.service.as_str());
        if answered && world.table.decisions.len() == before && known {
            world.violate(Invariant::Explained, format!("no decision was recorded for {:?}", nudge.trigger));
        }
        world.answered += u64::from(answered);
        answered
    }

    /// A command: one look, and its answer.
    ///
    /// # Errors
    /// What kept the look from an answer.
    pub async fn command(&self, nudge: Nudge) -> Result<Answer, LookError> {
        Ok(Reconciler::new(Role::Deployer, SimPorts::new(&self.world)).look(&nudge).await?.answer)
    }

    fn is_fated(&self, chance: impl Fn(&Faults) -> u32, wrong: Wrong) -> bool {
        let mut world = self.world.borrow_mut();
        let by_chance = world.random.delivery.u32(0..1_000) < chance(&world.faults);
        world.goes_wrong(by_chance.then_some(wrong)).is_some()
    }

    fn lateness(&self) -> SignedDuration {
        let mut world = self.world.borrow_mut();
        let most = world.faults.late_seconds;
        let late = world.random.delivery.i64(0..=most);
        match world.goes_wrong((late > 0).then_some(Wrong::Late(late))) {
            Some(Wrong::Late(seconds)) => SignedDuration::from_secs(seconds),
            _ => SignedDuration::ZERO,
        }
    }
}

/// Lets an invocation work; whether it answered, or `None` where it died.
async fn outlives(world: &Shared, life: &Life, work: impl Future<Output = bool> + 'static) -> Option<bool> {
    let answer = Rc::new(Cell::new(None));
    let heard = Rc::clone(&answer);
    start(world, async move { heard.set(Some(work.await)) });
    loop {
        match answer.get() {
            None if life.is_over() => return None,
            None => wait(world, SignedDuration::from_millis(100)).await,
            answered => return answered,
        }
    }
}

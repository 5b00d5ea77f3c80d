//! One look at what AWS charges: load and read, decide, save, bring the services to it, announce.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use jiff::SignedDuration;
use signalbox_domain::billing::plan::{Measure, Plan};
use signalbox_domain::billing::{
    Answer, Decision, Month, MonthName, Previewed, Seen, Stands, Trigger, decide, previews,
};
use signalbox_domain::cap::Constraint;
use signalbox_domain::decision::Outcome;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::notice::Notice;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::{Malformed, ServiceName};
use signalbox_domain::trigger::{self, Nudge};

use crate::announce::to_send;
use crate::look::{LookError, Looked, MOST_RACES, Reconciler};
use crate::ports::{Billing, CloudError, Saved, World};

/// Notices about charges are of no service; this stands in its place.
const ACCOUNT: &str = "account";
/// What each service costs comes as often as the total.
const BROKEN_DOWN_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// Why a look at the charges came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The plan in the table cannot be used.
    #[error("the billing plan is wrong at {0}; nothing was changed")]
    Plan(Mistake),
    /// Others were first, again and again.
    #[error(
        "others changed the month {MOST_RACES} times while this look was under way; the next heartbeat looks again"
    )]
    Contended,
    /// A name of our own is malformed.
    #[error(transparent)]
    Name(#[from] Malformed),
}

impl BillingError {
    /// A stable name that alarms can match.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            BillingError::Cloud(_) => "CloudCallFailed",
            BillingError::Plan(_) => "InvalidPlan",
            BillingError::Contended => "Contended",
            BillingError::Name(_) => "Malformed",
        }
    }
}

impl<W: World + Billing> Reconciler<W> {
    /// Looks at what AWS charges, does what the plan says, and answers.
    ///
    /// # Errors
    /// What kept it from that. Charges that could not be read are an error only after everything else was done.
    pub async fn look_at_charges(&self, trigger: &Trigger) -> Result<Answer, BillingError> {
        for _ in 0..MOST_RACES {
            if let Some(answer) = Box::pin(self.look_once_at_charges(trigger)).await? {
                return Ok(answer);
            }
        }
        Err(BillingError::Contended)
    }

    /// `None`: somebody else saved first.
    async fn look_once_at_charges(&self, trigger: &Trigger) -> Result<Option<Answer>, BillingError> {
        let now = self.world.now();
        let month = MonthName::of(now);
        let from = month.before().began();
        let (loaded, charges) = join(self.world.load_month(month), self.world.charges(from, now)).await;
        let loaded = loaded?;
        let (before, version) = loaded.month.map_or((None, None), |(month, version)| (Some(month), Some(version)));
        let owes = before.as_ref().or(loaded.last.as_ref()).is_some_and(|month| month.owes);
        let plan = match &loaded.plan {
            Some(plan) => Plan::read(plan).map_err(BillingError::Plan)?,
            // What was in force by a plan that is gone is given back.
            None if owes => Plan::none(),
            None => return Ok(Some(no_plan())),
        };
        let (charges, unread) = match charges {
            Ok(charges) => (Some(charges), None),
            Err(error) => {
                tracing::error!(%error, "what AWS charges could not be read");
                (None, Some(error))
            }
        };
        let mut seen = Seen { charges, breakdown: None };
        let deciding = |seen: &Seen| decide(&plan, before.as_ref(), loaded.last.as_ref(), seen, trigger, now);
        let mut decision = deciding(&seen);
        if !decision.fired.is_empty() {
            // As old as the reading, and not last month's.
            let read = self.world.breakdown((now - BROKEN_DOWN_WITHIN).max(month.began()), now).await;
            seen.breakdown = read.inspect_err(|error| tracing::warn!(%error, "not broken down this time")).ok();
            decision = deciding(&seen);
        }
        if trigger.is_question() {
            return self.answer_question(&plan, trigger, decision.answer).await.map(Some);
        }
        if decision.news && self.world.save_month(&decision.next, version, self.world.nonce()).await? == Saved::Lost {
            return Ok(None);
        }
        let version = if decision.news { Some(version.map_or(1, |version| version + 1)) } else { version };
        let stands = self.bring_services_to(&decision).await?;
        let waited = before.as_ref().map_or(&[][..], |before| &before.outbox);
        let sent = self.announce_month(&to_send(waited, &decision.next.outbox, now)).await?;
        let mut answer = decision.answer;
        answer.reason.extend(stands.iter().flatten().filter(|(_, stands)| !stands.done).map(said));
        self.settle(decision.next, version, stands, sent).await?;
        match unread {
            // Who asked for something has it done, and reads in the answer what could not be read.
            Some(error) if trigger.is_nudge() => Err(error.into()),
            Some(_) | None => Ok(Some(answer)),
        }
    }

    /// Looks at every service that something is in force for, or owed to; `None` where there is none.
    async fn bring_services_to(
        &self,
        decision: &Decision,
    ) -> Result<Option<BTreeMap<ServiceName, Stands>>, CloudError> {
        if !decision.concerns_services() {
            return Ok(None);
        }
        let looks = self.services().await?.into_iter().map(|service| async {
            let trigger = trigger::Trigger::Constrained(decision.constraint.clone());
            let looked = Box::pin(self.look(&Nudge { service: service.clone(), trigger })).await;
            (service, stands(looked))
        });
        Ok(Some(join_all(looks).await.into_iter().collect()))
    }

    /// The names of all services that are defined.
    async fn services(&self) -> Result<Vec<ServiceName>, CloudError> {
        let definitions = self.world.definitions().await?;
        Ok(definitions.into_iter().filter_map(|(name, _)| name.parse().ok()).collect())
    }

    /// Sends what waits; the ids of what was sent.
    async fn announce_month(&self, outbox: &[Notice]) -> Result<Vec<String>, Malformed> {
        let account: ServiceName = ACCOUNT.parse()?;
        let mut sent = Vec::new();
        for notice in outbox {
            match self.world.publish(&account, None, notice).await {
                Ok(()) => sent.push(notice.id.clone()),
                Err(error) => {
                    tracing::error!(notice = notice.id, %error, "not sent; it stays in the outbox");
                    break;
                }
            }
        }
        Ok(sent)
    }

    /// Takes down how the services stand and what was sent, also where somebody else changed the month meanwhile.
    async fn settle(
        &self,
        mut month: Month,
        mut version: Option<u64>,
        stands: Option<BTreeMap<ServiceName, Stands>>,
        sent: Vec<String>,
    ) -> Result<(), BillingError> {
        for _ in 0..MOST_RACES {
            let mut next = match &stands {
                Some(stands) => month.settled(stands.clone(), self.world.now()),
                None => month.clone(),
            };
            next.outbox.retain(|notice| !sent.contains(&notice.id));
            if next == month || self.world.save_month(&next, version, self.world.nonce()).await? == Saved::Done {
                return Ok(());
            }
            let Some((newer, read_at)) = self.world.load_month(month.month).await?.month else { return Ok(()) };
            (month, version) = (newer, Some(read_at));
        }
        tracing::warn!("what was done is not written down: others change the month all the while");
        Ok(())
    }

    async fn answer_question(&self, plan: &Plan, trigger: &Trigger, answer: Answer) -> Result<Answer, BillingError> {
        if *trigger != Trigger::Preview {
            return Ok(answer);
        }
        let services = self.services().await?;
        let mut previewed = Vec::new();
        for (at, measures, constraint) in previews(plan) {
            let acts = measures.iter().any(|measure| *measure != Measure::Notify);
            let looks = services
                .iter()
                .filter(|_| acts)
                .map(|service| async { (service.clone(), self.steps(service, &constraint).await) });
            let services = join_all(looks).await.into_iter().collect();
            previewed.push(Previewed { at_usd: at.number(), r#do: measures, services });
        }
        Ok(Answer { preview: Some(previewed), ..answer })
    }

    /// What a constraint would do to a service now: a sentence, then the calls.
    async fn steps(&self, service: &ServiceName, constraint: &Constraint) -> Vec<String> {
        let trigger = trigger::Trigger::ConstraintPreviewed(constraint.clone());
        match Box::pin(self.look(&Nudge { service: service.clone(), trigger })).await {
            Ok(looked) => std::iter::once(looked.answer.reason).chain(looked.answer.plan.unwrap_or_default()).collect(),
            Err(error) => vec![error.to_string()],
        }
    }
}

fn no_plan() -> Answer {
    let reason = "there is no billing plan, so nothing is watched; write one with `signalbox billing plan`".to_owned();
    Answer { reading_usd: None, rungs_fired: Vec::new(), reason, outcome: None, status: None, preview: None }
}

fn stands(looked: Result<Looked, LookError>) -> Stands {
    match looked {
        Ok(Looked { answer, failed, cap, .. }) => {
            let held = cap.and_then(|cap| {
                Slot::BOTH.into_iter().find_map(|slot| cap.held[slot].clone().map(|held| (slot, held)))
            });
            let problem = failed.is_some() || answer.outcome == Outcome::Refused;
            let what = failed.unwrap_or(answer.reason);
            Stands { done: answer.outcome == Outcome::Idle && !problem, what, held, failing: u32::from(problem) }
        }
        Err(error) => {
            let waits = matches!(error, LookError::PutOff { .. } | LookError::Contended { .. });
            Stands { done: false, what: error.to_string(), held: None, failing: u32::from(!waits) }
        }
    }
}

fn said((service, stands): (&ServiceName, &Stands)) -> String {
    format!(". {service}: {}", stands.what)
}

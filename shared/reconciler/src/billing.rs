//! One look at what AWS charges: load and read, decide, save, bring the services to it, announce.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use jiff::SignedDuration;
use signalbox_domain::billing::plan::Plan;
use signalbox_domain::billing::{
    Answer, Decision, Month, MonthName, Previewed, Seen, Stands, Trigger, decide, previews,
};
use signalbox_domain::cap::{Cap, Constraint};
use signalbox_domain::decision::Outcome;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::notice::Notice;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::ServiceName;
use signalbox_domain::trigger::{self, Nudge};

use crate::announce::to_send;
use crate::budget::LONGEST_WAIT;
use crate::look::{LookError, Looked, MOST_RACES, Reconciler};
use crate::ports::{Billing, CloudError, Saved, World, next_version};

/// What each service costs comes as often as the total.
const BROKEN_DOWN_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// An answer names so many services that are not there yet.
const MOST_SAID: usize = 5;

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
}

impl BillingError {
    /// A stable name that alarms can match.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            BillingError::Cloud(_) => "CloudCallFailed",
            BillingError::Plan(_) => "InvalidPlan",
            BillingError::Contended => "Contended",
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
        let owes = before.as_ref().or(loaded.last.as_ref()).is_some_and(|month| month.owes || !month.outbox.is_empty());
        let plan = match &loaded.plan {
            Some(plan) => match Plan::read(plan) {
                Ok(plan) => plan,
                // What a person wants back they get back, whatever is wrong with the plan.
                Err(_) if matches!(trigger, Trigger::Release { .. }) => Plan::none(),
                Err(mistake) => return Err(BillingError::Plan(mistake)),
            },
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
        let version = if decision.news { Some(next_version(version)) } else { version };
        let waited = before.as_ref().map_or(&[][..], |before| &before.outbox);
        let sent = self.announce_month(&to_send(waited, &decision.next.outbox, now)).await;
        let told: Vec<String> = decision.next.outbox.iter().map(|notice| notice.id.clone()).collect();
        let brought = self.bring_services_to(&decision).await;
        let mut answer = decision.answer;
        answer.reason += &not_there_yet(brought.as_ref().ok());
        let settled = |month: &Month| {
            let next = match &brought {
                Ok(stands) if !stands.is_empty() => month.settled(stands, decision.constraint.as_ref(), now),
                Ok(_) | Err(_) => month.clone(),
            };
            without(next, &sent)
        };
        if let Some((month, version)) = self.change_month(decision.next.clone(), version, settled).await? {
            let fresh: Vec<Notice> = month.outbox.iter().filter(|notice| !told.contains(&notice.id)).cloned().collect();
            let sent = self.announce_month(&fresh).await;
            self.change_month(month, version, |month| without(month.clone(), &sent)).await?;
        }
        brought?;
        match unread {
            // Who asked for something has it done, and reads in the answer what could not be read.
            Some(error) if trigger.is_nudge() => Err(error.into()),
            Some(_) | None => Ok(Some(answer)),
        }
    }

    /// Looks at every service that something is in force for, or owed to, and first at those that are not there yet:
    /// the load balancer's calls are a budget. `None` of one that others went before.
    async fn bring_services_to(
        &self,
        decision: &Decision,
    ) -> Result<BTreeMap<ServiceName, Option<Stands>>, CloudError> {
        if !decision.concerns_services() {
            return Ok(BTreeMap::new());
        }
        let known = &decision.next.services;
        let is_done = |service: &ServiceName| known.get(service).is_some_and(|stands| stands.done);
        let all: BTreeSet<ServiceName> = self.services().await?.into_iter().chain(known.keys().cloned()).collect();
        let (done, not_yet): (Vec<ServiceName>, Vec<ServiceName>) = all.into_iter().partition(is_done);
        let looks = async |services: Vec<ServiceName>, patience| {
            let looks = services.into_iter().map(|service| async {
                let trigger = trigger::Trigger::Constrained(decision.constraint.clone());
                let nudge = Nudge { service: service.clone(), trigger };
                let looked = Box::pin(self.look_within(patience, &nudge)).await;
                (service, stands(looked))
            });
            join_all(looks).await
        };
        let mut stands = looks(not_yet, LONGEST_WAIT).await;
        if decision.constraint.is_some() {
            stands.extend(looks(done, SignedDuration::ZERO).await);
        }
        Ok(stands.into_iter().collect())
    }

    /// The names of all services that are defined.
    async fn services(&self) -> Result<Vec<ServiceName>, CloudError> {
        let definitions = self.world.definitions().await?;
        Ok(definitions.into_iter().filter_map(|(name, _)| name.parse().ok()).collect())
    }

    /// Sends what waits; the ids of what was sent.
    async fn announce_month(&self, outbox: &[Notice]) -> Vec<String> {
        let account = ServiceName::account();
        let mut sent = Vec::new();
        for notice in outbox {
            match self.world.publish(&account, None, notice).await {
                Ok(()) => sent.push(notice.id.clone()),
                Err(error) => {
                    tracing::error!(notice = notice.id, %error, "not sent; it stays in the outbox");
                }
            }
        }
        sent
    }

    /// Saves a change of the month, made anew where somebody else has changed it meanwhile: the month as it is then.
    /// `None`: others change it all the while.
    async fn change_month(
        &self,
        mut month: Month,
        mut version: Option<u64>,
        change: impl Fn(&Month) -> Month,
    ) -> Result<Option<(Month, Option<u64>)>, CloudError> {
        for _ in 0..MOST_RACES {
            let next = change(&month);
            if next == month {
                return Ok(Some((month, version)));
            }
            if self.world.save_month(&next, version, self.world.nonce()).await? == Saved::Done {
                return Ok(Some((next, Some(next_version(version)))));
            }
            let Some((newer, read_at)) = self.world.load_month(month.month).await?.month else { return Ok(None) };
            (month, version) = (newer, Some(read_at));
        }
        tracing::warn!("what was done is not written down: others change the month all the while");
        Ok(None)
    }

    async fn answer_question(&self, plan: &Plan, trigger: &Trigger, answer: Answer) -> Result<Answer, BillingError> {
        if *trigger != Trigger::Preview {
            return Ok(answer);
        }
        let rungs = previews(plan);
        let constraints: Vec<Constraint> = rungs.iter().map(|(_, _, constraint)| constraint.clone()).collect();
        let looks = self.services().await?.into_iter().map(|service| async {
            let lines = self.preview_of(&service, constraints.clone()).await;
            (service, lines)
        });
        let services = join_all(looks).await;
        let previewed = rungs.into_iter().enumerate().map(|(index, (at, measures, constraint))| {
            let line =
                |(service, lines): &(ServiceName, Vec<String>)| Some((service.clone(), lines.get(index)?.clone()));
            let acts = constraint.measures.iter().any(|measure| measure.acts());
            let services = if acts { services.iter().filter_map(line).collect() } else { BTreeMap::new() };
            Previewed { at_usd: at.number(), r#do: measures, services }
        });
        Ok(Answer { preview: Some(previewed.collect()), ..answer })
    }

    /// What each constraint would do to a service now, one line each.
    async fn preview_of(&self, service: &ServiceName, constraints: Vec<Constraint>) -> Vec<String> {
        let count = constraints.len();
        let trigger = trigger::Trigger::ConstraintsPreviewed(constraints);
        match Box::pin(self.look(&Nudge { service: service.clone(), trigger })).await {
            Ok(looked) => looked.answer.plan.unwrap_or_else(|| vec![looked.answer.reason; count]),
            Err(error) => vec![error.to_string(); count],
        }
    }
}

/// The month without what was sent.
fn without(mut month: Month, sent: &[String]) -> Month {
    month.outbox.retain(|notice| !sent.contains(&notice.id));
    month
}

fn no_plan() -> Answer {
    let reason = "there is no billing plan, so nothing is watched; write one with `signalbox billing plan`".to_owned();
    Answer { reason, ..Answer::default() }
}

/// How a service stands after a look; `None`: others went before it.
fn stands(looked: Result<Looked, LookError>) -> Option<Stands> {
    match looked {
        Ok(Looked { answer, failed, cap, moved, .. }) => {
            let of = |cap: &Cap, slot: Slot| cap.held[slot].clone().map(|held| (slot, held));
            let held = cap.and_then(|cap| Slot::BOTH.into_iter().find_map(|slot| of(&cap, slot)));
            let failing = failed.is_some() || answer.outcome == Outcome::Refused;
            let what = failed.unwrap_or(answer.reason);
            // What was written down without anything to change is done.
            let settled = answer.outcome == Outcome::Idle || (answer.outcome == Outcome::Accepted && !moved);
            let done = settled && !failing;
            Some(Stands { done, what, held, failing: u32::from(failing) })
        }
        Err(LookError::PutOff { .. } | LookError::Contended { .. }) => None,
        Err(error) => Some(Stands { failing: 1, ..Stands::waiting(&error.to_string()) }),
    }
}

/// What is to be said of services that are not there yet.
fn not_there_yet(stands: Option<&BTreeMap<ServiceName, Option<Stands>>>) -> String {
    let others_first = Stands::waiting("others went before it; it comes at the next look");
    let waiting: Vec<(&ServiceName, &Stands)> = stands
        .into_iter()
        .flatten()
        .map(|(service, stands)| (service, stands.as_ref().unwrap_or(&others_first)))
        .filter(|(_, stands)| !stands.done)
        .collect();
    let mut said: String =
        waiting.iter().take(MOST_SAID).map(|(service, stands)| format!(". {service}: {}", stands.what)).collect();
    if waiting.len() > MOST_SAID {
        said += &format!(". And {} more services are not there yet", waiting.len() - MOST_SAID);
    }
    said
}

//! What AWS charges in the simulated account, and what the billing guard remembers of it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing::{Charge, Month, MonthName};
use signalbox_domain::money::Cents;
use signalbox_domain::slot::Slot;
use signalbox_reconciler::ports::{Billing, CloudError, LoadedMonth, Saved, next_version};

use crate::faults::Tampering;
use crate::ports::SimPorts;
use crate::world::World;

/// The plan of CodeDetect.
pub const PLAN: &str = r#"{"rungs":[{"at_usd":10,"do":["notify"]},{"at_usd":20,"do":["notify","freeze_deployments"]},
    {"at_usd":50,"do":["notify","freeze_deployments","retire_standby","cap_scaling"]}]}"#;

/// What the account is charged.
#[derive(Debug, Default)]
pub struct Account {
    /// The billing plan; without one the guard is not installed.
    pub plan: Option<String>,
    /// The readings that AWS has put.
    pub charges: Vec<Charge>,
    /// Those of each of its services.
    pub of_services: Vec<(String, Charge)>,
    /// Each month with its version and its last writer's mark.
    pub months: BTreeMap<MonthName, (Month, u64, u128)>,
    /// For how many seconds the live group could not grow as far as in the beginning.
    pub seconds_capped: u64,
    /// The functions have emptied the live group.
    pub stopped: bool,
}

impl Account {
    /// What is remembered of the newest month.
    #[must_use]
    pub fn month(&self) -> Option<&Month> {
        self.months.last_key_value().map(|(_, (month, ..))| month)
    }

    /// Whether something is to be brought to a service or given back, or told.
    pub(crate) fn is_busy(&self) -> bool {
        self.month().is_some_and(|month| {
            let settles = month.services.values().any(|stands| !stands.done && stands.failing < 2);
            let owes = settles || (month.owes && month.in_force.is_none());
            owes || !month.outbox.is_empty()
        })
    }
}

impl World {
    /// AWS puts a reading that is so old already.
    pub(crate) fn charge(&mut self, cents: i64, age: SignedDuration) {
        self.account.charges.push(Charge { at: self.now - age, total: Cents(cents) });
        self.account.charges.sort_by_key(|charge| charge.at);
    }

    /// An account with a plan and a day of small charges.
    pub fn open_account(&mut self, plan: &str) {
        self.account.plan = Some(plan.to_owned());
        for (hours, cents) in [(24, 600), (18, 700), (12, 800), (6, 900)] {
            self.charge(cents, SignedDuration::from_hours(hours));
        }
    }

    /// What the guard's doings come to, second by second.
    pub(crate) fn account_second(&mut self) {
        let former = self.opened_with.max;
        let live = Slot::BOTH.into_iter().find(|slot| self.share(*slot) == 100);
        let Some(group) = live.map(|live| &self.groups[live]) else { return };
        self.account.seconds_capped += u64::from(group.capacity.max < former);
        if self.account.stopped && group.capacity.desired > 0 {
            self.account.stopped = false;
            for slot in Slot::BOTH {
                self.excused_until[slot] = self.now;
                self.excuse(slot, crate::checkers::RECOVERY);
            }
        }
    }

    fn save_month(&mut self, month: &Month, version: Option<u64>, nonce: u128) -> Saved {
        let stored = self.account.months.get(&month.month).map(|(_, version, _)| *version);
        // A save whose answer was lost is known by its writer's mark when it is tried again.
        if self.account.months.get(&month.month).is_some_and(|(_, _, writer)| *writer == nonce) {
            return Saved::Done;
        }
        if stored != version && !self.tampers(Tampering::IgnoreVersion) {
            return Saved::Lost;
        }
        let mut month = month.clone();
        if self.tampers(Tampering::ForgetRungs) {
            month.fired.clear();
        }
        self.account.months.insert(month.month, (month, next_version(stored), nonce));
        Saved::Done
    }
}

impl Billing for SimPorts {
    async fn charges(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Charge>, CloudError> {
        // As the adapter asks: a function's clock may be behind the one that put the reading.
        let within = move |charge: &&Charge| (from..=to + SignedDuration::from_mins(1)).contains(&charge.at);
        self.read("GetMetricData", move |world| world.account.charges.iter().filter(within).copied().collect()).await
    }

    async fn breakdown(&self, from: Timestamp, to: Timestamp) -> Result<Vec<(String, Cents)>, CloudError> {
        self.read("GetMetricData", move |world| {
            let mut of_services: Vec<&(String, Charge)> =
                world.account.of_services.iter().filter(|(_, charge)| (from..=to).contains(&charge.at)).collect();
            of_services.sort_by_key(|(_, charge)| charge.at);
            let newest: BTreeMap<&String, Cents> =
                of_services.into_iter().map(|(service, charge)| (service, charge.total)).collect();
            let mut dearest: Vec<(String, Cents)> = newest
                .into_iter()
                .filter(|(_, total)| *total > Cents(0))
                .map(|(of, total)| (of.clone(), total))
                .collect();
            dearest.sort_by_key(|(_, total)| Reverse(*total));
            dearest
        })
        .await
    }

    async fn load_month(&self, month: MonthName) -> Result<LoadedMonth, CloudError> {
        self.read("BatchGetItem", |world| {
            let known = |month: MonthName| world.account.months.get(&month);
            LoadedMonth {
                plan: world.account.plan.clone(),
                month: known(month).map(|(month, version, _)| (month.clone(), *version)),
                last: known(month.before()).map(|(month, ..)| month.clone()),
            }
        })
        .await
    }

    async fn save_month(&self, month: &Month, version: Option<u64>, nonce: u128) -> Result<Saved, CloudError> {
        let (owned, name) = (month.clone(), month.month);
        let saved = self.change("PutItem", move |world| world.save_month(&owned, version, nonce)).await;
        // As the adapter does it: a save whose answer is lost is looked up by its writer's mark.
        let seen = match saved {
            Ok(_) => None,
            Err(_) => self.read("GetItem", |world| world.account.months.get(&name).map(|(_, _, nonce)| *nonce)).await?,
        };
        if seen == Some(nonce) { Ok(Saved::Done) } else { saved }
    }
}

//! What is remembered of a month: which rungs have fired, what people said, what is in force.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::calendar::MonthName;
use super::charges::Charge;
use crate::cap::{Constraint, Held};
use crate::money::Cents;
use crate::notice::{self, Kind, Notice, Severity};
use crate::slot::Slot;
use crate::text::ServiceName;

/// One month of the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// Which.
    pub month: MonthName,
    /// The readings that were believed, oldest first: evidence, at most [`Month::MOST_READINGS`].
    pub readings: Vec<Charge>,
    /// The rungs that have fired, in order.
    pub fired: Vec<Fired>,
    /// The reading that is not believed, while it is the newest.
    pub implausible: Option<Charge>,
    /// What a person said is right: every reading up to this amount.
    pub confirmed: Option<Said>,
    /// What a person lifted: every rung up to this amount.
    pub released: Option<Said>,
    /// The time for which everything stays as it is.
    pub exempt: Option<Exemption>,
    /// What is in force.
    pub in_force: Option<InForce>,
    /// The rungs that a forecast has been told to reach.
    pub forecast_told: BTreeSet<Cents>,
    /// Services may still keep to something: it is in force, or was and is not yet given back everywhere.
    pub owes: bool,
    /// How each service stands that something is in force for, or owed to.
    pub services: BTreeMap<ServiceName, Stands>,
    /// When it was last told that no readings come.
    pub silence_told: Option<Timestamp>,
    /// How many notices there were so far: it makes their ids.
    pub notices: u64,
    /// Notices that have not left yet, at most [`OUTBOX_LIMIT`](crate::notice::OUTBOX_LIMIT).
    pub outbox: Vec<Notice>,
    /// When the month was last looked at for a save. Time never runs backwards behind it.
    pub last_look: Timestamp,
}

/// A rung that has fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// Its amount.
    pub rung: Cents,
    /// When.
    pub at: Timestamp,
    /// At which reading.
    pub reading: Charge,
    /// Whether enough is known to do what the plan says, and not only tell people.
    pub proven: bool,
}

/// What a person said about amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Up to this amount.
    pub up_to: Cents,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub reason: String,
}

/// Everything stays as it is for a while, whatever is charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exemption {
    /// Until then.
    pub until: Timestamp,
    /// Who answers for it.
    pub owner: String,
    /// Why, in their words.
    pub reason: String,
}

/// What is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// What every service keeps to.
    #[serde(flatten)]
    pub constraint: Constraint,
    /// Since when.
    pub since: Timestamp,
}

/// How a service stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// Whether it keeps to what is in force, or has everything back where nothing is.
    pub done: bool,
    /// What there is to say, in one sentence.
    pub what: String,
    /// The slot whose group was changed, what it was and what was set.
    pub held: Option<(Slot, Held)>,
    /// At how many looks on end something went wrong: at the second one people are told.
    pub failing: u32,
}

impl Stands {
    /// It is not there yet, and nothing is wrong.
    #[must_use]
    pub fn waiting(what: &str) -> Stands {
        Stands { done: false, what: what.to_owned(), held: None, failing: 0 }
    }
}

impl Month {
    /// More readings than AWS puts in a month.
    pub const MOST_READINGS: usize = 200;

    /// A month of which nothing is known, after `last`: what goes on goes on. Where that is not known either, nobody
    pub(super) fn tell(&mut self, (kind, severity): (Kind, Severity), text: &str, at: Timestamp) {
        self.notices += 1;
        let id = format!("billing-{}/{}/{}", self.month, kind.name(), self.notices);
        let text = format!("AWS charges: {text}");
        notice::put(&mut self.outbox, [Notice { id, kind, severity, operation: None, text, at }]);
    }

    /// knows what services still keep to.
    #[must_use]
    pub fn new(month: MonthName, last: Option<&Month>, now: Timestamp) -> Month {
        Month {
            month,
            readings: Vec::new(),
            fired: Vec::new(),
            implausible: None,
            confirmed: None,
            released: None,
            exempt: last.and_then(|last| last.exempt.clone()),
            in_force: last.and_then(|last| last.in_force.clone()),
            forecast_told: BTreeSet::new(),
            owes: last.is_none_or(|last| last.owes),
            services: last.map(|last| last.services.clone()).unwrap_or_default(),
            silence_told: last.and_then(|last| last.silence_told),
            notices: 0,
            outbox: last.map(|last| last.outbox.clone()).unwrap_or_default(),
            last_look: last.map_or(now, |last| last.last_look.max(now)),
        }
    }

    /// What is in force.
    #[must_use]
    pub fn constraint(&self) -> Option<&Constraint> {
        self.in_force.as_ref().map(|force| &force.constraint)
    }

    /// Up to which amount a person has lifted rungs.
    pub(super) fn released_up_to(&self) -> Cents {
        self.released.as_ref().map_or(Cents(0), |said| said.up_to)
    }

    /// Up to which amount a person has said that readings are right.
    #[must_use]
    pub fn confirmed_up_to(&self) -> Option<Cents> {
        self.confirmed.as_ref().map(|said| said.up_to)
    }

    /// Whether a rung of this amount has fired.
    #[must_use]
    pub fn has_fired(&self, rung: Cents) -> bool {
        self.fired.iter().any(|fired| fired.rung == rung)
    }

    /// The exemption that holds now.
    #[must_use]
    pub fn exempted(&self, now: Timestamp) -> Option<&Exemption> {
        self.exempt.as_ref().filter(|exempt| now < exempt.until)
    }
}

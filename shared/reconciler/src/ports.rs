//! What the shell needs of the outside: the cloud, the table, the post and the clock. The AWS
//! adapters implement these, and so does the simulator.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use signalbox_domain::billing::{Charge, Month, MonthName};
use signalbox_domain::decision::{Action, Entry, Outcome};
use signalbox_domain::definition::{Arn, Capacity, Definition};
use signalbox_domain::deployment::Deployment;
use signalbox_domain::money::Cents;
use signalbox_domain::notice::Notice;
use signalbox_domain::observation::{
    Alarms, Lifecycle, Minute, Probe, ProbeAnswer, Process, Quiet, Routing, Surroundings, TargetHealth, Window,
};
use signalbox_domain::record::{Operation, OperationKind, Record};
use signalbox_domain::report::{self, Delivery, Desk, Digest, Fingerprint, Thread};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{GroupName, InstanceId, Release, RequestId, ServiceName};

/// Everything outside.
pub trait World: Cloud + Store + Post + Clock {}
impl<T: Cloud + Store + Post + Clock> World for T {}

/// The services' side of the cloud: what is read of it and what is done to it.
pub trait Cloud {
    /// The forward action.
    fn routing(&self, of: &Definition) -> impl Future<Output = Result<Routing, CloudError>>;
    /// Both groups, without what the load balancer thinks of their instances.
    fn groups(&self, of: &Definition) -> impl Future<Output = Result<BySlot<GroupSeen>, CloudError>>;
    /// What the load balancer thinks of the targets of one slot.
    fn targets(&self, of: &Definition, slot: Slot) -> impl Future<Output = Result<Targets, CloudError>>;
    /// The releases in Parameter Store; not asked where launch templates hold them.
    fn parameters(&self, of: &Definition) -> impl Future<Output = Result<BySlot<Option<Release>>, CloudError>>;
    /// The guard's alarms.
    fn alarms(&self, of: &Definition) -> impl Future<Output = Result<Alarms, CloudError>>;
    /// How quiet a slot is.
    fn quiet(&self, of: &Definition, slot: Slot, now: Timestamp) -> impl Future<Output = Result<Quiet, CloudError>>;
    /// What stands around the service.
    fn surroundings(&self, of: &Definition) -> impl Future<Output = Result<Surroundings, CloudError>>;
    /// What both slots' target groups did in these minutes.
    fn traffic(&self, of: &Definition, window: Window)
    -> impl Future<Output = Result<BySlot<Vec<Minute>>, CloudError>>;
    /// Asks somebody about the release of this deployment. No answer is an answer, too.
    fn probe(&self, of: &Definition, about: &Deployment, probe: Probe) -> impl Future<Output = ProbeAnswer>;
    /// The groups that these instances are in; who is in none is left out.
    fn owners(
        &self,
        instances: &[InstanceId],
    ) -> impl Future<Output = Result<BTreeMap<InstanceId, GroupName>, CloudError>>;
    /// Does one thing. Doing it twice is harmless.
    fn apply(&self, of: &Definition, action: &Action) -> impl Future<Output = Result<(), CloudError>>;
}

/// What the load balancer thinks of each target.
pub type Targets = BTreeMap<InstanceId, TargetHealth>;

/// One Auto Scaling group as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSeen {
    /// Min, desired and max.
    pub capacity: Capacity,
    /// Its instances.
    pub members: Vec<Member>,
    /// Its suspended processes, of those we know.
    pub suspended: std::collections::BTreeSet<Process>,
    /// The version of its launch template, where it has one with a number.
    pub template_version: Option<Release>,
    /// Its health-check type is ELB.
    pub heals_itself: bool,
    /// Its health check's grace period.
    pub grace: SignedDuration,
}

/// One instance as its group describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: InstanceId,
    /// The availability zone it runs in.
    pub zone: String,
    /// Where it is on its way through the group.
    pub lifecycle: Lifecycle,
    /// Whether the group calls it `Unhealthy`.
    pub condemned: bool,
    /// Whether it is protected from scale-in.
    pub protected: bool,
}

/// The table.
pub trait Store {
    /// A service's definition and record, strongly consistent, and whether this request is known.
    fn load(
        &self,
        service: &ServiceName,
        request: Option<&RequestId>,
    ) -> impl Future<Output = Result<Loaded, CloudError>>;
    /// An operation with its timeline.
    fn operation(
        &self,
        service: &ServiceName,
        kind: OperationKind,
        id: &RequestId,
    ) -> impl Future<Output = Result<Option<OperationItem>, CloudError>>;
    /// The definitions of all services, as text by name.
    fn definitions(&self) -> impl Future<Output = Result<Vec<(String, String)>, CloudError>>;
    /// The services that are nominated for a look: an index, so perhaps a little behind.
    fn busy(&self) -> impl Future<Output = Result<Vec<ServiceName>, CloudError>>;
    /// Saves all of it or nothing.
    fn save(&self, save: &Save) -> impl Future<Output = Result<Saved, CloudError>>;
}

/// What is known of a service.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The definition's text.
    pub definition: Option<String>,
    /// The record and the version it was read at.
    pub record: Option<(Record, u64)>,
    /// The operation that this request began or moved, if it was accepted before.
    pub known_request: Option<RequestId>,
    /// The record's schema is newer than we understand.
    pub newer_schema: bool,
}

/// One transaction.
#[derive(Clone, Debug)]
pub struct Save {
    /// The service.
    pub service: ServiceName,
    /// The record to write, and the version it must still have; `None`: it must not exist.
    pub record: Option<(Record, Option<u64>)>,
    /// The items of the operations that began, moved or ended.
    pub operations: Vec<OperationItem>,
    /// What was decided.
    pub decision: Option<DecisionItem>,
    /// A request that must never act again, and the operation it belongs to.
    pub accepted: Option<(RequestId, RequestId)>,
    /// The writer's mark: a save that was done although its answer was lost is known by it.
    pub nonce: u128,
}

/// Whether a save was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was.
    Done,
    /// Somebody else was first.
    Lost,
}

/// One accepted operation, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationItem {
    /// The operation as it stands.
    #[serde(flatten)]
    pub operation: Operation,
    /// What happened, oldest first, at most [`OperationItem::MOST_ENTRIES`].
    pub timeline: Vec<Entry>,
}

impl OperationItem {
    /// The longest timeline that is kept. Beyond it the middle is dropped: how it began and how it
    /// ended is what people read.
    pub const MOST_ENTRIES: usize = 500;

    /// Adds what happened.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.timeline.extend(entries);
        let surplus = self.timeline.len().saturating_sub(Self::MOST_ENTRIES);
        if surplus > 0 {
            self.timeline.drain(100..100 + surplus);
        }
    }
}

/// One event of a service and what was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionItem {
    /// When.
    pub at: Timestamp,
    /// What woke us.
    pub trigger: String,
    /// The id of the request, where a deploy or a rollback was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
    /// The operation's id.
    pub operation: Option<String>,
    /// The operation's phase afterwards.
    pub phase: Option<String>,
    /// What was to be done.
    pub actions: Vec<Action>,
}

impl DecisionItem {
    /// How long it is kept.
    pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
}

/// What the billing guard needs beyond a [`World`]: what AWS charges, and what is remembered of the month.
pub trait Billing {
    /// What AWS estimates of the account's charges, as it was put between these times, oldest first.
    fn charges(&self, from: Timestamp, to: Timestamp) -> impl Future<Output = Result<Vec<Charge>, CloudError>>;
    /// What each of its services charged last between these times, the dearest first.
    fn breakdown(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Future<Output = Result<Vec<(String, Cents)>, CloudError>>;
    /// The billing plan and what is remembered of this month and the one before, strongly consistent.
    fn load_month(&self, month: MonthName) -> impl Future<Output = Result<LoadedMonth, CloudError>>;
    /// Saves a month that must still have this version; `None`: it must not exist.
    fn save_month(
        &self,
        month: &Month,
        version: Option<u64>,
        nonce: u128,
    ) -> impl Future<Output = Result<Saved, CloudError>>;
}

/// What is known of a month.
#[derive(Clone, Debug, Default)]
pub struct LoadedMonth {
    /// The plan's text.
    pub plan: Option<String>,
    /// The month and the version it was read at.
    pub month: Option<(Month, u64)>,
    /// The month before.
    pub last: Option<Month>,
}

/// What the reporter needs beyond a [`World`]: what is kept of reports, and where they go.
pub trait Reports {
    /// What is kept of the report with this id, of this thread, and of the desk, strongly consistent.
    fn load_report(&self, id: &str, thread: &Fingerprint) -> impl Future<Output = Result<KeptReport, CloudError>>;
    /// The report with this id alone.
    fn load_entry(&self, id: &str) -> impl Future<Output = Result<Option<(report::Entry, u64)>, CloudError>>;
    /// The desk alone.
    fn load_desk(&self) -> impl Future<Output = Result<Option<(Desk, u64)>, CloudError>>;
    /// Saves all of it or nothing.
    fn save_report(&self, save: &SaveReport) -> impl Future<Output = Result<Saved, CloudError>>;
    /// Sends one thing. A way out that is not set up is nowhere to send to, and no failure.
    fn deliver(&self, delivery: &Delivery) -> impl Future<Output = Result<(), CloudError>>;
    /// Sends a digest by mail and to chat.
    fn deliver_digest(&self, digest: &Digest) -> impl Future<Output = Result<(), CloudError>>;
}

/// What is kept of a report, each with the version it was read at.
#[derive(Clone, Debug, Default)]
pub struct KeptReport {
    /// The report itself, where it came before.
    pub entry: Option<(report::Entry, u64)>,
    /// Its thread.
    pub thread: Option<(Thread, u64)>,
    /// What reports share.
    pub desk: Option<(Desk, u64)>,
}

/// One transaction. Each part is what to write and the version that must still be there; `None`: none must.
#[derive(Clone, Debug, Default)]
pub struct SaveReport {
    /// The report.
    pub entry: Option<(report::Entry, Option<u64>)>,
    /// Its thread.
    pub thread: Option<(Thread, Option<u64>)>,
    /// What reports share.
    pub desk: Option<(Desk, Option<u64>)>,
    /// The writer's mark: a save that was done although its answer was lost is known by it.
    pub nonce: u128,
}

/// The version that an item has once it is written over the one that was read; `None`: there was none.
#[must_use]
pub fn next_version(read: Option<u64>) -> u64 {
    read.map_or(1, |version| version + 1)
}

/// The way out to people.
pub trait Post {
    /// Sends one notice about a service, to its own topic if its definition names one.
    fn publish(
        &self,
        service: &ServiceName,
        topic: Option<&Arn>,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), CloudError>>;
}

/// Time, and the randomness that marks a writer.
pub trait Clock {
    /// What time it is.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, duration: SignedDuration) -> impl Future<Output = ()>;
    /// A number that no other writer has.
    fn nonce(&self) -> u128;
}

/// A call to the outside that failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} on {resource} failed ({class}): {source}")]
pub struct CloudError {
    /// The API's name of the call.
    pub operation: &'static str,
    /// What it was about.
    pub resource: String,
    /// What may be done about it.
    pub class: ErrorClass,
    /// What was answered.
    pub source: Box<dyn Error + Send + Sync>,
}

/// What may be done about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// It may work a little later.
    Retry,
    /// It will not work like this.
    Permanent,
    /// There was nothing left to do.
    AlreadyDone,
}

impl std::fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ErrorClass::Retry => "may work later",
            ErrorClass::Permanent => "will not work like this",
            ErrorClass::AlreadyDone => "already done",
        })
    }
}

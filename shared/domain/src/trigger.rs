//! Why one service is being looked at. Whatever it is, the look itself is the same.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cap::Constraint;
use crate::definition::Strategy;
use crate::slot::Slot;
use crate::text::{AlarmName, InstanceId, Release, RequestId, ServiceName};

/// What nudged us to look at a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Time has passed.
    Heartbeat,
    /// A CloudWatch alarm changed its state.
    AlarmChanged(AlarmChange),
    /// An Auto Scaling group launched or terminated an instance, or failed to.
    GroupScaled(GroupScaling),
    /// A new release is wanted.
    DeployRequested(DeployRequest),
    /// The last release is to be taken back.
    RollbackRequested(RollbackRequest),
    /// A person says something about the operation that is under way.
    Said(Word),
    /// A person says what is live where no record can tell.
    AdoptRequested {
        /// The slot that is live.
        live: Slot,
        /// The release it runs.
        release: Release,
    },
    /// A person asks what a deploy would do; nothing is changed.
    PlanRequested(DeployRequest),
    /// A person lets no deployment begin.
    FreezeRequested {
        /// Until when; `None`: until it is thawed.
        until: Option<Timestamp>,
        /// Why.
        reason: String,
    },
    /// A person ends that.
    ThawRequested,
    /// A deploy or rollback that was accepted before arrived again: look, but do nothing new.
    Repeated {
        /// The operation that it belongs to.
        operation: RequestId,
    },
    /// A person asks how things are; nothing is changed.
    StatusRequested,
    /// AWS says of instances that they go, have gone or will go.
    InstancesReported(InstanceReport),
    /// A lifecycle hook holds an instance.
    InstanceHeld(HeldInstance),
    /// A person wants one instance replaced, whatever the breakers say.
    ReplaceRequested {
        /// Which.
        instance: InstanceId,
        /// Why.
        reason: String,
    },
    /// What the account is charged has this constraint on the service; `None`: it has none any more.
    Constrained(Option<Constraint>),
    /// A person asks what each of these would do; nothing is changed.
    ConstraintsPreviewed(Vec<Constraint>),
}

/// Which function looks. Each moves its own kind of operation and leaves the other alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The deployer and the rollback function: deployments.
    Deployer,
    /// The replacer: replacements.
    Replacer,
    /// The billing guard: no operation, but what holds a service back.
    BillingGuard,
}

/// What AWS says of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceReport {
    /// The instances, at least one: each once, in the event's order.
    pub instances: Vec<InstanceId>,
    /// What is said of them.
    pub cause: ReportCause,
    /// When AWS will take them, where the event says so: only of a scheduled change. Kept when
    /// that is withdrawn, as the time that was announced. A Spot interruption comes about two
    /// minutes after `at`, which is documented but not said in the event.
    pub ends: Option<Timestamp>,
    /// The scheduled change was cancelled, or is over: it need not be waited for any more.
    pub withdrawn: bool,
    /// When the event was put.
    pub at: Timestamp,
}

/// What AWS says of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportCause {
    /// A Spot Instance is stopped, terminated or hibernated in about two minutes, or already now.
    SpotInterruption,
    /// A Spot Instance is more likely than before to be interrupted.
    RebalanceRecommended,
    /// AWS retires it, stops it, reboots it or works on its host.
    ScheduledChange,
    /// It is being stopped, by whomever.
    Stopping,
    /// It is stopped.
    Stopped,
    /// It is being terminated, by whomever.
    ShuttingDown,
    /// It is terminated.
    Terminated,
}

/// An instance waits at a lifecycle hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldInstance {
    /// The slot whose group it is in.
    pub slot: Slot,
    /// The instance.
    pub instance: InstanceId,
    /// The hook's name.
    pub hook: String,
    /// When the event was put.
    pub at: Timestamp,
}

/// An alarm's change of state, from whichever of the three envelopes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmChange {
    /// The alarm's name.
    pub alarm: AlarmName,
    /// The state it changed to.
    pub state: AlarmState,
    /// When it changed.
    pub at: Timestamp,
    /// What its metrics are of: the values of their dimensions, such as the name of a target group, a
    /// group or an instance. Empty for an alarm on other alarms.
    pub of: BTreeSet<String>,
}

/// The state of a CloudWatch alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Within its threshold.
    Ok,
    /// Beyond its threshold.
    Alarm,
    /// Not enough data to tell.
    InsufficientData,
}

/// What an Auto Scaling group did with one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupScaling {
    /// The slot whose group it is.
    pub slot: Slot,
    /// What happened.
    pub kind: ScalingKind,
    /// The instance, where one is named: a failed launch may have none.
    pub instance: Option<InstanceId>,
    /// The scaling activity's id: the same in every copy of the event.
    pub activity: String,
    /// When it happened.
    pub at: Timestamp,
}

/// The four kinds of scaling event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalingKind {
    /// An instance was launched.
    Launched,
    /// A launch failed.
    LaunchFailed,
    /// An instance was terminated.
    Terminated,
    /// A termination failed.
    TerminateFailed,
}

/// A deploy, by event or by command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployRequest {
    /// Acts once, ever.
    pub id: RequestId,
    /// The release wanted.
    pub release: Release,
    /// How traffic moves, where it is not as the definition says.
    pub strategy: Option<Strategy>,
    /// Go on although guard alarms fire or the live slot is sick: this release is the cure.
    pub fix_forward: bool,
    /// What a failure does.
    pub on_failure: OnFailure,
    /// Who says they asked.
    pub requested_by: Option<String>,
    /// How it came.
    pub origin: Origin,
}

/// What a failing deployment does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Takes the release back.
    #[default]
    Auto,
    /// Holds the weights and asks: the release cannot be taken back without a person.
    Ask,
}

/// A rollback, by event or by command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackRequest {
    /// Acts once, ever.
    pub id: RequestId,
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// Only if this is the release to leave.
    pub from: Option<Release>,
    /// Go back even where the deployment was told to ask first.
    pub force: bool,
    /// Who says they asked.
    pub requested_by: Option<String>,
    /// How it came.
    pub origin: Origin,
}

/// How a request came: nobody reads the answer to an event, so its refusal is a notice too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// By direct invoke: somebody waits for the answer.
    Invoke,
    /// By EventBridge.
    Event {
        /// When the event was put.
        at: Timestamp,
    },
}

/// What a person may say of an operation that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// End the present wait.
    Promote,
    /// Hold where it is.
    Pause,
    /// Go on.
    Resume,
    /// Take it back.
    Abort,
}

/// One service and why it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Nudge {
    /// The service.
    pub service: ServiceName,
    /// Why.
    pub trigger: Trigger,
}

impl Trigger {
    /// The idempotency key, where the trigger has one.
    #[must_use]
    pub fn request_id(&self) -> Option<&RequestId> {
        match self {
            Trigger::DeployRequested(request) => Some(&request.id),
            Trigger::RollbackRequested(request) => Some(&request.id),
            Trigger::Heartbeat
            | Trigger::AlarmChanged(_)
            | Trigger::GroupScaled(_)
            | Trigger::Said(_)
            | Trigger::AdoptRequested { .. }
            | Trigger::PlanRequested(_)
            | Trigger::FreezeRequested { .. }
            | Trigger::ThawRequested
            | Trigger::Repeated { .. }
            | Trigger::StatusRequested
            | Trigger::InstancesReported(_)
            | Trigger::InstanceHeld(_)
            | Trigger::ReplaceRequested { .. }
            | Trigger::Constrained(_)
            | Trigger::ConstraintsPreviewed(_) => None,
        }
    }
}

//! What the parsers yield.

use jiff::Timestamp;
use signalbox_domain::billing;
use signalbox_domain::definition::Arn;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::{GroupName, InstanceId, Release, RequestId, ServiceName};
use signalbox_domain::trigger::{AlarmChange, DeployRequest, InstanceReport, RollbackRequest, ScalingKind, Word};

/// What arrived, before it is known which services it concerns.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Time has passed.
    Heartbeat,
    /// A CloudWatch alarm changed its state.
    AlarmChanged(AlarmChange),
    /// An Auto Scaling group launched or terminated an instance, or failed to.
    GroupScaled(GroupEvent),
    /// An Auto Scaling group holds an instance at one of its lifecycle hooks.
    Lifecycle(LifecycleEvent),
    /// AWS says of instances that they go, have gone or will go; whose they are, their groups know.
    InstancesReported(InstanceReport),
    /// A person wants one instance replaced.
    Replace {
        /// Of this service.
        service: ServiceName,
        /// The instance.
        instance: InstanceId,
        /// Why, in 1 to 500 characters.
        reason: String,
    },
    /// A new release is wanted.
    Deploy {
        /// For this service.
        service: ServiceName,
        /// What is wanted.
        request: DeployRequest,
    },
    /// Somebody asks what a deploy would do.
    Plan {
        /// For this service.
        service: ServiceName,
        /// What would be wanted.
        request: DeployRequest,
    },
    /// The last release is to be taken back.
    Rollback {
        /// For this service.
        service: ServiceName,
        /// What is wanted.
        request: RollbackRequest,
    },
    /// A person says something about the operation that is under way.
    Said {
        /// Of this service.
        service: ServiceName,
        /// What they say.
        word: Word,
    },
    /// A person says what is live where no record can tell.
    Adopt {
        /// Of this service.
        service: ServiceName,
        /// The slot that is live.
        live: Slot,
        /// The release it runs.
        release: Release,
    },
    /// A person lets no deployment begin.
    Freeze {
        /// Of this service.
        service: ServiceName,
        /// Until when; `None`: until it is thawed.
        until: Option<Timestamp>,
        /// Why.
        reason: String,
    },
    /// A person ends that.
    Thaw {
        /// For this service.
        service: ServiceName,
    },
    /// A person asks how things are.
    Status {
        /// With this service.
        service: ServiceName,
    },
    /// The account's charges are to be looked at, or somebody says something about them.
    Billing(billing::Trigger),
    /// Well-formed, but it concerns no service whatever the definitions say, or no charges.
    Irrelevant {
        /// Why: one sentence, without anything of the event's contents.
        reason: String,
    },
}

/// What an Auto Scaling group did with one instance; whose group it is, the definitions know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEvent {
    /// The group.
    pub group: GroupName,
    /// What happened.
    pub kind: ScalingKind,
    /// The instance; `None` only where a launch failed before there was one.
    pub instance: Option<InstanceId>,
    /// The scaling activity's id, 1 to 128 characters: the same in every copy of the event.
    pub activity: String,
    /// When the event was put.
    pub at: Timestamp,
}

/// An instance waits at a lifecycle hook; whose group it is in, the definitions know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleEvent {
    /// The group.
    pub group: GroupName,
    /// On its way where.
    pub kind: LifecycleKind,
    /// The instance.
    pub instance: InstanceId,
    /// The hook's name, 1 to 255 characters.
    pub hook: String,
    /// The token that completes this wait and no other, 1 to 128 characters.
    pub token: String,
    /// When the event was put.
    pub at: Timestamp,
}

/// The two ways on which a lifecycle hook can hold an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleKind {
    /// Into its group, or into the group's warm pool.
    Launching,
    /// Out of it.
    Terminating,
}

/// What a parser must know beside the event itself.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The id of this invocation: the default id of a command.
    pub request_id: &'a str,
    /// The SNS topics whose messages are believed; none when empty.
    pub trusted_topics: &'a [Arn],
}

impl Context<'_> {
    /// The invocation's id, as the id of what is asked for: Lambda keeps it over its own retries.
    pub(crate) fn id(&self) -> Result<RequestId, Mistake> {
        self.request_id
            .parse()
            .map_err(|_| Mistake::at("id", "is required: this invocation has no id that could serve"))
    }
}

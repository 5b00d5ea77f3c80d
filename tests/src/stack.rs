//! A stack shaped like CodeDetect's, in the emulator: a load balancer, two groups, a table.
//!
//! Every stack has names of its own, so that tests share an emulator without meeting. Blue is
//! live with one instance and release `v1`; green is at 0/0/0 with release `none`.

mod create;
mod definition;
mod ec2;
mod found;
mod read;
mod sdk;
mod steer;
mod table;

use std::fmt;

use serde_json::Value;

use crate::moto::Moto;
use crate::runtime::{Function, Launch};

pub use create::{Listener, StackBuilder};
pub use read::{Group, Item, Record, Weights};
pub use sdk::{Clients, sdk_config};
pub use steer::Health;

/// One of the two colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// Live at first.
    Blue,
    /// Idle at first.
    Green,
}

impl Slot {
    /// Both.
    pub const BOTH: [Slot; 2] = [Slot::Blue, Slot::Green];

    /// `blue` or `green`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Slot::Blue => "blue",
            Slot::Green => "green",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Slot {
        match self {
            Slot::Blue => Slot::Green,
            Slot::Green => Slot::Blue,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One of something per slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BySlot<T> {
    /// Blue's.
    pub blue: T,
    /// Green's.
    pub green: T,
}

impl<T> std::ops::Index<Slot> for BySlot<T> {
    type Output = T;

    fn index(&self, slot: Slot) -> &T {
        match slot {
            Slot::Blue => &self.blue,
            Slot::Green => &self.green,
        }
    }
}

/// One service's stack.
pub struct Stack {
    /// The service's name, and the beginning of every other name.
    pub name: String,
    /// The table.
    pub table: String,
    /// The load balancer.
    pub load_balancer_arn: String,
    /// Its listener on port 80.
    pub listener_arn: String,
    /// The target groups.
    pub target_groups: BySlot<String>,
    /// The names of the Auto Scaling groups.
    pub groups: BySlot<String>,
    /// The name of the guard alarm, `<name>-5xx`.
    pub alarm: String,
    /// The topic of notices and alarms.
    pub alerts_topic_arn: String,
    /// The SDK's clients, for what has no method here.
    pub aws: Clients,
    moto: Moto,
    definition: Value,
}

impl Stack {
    /// A stack as the reference stack's Terraform makes it: the listener forwards to blue alone.
    pub async fn create(moto: &Moto) -> Stack {
        Stack::builder(moto).create().await
    }

    /// A stack that differs in something.
    #[must_use]
    pub fn builder(moto: &Moto) -> StackBuilder {
        StackBuilder::new(moto)
    }

    /// The emulator it is in.
    #[must_use]
    pub fn moto(&self) -> &Moto {
        &self.moto
    }

    /// The variables of its functions: `SIGNALBOX_*`, and the emulator as endpoint.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.moto.endpoint()),
            ("SIGNALBOX_TABLE", &self.table),
            ("SIGNALBOX_ALERTS_TOPIC_ARN", &self.alerts_topic_arn),
            ("SIGNALBOX_TRUSTED_TOPICS", &self.alerts_topic_arn),
            ("SIGNALBOX_LINGER_SECONDS", "0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// One of its functions, not started yet: for other variables, or for several at once.
    #[must_use]
    pub fn launch(&self, name: &str) -> Launch {
        Launch::binary(name).env(&self.env())
    }

    /// Starts one of its functions: `deployer`, `rollback`, `replacer`, `billing-guard`, `reporter`.
    pub async fn start(&self, name: &str) -> Function {
        self.launch(name).start().await
    }
}

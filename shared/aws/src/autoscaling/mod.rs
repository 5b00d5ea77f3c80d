//! Auto Scaling: the groups and their instances, and what is done to them.

mod groups;
mod instances;
mod seen;

use aws_sdk_autoscaling::Client;
use aws_types::SdkConfig;

/// Auto Scaling.
#[derive(Clone, Debug)]
pub struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        AutoScaling { client: Client::new(config) }
    }
}

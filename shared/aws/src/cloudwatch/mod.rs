//! CloudWatch: the guard's alarms, how many requests a slot still gets, and what both slots do minute by minute.

mod alarms;
mod metrics;

use aws_sdk_cloudwatch::Client;
use aws_types::SdkConfig;

/// CloudWatch.
#[derive(Clone, Debug)]
pub struct CloudWatch {
    client: Client,
}

impl CloudWatch {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        CloudWatch { client: Client::new(config) }
    }
}

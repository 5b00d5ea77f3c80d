//! CloudWatch: the guard's alarms, how many requests a slot still gets, what both slots do minute by minute, and
//! what AWS charges.

mod alarms;
mod charges;
mod metrics;
mod read;

use aws_sdk_cloudwatch::Client;
use aws_types::SdkConfig;

pub use charges::Charges;

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

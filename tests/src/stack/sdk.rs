//! The SDK's clients, against the emulator over plain HTTP.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};

use crate::moto::Moto;
use crate::runtime::REGION;

/// Longest time for one call, tries included.
const CALL_WITHIN: Duration = Duration::from_secs(60);

/// One client per service.
pub struct Clients {
    /// Auto Scaling.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Elastic Load Balancing.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// SES.
    pub ses: aws_sdk_sesv2::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// Parameter Store.
    pub ssm: aws_sdk_ssm::Client,
}

impl Clients {
    /// Clients for this emulator. They belong to the async runtime that first uses them.
    #[must_use]
    pub fn new(moto: &Moto) -> Clients {
        let config = sdk_config(moto);
        Clients {
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            ses: aws_sdk_sesv2::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
        }
    }
}

/// How the SDK finds this emulator.
#[must_use]
pub fn sdk_config(moto: &Moto) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "tests")))
        .endpoint_url(moto.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(TimeoutConfig::builder().operation_timeout(CALL_WITHIN).build())
        .build()
}

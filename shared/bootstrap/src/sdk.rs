//! The SDK's configuration: one HTTPS client, and patience that fits into a look.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::sdk_config::SharedHttpClient;

/// Tries of one call, the first included. A call that changes the world must be over soon after the
/// save that decided it, and the next look tries again anyway.
const TRIES: u32 = 2;
/// The time for one try.
const TRY: Duration = Duration::from_secs(3);
/// The time for a connection, within a try.
const CONNECT: Duration = Duration::from_secs(1);
/// The pause before the second try, before it is spread at random.
const BACKOFF: Duration = Duration::from_millis(100);

/// The one HTTP client. Its cryptography is ring's: the SDK's default takes its first random number
/// from measured jitter, which costs more than the whole rest of a cold start.
#[must_use]
pub fn https_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// The configuration of all SDK clients, from the standard variables, `AWS_ENDPOINT_URL` included.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(https_client())
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(BACKOFF))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(TRY).connect_timeout(CONNECT).build())
        .load()
        .await
}

//! The functions, by Lambda's Invoke.

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::{DisplayErrorContext, SdkError};
use aws_sdk_lambda::primitives::Blob;
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::Value;
use signalbox_domain::decision::Answer;

use crate::show::Problem;

const CONNECT: Duration = Duration::from_secs(5);
/// Longer than a function's timeout (60 s).
const ANSWER: Duration = Duration::from_secs(75);

/// The installed functions.
pub(crate) struct Functions {
    client: aws_sdk_lambda::Client,
    names: Names,
}

/// What they are called.
#[derive(Args)]
pub(crate) struct Names {
    /// The deployer function.
    #[arg(long, global = true, env = "SIGNALBOX_DEPLOYER_FUNCTION", default_value = "signalbox-deployer")]
    deployer: String,
    /// The rollback function.
    #[arg(long, global = true, env = "SIGNALBOX_ROLLBACK_FUNCTION", default_value = "signalbox-rollback")]
    rollback: String,
    /// The replacer function.
    #[arg(long, global = true, env = "SIGNALBOX_REPLACER_FUNCTION", default_value = "signalbox-replacer")]
    replacer: String,
    /// The billing-guard function.
    #[arg(long, global = true, env = "SIGNALBOX_BILLING_GUARD_FUNCTION", default_value = "signalbox-billing-guard")]
    billing_guard: String,
}

/// How a person sees how things stand.
const STATUS: &str = "signalbox status";
const BILLING_STATUS: &str = "signalbox billing status";

impl Functions {
    pub(crate) async fn of(names: Names) -> Functions {
        // A look may take most of the function's timeout, and a request is never sent twice by itself.
        let patience = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ANSWER).build();
        let config = aws_sdk_lambda::config::Builder::from(&signalbox_bootstrap::sdk_config().await)
            .retry_config(RetryConfig::disabled())
            .timeout_config(patience)
            .build();
        Functions { client: aws_sdk_lambda::Client::from_conf(config), names }
    }

    pub(crate) async fn deployer(&self, payload: &Value) -> Result<Answer, Problem> {
        self.invoke(&self.names.deployer, STATUS, payload).await
    }

    pub(crate) async fn rollback(&self, payload: &Value) -> Result<Answer, Problem> {
        self.invoke(&self.names.rollback, STATUS, payload).await
    }

    pub(crate) async fn replacer(&self, payload: &Value) -> Result<Answer, Problem> {
        self.invoke(&self.names.replacer, STATUS, payload).await
    }

    /// What the billing guard answers, as it answers it: `--json` prints all of that.
    pub(crate) async fn billing_guard(&self, payload: &Value) -> Result<Value, Problem> {
        self.invoke(&self.names.billing_guard, BILLING_STATUS, payload).await
    }

    /// `status` shows what became of a request whose answer does not come.
    async fn invoke<T: DeserializeOwned>(&self, function: &str, status: &str, payload: &Value) -> Result<T, Problem> {
        let sent = self.client.invoke().function_name(function).payload(Blob::new(payload.to_string())).send().await;
        let answered = sent.map_err(|error| {
            if matches!(error, SdkError::TimeoutError(_) | SdkError::ResponseError(_)) {
                return Problem::failed(
                    &format!("function {function} did not answer in time"),
                    "it may have done what was asked",
                    &format!("look before you ask again: `{status}`"),
                );
            }
            let hint = "check the function's name, your region and your credentials";
            Problem::failed(&format!("function {function} could not be invoked"), DisplayErrorContext(error), hint)
        })?;
        let text = answered.payload.map(Blob::into_inner).unwrap_or_default();
        if answered.function_error.is_some() {
            let error: Value = serde_json::from_slice(&text).unwrap_or_default();
            let field = |name: &str| error[name].as_str().unwrap_or("unknown").to_owned();
            let what = format!("function {function} failed: {}", field("errorType"));
            return Err(Problem::failed(
                &what,
                field("errorMessage"),
                &format!("see `{status}` for how things stand; the function's log has more"),
            ));
        }
        serde_json::from_slice(&text).map_err(|error| {
            Problem::failed(
                &format!("function {function} answered something else"),
                error,
                "is it a Signalbox function?",
            )
        })
    }
}

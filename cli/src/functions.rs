//! The functions, by Lambda's Invoke.

use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;
use signalbox_domain::decision::Answer;

use crate::show::Problem;

/// The installed functions.
pub(crate) struct Functions {
    client: aws_sdk_lambda::Client,
    deployer: String,
    rollback: String,
}

impl Functions {
    pub(crate) async fn of(deployer: String, rollback: String) -> Functions {
        Functions { client: aws_sdk_lambda::Client::new(&signalbox_bootstrap::sdk_config().await), deployer, rollback }
    }

    pub(crate) async fn deployer(&self, payload: &Value) -> Result<Answer, Problem> {
        self.invoke(&self.deployer, payload).await
    }

    pub(crate) async fn rollback(&self, payload: &Value) -> Result<Answer, Problem> {
        self.invoke(&self.rollback, payload).await
    }

    async fn invoke(&self, function: &str, payload: &Value) -> Result<Answer, Problem> {
        let sent = self.client.invoke().function_name(function).payload(Blob::new(payload.to_string())).send().await;
        let answered = sent.map_err(|error| {
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
                "its log has more; nothing was changed by this call",
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

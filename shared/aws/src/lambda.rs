//! Lambda: functions of the teams' own that have a say before and after traffic moves.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_types::SdkConfig;
use serde_json::{Value, json};
use signalbox_domain::definition::Definition;
use signalbox_domain::deployment::Deployment;
use signalbox_domain::observation::{Probe, ProbeAnswer};

use crate::errors::OrFailed;
use crate::words::plain;

/// The time for an answer. A function that needs longer says `waiting` and is asked again.
const ANSWER: Duration = Duration::from_secs(10);
/// The time for a connection, within that.
const CONNECT: Duration = Duration::from_secs(1);
/// As much of a reason is kept, in characters.
const MOST_SAID: usize = 200;
/// As much is repeated of an outcome that does not exist, in characters.
const MOST_OUTCOME: usize = 40;

/// The teams' functions.
#[derive(Clone, Debug)]
pub struct Hooks {
    client: Client,
}

impl Hooks {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let patience = TimeoutConfig::builder().operation_attempt_timeout(ANSWER).connect_timeout(CONNECT).build();
        let config = Builder::from(config).timeout_config(patience).retry_config(RetryConfig::disabled());
        Hooks { client: Client::from_conf(config.build()) }
    }

    /// Asks one of them, by name or ARN, and waits for what it says.
    pub async fn ask(&self, function: &str, of: &Definition, about: &Deployment, probe: Probe) -> ProbeAnswer {
        let question = json!({
            "hook": probe,
            "operation": about.id,
            "service": of.name,
            "release": about.release,
            "slot": about.slot,
        });
        let request = self.client.invoke().function_name(function).payload(Blob::new(question.to_string()));
        match request.send().await.or_failed("Invoke", &function) {
            Ok(answer) => {
                let payload = answer.payload().map(Blob::as_ref).unwrap_or_default();
                heard(answer.function_error().is_some(), payload)
            }
            Err(error) => ProbeAnswer::Unanswered(error.to_string()),
        }
    }
}

/// What an answer means. A function that ends with an error answers as well, with the error
/// ([synchronous invocation](https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html)), and one that
/// returns nothing has nothing against it.
fn heard(failed: bool, payload: &[u8]) -> ProbeAnswer {
    let said = match payload.trim_ascii() {
        b"" => Value::Null,
        text => serde_json::from_slice(text).unwrap_or(Value::Bool(false)),
    };
    let word = |field: &str| said[field].as_str();
    if failed {
        let (kind, message) = (word("errorType").unwrap_or("an error"), word("errorMessage").unwrap_or("no message"));
        return ProbeAnswer::Refused(plain(&format!("it failed with {kind}: {message}"), MOST_SAID));
    }
    match word("outcome") {
        None if said.is_null() => ProbeAnswer::Passed,
        Some("passed") => ProbeAnswer::Passed,
        Some("waiting") => ProbeAnswer::Wait,
        Some("refused") => ProbeAnswer::Refused(plain(word("reason").unwrap_or("it gave no reason"), MOST_SAID)),
        Some(other) => {
            let other = plain(other, MOST_OUTCOME);
            ProbeAnswer::Refused(format!("it answered outcome \"{other}\"; passed, refused or waiting would be right"))
        }
        None => ProbeAnswer::Refused("it answered no outcome; passed, refused or waiting would be right".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(why: &str) -> ProbeAnswer {
        ProbeAnswer::Refused(why.to_owned())
    }

    #[test]
    fn yes_and_nothing_at_all_are_yes() {
        for payload in ["{\"outcome\":\"passed\"}", "null", "", " \n", "{\"outcome\":\"passed\",\"took\":3}"] {
            assert_eq!(heard(false, payload.as_bytes()), ProbeAnswer::Passed, "{payload:?}");
        }
        assert_eq!(heard(false, b"{\"outcome\":\"waiting\"}"), ProbeAnswer::Wait);
    }

    #[test]
    fn a_no_is_kept_short_and_in_one_line() {
        let no = |reason: &str| heard(false, json!({"outcome": "refused", "reason": reason}).to_string().as_bytes());
        assert_eq!(no("the index\nis not built"), refused("the index is not built"));
        assert_eq!(no(&"ü".repeat(300)), refused(&"ü".repeat(200)));
        assert_eq!(heard(false, b"{\"outcome\":\"refused\"}"), refused("it gave no reason"));
    }

    #[test]
    fn a_function_that_fails_says_no() {
        let payload = b"{\"errorMessage\":\"division by zero\",\"errorType\":\"ZeroDivisionError\"}";
        assert_eq!(heard(true, payload), refused("it failed with ZeroDivisionError: division by zero"));
        assert_eq!(heard(true, b"oops"), refused("it failed with an error: no message"));
        assert_eq!(heard(true, b""), refused("it failed with an error: no message"));
    }

    #[test]
    fn what_is_no_outcome_says_no_and_what_would_be_right() {
        let right = "passed, refused or waiting would be right";
        assert_eq!(heard(false, b"{\"outcome\":\"ok\"}"), refused(&format!("it answered outcome \"ok\"; {right}")));
        for payload in ["{}", "true", "\"passed\"", "[]", "{\"outcome\":1}", "not json", "{\"outcome\":null}"] {
            let why = format!("it answered no outcome; {right}");
            assert_eq!(heard(false, payload.as_bytes()), refused(&why), "{payload}");
        }
    }
}

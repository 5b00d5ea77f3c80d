//! How a function is started: its program and its environment.

use std::env;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

use super::function::Function;
use super::logs::Logs;
use super::sandbox::Sandbox;
use crate::build;
use crate::wait::within;

/// The region of everything under test.
pub const REGION: &str = "eu-west-1";

/// Longest time for a start; Lambda itself allows 10 s, but no other builds beside it.
const START_WITHIN: Duration = Duration::from_secs(30);

/// What of the test's own environment a function may see.
const PASSED_ON: [&str; 5] = ["LLVM_PROFILE_FILE", "PATH", "RUST_BACKTRACE", "RUST_LOG", "TMPDIR"];

/// A program and its environment.
#[derive(Clone, Debug)]
pub struct Launch {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

/// A start that failed, as it should.
#[derive(Debug)]
pub struct InitFailure {
    /// How the process ended.
    pub status: ExitStatus,
    /// What it reported to the Runtime API, if it did.
    pub reported: Option<Value>,
    /// What it wrote to both streams.
    pub logs: Vec<String>,
}

impl Launch {
    /// The binary of this name, built now if it is not current.
    #[must_use]
    pub fn binary(name: &str) -> Launch {
        Launch::program(name, build::binary(name))
    }

    /// Another program that speaks the Runtime API.
    #[must_use]
    pub fn program(name: &str, program: impl Into<PathBuf>) -> Launch {
        Launch { name: name.to_owned(), program: program.into(), arguments: Vec::new(), variables: Vec::new() }
    }

    /// With one more argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Launch {
        self.arguments.push(argument.into());
        self
    }

    /// With these variables; a later one wins.
    #[must_use]
    pub fn env<K: AsRef<str>, V: AsRef<str>>(mut self, variables: &[(K, V)]) -> Launch {
        let owned = |(name, value): &(K, V)| (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.variables.extend(variables.iter().map(owned));
        self
    }

    /// Without this variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Launch {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// Starts it and waits until it asks for its first event. Panics with its logs if it does not.
    pub async fn start(self) -> Function {
        Function::launch(self).await
    }

    /// Starts `count` of it at once: rivals, as Lambda runs them under load.
    pub async fn start_many(self, count: usize) -> Vec<Function> {
        let starting: Vec<_> = (0..count).map(|_| tokio::spawn(self.clone().start())).collect();
        let mut functions = Vec::with_capacity(count);
        for function in starting {
            functions.push(function.await.expect("a function that starts"));
        }
        functions
    }

    /// Starts it and waits for it to end. Panics if it asks for an event instead.
    pub async fn start_expecting_failure(self) -> InitFailure {
        let logs = Logs::default();
        let sandbox = Sandbox::launch(&self, &logs).await;
        let end = async {
            tokio::select! {
                biased;
                status = sandbox.exited() => status,
                () = sandbox.ready() => panic!("{} was to fail at start, but asks for its first event", self.name),
            }
        };
        let status = within(START_WITHIN, "the function ends", end).await;
        InitFailure { status, reported: sandbox.server.api.init_error(), logs: logs.lines() }
    }

    /// Starts one process of it, ready for events.
    pub(super) async fn sandbox(&self, logs: &Logs) -> Sandbox {
        let sandbox = Sandbox::launch(self, logs).await;
        let start = async {
            tokio::select! {
                () = sandbox.ready() => None,
                status = sandbox.exited() => Some(status),
            }
        };
        let ended = tokio::time::timeout(START_WITHIN, start).await;
        let problem = match ended {
            Ok(None) => return sandbox,
            Ok(Some(status)) => format!("ended at start: {status}, {:?}", sandbox.server.api.init_error()),
            Err(_) => format!("did not ask for an event within {START_WITHIN:?}"),
        };
        panic!("{} {problem}; its logs:\n{}", self.name, logs.lines().join("\n"));
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:123456789012:function:{}", self.name)
    }

    /// The whole environment of the process. Without an endpoint it can reach nothing: a test
    /// must never find the real AWS.
    pub(super) fn environment(&self, runtime_api: &str) -> Vec<(String, String)> {
        let passed_on = PASSED_ON.iter().filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)));
        let log_group = format!("/aws/lambda/{}", self.name);
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "test"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("TZ", ":UTC"),
        ];
        let lambda = lambda.map(|(name, value)| (name.to_owned(), value.to_owned()));
        passed_on.chain(lambda).chain(self.variables.iter().cloned()).collect()
    }
}

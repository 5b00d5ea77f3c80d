//! A running function.

use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;

use super::api::Outcome;
use super::invocation::{Invocation, InvokeError};
use super::launch::{InitFailure, Launch};
use super::logs::Logs;
use super::sandbox::Sandbox;
use crate::wait::eventually;

/// A function's process, or the place of one that was killed. It ends with the last clone.
#[derive(Clone)]
pub struct Function(Arc<Inner>);

struct Inner {
    launch: Launch,
    logs: Logs,
    sandbox: Mutex<Arc<Sandbox>>,
    /// A sandbox serves one event at a time: further ones wait here.
    turn: AsyncMutex<()>,
}

impl Function {
    /// Starts the binary of this name with these variables besides Lambda's own.
    pub async fn start<K: AsRef<str>, V: AsRef<str>>(name: &str, variables: &[(K, V)]) -> Function {
        Launch::binary(name).env(variables).start().await
    }

    /// Starts it and waits for it to end; see [`Launch::start_expecting_failure`].
    pub async fn start_expecting_failure<K: AsRef<str>, V: AsRef<str>>(
        name: &str,
        variables: &[(K, V)],
    ) -> InitFailure {
        Launch::binary(name).env(variables).start_expecting_failure().await
    }

    pub(super) async fn launch(launch: Launch) -> Function {
        let logs = Logs::default();
        let sandbox = launch.sandbox(&logs).await;
        let sandbox = Mutex::new(Arc::new(sandbox));
        Function(Arc::new(Inner { launch, logs, sandbox, turn: AsyncMutex::default() }))
    }

    /// Passes an event to it and waits for the answer, which must be JSON.
    pub async fn invoke(&self, invocation: impl Into<Invocation>) -> Result<Value, InvokeError> {
        let body = self.pass(invocation.into()).await?;
        let text = || format!("{} answered no JSON: {}", self.name(), String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{} ({error})", text())))
    }

    /// Passes any bytes to it, and returns its answer as it is.
    pub async fn invoke_raw(&self, payload: impl Into<Vec<u8>>) -> Outcome {
        self.pass(Invocation::raw(payload)).await
    }

    /// Passes any invocation to it, and returns its answer as it is.
    pub async fn pass(&self, invocation: Invocation) -> Outcome {
        let _turn = self.0.turn.lock().await;
        let sandbox = self.sandbox();
        sandbox.invoke(invocation).await
    }

    /// Like [`Function::invoke`], while the test goes on: to look, to hold, to kill.
    pub fn begin(&self, invocation: impl Into<Invocation>) -> JoinHandle<Result<Value, InvokeError>> {
        let (function, invocation) = (self.clone(), invocation.into());
        tokio::spawn(async move { function.invoke(invocation).await })
    }

    /// Kills the process (SIGKILL). An event under way ends as `Runtime.ExitError`.
    pub async fn kill(&self) {
        self.sandbox().kill().await;
    }

    /// Starts a new process in place of the present one, which is killed if it still runs.
    pub async fn restart(&self) {
        self.kill().await;
        let sandbox = Arc::new(self.0.launch.sandbox(&self.0.logs).await);
        *self.0.sandbox.lock().unwrap() = sandbox;
    }

    /// Whether the process runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.exit_status().is_none()
    }

    /// How the process ended, if it has.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.sandbox().exit_status()
    }

    /// What was written to both streams so far, by former processes too.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.0.logs.lines()
    }

    /// Waits for a line that contains `text`.
    pub async fn wait_for_log(&self, text: &str, limit: Duration) -> String {
        let look = async || self.logs().into_iter().find(|line| line.contains(text));
        eventually(&format!("{} logs {text:?}", self.name()), limit, look).await
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.launch.name
    }

    /// Its ARN, as it is told with every event.
    #[must_use]
    pub fn arn(&self) -> String {
        self.0.launch.arn()
    }

    fn sandbox(&self) -> Arc<Sandbox> {
        Arc::clone(&self.0.sandbox.lock().unwrap())
    }
}

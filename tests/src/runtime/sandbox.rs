//! One process of a function, and the server it talks to.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};

use super::api::{Outcome, Server};
use super::invocation::{Invocation, InvokeError};
use super::launch::Launch;
use super::logs::Logs;
use crate::wait::within;

/// Longest time for a killed process to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Sandbox {
    pub(super) server: Server,
    exit: watch::Receiver<Option<ExitStatus>>,
    kill: Arc<Notify>,
}

impl Sandbox {
    /// Starts the process; does not wait for anything.
    pub(super) async fn launch(launch: &Launch, logs: &Logs) -> Sandbox {
        let server = Server::start(launch.arn()).await;
        let mut child = Command::new(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(launch.environment(&server.address))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", launch.program.display()));
        let stdout = logs.follow(child.stdout.take().expect("stdout is piped"));
        let stderr = logs.follow(child.stderr.take().expect("stderr is piped"));
        let (ended, exit) = watch::channel(None);
        let kill = Arc::new(Notify::new());
        let killed = Arc::clone(&kill);
        tokio::spawn(async move {
            let status = supervise(&mut child, &killed).await;
            // A child of the child may hold the pipes open: what it says is not waited for.
            let both = async { tokio::join!(stdout, stderr) };
            let _ = tokio::time::timeout(Duration::from_secs(1), both).await;
            let _ = ended.send(Some(status));
        });
        Sandbox { server, exit, kill }
    }

    /// Kills the process, as a lost host would, and waits until it is gone.
    pub(super) async fn kill(&self) {
        self.kill.notify_one();
        within(GONE_WITHIN, "the killed function is gone", self.exited()).await;
    }

    /// Waits for the process to end.
    pub(super) async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await.expect("a supervised process");
        ended.expect("it has ended")
    }

    /// How the process ended, if it has.
    pub(super) fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until the process asks for its first event.
    pub(super) async fn ready(&self) {
        let mut ready = self.server.api.ready();
        ready.wait_for(|ready| *ready).await.expect("the server outlives its sandbox");
    }

    /// Passes an event to the process and waits for its answer, its end, or the timeout.
    pub(super) async fn invoke(&self, invocation: Invocation) -> Outcome {
        if let Some(status) = self.exit_status() {
            return Err(exit_error(status));
        }
        let timeout = invocation.timeout;
        let answer = self.server.api.put(invocation);
        tokio::select! {
            biased;
            outcome = answer => outcome.expect("the server outlives its sandbox"),
            status = self.exited() => Err(exit_error(status)),
            () = tokio::time::sleep(timeout) => {
                self.kill().await;
                let text = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
                Err(InvokeError::new("Sandbox.Timedout", text))
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.kill.notify_one();
    }
}

async fn supervise(child: &mut Child, killed: &Notify) -> ExitStatus {
    tokio::select! {
        status = child.wait() => return status.expect("the status of a child"),
        () = killed.notified() => {}
    }
    child.kill().await.expect("a child can be killed");
    child.wait().await.expect("the status of a child")
}

fn exit_error(status: ExitStatus) -> InvokeError {
    InvokeError::new("Runtime.ExitError", format!("Runtime exited: {status}"))
}

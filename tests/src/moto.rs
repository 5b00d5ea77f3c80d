//! The AWS emulator: `tests/moto/launcher.py` as a process of the test's own.
//!
//! [`Moto::shared`] is one emulator for all tests of a process. It has one call log, one outbox
//! and one hold, so a test that holds calls, or injects faults it cannot narrow down with
//! [`On::containing`], takes [`Moto::start`].

mod control;
mod python;
mod venv;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

pub use control::{Call, Hold, On, When};

/// Longest time for the emulator to accept requests.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// A running emulator; it ends with the last clone, or with the test process.
#[derive(Clone)]
pub struct Moto(Arc<Process>);

struct Process {
    endpoint: String,
    /// Its standard input is in here, and the emulator exits when that closes.
    child: Mutex<Child>,
    stderr: Arc<Mutex<String>>,
}

impl Moto {
    /// The emulator of this test process, started on first use.
    ///
    /// Blocks while it starts, and panics with what is missing if it cannot.
    #[must_use]
    pub fn shared() -> Moto {
        static SHARED: OnceLock<Moto> = OnceLock::new();
        SHARED.get_or_init(Moto::start).clone()
    }

    /// An emulator of one's own. Blocks and panics like [`Moto::shared`].
    #[must_use]
    pub fn start() -> Moto {
        let mut child = Command::new(venv::python())
            .arg(venv::folder().join("launcher.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start the AWS emulator: {error}"));
        let stderr = keep(child.stderr.take().expect("stderr is piped"));
        let stdout = child.stdout.take().expect("stdout is piped");
        match ready(stdout) {
            Ok(endpoint) => Moto(Arc::new(Process { endpoint, child: Mutex::new(child), stderr })),
            Err(problem) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the AWS emulator did not start: {problem}\n{}", stderr.lock().unwrap());
            }
        }
    }

    /// Where it listens: `http://127.0.0.1:port`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    /// What it wrote to standard error: the tracebacks of its own failures.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.0.stderr.lock().unwrap().clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Waits for the `ready <endpoint>` line.
fn ready(stdout: ChildStdout) -> Result<String, String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        let _ = sender.send(lines.next());
        lines.for_each(drop);
    });
    let line = match receiver.recv_timeout(READY_WITHIN) {
        Ok(Some(Ok(line))) => line,
        Ok(Some(Err(error))) => return Err(error.to_string()),
        Ok(None) | Err(RecvTimeoutError::Disconnected) => return Err("it exited".to_owned()),
        Err(RecvTimeoutError::Timeout) => return Err(format!("not ready within {READY_WITHIN:?}")),
    };
    line.strip_prefix("ready ").map(str::to_owned).ok_or(format!("unexpected first line: {line}"))
}

/// Keeps what a pipe delivers.
fn keep(mut pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let kept = Arc::new(Mutex::new(String::new()));
    let writer = Arc::clone(&kept);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            writer.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    });
    kept
}

//! One run of Terraform, from its start to its end.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::progress::tell;

/// How often a slow run says that it is still going.
const STILL_GOING: Duration = Duration::from_secs(20);

/// A run that ended.
pub(super) struct Ended {
    /// Its exit status; -1 when a signal ended it.
    pub(super) code: i32,
    /// What it said.
    pub(super) stdout: String,
    /// What it complained of.
    pub(super) stderr: String,
}

/// Runs `command` to its end; panics with its last words if that takes longer than `limit`.
pub(super) async fn to_the_end(what: &str, mut command: Command, limit: Duration) -> Ended {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {what}: {error}"));
    let (stdout, stderr) = (Said::default(), Said::default());
    let following = [
        stdout.follow(child.stdout.take().expect("stdout is piped")),
        stderr.follow(child.stderr.take().expect("stderr is piped")),
    ];
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.expect("the status of a child"),
            () = tokio::time::sleep(STILL_GOING) => tell(&format!(
                "{what}: {} s, {} resources made…", started.elapsed().as_secs(), stdout.count("Creation complete after"),
            )),
        }
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}; it said\n{}\n{}", stdout.end(), stderr.end());
    };
    for pipe in following {
        let _ = pipe.await;
    }
    tell(&format!("{what}: {} s", started.elapsed().as_secs()));
    Ended { code: status.code().unwrap_or(-1), stdout: stdout.text(), stderr: stderr.text() }
}

/// The lines of one stream.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn follow(&self, pipe: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let said = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                said.0.lock().unwrap().push(line);
            }
        })
    }

    fn count(&self, text: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }

    fn end(&self) -> String {
        let lines = self.0.lock().unwrap();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

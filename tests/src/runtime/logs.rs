//! What a function writes.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

/// The lines of both streams, in the order they arrived; kept over restarts.
#[derive(Clone, Default)]
pub(super) struct Logs(Arc<Mutex<Vec<String>>>);

impl Logs {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Keeps every line of `pipe` until it closes.
    pub(super) fn follow(&self, pipe: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let logs = self.clone();
        tokio::spawn(async move {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while let Ok(1..) = pipe.read_until(b'\n', &mut line).await {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                logs.0.lock().unwrap().push(text);
                line.clear();
            }
        })
    }
}

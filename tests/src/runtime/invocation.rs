//! What goes into an invocation, and what goes wrong with it.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// A function's time for one event, unless a test says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One event for a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub(super) payload: Vec<u8>,
    pub(super) request_id: String,
    pub(super) timeout: Duration,
}

impl Invocation {
    /// These bytes, JSON or not, with a request id of their own and 60 s.
    #[must_use]
    pub fn raw(payload: impl Into<Vec<u8>>) -> Invocation {
        Invocation { payload: payload.into(), request_id: unique_id(), timeout: TIMEOUT }
    }

    /// With this request id: Lambda delivers an asynchronous event again under the same one.
    #[must_use]
    pub fn request_id(self, id: &str) -> Invocation {
        Invocation { request_id: id.to_owned(), ..self }
    }

    /// With this much time. The function is told when it ends, and killed then.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Invocation {
        Invocation { timeout, ..self }
    }
}

impl From<Value> for Invocation {
    fn from(event: Value) -> Invocation {
        Invocation::raw(event.to_string())
    }
}

impl From<&Value> for Invocation {
    fn from(event: &Value) -> Invocation {
        Invocation::raw(event.to_string())
    }
}

/// An invocation that ended without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvokeError {
    /// The function's own type, or Lambda's: `Sandbox.Timedout`, `Runtime.ExitError`.
    pub error_type: String,
    /// What went wrong.
    pub message: String,
}

impl InvokeError {
    pub(super) fn new(error_type: &str, message: impl Into<String>) -> InvokeError {
        InvokeError { error_type: error_type.to_owned(), message: message.into() }
    }

    /// What a function posted as its error.
    pub(super) fn posted(body: &[u8]) -> InvokeError {
        let text = || String::from_utf8_lossy(body).into_owned();
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        let field = |name: &str| document[name].as_str().map(str::to_owned);
        InvokeError {
            error_type: field("errorType").unwrap_or_else(|| "Unhandled".to_owned()),
            message: field("errorMessage").unwrap_or_else(text),
        }
    }
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl std::error::Error for InvokeError {}

/// An id in the shape of a UUID, unlike every other of this and other test processes.
#[must_use]
pub fn unique_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let nanoseconds = since_1970.subsec_nanos();
    let (high, low) = (count >> 16, count & 0xffff);
    format!(
        "{:08x}-{high:04x}-4{:03x}-8{:03x}-{:08x}{low:04x}",
        pid,
        nanoseconds & 0xfff,
        (nanoseconds >> 12) & 0xfff,
        since_1970.as_secs() & 0xffff_ffff
    )
}

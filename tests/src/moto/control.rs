//! Seeing and steering the emulator, over its `/signalbox/*` endpoints.

use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Moto;
use crate::http;
use crate::wait::eventually;

/// Which calls are meant: an operation by its API name, and a text that its parameters contain.
#[derive(Clone, Debug)]
pub struct On {
    operation: String,
    contains: Option<String>,
}

impl On {
    /// Every call of `operation`, `ModifyListener` say.
    #[must_use]
    pub fn call(operation: &str) -> On {
        On { operation: operation.to_owned(), contains: None }
    }

    /// Only calls whose parameters contain `text`: a stack's name, on a shared emulator.
    #[must_use]
    pub fn containing(self, text: &str) -> On {
        On { contains: Some(text.to_owned()), ..self }
    }

    fn with(self, mut more: Value) -> Value {
        more["operation"] = self.operation.into();
        if let Some(text) = self.contains {
            more["contains"] = text.into();
        }
        more
    }
}

impl From<&str> for On {
    fn from(operation: &str) -> On {
        On::call(operation)
    }
}

/// Where a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before it takes effect.
    Before,
    /// After it took effect and before it is answered.
    After,
}

/// The hold, as it stands.
#[derive(Clone, Debug, Deserialize)]
pub struct Hold {
    /// Waiting for its call.
    pub armed: bool,
    /// Holding its call.
    pub held: bool,
    /// `armed`, `processing`, `held`, `released`, `discarded`, `disconnected`; nothing without a hold.
    pub state: Option<String>,
    /// The number of the held call in the log.
    pub seq: Option<u64>,
}

/// One call in the log.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// Its number, from 1.
    pub seq: u64,
    /// `elbv2`, `autoscaling`, …
    pub service: String,
    /// The API's name, `ModifyListener`.
    pub operation: String,
    /// When it arrived, in seconds since 1970.
    pub at: f64,
    /// When it was answered.
    pub done_at: Option<f64>,
    /// The HTTP status of its answer.
    pub status: Option<u16>,
    /// Whether it took effect.
    pub processed: bool,
    /// `answered`, `failed`, `discarded`, `released`, `disconnected`; nothing while it runs.
    pub outcome: Option<String>,
    /// Its parameters, of calls that change something.
    pub params: Value,
}

impl Call {
    /// Whether it changes something, or would.
    #[must_use]
    pub fn mutates(&self) -> bool {
        !self.params.is_null()
    }

    /// Whether `text` is among its parameters.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        self.params.to_string().contains(text)
    }
}

impl Moto {
    /// The log of calls, oldest first.
    pub async fn calls(&self) -> Vec<Call> {
        serde_json::from_value(self.control(Method::GET, "calls", None).await).expect("the call log")
    }

    /// Empties the log of calls.
    pub async fn clear_calls(&self) {
        self.control(Method::DELETE, "calls", None).await;
    }

    /// The messages published to SNS, oldest first: `topic_arn`, `subject`, `message`,
    /// `message_structure`, `attributes`, `at`.
    pub async fn outbox(&self) -> Vec<Value> {
        serde_json::from_value(self.control(Method::GET, "outbox", None).await).expect("the outbox")
    }

    /// Empties the outbox.
    pub async fn clear_outbox(&self) {
        self.control(Method::DELETE, "outbox", None).await;
    }

    /// Holds the (`skip` + 1)-th such call from now on. There is one hold at a time.
    pub async fn hold(&self, on: impl Into<On>, when: When, skip: u32) {
        let when = match when {
            When::Before => "before",
            When::After => "after",
        };
        self.control(Method::POST, "hold", Some(on.into().with(json!({"when": when, "skip": skip})))).await;
    }

    /// The hold, as it stands.
    pub async fn hold_state(&self) -> Hold {
        serde_json::from_value(self.control(Method::GET, "hold", None).await).expect("the hold")
    }

    /// Waits until the hold has caught its call.
    pub async fn wait_held(&self, limit: Duration) -> Hold {
        let look = async || Some(self.hold_state().await).filter(|hold| hold.held);
        eventually("the hold catches its call", limit, look).await
    }

    /// Waits until the held call is over: released, discarded, or its client gone.
    pub async fn wait_let_go(&self, limit: Duration) -> Hold {
        let over = |hold: &Hold| !matches!(hold.state.as_deref(), Some("armed" | "processing" | "held"));
        eventually("the held call is over", limit, async || Some(self.hold_state().await).filter(over)).await
    }

    /// Lets the held call go. With `discard` it is answered 500, and without effect if it was
    /// held [`When::Before`].
    pub async fn release(&self, discard: bool) {
        self.control(Method::POST, "release", Some(json!({"discard": discard}))).await;
    }

    /// Disarms a hold that has not caught a call.
    pub async fn disarm(&self) {
        self.control(Method::DELETE, "hold", None).await;
    }

    /// The next `times` such calls get error `code` (status 400) and have no effect.
    pub async fn fail(&self, on: impl Into<On>, times: u32, code: &str) {
        self.fail_with_status(on, times, code, 400).await;
    }

    /// Like [`Moto::fail`], with an HTTP status: 500 and above is what SDKs try again.
    pub async fn fail_with_status(&self, on: impl Into<On>, times: u32, code: &str, status: u16) {
        let body = on.into().with(json!({"times": times, "code": code, "status": status}));
        self.control(Method::POST, "fail", Some(body)).await;
    }

    /// The next `times` such calls wait first.
    pub async fn delay(&self, on: impl Into<On>, seconds: f64, times: u32) {
        let body = on.into().with(json!({"seconds": seconds, "times": times}));
        self.control(Method::POST, "delay", Some(body)).await;
    }

    /// Forgets the faults and delays that no call has met.
    pub async fn clear_faults(&self) {
        self.control(Method::DELETE, "fail", None).await;
        self.control(Method::DELETE, "delay", None).await;
    }

    async fn control(&self, method: Method, what: &str, body: Option<Value>) -> Value {
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let answer = http::send(self.endpoint(), method, &format!("/signalbox/{what}"), &[], body).await;
        assert_eq!(answer.status, 200, "/signalbox/{what}: {}", answer.text());
        answer.json()
    }
}

//! The Runtime API of one process.
//!
//! Every process gets a server of its own: an event can then never go to the long poll of a
//! process that was killed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::invocation::{Invocation, InvokeError};

/// What a function answers an event with.
pub(super) type Outcome = Result<Vec<u8>, InvokeError>;

/// The longest answer that Lambda takes, in bytes.
const LONGEST_ANSWER: usize = 6 * 1024 * 1024;

/// The server's state.
pub(super) struct Api {
    function_arn: String,
    events: mpsc::UnboundedSender<Invocation>,
    queue: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    ready: watch::Sender<bool>,
    init_error: Mutex<Option<Value>>,
}

/// A running server; its address is what `AWS_LAMBDA_RUNTIME_API` wants.
pub(super) struct Server {
    pub(super) api: Arc<Api>,
    pub(super) address: String,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(function_arn: String) -> Server {
        let (events, queue) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            function_arn,
            events,
            queue: AsyncMutex::new(queue),
            waiting: Mutex::default(),
            ready: watch::Sender::new(false),
            init_error: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free local port");
        let address = listener.local_addr().expect("the address of a listener").to_string();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(LONGEST_ANSWER))
            .with_state(Arc::clone(&api));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Server { api, address, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Api {
    /// Queues an event; the receiver gets the answer. Panics if its id is under way already.
    pub(super) fn put(&self, invocation: Invocation) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let former = self.waiting.lock().unwrap().insert(invocation.request_id.clone(), sender);
        assert!(former.is_none(), "request id {} is under way", invocation.request_id);
        self.events.send(invocation).expect("the queue lives as long as the server");
        receiver
    }

    /// True from the process's first question for an event on: it has started.
    pub(super) fn ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// What the process reported of a failed start.
    pub(super) fn init_error(&self) -> Option<Value> {
        self.init_error.lock().unwrap().clone()
    }

    fn answer(&self, id: &str, outcome: Outcome) -> Response {
        match self.waiting.lock().unwrap().remove(id) {
            Some(waiting) => {
                let _ = waiting.send(outcome);
                accepted()
            }
            None => {
                let body = json!({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"});
                (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
            }
        }
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    api.ready.send_replace(true);
    let Some(invocation) = api.queue.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.request_id),
        ("lambda-runtime-deadline-ms", (now + invocation.timeout).as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", api.function_arn.clone()),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value));
    (axum::response::AppendHeaders(headers), invocation.payload).into_response()
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> Response {
    api.answer(&id, Ok(body.to_vec()))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> Response {
    api.answer(&id, Err(InvokeError::posted(&body)))
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> Response {
    let text = || Value::from(String::from_utf8_lossy(&body));
    *api.init_error.lock().unwrap() = Some(serde_json::from_slice(&body).unwrap_or_else(|_| text()));
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response()
}

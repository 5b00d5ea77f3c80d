//! Lambda's [Invoke API](https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html) in front
//! of running functions: what `AWS_ENDPOINT_URL_LAMBDA` of a command line may point at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::runtime::{Function, Invocation, unique_id};

/// A running server; it ends when dropped.
pub struct InvokeApi {
    endpoint: String,
    state: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    functions: HashMap<String, Function>,
    received: Mutex<Vec<(String, Value)>>,
}

impl InvokeApi {
    /// Serves these functions under these names.
    pub async fn start(functions: &[(&str, &Function)]) -> InvokeApi {
        let functions = functions.iter().map(|(name, function)| ((*name).to_owned(), (*function).clone())).collect();
        let state = Arc::new(Shared { functions, received: Mutex::default() });
        let router = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free local port");
        let endpoint = format!("http://{}", listener.local_addr().expect("the address of a listener"));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        InvokeApi { endpoint, state, task }
    }

    /// Where it listens: `http://127.0.0.1:port`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What was asked for, oldest first: the function's name and the payload.
    #[must_use]
    pub fn received(&self) -> Vec<(String, Value)> {
        self.state.received.lock().unwrap().clone()
    }
}

impl Drop for InvokeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn invoke(
    State(state): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    payload: Bytes,
) -> Response {
    let name = plain_name(&name);
    let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
    let Ok(event) = serde_json::from_slice::<Value>(&payload) else {
        return refused(
            "InvalidRequestContentException",
            StatusCode::BAD_REQUEST,
            "Could not parse request body into json",
        );
    };
    state.received.lock().unwrap().push((name.to_owned(), event));
    let Some(function) = state.functions.get(name).cloned() else {
        let text = format!("Function not found: {name}");
        return refused("ResourceNotFoundException", StatusCode::NOT_FOUND, &text);
    };
    let id = unique_id();
    let invocation = Invocation::raw(payload.to_vec()).request_id(&id);
    match headers.get("x-amz-invocation-type").and_then(|kind| kind.to_str().ok()) {
        Some("DryRun") => StatusCode::NO_CONTENT.into_response(),
        Some("Event") => {
            tokio::spawn(async move { function.pass(invocation).await });
            (StatusCode::ACCEPTED, [("x-amzn-requestid", id)]).into_response()
        }
        _ => answered(&id, function.pass(invocation).await),
    }
}

fn answered(id: &str, outcome: Result<Vec<u8>, crate::runtime::InvokeError>) -> Response {
    let headers = [("x-amz-executed-version", "$LATEST"), ("x-amzn-requestid", id)];
    match outcome {
        Ok(body) => (headers, body).into_response(),
        Err(error) => {
            let body = json!({"errorType": error.error_type, "errorMessage": error.message});
            (headers, [("x-amz-function-error", "Unhandled")], body.to_string()).into_response()
        }
    }
}

fn refused(error_type: &str, status: StatusCode, text: &str) -> Response {
    let body = json!({"Type": "User", "Message": text, "message": text});
    (status, [("x-amzn-errortype", error_type)], axum::Json(body)).into_response()
}

/// The name in a name, a partial or a whole ARN, with or without a qualifier.
fn plain_name(given: &str) -> &str {
    let after = given.rsplit_once("function:").map_or(given, |(_, name)| name);
    after.split_once(':').map_or(after, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn a_function_is_found_by_name_and_by_arn() {
        for given in [
            "deployer",
            "deployer:live",
            "123456789012:function:deployer",
            "arn:aws:lambda:eu-west-1:123456789012:function:deployer",
            "arn:aws:lambda:eu-west-1:123456789012:function:deployer:7",
        ] {
            assert_eq!(plain_name(given), "deployer", "{given}");
        }
    }
}

//! A [function URL](https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html) in front of a running function,
//! and a site of another origin, as a bucket would serve it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::runtime::{Function, Invocation, unique_id};

/// What is served of a body at most, in bytes; a function URL takes 6 MB.
const LONGEST_BODY: usize = 6 << 20;

/// The URL of a function; it ends when dropped.
pub struct FunctionUrl {
    server: Server,
    state: Arc<Shared>,
}

struct Shared {
    function: Function,
    received: Mutex<Vec<Value>>,
}

impl FunctionUrl {
    /// Passes every request to this function.
    pub async fn start(function: &Function) -> FunctionUrl {
        let state = Arc::new(Shared { function: function.clone(), received: Mutex::default() });
        let server = Server::start(Router::new().fallback(any(pass)).with_state(Arc::clone(&state))).await;
        FunctionUrl { server, state }
    }

    /// The URL, with the slash at its end that AWS gives it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/", self.server.origin)
    }

    /// The events that were made of requests, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Value> {
        self.state.received.lock().unwrap().clone()
    }

    /// Ends it, open connections too: from then on nobody answers at its address.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

async fn pass(State(state): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let event = event(&head.method, &head.uri, &head.headers, &body);
    state.received.lock().unwrap().push(event.clone());
    let answer = state.function.pass(Invocation::from(event)).await.ok();
    // What AWS says of a function that failed, and of an answer that is none.
    answer.and_then(|answer| answered(&answer)).unwrap_or_else(|| {
        let headers = [("content-type", "application/json")];
        (StatusCode::BAD_GATEWAY, headers, r#"{"Message":"Internal Server Error"}"#).into_response()
    })
}

/// The request as an event, payload format 2.0.
fn event(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let all = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
    let by_name: BTreeMap<&str, String> = headers.keys().map(|name| (name.as_str(), all(name))).collect();
    let header = |name: &str| by_name.get(name).map_or("", String::as_str);
    let (now, host, path) = (Timestamp::now(), header("host"), uri.path());
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": by_name,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": header("user-agent"),
            },
            "requestId": unique_id(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if !body.is_empty() {
        let text = str::from_utf8(body).ok().filter(|_| is_text(header("content-type")));
        event["body"] = text.map_or_else(|| STANDARD.encode(body).into(), Into::into);
        event["isBase64Encoded"] = text.is_none().into();
    }
    event
}

/// What AWS takes for text. A form's fields are none.
fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = ["application/json", "application/javascript", "application/xml"];
    media_type.starts_with("text/") || known.contains(&media_type.as_str())
}

/// What a function answers to an event of that format.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

fn answered(answer: &[u8]) -> Option<Response> {
    let document: Value = serde_json::from_slice(answer).ok()?;
    if document.get("statusCode").is_none() {
        return Some(axum::Json(document).into_response()); // all of it is the body
    }
    let answer: Answer = serde_json::from_value(document).ok()?;
    let body = if answer.is_base64_encoded { STANDARD.decode(answer.body).ok()? } else { answer.body.into_bytes() };
    let status = StatusCode::from_u16(answer.status_code).ok()?;
    let mut headers = HeaderMap::try_from(&answer.headers).ok()?;
    headers.entry("content-type").or_insert("application/json".parse().ok()?);
    Some((status, headers, body).into_response())
}

/// Pages at an origin of their own; it ends when dropped.
pub struct Site {
    server: Server,
    pages: Arc<Pages>,
}

type Pages = Mutex<HashMap<String, String>>;

impl Site {
    /// An empty site.
    pub async fn start() -> Site {
        let pages = Arc::<Pages>::default();
        let server = Server::start(Router::new().fallback(page).with_state(Arc::clone(&pages))).await;
        Site { server, pages }
    }

    /// What a browser says of its pages in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.server.origin
    }

    /// Puts a page at this path.
    pub fn put(&self, path: &str, html: impl Into<String>) {
        self.pages.lock().unwrap().insert(path.to_owned(), html.into());
    }
}

async fn page(State(pages): State<Arc<Pages>>, uri: Uri) -> Response {
    let page = pages.lock().unwrap().get(uri.path()).cloned();
    page.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |html| Html(html).into_response())
}

/// A server on a free port of this machine.
struct Server {
    origin: String,
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Server {
    async fn start(router: Router) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free local port");
        let origin = format!("http://{}", listener.local_addr().expect("the address of a listener"));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let until = async { drop(stopped.await) };
            let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
        });
        Server { origin, task, stop }
    }

    async fn stop(self) {
        drop(self.stop);
        let _ = self.task.await;
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::{HeaderMap, Method, StatusCode};
    use serde_json::{Value, json};

    use super::{answered, event};

    fn posted(content_type: &str, body: &'static str) -> Value {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        event(&Method::POST, &"/a?b=c".parse().unwrap(), &headers, &body.into())
    }

    #[test]
    fn a_request_becomes_the_event_that_aws_makes_of_it() {
        let fields = posted("application/x-www-form-urlencoded", "type=bug");
        assert_eq!((&fields["body"], &fields["isBase64Encoded"]), (&json!("dHlwZT1idWc="), &json!(true)));
        let json = posted("application/json; charset=utf-8", "{}");
        assert_eq!((&json["body"], &json["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        assert_eq!((&json["rawPath"], &json["rawQueryString"]), (&json!("/a"), &json!("b=c")));

        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/aws.http/post--form-in-base64.json");
        let sample: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let names = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        for pointer in ["", "/requestContext", "/requestContext/http"] {
            assert_eq!(names(fields.pointer(pointer).unwrap()), names(sample.pointer(pointer).unwrap()), "{pointer}");
        }
    }

    #[tokio::test]
    async fn an_answer_becomes_the_response_that_aws_makes_of_it() {
        let read = async |answer: Value| {
            let response = answered(answer.to_string().as_bytes())?;
            let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
            let status = response.status();
            let body = to_bytes(response.into_body(), 1024).await.unwrap();
            Some((status, content_type, String::from_utf8(body.to_vec()).unwrap()))
        };
        let json = "application/json".to_owned();
        let html = json!({"statusCode": 202, "headers": {"content-type": "text/html"}, "body": "<p>"});
        assert_eq!(read(html).await, Some((StatusCode::ACCEPTED, "text/html".into(), "<p>".into())));
        let coded = json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true});
        assert_eq!(read(coded).await, Some((StatusCode::OK, json.clone(), "hi".into())));
        assert_eq!(read(json!({"digest": true})).await, Some((StatusCode::OK, json, r#"{"digest":true}"#.into())));
        assert_eq!(read(json!({"statusCode": "many"})).await, None);
    }
}

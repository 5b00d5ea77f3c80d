//! The smoke check: one request through the load balancer to the slot that has no traffic yet.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::byte_stream::ByteStream;
use signalbox_domain::definition::Smoke;
use signalbox_domain::observation::ProbeAnswer;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::Release;

use crate::words::plain;

/// The time for the whole exchange, the body included.
const WHOLE: Duration = Duration::from_secs(8);
/// The time for a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// The time from the request to the beginning of its answer.
const ANSWER: Duration = Duration::from_secs(5);
/// As much of a body is read.
const MOST_BODY: usize = 64 * 1024;
/// As much is repeated of what was expected and of what came, in characters.
const MOST_SAID: usize = 80;

/// Whoever asks a release how it is. It uses the SDK's HTTPS client, which follows no redirects: with
/// timeouts of its own, so the SDK would keep a connector of its own for it anyway.
#[derive(Clone, Debug, Default)]
pub struct SmokeCheck {
    /// Made when it is first needed: most looks ask nobody.
    connector: Arc<OnceLock<Connector>>,
}

impl SmokeCheck {
    /// Asks `slot`, which is to answer as `release`.
    pub async fn ask(&self, smoke: &Smoke, slot: Slot, release: &Release) -> ProbeAnswer {
        self.ask_within(WHOLE, smoke, slot, release).await
    }

    async fn ask_within(&self, limit: Duration, smoke: &Smoke, slot: Slot, release: &Release) -> ProbeAnswer {
        let exchange = async {
            let answer = self.connector().call(request(smoke, slot)?).await.map_err(|error| in_words(&error))?;
            let status = answer.status().as_u16();
            if status != smoke.status {
                return Ok(ProbeAnswer::Refused(format!("answered {status} instead of {}", smoke.status)));
            }
            let Some(text) = &smoke.contains else { return Ok(ProbeAnswer::Passed) };
            let body = beginning(ByteStream::new(answer.into_body())).await?;
            Ok(search(&body, &text.replace("{release}", release.as_str())))
        };
        let late = |_| Err(format!("there was no complete answer within {limit:?}"));
        tokio::time::timeout(limit, exchange).await.unwrap_or_else(late).unwrap_or_else(ProbeAnswer::Unanswered)
    }

    fn connector(&self) -> &Connector {
        self.connector.get_or_init(|| {
            let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(ANSWER).build();
            Connector::builder().connector_settings(settings).tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
        })
    }
}

/// What cannot be sent names its field and repeats nothing: a header may hold a secret.
fn request(smoke: &Smoke, slot: Slot) -> Result<HttpRequest, String> {
    let mut request = HttpRequest::get(&smoke.url).map_err(|_| "smoke.url is not an address".to_owned())?;
    let headers = request.headers_mut();
    headers.insert("user-agent", "signalbox-smoke");
    for (name, value) in &smoke.header {
        headers
            .try_insert(name.clone(), value.replace("{slot}", &slot.to_string()))
            .map_err(|_| format!("smoke.header[{:?}] is not a header", plain(name, MOST_SAID)))?;
    }
    Ok(request)
}

/// The beginning of a body: what comes after it is not waited for.
async fn beginning(mut body: ByteStream) -> Result<String, String> {
    let mut read = Vec::new();
    while read.len() < MOST_BODY
        && let Some(part) = body.next().await
    {
        read.extend_from_slice(&part.map_err(|error| format!("its answer broke off: {}", innermost(&error)))?);
    }
    read.truncate(MOST_BODY);
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn search(body: &str, text: &str) -> ProbeAnswer {
    if body.contains(text) {
        return ProbeAnswer::Passed;
    }
    let (text, body) = (plain(text, MOST_SAID), plain(body, MOST_SAID));
    ProbeAnswer::Refused(format!("the body does not contain \"{text}\"; it begins with \"{body}\""))
}

/// Why nobody answered.
fn in_words(error: &ConnectorError) -> String {
    let cause = innermost(error);
    if error.is_timeout() {
        return format!("there was no connection within {CONNECT:?}, or no answer within {ANSWER:?}");
    }
    match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection was refused".to_owned(),
        Some(_) | None => format!("it could not be asked: {}", plain(&cause.to_string(), MOST_SAID)),
    }
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{HeaderMap, StatusCode, header};
    use axum::response::Redirect;
    use axum::routing::get;
    use futures_util::{StreamExt, stream};
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::*;

    const SOON: Duration = Duration::from_millis(400);

    /// A listener with a rule for each slot's header in front of two releases.
    async fn listener() -> String {
        let routed = |headers: HeaderMap| async move {
            assert_eq!(headers[header::USER_AGENT], "signalbox-smoke");
            match headers.get("x-slot").map(|slot| slot.as_bytes()) {
                Some(b"green") => "release v2, slot green\n",
                Some(_) | None => "release v1, slot blue\n",
            }
        };
        let slowly = || async {
            let begun = stream::iter([Ok::<_, io::Error>("begun")]);
            Body::from_stream(begun.chain(stream::pending()))
        };
        let huge = || async { format!("{}v2", "x".repeat(MOST_BODY)) };
        let app = Router::new()
            .route("/", get(routed))
            .route("/sick", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
            .route("/moved", get(|| async { Redirect::to("/") }))
            .route("/slow", get(slowly))
            .route("/huge", get(huge));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, app).await.unwrap() });
        address
    }

    async fn ask(url: &str, more: Value) -> ProbeAnswer {
        let mut document = json!({"url": url, "header": {"x-slot": "{slot}"}});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let smoke: Smoke = serde_json::from_value(document).unwrap();
        SmokeCheck::default().ask_within(SOON, &smoke, Slot::Green, &"v2".parse().unwrap()).await
    }

    fn refused(why: &str) -> ProbeAnswer {
        ProbeAnswer::Refused(why.to_owned())
    }

    #[tokio::test]
    async fn the_header_decides_which_slot_answers() {
        let at = listener().await;
        let release = json!({"contains": "release {release}, slot green"});
        assert_eq!(ask(&at, release.clone()).await, ProbeAnswer::Passed);
        let mut without = release;
        without["header"] = json!({});
        let why = "the body does not contain \"release v2, slot green\"; it begins with \"release v1, slot blue \"";
        assert_eq!(ask(&at, without).await, refused(why));
    }

    #[tokio::test]
    async fn the_status_is_the_one_that_came() {
        let at = listener().await;
        assert_eq!(ask(&format!("{at}/sick"), json!({})).await, refused("answered 503 instead of 200"));
        assert_eq!(ask(&format!("{at}/sick"), json!({"status": 503})).await, ProbeAnswer::Passed);
        assert_eq!(ask(&format!("{at}/moved"), json!({})).await, refused("answered 303 instead of 200"));
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_takes_no_longer_than_it_may() {
        let slow = format!("{}/slow", listener().await);
        let late = ProbeAnswer::Unanswered("there was no complete answer within 400ms".to_owned());
        assert_eq!(ask(&slow, json!({"contains": "v2"})).await, late);
        assert_eq!(ask(&slow, json!({})).await, ProbeAnswer::Passed, "nobody asked for the body");
    }

    #[tokio::test]
    async fn a_huge_body_is_cut() {
        let huge = format!("{}/huge", listener().await);
        assert_eq!(ask(&huge, json!({"contains": "xxx"})).await, ProbeAnswer::Passed);
        let why = format!("the body does not contain \"v2\"; it begins with \"{}\"", "x".repeat(MOST_SAID));
        assert_eq!(ask(&huge, json!({"contains": "{release}"})).await, refused(&why));
    }

    #[tokio::test]
    async fn nobody_there_is_no_answer() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let free = format!("http://{}/", socket.local_addr().unwrap());
        drop(socket);
        let why = ProbeAnswer::Unanswered("the connection was refused".to_owned());
        assert_eq!(ask(&free, json!({})).await, why);
        let ProbeAnswer::Unanswered(why) = ask("https://no-such-host.invalid/", json!({})).await else { panic!() };
        assert!(why.starts_with("it could not be asked: ") || why.contains("within"), "{why}");
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_named_and_not_repeated() {
        let unanswered = |why: &str| ProbeAnswer::Unanswered(why.to_owned());
        assert_eq!(ask("http://nobody here/", json!({})).await, unanswered("smoke.url is not an address"));
        let header = json!({"header": {"x-key": "sec\nret"}});
        assert_eq!(ask("http://localhost/", header).await, unanswered("smoke.header[\"x-key\"] is not a header"));
        let header = json!({"header": {"x key": "secret"}});
        assert_eq!(ask("http://localhost/", header).await, unanswered("smoke.header[\"x key\"] is not a header"));
    }
}

//! A request by HTTP, as a function URL and API Gateway send it, payload format 2.0
//! ([shape](https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads)).

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::report::{Document, LONGEST_BODY};

use super::answer::Told;
use super::arrival::{Arrival, Arrived, Asked, ReportEvent};
use crate::opaque::Opaque;
use crate::strict;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    request_context: RequestContext,
    #[serde(default)]
    headers: HashMap<String, Value>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: Opaque<128>,
    http: Http,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

/// How a body is written.
enum Written {
    Json,
    Form,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str())
    }

    /// A body that does not say how it is written is taken for JSON.
    fn written(&self) -> Option<Written> {
        let media_type = self.header("content-type").unwrap_or("application/json");
        match media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => Some(Written::Json),
            "application/x-www-form-urlencoded" => Some(Written::Form),
            _ => None,
        }
    }

    /// The bytes of the body; `None` where they are not what they are said to be.
    fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded { STANDARD.decode(body).ok().map(Cow::Owned) } else { Some(body.as_bytes().into()) }
    }

    fn asked(&self) -> Asked {
        match self.request_context.http.method.as_str() {
            "POST" => self.posted(),
            "OPTIONS" => Asked::Answer(Told::Preflight),
            _ => Asked::Answer(Told::NotAllowed),
        }
    }

    fn posted(&self) -> Asked {
        let Some(written) = self.written() else { return Asked::Answer(Told::UnknownType) };
        let Some(bytes) = self.bytes() else {
            return rejected(Mistake::at(".", "is not the base64 that it is said to be"));
        };
        if bytes.len() > LONGEST_BODY {
            return Asked::Answer(Told::TooLarge);
        }
        let document = match written {
            Written::Form => Document::from_form(&bytes),
            Written::Json => {
                str::from_utf8(&bytes).map_err(|_| Mistake::at(".", "this is not JSON")).and_then(Document::from_json)
            }
        };
        let arrived = match document {
            Ok(document) if document.is_trapped() => Arrived::Trapped,
            document => Arrived::of(&self.request_context.request_id.0, document, "."),
        };
        Asked::Report(Arrival { record: ".".to_owned(), arrived })
    }
}

fn rejected(mistake: Mistake) -> Asked {
    Asked::Report(Arrival { record: ".".to_owned(), arrived: Arrived::Rejected(mistake) })
}

pub(crate) fn parse(event: &Value) -> Result<ReportEvent, Mistake> {
    let request: Request = strict::read(event)?;
    Ok(ReportEvent::Http {
        origin: request.header("origin").map(str::to_owned),
        to_be_shown: request.header("accept").is_some_and(|accepted| accepted.contains("text/html")),
        asked: request.asked(),
    })
}

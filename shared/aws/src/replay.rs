//! AWS as a row of answers that the tests of this crate give, one after the other. The SDK's own way to do this
//! would have every SDK crate built twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_cbor::Encoder;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::Value;

/// One answer.
#[derive(Debug)]
pub(crate) enum Given {
    /// This one.
    Answer { status: u16, protocol: &'static str, body: Vec<u8> },
    /// The connection breaks off.
    Nothing,
}

impl Given {
    /// As most services answer.
    pub(crate) fn json(status: u16, body: &Value) -> Given {
        Given::Answer { status, protocol: "", body: body.to_string().into_bytes() }
    }

    /// As CloudWatch answers: numbers are doubles, and `{"epoch": seconds}` is a time.
    pub(crate) fn cbor(body: &Value) -> Given {
        let mut encoder = Encoder::new(Vec::new());
        encode(&mut encoder, body);
        Given::Answer { status: 200, protocol: "rpc-v2-cbor", body: encoder.into_writer() }
    }
}

fn encode(encoder: &mut Encoder, value: &Value) {
    match value {
        Value::Object(fields) => match fields.get("epoch").and_then(Value::as_i64) {
            Some(seconds) => {
                encoder.timestamp(&DateTime::from_secs(seconds));
            }
            None => {
                encoder.begin_map();
                for (name, field) in fields {
                    encoder.str(name);
                    encode(encoder, field);
                }
                encoder.end();
            }
        },
        Value::Array(items) => {
            encoder.begin_array();
            for item in items {
                encode(encoder, item);
            }
            encoder.end();
        }
        Value::String(text) => {
            encoder.str(text);
        }
        Value::Number(number) => {
            encoder.double(number.as_f64().unwrap());
        }
        Value::Bool(_) | Value::Null => panic!("nothing that is answered holds {value}"),
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) uri: String,
    /// The header that names the region that the request was signed for.
    pub(crate) authorization: String,
    /// As text: of CBOR at least what is text in it.
    pub(crate) body: String,
}

/// The answers that are left, and what was asked so far.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    left: Arc<Mutex<VecDeque<Given>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Replay {
    /// Gives these answers.
    pub(crate) fn of(answers: Vec<Given>) -> Replay {
        Replay { left: Arc::new(Mutex::new(answers.into())), asked: Arc::default() }
    }

    /// The configuration of clients in eu-west-1 that ask it. They ask once.
    pub(crate) fn config(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "tests")))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        self.asked.lock().unwrap().push(Asked {
            uri: request.uri().to_owned(),
            authorization: request.headers().get("authorization").unwrap_or_default().to_owned(),
            body: body.into_owned(),
        });
        let given = self.left.lock().unwrap().pop_front().expect("an answer is left");
        HttpConnectorFuture::ready(match given {
            Given::Nothing => Err(ConnectorError::io("the connection broke off".into())),
            Given::Answer { status, protocol, body } => {
                let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                if !protocol.is_empty() {
                    response.headers_mut().insert("smithy-protocol", protocol);
                }
                Ok(response)
            }
        })
    }
}

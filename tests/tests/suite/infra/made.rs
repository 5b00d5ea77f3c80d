//! What Terraform made, read back from the emulator: by the names in the outputs, never from a copy of ours.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use signalbox_tests::build;
use signalbox_tests::http;
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::{Function, Launch, REGION};

use super::patterns::selects;

/// A function as it was created.
pub(crate) struct Made {
    /// Its name: `signalbox-deployer`.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Its variables.
    pub(crate) environment: Vec<(String, String)>,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

impl Made {
    /// The function of this name.
    pub(crate) async fn read(moto: &Moto, name: &str) -> Made {
        let path = format!("/2015-03-31/functions/{name}/configuration");
        let answer = http::send(moto.endpoint(), Method::GET, &path, &[("authorization", &signed("lambda"))], "").await;
        assert_eq!(answer.status, 200, "GetFunctionConfiguration {name}: {}", answer.text());
        let configuration = answer.json();
        let variables = configuration["Environment"]["Variables"].as_object().expect("variables").iter();
        Made {
            name: name.to_owned(),
            arn: configuration["FunctionArn"].as_str().expect("an ARN").to_owned(),
            environment: variables.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
            timeout: Duration::from_secs(configuration["Timeout"].as_u64().expect("a timeout")),
        }
    }

    /// One of its variables.
    pub(crate) fn variable(&self, name: &str) -> &str {
        let found = self.environment.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("{} has no {name}: {:?}", self.name, self.environment)).1
    }

    /// The real binary, under this name and with these variables. Only the endpoint is added: AWS's own needs none.
    pub(crate) async fn start(&self, moto: &Moto, binary: &str) -> Function {
        let program: PathBuf = build::binary(binary);
        let launch = Launch::program(&self.name, program).env(&self.environment);
        launch.env(&[("AWS_ENDPOINT_URL", moto.endpoint())]).start().await
    }
}

/// A rule and where it sends what it selects.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// What it selects.
    pub(crate) pattern: Option<Value>,
    /// When it goes off by itself.
    pub(crate) schedule: Option<String>,
    /// What its target gets in place of the event.
    pub(crate) input: Option<Value>,
    /// Its targets' ARNs.
    pub(crate) targets: Vec<String>,
}

impl Rule {
    /// All rules.
    pub(crate) async fn all(moto: &Moto) -> Vec<Rule> {
        let mut rules = Vec::new();
        let listed = events(moto, "ListRules", &json!({})).await;
        for rule in listed["Rules"].as_array().expect("rules") {
            let text = |field: &str| rule[field].as_str().map(str::to_owned);
            let name = text("Name").expect("a rule's name");
            assert_eq!(rule["State"], "ENABLED", "{name}");
            let targets = events(moto, "ListTargetsByRule", &json!({ "Rule": name })).await;
            let targets = targets["Targets"].as_array().expect("targets");
            // A command has one. What a pattern selects is passed on as it is.
            let input = targets.iter().find_map(|target| target["Input"].as_str());
            assert!(input.is_none() || (targets.len() == 1 && text("EventPattern").is_none()), "{name}: {targets:?}");
            let arns = targets.iter().map(|target| {
                for changed in ["InputPath", "InputTransformer"] {
                    assert!(target[changed].is_null(), "{name} rewrites events: {target}");
                }
                assert!(target["DeadLetterConfig"]["Arn"].is_string(), "{name} loses what it cannot deliver: {target}");
                target["Arn"].as_str().expect("a target's ARN").to_owned()
            });
            rules.push(Rule {
                arn: text("Arn").expect("a rule's ARN"),
                pattern: text("EventPattern").map(|pattern| serde_json::from_str(&pattern).expect("a pattern")),
                schedule: text("ScheduleExpression"),
                input: input.map(|input| serde_json::from_str(input).expect("JSON")),
                targets: arns.collect(),
                name,
            });
        }
        rules
    }
}

/// The ARNs of the targets that get `event`, in order; one that gets it twice is in it twice.
pub(crate) fn receivers<'a>(rules: &'a [Rule], event: &Value) -> Vec<&'a str> {
    let selecting = rules.iter().filter(|rule| rule.pattern.as_ref().is_some_and(|pattern| selects(pattern, event)));
    let mut targets: Vec<&str> = selecting.flat_map(|rule| rule.targets.iter().map(String::as_str)).collect();
    targets.sort_unstable();
    targets
}

/// A hosted zone, which a stack with a domain of its own needs beforehand; returns its id.
pub(crate) async fn hosted_zone(moto: &Moto, name: &str) -> String {
    let body = format!(
        r#"<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">
        <Name>{name}</Name><CallerReference>test</CallerReference></CreateHostedZoneRequest>"#
    );
    let headers = [("authorization", signed("route53")), ("content-type", "application/xml".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = http::send(moto.endpoint(), Method::POST, "/2013-04-01/hostedzone", &headers, body).await;
    let text = answer.text();
    let id = text.split_once("<Id>/hostedzone/").and_then(|(_, rest)| rest.split_once("</Id>"));
    id.unwrap_or_else(|| panic!("CreateHostedZone: {text}")).0.to_owned()
}

async fn events(moto: &Moto, operation: &str, parameters: &Value) -> Value {
    let (target, authorization) = (format!("AWSEvents.{operation}"), signed("events"));
    let headers = [
        ("x-amz-target", target.as_str()),
        ("content-type", "application/x-amz-json-1.1"),
        ("authorization", &authorization),
    ];
    let answer = http::send(moto.endpoint(), Method::POST, "/", &headers, parameters.to_string()).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
    answer.json()
}

/// As much of a signature as the emulator reads: which service is meant, and where.
fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

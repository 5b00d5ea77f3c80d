//! Finding, reading and changing samples.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use signalbox_domain::billing::{self, BudgetAlert};
use signalbox_domain::definition::Arn;
use signalbox_domain::trigger::{AlarmState, Origin, ReportCause, ScalingKind, Word};

use crate::{Arrival, Arrived, Asked, Context, EventError, Incoming, LifecycleKind, ReportEvent, Told};

pub(super) const REQUEST: &str = "b1a2c3d4-0000-4000-8000-000000000001";
pub(super) const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:codedetect-prod-alerts";
/// Where CloudWatch knows what AWS charges, which is one Region for all of them.
pub(super) const BILLING_TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:codedetect-prod-billing";

pub(super) const REPORTS_TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:codedetect-prod-reports";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Deployer,
    Replacer,
    Rollback,
    BillingGuard,
    Reporter,
}
pub(super) use Function::{BillingGuard, Deployer, Replacer, Reporter, Rollback};

/// What a function makes of an event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Read {
    Nudge(Incoming),
    Digest,
    Resend,
    Record(Arrival),
    Http(Option<String>, Asked),
}

impl Function {
    pub(super) const ALL: [Function; 5] = [Deployer, Replacer, Rollback, BillingGuard, Reporter];

    /// What the function makes of `event`, believing our own topics.
    pub(super) fn read(self, event: &Value) -> Result<Vec<Incoming>, EventError> {
        self.read_trusting(event, &trusted())
    }

    /// The same for every function, the reporter too.
    pub(super) fn understand(self, event: &Value) -> Result<Vec<Read>, EventError> {
        if self != Reporter {
            return Ok(self.read(event)?.into_iter().map(Read::Nudge).collect());
        }
        let context = Context { request_id: REQUEST, trusted_topics: &trusted() };
        Ok(match crate::reporter(event, &context)? {
            ReportEvent::Digest => vec![Read::Digest],
            ReportEvent::Resend => vec![Read::Resend],
            ReportEvent::Records(arrivals) => arrivals.into_iter().map(Read::Record).collect(),
            ReportEvent::Http { origin, asked, .. } => vec![Read::Http(origin, asked)],
        })
    }

    pub(super) fn read_trusting(self, event: &Value, trusted_topics: &[Arn]) -> Result<Vec<Incoming>, EventError> {
        let context = Context { request_id: REQUEST, trusted_topics };
        match self {
            Deployer => crate::deployer(event, &context),
            Replacer => crate::replacer(event, &context),
            Rollback => crate::rollback(event, &context).map(|incoming| vec![incoming]),
            BillingGuard => crate::billing_guard(event, &context),
            Reporter => panic!("what the reporter reads is no nudge"),
        }
    }
}

fn trusted() -> [Arn; 3] {
    [TOPIC, BILLING_TOPIC, REPORTS_TOPIC].map(|topic| topic.to_owned().try_into().unwrap())
}

/// The rows of the README's table: sample, and the functions that are named there.
pub(super) fn readme_rows() -> Vec<(String, Vec<Function>)> {
    let function = |name: &str| match name {
        "deployer" => Deployer,
        "replacer" => Replacer,
        "rollback" => Rollback,
        "billing-guard" => BillingGuard,
        "reporter" => Reporter,
        other => panic!("the README knows no function {other}"),
    };
    let row = |line: &str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once(".json` | ")?;
        let functions = rest.split(" | ").nth(1).unwrap().split(", ").map(function).collect();
        Some((name.to_owned(), functions))
    };
    std::fs::read_to_string(folder().join("README.md")).unwrap().lines().filter_map(row).collect()
}

/// The functions of every sample that the README lists.
pub(super) fn listed() -> BTreeMap<String, Vec<Function>> {
    readme_rows().into_iter().collect()
}

/// The functions that accept a sample.
pub(super) fn functions(sample: &str) -> Vec<Function> {
    listed().remove(sample).unwrap_or_else(|| panic!("the README lists no sample {sample}"))
}

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

/// Every sample by its name, such as `aws.events/scheduled-event`.
pub(super) fn all() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for source in std::fs::read_dir(folder()).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(source.path()).unwrap() {
            let path = file.unwrap().path();
            let name = format!("{}/{}", source.file_name().display(), path.file_stem().unwrap().display());
            assert_eq!(path.extension().unwrap(), "json", "{name}");
            found.insert(name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap());
        }
    }
    assert!(!found.is_empty());
    found
}

pub(super) fn sample(name: &str) -> Value {
    all().remove(name).unwrap_or_else(|| panic!("there is no sample {name}"))
}

/// The pointers of everything inside `value`: fields, elements and what is in them.
pub(super) fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, into: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => fields.iter().map(|(key, child)| (key.replace('/', "~1"), child)).collect(),
            Value::Array(elements) => elements.iter().enumerate().map(|(i, child)| (i.to_string(), child)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (key, child) in children {
            let place = format!("{at}/{key}");
            walk(child, &place, into);
            into.push(place);
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// `event` with the place taken out.
pub(super) fn without(event: &Value, place: &str) -> Value {
    let mut event = event.clone();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(&key.replace("~1", "/"))),
        Value::Array(elements) => drop(elements.remove(key.parse().unwrap())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("nothing is inside of {parent}"),
    }
    event
}

/// `event` with something else in that place.
pub(super) fn with(event: &Value, place: &str, value: impl Into<Value>) -> Value {
    let mut event = event.clone();
    if let Some(existing) = event.pointer_mut(place) {
        *existing = value.into();
    } else {
        let (parent, key) = place.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[key] = value.into();
    }
    event
}

/// Applies `change` to every place of `event` and, where it carries a message with JSON in it,
/// of that message: what was changed, and the changed event.
pub(super) fn changed_everywhere(event: &Value, change: impl Fn(&Value, &str) -> Value) -> Vec<(String, Value)> {
    let mut changed: Vec<_> = places(event).into_iter().map(|at| (at.clone(), change(event, &at))).collect();
    let message = "/Records/0/Sns/Message";
    if let Some(text) = event.pointer(message).and_then(Value::as_str)
        && let Ok(inner) = serde_json::from_str::<Value>(text)
    {
        for at in places(&inner) {
            changed.push((format!("{message}{at}"), with(event, message, change(&inner, &at).to_string())));
        }
    }
    changed
}

/// The same for every function.
pub(super) fn told(read: &Read) -> String {
    match read {
        Read::Nudge(incoming) => summary(incoming),
        Read::Digest => "a digest is due".to_owned(),
        Read::Resend => "what is owed is to be sent".to_owned(),
        Read::Record(arrival) => arrived(arrival),
        Read::Http(_, Asked::Report(arrival)) => format!("by HTTP: {}", arrived(arrival)),
        Read::Http(_, Asked::Answer(Told::Preflight)) => "by HTTP: may I".to_owned(),
        Read::Http(_, Asked::Answer(told)) => format!("by HTTP: {told:?}"),
    }
}

fn arrived(arrival: &Arrival) -> String {
    match &arrival.arrived {
        Arrived::Report(received) => {
            let report = &received.report;
            let (kind, email, id) = (report.kind.name(), report.email.as_str(), &received.id);
            format!("{kind} of {email} as {id}: {}", report.message.replace('\n', " / "))
        }
        Arrived::Trapped => "trapped".to_owned(),
        Arrived::Ignored { reason } => format!("irrelevant: {reason}"),
        Arrived::Rejected(mistake) => format!("rejected: {mistake}"),
    }
}

/// One line that says what was read, for tables and comparisons.
pub(super) fn summary(incoming: &Incoming) -> String {
    match incoming {
        Incoming::Heartbeat => "heartbeat".to_owned(),
        Incoming::AlarmChanged(change) => format!("{} {} {}", change.alarm, state(change.state), change.at),
        Incoming::GroupScaled(event) => {
            let what = match event.kind {
                ScalingKind::Launched => "launched",
                ScalingKind::LaunchFailed => "did not launch",
                ScalingKind::Terminated => "terminated",
                ScalingKind::TerminateFailed => "did not terminate",
            };
            let instance = event.instance.as_ref().map_or("an instance", |id| id.as_str());
            format!("{} {what} {instance} {}", event.group, event.at)
        }
        Incoming::Lifecycle(event) => {
            let way = match event.kind {
                LifecycleKind::Launching => "launching",
                LifecycleKind::Terminating => "terminating",
            };
            format!("{} holds {} at {} while {way} {}", event.group, event.instance, event.hook, event.at)
        }
        Incoming::InstancesReported(report) => {
            let instances: Vec<&str> = report.instances.iter().map(|id| id.as_str()).collect();
            let ends = report.ends.map(|at| format!(" at {at}")).unwrap_or_default();
            format!("{} {}{ends} {}", instances.join(", "), said(report.cause, report.withdrawn), report.at)
        }
        Incoming::Replace { service, instance, reason } => format!("replace {instance} of {service}: {reason}"),
        Incoming::Deploy { service, request } => {
            format!("deploy {} to {service} as {} {}", request.release, request.id, origin(request.origin))
        }
        Incoming::Rollback { service, request } => {
            let from = request.from.as_ref().map_or("anything", |release| release.as_str());
            format!("roll {service} back from {from} as {} {}", request.id, origin(request.origin))
        }
        Incoming::Said { service, word } => {
            let word = match word {
                Word::Promote => "promote",
                Word::Pause => "pause",
                Word::Resume => "resume",
                Word::Abort => "abort",
            };
            format!("{word} {service}")
        }
        Incoming::Adopt { service, live, release } => format!("{live} of {service} runs {release}"),
        Incoming::Freeze { service, until, reason } => {
            let until = until.map_or_else(|| "thawed".to_owned(), |until| until.to_string());
            format!("freeze {service} until {until}: {reason}")
        }
        Incoming::Plan { service, request } => format!("plan {} for {service}", request.release),
        Incoming::Thaw { service } => format!("thaw {service}"),
        Incoming::Status { service } => format!("status of {service}"),
        Incoming::Billing(trigger) => charges(trigger),
        Incoming::Irrelevant { reason } => format!("irrelevant: {reason}"),
    }
}

fn charges(trigger: &billing::Trigger) -> String {
    use billing::Trigger;
    match trigger {
        Trigger::Heartbeat => "look at the charges".to_owned(),
        Trigger::AlarmChanged => "an alarm on charges".to_owned(),
        Trigger::BudgetReported(report) => {
            let alert = match report.alert {
                BudgetAlert::Actual => "charged",
                BudgetAlert::Forecasted => "expected",
            };
            format!("{} {alert}", report.amount)
        }
        Trigger::Status => "status of the charges".to_owned(),
        Trigger::Preview => "preview of the rungs".to_owned(),
        Trigger::Release { reason } => format!("release: {reason}"),
        Trigger::Confirm { reason } => format!("confirm: {reason}"),
        Trigger::Exempt { until, owner, reason } => format!("exempt until {until} by {owner}: {reason}"),
    }
}

fn said(cause: ReportCause, withdrawn: bool) -> &'static str {
    match cause {
        ReportCause::ScheduledChange if withdrawn => "will not be changed",
        ReportCause::ScheduledChange => "will be changed",
        ReportCause::SpotInterruption => "will be interrupted",
        ReportCause::RebalanceRecommended => "had better be moved",
        ReportCause::Stopping => "stops",
        ReportCause::Stopped => "is stopped",
        ReportCause::ShuttingDown => "shuts down",
        ReportCause::Terminated => "is terminated",
    }
}

fn state(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Ok => "OK",
        AlarmState::Alarm => "ALARM",
        AlarmState::InsufficientData => "INSUFFICIENT_DATA",
    }
}

fn origin(origin: Origin) -> String {
    match origin {
        Origin::Invoke => "by invoke".to_owned(),
        Origin::Event { at } => format!("by event of {at}"),
    }
}

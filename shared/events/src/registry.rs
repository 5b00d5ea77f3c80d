//! Which parser claims what, for each function. Adding an event is adding a line here.

use serde_json::Value;

use crate::alarm::{self, Alarm};
use crate::error::EventError;
use crate::incoming::{Context, Incoming};
use crate::report::{self, ReportEvent};
use crate::shape::Shape;
use crate::{billing, command, deploy, health, heartbeat, instance, lifecycle, replace, rollback, scaling, sns};

/// One accepted event: what it looks like and how it is read.
pub(crate) struct Parser<T> {
    /// What the tests call it.
    #[cfg_attr(not(test), allow(dead_code, reason = "names who claimed what where a test fails"))]
    pub(crate) name: &'static str,
    /// Whether an event of this shape is this parser's.
    pub(crate) claims: fn(Shape<'_>) -> bool,
    parse: fn(&Value, &Context<'_>) -> Result<T, EventError>,
}

/// What a function accepts, in parts that functions may share.
pub(crate) type Accepted<T> = &'static [&'static [Parser<T>]];

/// What the deployer accepts.
pub(crate) const DEPLOYER: Accepted<Vec<Incoming>> = &[HEARTBEATS, NUDGES, DEPLOYS];

/// What the replacer accepts.
pub(crate) const REPLACER: Accepted<Vec<Incoming>> = &[HEARTBEATS, NUDGES, REPLACEMENTS];

/// What the billing guard accepts.
pub(crate) const BILLING_GUARD: Accepted<Vec<Incoming>> = &[HEARTBEATS, CHARGES];

/// What the reporter accepts.
pub(crate) const REPORTER: Accepted<ReportEvent> = &[REPORTS];

/// What the rollback function accepts.
pub(crate) const ROLLBACK: Accepted<Incoming> = &[ROLLBACKS];

/// What tells a function that time has passed.
const HEARTBEATS: &[Parser<Vec<Incoming>>] = &[
    Parser { name: "heartbeat, by rule", claims: heartbeat::claims_rule, parse: |_, _| Ok(vec![Incoming::Heartbeat]) },
    Parser {
        name: "heartbeat, by schedule",
        claims: |shape| shape == Shape::Heartbeat,
        parse: |event, _| one(heartbeat::parse(event)),
    },
];

/// What nudges every function that looks after a service.
const NUDGES: &[Parser<Vec<Incoming>>] = &[
    Parser {
        name: "alarm, by EventBridge",
        claims: alarm::eventbridge::claims,
        parse: |event, _| one(alarm::eventbridge::read(event).map(Alarm::for_services)),
    },
    Parser {
        name: "alarm, by its own action",
        claims: |shape| shape == Shape::AlarmAction,
        parse: |event, _| one(alarm::direct::read(event).map(Alarm::for_services)),
    },
    Parser {
        name: "notifications of SNS",
        claims: |shape| shape == Shape::Notifications,
        parse: |event, context| sns::parse(sns::FOR_SERVICES, event, context),
    },
    Parser { name: "scaling", claims: scaling::claims, parse: |event, _| one(scaling::parse(event)) },
];

/// What nudges the billing guard, and what is asked of it.
const CHARGES: &[Parser<Vec<Incoming>>] = &[
    Parser {
        name: "alarm on charges, by EventBridge",
        claims: alarm::eventbridge::claims,
        parse: |event, _| one(alarm::eventbridge::read(event).map(Alarm::for_billing)),
    },
    Parser {
        name: "alarm on charges, by its own action",
        claims: |shape| shape == Shape::AlarmAction,
        parse: |event, _| one(alarm::direct::read(event).map(Alarm::for_billing)),
    },
    Parser {
        name: "notifications of SNS on charges",
        claims: |shape| shape == Shape::Notifications,
        parse: |event, context| sns::parse(sns::FOR_BILLING, event, context),
    },
    Parser {
        name: "command of the billing guard",
        claims: |shape| shape == Shape::Command,
        parse: |event, _| one(billing::command::parse(event)),
    },
];

/// What is asked of the deployer.
const DEPLOYS: &[Parser<Vec<Incoming>>] = &[
    Parser {
        name: "deploy, by EventBridge",
        claims: deploy::claims,
        parse: |event, _| one(deploy::parse_event(event)),
    },
    Parser {
        name: "command of the deployer",
        claims: |shape| shape == Shape::Command,
        parse: |event, context| one(command::parse(event, context)),
    },
];

/// What the replacer hears of instances, and what is asked of it.
const REPLACEMENTS: &[Parser<Vec<Incoming>>] = &[
    Parser { name: "lifecycle action", claims: lifecycle::claims, parse: |event, _| one(lifecycle::parse(event)) },
    Parser { name: "instance of EC2", claims: instance::claims, parse: |event, _| one(instance::parse(event)) },
    Parser { name: "AWS Health", claims: health::claims, parse: |event, _| Ok(health::parse(event)?) },
    Parser {
        name: "command of the replacer",
        claims: |shape| shape == Shape::Command,
        parse: |event, _| one(replace::parse(event)),
    },
];

/// What is asked of the rollback function.
const ROLLBACKS: &[Parser<Incoming>] = &[
    Parser {
        name: "rollback, by EventBridge",
        claims: rollback::claims,
        parse: |event, _| Ok(rollback::parse_event(event)?),
    },
    Parser {
        name: "rollback, by direct invoke",
        claims: |shape| shape == Shape::Request,
        parse: |event, context| Ok(rollback::parse_invoke(event, context)?),
    },
];

/// How reports come, and what says that a digest is due.
const REPORTS: &[Parser<ReportEvent>] = &[
    Parser { name: "digest, by rule", claims: heartbeat::claims_rule, parse: |_, _| Ok(ReportEvent::Digest) },
    Parser {
        name: "digest, by schedule",
        claims: |shape| shape == Shape::Heartbeat,
        parse: |event, _| Ok(heartbeat::parse(event).map(|_| ReportEvent::Digest)?),
    },
    Parser {
        name: "reports, through SNS",
        claims: |shape| shape == Shape::Notifications,
        parse: |event, context| sns::reports(event, context).map(ReportEvent::Records),
    },
    Parser {
        name: "report, by HTTP",
        claims: |shape| shape == Shape::Http,
        parse: |event, _| Ok(report::http::parse(event)?),
    },
    Parser {
        name: "report, by direct invoke",
        claims: |shape| shape == Shape::Report,
        parse: |event, context| Ok(report::parse_invoke(event, context)?),
    },
    Parser {
        name: "command of the reporter",
        claims: |shape| shape == Shape::Command,
        parse: |event, _| Ok(report::command::parse(event)?),
    },
];

/// Reads `event` with the parser that claims it.
pub(crate) fn parse<T>(accepted: Accepted<T>, event: &Value, context: &Context<'_>) -> Result<T, EventError> {
    let shape = Shape::of(event);
    match accepted.iter().copied().flatten().find(|parser| (parser.claims)(shape)) {
        Some(parser) => (parser.parse)(event, context),
        None => Err(EventError::unrecognized(event)),
    }
}

fn one(parsed: Result<Incoming, signalbox_domain::mistake::Mistake>) -> Result<Vec<Incoming>, EventError> {
    Ok(vec![parsed?])
}

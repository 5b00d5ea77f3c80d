//! Which parser claims what, for each function. Adding an event is adding a line here.

use serde_json::Value;

use crate::alarm;
use crate::error::EventError;
use crate::incoming::{Context, Incoming};
use crate::shape::Shape;
use crate::{command, deploy, heartbeat, rollback, scaling, sns};

/// One accepted event: what it looks like and how it is read.
pub(crate) struct Parser<T> {
    /// What the tests call it.
    #[cfg_attr(not(test), allow(dead_code, reason = "names who claimed what where a test fails"))]
    pub(crate) name: &'static str,
    /// Whether an event of this shape is this parser's.
    pub(crate) claims: fn(Shape<'_>) -> bool,
    parse: fn(&Value, &Context<'_>) -> Result<T, EventError>,
}

/// What the deployer accepts.
pub(crate) const DEPLOYER: &[Parser<Vec<Incoming>>] = &[
    Parser { name: "heartbeat, by rule", claims: heartbeat::claims_rule, parse: |_, _| Ok(vec![Incoming::Heartbeat]) },
    Parser {
        name: "heartbeat, by schedule",
        claims: |shape| shape == Shape::Heartbeat,
        parse: |event, _| one(heartbeat::parse(event)),
    },
    Parser {
        name: "alarm, by EventBridge",
        claims: alarm::eventbridge::claims,
        parse: |event, _| one(alarm::eventbridge::parse(event)),
    },
    Parser {
        name: "alarm, by its own action",
        claims: |shape| shape == Shape::AlarmAction,
        parse: |event, _| one(alarm::direct::parse(event)),
    },
    Parser { name: "notifications of SNS", claims: |shape| shape == Shape::Notifications, parse: sns::parse },
    Parser { name: "scaling", claims: scaling::claims, parse: |event, _| one(scaling::parse(event)) },
    Parser {
        name: "deploy, by EventBridge",
        claims: deploy::claims,
        parse: |event, _| one(deploy::parse_event(event)),
    },
    Parser {
        name: "command",
        claims: |shape| shape == Shape::Command,
        parse: |event, context| one(command::parse(event, context)),
    },
];

/// What the rollback function accepts.
pub(crate) const ROLLBACK: &[Parser<Incoming>] = &[
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

/// Reads `event` with the parser that claims it.
pub(crate) fn parse<T>(parsers: &[Parser<T>], event: &Value, context: &Context<'_>) -> Result<T, EventError> {
    let shape = Shape::of(event);
    match parsers.iter().find(|parser| (parser.claims)(shape)) {
        Some(parser) => (parser.parse)(event, context),
        None => Err(EventError::unrecognized(event)),
    }
}

fn one(parsed: Result<Incoming, signalbox_domain::mistake::Mistake>) -> Result<Vec<Incoming>, EventError> {
    Ok(vec![parsed?])
}

//! A light fuzz: whatever is missing or odd, nothing panics and nothing turns into something else.

use std::mem::discriminant;

use serde_json::{Value, json};

use super::samples::{self, BillingGuard, Function, changed_everywhere, with, without};
use crate::EventError;

/// Whether the place decides whose the event is, or whether it concerns a service at all;
/// without it, it may well be somebody else's.
fn decides(function: Function, name: &str, place: &str) -> bool {
    // Of an alarm's metrics it depends whether it is about what AWS charges.
    let of_metrics = ["/detail/configuration", "/alarmData/configuration", "/Records/0/Sns/Message/Trigger"];
    if function == BillingGuard && of_metrics.iter().any(|metrics| place.starts_with(metrics)) {
        return true;
    }
    let deciding: &[&str] = if name.starts_with("aws.sns/") {
        &[
            "/Records",
            "/Records/0",
            "/Records/0/Sns/Message",
            "/Records/1/Sns/Message",
            "/Records/0/Sns/Message/AlarmContributorId",
            "/Records/0/Sns/Message/Event",
            "/Records/0/Sns/MessageAttributes",
            "/Records/0/Sns/MessageAttributes/kind",
            "/Records/0/Sns/MessageAttributes/service",
            "/Records/0/Sns/MessageAttributes/severity",
        ]
    } else if name.starts_with("aws.http/") {
        &["/requestContext", "/requestContext/http"]
    } else if name.starts_with("aws.health/") {
        // Of the entities it depends whether the event is about any instance.
        if place.starts_with("/detail/affectedEntities") {
            return true;
        }
        &["/source", "/detail-type", "/detail/service", "/detail/eventTypeCategory"]
    } else {
        &["/source", "/detail-type", "/command", "/heartbeat", "/alarmData/alarmContributor"]
    };
    deciding.contains(&place)
}

fn keeps_its_meaning(name: &str, event: &Value, changed: &[(String, Value)]) {
    for function in samples::functions(name) {
        keeps_its_meaning_to(function, name, event, changed);
    }
}

fn keeps_its_meaning_to(function: Function, name: &str, event: &Value, changed: &[(String, Value)]) {
    let original = function.understand(event).unwrap();
    for (place, changed) in changed {
        match function.understand(changed) {
            Ok(read) if !decides(function, name, place) => {
                assert!(read.len() <= original.len(), "{name}{place}: {read:?}");
                for (before, after) in original.iter().zip(&read) {
                    assert_eq!(discriminant(before), discriminant(after), "{name}{place}: {after:?}");
                }
            }
            Err(EventError::Unrecognized { .. }) => {
                assert!(decides(function, name, place), "{name}{place} is unrecognised")
            }
            Ok(_) | Err(EventError::Malformed(_) | EventError::Untrusted { .. }) => {}
        }
    }
}

#[test]
fn a_sample_without_one_of_its_fields_stays_what_it_is_or_is_malformed() {
    for (name, event) in samples::all() {
        keeps_its_meaning(&name, &event, &changed_everywhere(&event, without));
    }
}

#[test]
fn a_sample_with_something_odd_in_one_place_stays_what_it_is_or_is_malformed() {
    let odd = [json!(null), json!(-1.5), json!(true), json!(""), json!([]), json!({}), json!("\u{0}\u{202e}")];
    for (name, event) in samples::all() {
        for value in &odd {
            keeps_its_meaning(&name, &event, &changed_everywhere(&event, |event, at| with(event, at, value.clone())));
        }
    }
}

#[test]
fn what_aws_adds_to_its_events_tomorrow_is_tolerated() {
    for (name, event) in samples::all() {
        let functions = samples::functions(&name);
        let ours = ["invoke/", "signalbox.ci/", "aws.scheduler/"].iter().any(|source| name.starts_with(source));
        for (place, changed) in changed_everywhere(&event, |event, at| match event.pointer(at) {
            Some(Value::Object(_)) => with(event, &format!("{at}/addedTomorrow"), json!({"x": [1]})),
            _ => event.clone(),
        }) {
            if ours {
                continue;
            }
            for function in &functions {
                assert_eq!(function.understand(&changed), function.understand(&event), "{name}{place} to {function:?}");
            }
        }
    }
}

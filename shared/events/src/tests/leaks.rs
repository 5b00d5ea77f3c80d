//! Errors go to logs and dead-letter queues: nothing of an event's contents may be in them.

use serde_json::{Value, json};

use super::samples::{self, Deployer, Function, Read, changed_everywhere, with};
use crate::{Arrival, Arrived, Asked, EventError, Incoming};

/// Text that must not come back, some of it made to look like a parser's own words.
const MARKERS: [&str; 5] = [
    "hunter2",
    "hunter2, expected hunter2",
    "x at line hunter2",
    "hunter2`, expected one of `hunter2",
    "missing field `hunter2`",
];

#[test]
fn no_error_repeats_what_was_in_the_event() {
    for (name, event) in samples::all() {
        let functions = samples::functions(&name);
        for marker in MARKERS {
            let replaced = changed_everywhere(&event, |event, place| with(event, place, marker));
            // A parser may tell what it could not make sense of behind something sound.
            let extended = changed_everywhere(&event, |event, place| {
                let sound = event.pointer(place).and_then(Value::as_str).unwrap_or_default();
                with(event, place, format!("{sound} {marker}"))
            });
            for (place, changed) in replaced.into_iter().chain(extended) {
                // These two are what an unrecognised event is named by.
                if ["/source", "/detail-type"].contains(&place.as_str()) {
                    continue;
                }
                for function in &functions {
                    assert_tells_nothing(&format!("{name}{place}"), function.understand(&changed));
                }
            }
        }
    }
}

fn assert_tells_nothing(of: &str, read: Result<Vec<Read>, EventError>) {
    match read {
        Err(error) => {
            assert!(!error.to_string().contains("hunter2"), "{of}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{of}: {error:?}");
        }
        Ok(all) => {
            for read in all {
                let outcome = match &read {
                    Read::Nudge(Incoming::Irrelevant { reason }) => reason.clone(),
                    // What is no report is told to whoever sent it, and logged.
                    Read::Record(Arrival { record, arrived: Arrived::Rejected(mistake) })
                    | Read::Http(_, Asked::Report(Arrival { record, arrived: Arrived::Rejected(mistake) })) => {
                        format!("{record} {mistake}")
                    }
                    Read::Nudge(_) | Read::Digest | Read::Resend | Read::Record(_) | Read::Http(..) => continue,
                };
                assert!(!outcome.contains("hunter2"), "{of}: {outcome}");
            }
        }
    }
}

#[test]
fn an_unrecognised_event_is_named_by_source_detail_type_and_keys() {
    let event = json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {"key": "hunter2"}});
    for function in Function::ALL {
        let error = function.understand(&event).unwrap_err();
        assert_eq!(error.error_type(), "UnrecognizedEvent");
        assert_eq!(
            error.to_string(),
            "no parser accepts this event: source aws.s3, detail-type Object Created, keys detail, detail-type, source"
        );
    }
}

#[test]
fn an_unrecognised_record_is_named_by_its_event_source() {
    let event = json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "hunter2"}}}]});
    let error = Deployer.read(&event).unwrap_err();
    assert_eq!(error.to_string(), "no parser accepts this event: source aws:s3, keys Records");
}

#[test]
fn what_is_no_object_is_unrecognised_too() {
    for event in [json!(null), json!("hunter2"), json!(2), json!([{"command": "status"}]), json!({})] {
        for function in Function::ALL {
            let error = function.understand(&event).unwrap_err();
            assert_eq!(error.error_type(), "UnrecognizedEvent", "{event}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}

#[test]
fn names_that_an_error_repeats_are_cut_and_stay_on_one_line() {
    let mut event = json!({"source": "s".repeat(5_000), "detail-type": "a\nb\u{1b}[31m"});
    for index in 0..500 {
        event[format!("key\r\n{index:03}{}", "k".repeat(500))] = json!(1);
    }
    let text = Deployer.read(&event).unwrap_err().to_string();
    assert!(text.len() < 3_000 && !text.contains(char::is_control), "{} {text}", text.len());

    let unknown = json!({"command": "status", "service": "codedetect", format!("a\n{}", "x".repeat(5_000)): 1});
    let text = Deployer.read(&unknown).unwrap_err().to_string();
    assert!(text.len() < 600 && !text.contains(char::is_control), "{} {text}", text.len());
}

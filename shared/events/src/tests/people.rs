//! Deploys, rollbacks and commands: defaults, and what is kept of what people say.

use serde_json::json;
use signalbox_domain::definition::Strategy;
use signalbox_domain::text::Span;
use signalbox_domain::trigger::{DeployRequest, OnFailure, Origin, RollbackRequest};

use super::samples::{self, Deployer, REQUEST, Replacer, Rollback, with};
use crate::{Context, Incoming};

fn deploy(event: &serde_json::Value) -> DeployRequest {
    let incoming = Deployer.read(event).unwrap().remove(0);
    let Incoming::Deploy { request, .. } = incoming else { panic!("{incoming:?}") };
    request
}

fn rollback(event: &serde_json::Value) -> RollbackRequest {
    let incoming = Rollback.read(event).unwrap().remove(0);
    let Incoming::Rollback { request, .. } = incoming else { panic!("{incoming:?}") };
    request
}

#[test]
fn a_minimal_deploy_takes_the_defaults_and_the_events_id() {
    let request = deploy(&samples::sample("signalbox.ci/deployment-requested"));
    assert_eq!(
        request,
        DeployRequest {
            id: "3c4d5e6f-7a8b-4c9d-8e0f-000000000001".parse().unwrap(),
            release: "v43".parse().unwrap(),
            strategy: None,
            fix_forward: false,
            on_failure: OnFailure::Auto,
            requested_by: None,
            origin: Origin::Event { at: "2026-11-23T01:00:03Z".parse().unwrap() },
        }
    );
}

#[test]
fn a_deploy_by_invoke_takes_the_invocations_id() {
    let request = deploy(&samples::sample("invoke/deploy"));
    assert_eq!((request.id.as_str(), request.origin), (REQUEST, Origin::Invoke));
}

#[test]
fn a_full_deploy_keeps_everything() {
    let request = deploy(&samples::sample("invoke/deploy--with-strategy"));
    assert_eq!(request.id.as_str(), "manual-7");
    assert_eq!(request.strategy, Some(Strategy::Canary { weight: 10.try_into().unwrap(), bake: Span::seconds(300) }));
    assert_eq!(request.on_failure, OnFailure::Ask);
    assert_eq!(request.requested_by.as_deref(), Some("ada via pull request 118"));
}

#[test]
fn steps_are_read_with_their_approval() {
    let request = deploy(&samples::sample("signalbox.ci/deployment-requested--with-strategy"));
    assert!(matches!(request.strategy, Some(Strategy::Steps(steps)) if steps.len() == 3));
}

#[test]
fn a_minimal_rollback_takes_the_defaults() {
    let request = rollback(&samples::sample("invoke/rollback"));
    assert_eq!(
        request,
        RollbackRequest {
            id: REQUEST.parse().unwrap(),
            reason: "checkout answers 500 since v43".to_owned(),
            from: None,
            force: false,
            requested_by: None,
            origin: Origin::Invoke,
        }
    );
}

#[test]
fn a_long_reason_is_cut_and_no_rollback_is_refused_for_it() {
    let event = with(&samples::sample("invoke/rollback"), "/reason", format!("checkout\n{}", "é".repeat(100_000)));
    let reason = rollback(&event).reason;
    assert_eq!(reason.chars().count(), 1_000);
    assert!(reason.starts_with("checkout é") && reason.ends_with('…'));
}

#[test]
fn optional_fields_may_be_null() {
    let nulls = json!({"service": "codedetect", "reason": "r", "id": null, "from": null, "requested_by": null});
    assert_eq!(rollback(&nulls).id.as_str(), REQUEST);
}

#[test]
fn an_invocation_without_a_usable_id_needs_one_in_the_command() {
    let context = Context { request_id: "", trusted_topics: &[] };
    let command = json!({"command": "deploy", "service": "codedetect", "release": "v43"});
    assert!(crate::deployer(&command, &context).unwrap_err().to_string().starts_with("id: "));
    assert!(crate::deployer(&with(&command, "/id", "mine"), &context).is_ok());
}

#[test]
fn an_unknown_command_is_answered_with_those_there_are() {
    for name in ["rollback", "replace", ""] {
        let error = Deployer.read(&json!({"command": name, "service": "codedetect"})).unwrap_err();
        assert_eq!(error.error_type(), "MalformedEvent");
        let text = error.to_string();
        assert!(text.starts_with("command: expected one of"), "{text}");
        for known in ["deploy", "promote", "pause", "resume", "abort", "status", "adopt", "freeze", "thaw", "plan"] {
            assert!(text.contains(&format!("`{known}`")), "{text}");
        }
    }
}

#[test]
fn the_replacer_takes_one_command_and_says_so() {
    for name in ["deploy", "status", "Replace", ""] {
        let error = Replacer.read(&json!({"command": name, "service": "codedetect"})).unwrap_err();
        assert_eq!(error.error_type(), "MalformedEvent");
        assert_eq!(error.to_string(), "command: expected `replace`");
    }
}

#[test]
fn a_replacement_keeps_what_was_said_within_its_bounds() {
    let event = samples::sample("invoke/replace");
    let expected = |reason: &str| Incoming::Replace {
        service: "codedetect".parse().unwrap(),
        instance: "i-0a1b2c3d4e5f60718".parse().unwrap(),
        reason: reason.to_owned(),
    };
    assert_eq!(Replacer.read(&event).unwrap(), [expected("its disk is full and logs say so")]);
    assert_eq!(Replacer.read(&with(&event, "/reason", " x\ny ")).unwrap(), [expected("x y")]);
    let long = Replacer.read(&with(&event, "/reason", "é".repeat(501))).unwrap();
    assert_eq!(long, [expected(&format!("{}…", "é".repeat(499)))]);
}

#[test]
fn a_command_of_the_deployer_is_nothing_that_the_rollback_function_knows() {
    let error = Rollback.read(&json!({"command": "promote", "service": "codedetect"})).unwrap_err();
    assert_eq!(error.error_type(), "UnrecognizedEvent");
}

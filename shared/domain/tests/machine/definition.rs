//! Every mistake in a definition is refused at its path, with what would be right.

use serde_json::{Value, json};
use signalbox_domain::definition::{Definition, Mode, Strategy};

const GOOD: &str = r#"{
  "name":"codedetect",
  "listener_arn":"arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/codedetect/1a/2b",
  "slots":{
    "blue":{"asg":"blue-asg","target_group_arn":"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/1"},
    "green":{"asg":"green-asg","target_group_arn":"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/green/2"}},
  "release":{"parameter":"/codedetect/prod/{slot}/release"}
}"#;

fn good() -> Value {
    serde_json::from_str(GOOD).unwrap()
}

/// The definition with the value at a path like `/guard/on_no_data` replaced.
fn with(path: &str, value: Value) -> String {
    let mut document = good();
    let (parent, field) = path.rsplit_once('/').unwrap();
    let mut place = &mut document;
    for part in parent.split('/').filter(|part| !part.is_empty()) {
        place = &mut place[part];
    }
    place[field] = value;
    document.to_string()
}

/// A good freeze window with one field replaced.
fn window(field: &str, value: Value) -> Value {
    let mut window = json!({"days": ["fri"], "from": "16:00", "to": "08:00", "zone": "Europe/Dublin"});
    window[field] = value;
    json!([window])
}

#[test]
fn the_smallest_definition_takes_every_default() {
    let definition = Definition::read(GOOD).unwrap();
    assert_eq!(definition.strategy, Strategy::AllAtOnce);
    assert_eq!(definition.capacity, None);
    assert_eq!(definition.mode, Mode::Act);
    for (span, written) in [
        (definition.bake, "10m"),
        (definition.standby, "30m"),
        (definition.route_settle, "2m"),
        (definition.settle_guard, "1m"),
        (definition.pause_limit, "4h"),
        (definition.health.within, "15m"),
        (definition.health.settle, "30s"),
        (definition.drift.every, "5m"),
        (definition.replacement.confirm, "1m"),
    ] {
        assert_eq!(span.to_string(), written);
    }
}

#[test]
fn an_object_given_in_part_takes_the_defaults_for_the_rest() {
    let definition = Definition::read(&with("/health", json!({"within": "3m"}))).unwrap();
    assert_eq!(definition.health.within.to_string(), "3m");
    assert_eq!(definition.health.max_launch_failures, 2);
    let definition = Definition::read(&with("/capacity", json!({"max": 4}))).unwrap();
    assert_eq!(definition.capacity.unwrap().to_string(), "1/1/4");
}

#[test]
fn every_mistake_is_refused_at_its_path() {
    let target = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/1";
    for (path, value, at) in [
        ("/name", json!("code detect"), "name"),
        ("/name", json!(7), "name"),
        ("/bakee", json!("1m"), "bakee"),
        ("/bake", json!("soon"), "bake"),
        ("/bake", json!("-5m"), "bake"),
        ("/listener_arn", json!("codedetect"), "listener_arn"),
        ("/listener_arn", json!(target), "listener_arn"),
        ("/listener_arn", Value::Null, "listener_arn"),
        (
            "/rule_arn",
            json!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/a/b/c/d"),
            "rule_arn",
        ),
        ("/slots/green/asg", json!("blue-asg"), "slots.green.asg"),
        ("/slots/green/target_group_arn", json!(target), "slots.green.target_group_arn"),
        ("/slots/green/target_group_arn", json!("arn:aws:s3:::bucket"), "slots.green.target_group_arn"),
        ("/slots/red", json!({}), "slots.red"),
        ("/release", json!({"parameter": "/codedetect/release"}), "release.parameter"),
        ("/release", json!({}), "release"),
        ("/release", json!({"launch_template": false}), "release.launch_template"),
        ("/capacity", json!({"min": 3, "desired": 2, "max": 2}), "capacity.min"),
        ("/capacity", json!({"desired": 3}), "capacity.max"),
        ("/capacity", json!({"min": 0, "desired": 0}), "capacity.desired"),
        ("/capacity", json!({"min": -1}), "capacity.min"),
        ("/strategy", json!({"kind": "canary", "weight": 101}), "strategy.weight"),
        ("/strategy", json!({"kind": "canary", "weight": 0}), "strategy.weight"),
        ("/strategy", json!({"kind": "canary", "weight": -5}), "strategy.weight"),
        ("/strategy", json!({"kind": "all_at_once", "bake": "1m"}), "strategy.bake"),
        ("/strategy", json!({"kind": "linear", "percent": 100}), "strategy.percent"),
        ("/strategy", json!({"kind": "steps", "steps": []}), "strategy.steps"),
        ("/strategy", json!({"kind": "steps", "steps": [{"weight": 50}]}), "strategy.steps"),
        (
            "/strategy",
            json!({"kind": "steps", "steps": [{"weight": 50}, {"weight": 20}, {"weight": 100}]}),
            "strategy.steps[1].weight",
        ),
        (
            "/strategy",
            json!({"kind": "steps", "steps": [{"weight": 50, "bake": 5}, {"weight": 100}]}),
            "strategy.steps[0].bake",
        ),
        ("/strategy", json!({"kind": "magic"}), "strategy.kind"),
        ("/arrival", json!("whenever"), "arrival"),
        ("/freeze_windows", json!([{"days": ["fri"], "from": "16:00", "to": "08:00"}]), "freeze_windows[0].zone"),
        ("/freeze_windows", window("zone", json!("Europe/Dubln")), "freeze_windows[0].zone"),
        ("/freeze_windows", window("zone", json!("Etc/Unknown")), "freeze_windows[0].zone"),
        ("/freeze_windows", window("days", json!([])), "freeze_windows[0].days"),
        ("/freeze_windows", window("days", json!(["fri", "Sat"])), "freeze_windows[0].days[1]"),
        ("/freeze_windows", window("days", json!(["fri", "fri"])), "freeze_windows[0].days[1]"),
        ("/freeze_windows", window("from", json!("8:00")), "freeze_windows[0].from"),
        ("/freeze_windows", window("from", json!("+8:00")), "freeze_windows[0].from"),
        ("/freeze_windows", window("from", json!(" 8:00")), "freeze_windows[0].from"),
        ("/freeze_windows", window("from", json!("16:60")), "freeze_windows[0].from"),
        ("/freeze_windows", window("to", json!("24:00")), "freeze_windows[0].to"),
        ("/freeze_windows", window("to", json!("16:00")), "freeze_windows[0].to"),
        ("/freeze_windows", window("reason", json!(" ")), "freeze_windows[0].reason"),
        ("/freeze_windows", window("until", json!("08:00")), "freeze_windows[0].until"),
        ("/freeze_windows", vec![window("to", json!("09:00"))[0].clone(); 21].into(), "freeze_windows"),
        ("/guard", json!({"alarms": ["a", "a"]}), "guard.alarms[1]"),
        ("/guard", json!({"checks": [{"metric": "error_rate", "max_percent": 120.0}]}), "guard.checks[0].max_percent"),
        ("/health", json!({"settle": "1h"}), "health.settle"),
        ("/replacement", json!({"hold_above_percent": 101}), "replacement.hold_above_percent"),
        ("/smoke", json!({"url": "ftp://x"}), "smoke.url"),
        ("/smoke", json!({"url": "http://x", "status": 42}), "smoke.status"),
        ("/mode", json!("sometimes"), "mode"),
        ("/alerts_topic_arn", json!("arn:aws:sqs:eu-west-1:123456789012:queue"), "alerts_topic_arn"),
    ] {
        let mistake = Definition::read(&with(path, value.clone())).expect_err(&format!("{path} = {value}"));
        assert_eq!(mistake.path, at, "{path} = {value}: {mistake}");
        assert!(!mistake.problem.is_empty());
    }
}

#[test]
fn what_is_no_definition_at_all_is_refused() {
    for text in ["", "null", "[]", "{", "{} {}"] {
        assert!(Definition::read(text).is_err(), "{text:?}");
    }
    assert_eq!(Definition::read("{}").unwrap_err().path, "name");
}

//! Which events an EventBridge rule selects: as much of
//! [its patterns](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html) as ours use.

use serde_json::Value;

/// Whether `event` is what `pattern` asks for. Panics at what it does not know, so that no rule is half understood.
pub(crate) fn selects(pattern: &Value, event: &Value) -> bool {
    let fields = pattern.as_object().unwrap_or_else(|| panic!("a pattern is an object, not {pattern}"));
    fields.iter().all(|(field, wanted)| match wanted.as_array() {
        Some(any_of) => any_of.iter().any(|one| fits(one, event.get(field))),
        // A list of objects is looked into: any of them will do.
        None => match event.get(field) {
            Some(Value::Array(several)) => several.iter().any(|inner| selects(wanted, inner)),
            inner => inner.is_some_and(|inner| selects(wanted, inner)),
        },
    })
}

fn fits(wanted: &Value, found: Option<&Value>) -> bool {
    let Some(filter) = wanted.as_object() else {
        return match found {
            Some(Value::Array(several)) => several.contains(wanted),
            found => found == Some(wanted),
        };
    };
    match filter.iter().next() {
        Some((name, Value::String(prefix))) if name == "prefix" && filter.len() == 1 => {
            found.and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix.as_str()))
        }
        _ => panic!("no filter of ours: {wanted}"),
    }
}

#[test]
fn a_pattern_selects_by_exact_values_prefixes_and_nested_fields_in_lists_too() {
    let detail = serde_json::json!({"name": "web-5xx", "metrics": [{"id": "m1"}, {"id": "m2", "of": {"group": "g"}}]});
    let event = serde_json::json!({"source": "aws.x", "detail": detail, "resources": ["a", "b"]});
    for (pattern, selected) in [
        (r#"{"source": ["aws.y", "aws.x"]}"#, true),
        (r#"{"source": ["aws.y"]}"#, false),
        (r#"{"source": ["aws.x"], "detail": {"name": [{"prefix": "web-"}]}}"#, true),
        (r#"{"source": ["aws.x"], "detail": {"name": ["web"]}}"#, false),
        (r#"{"detail": {"state": ["OK"]}}"#, false),
        (r#"{"detail": {"name": {"first": ["web"]}}}"#, false),
        (r#"{"resources": ["b"]}"#, true),
        (r#"{"detail": {"metrics": {"of": {"group": ["g", "h"]}}}}"#, true),
        (r#"{"detail": {"metrics": {"of": {"group": ["h"]}}}}"#, false),
        (r#"{"detail": {"metrics": {"of": {"zone": ["g"]}}}}"#, false),
    ] {
        assert_eq!(selects(&serde_json::from_str(pattern).unwrap(), &event), selected, "{pattern}");
    }
}

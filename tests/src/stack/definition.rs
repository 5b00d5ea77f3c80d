//! The definition of a test's service: everything that takes minutes takes a second or two.

use serde_json::{Value, json};

use super::Stack;

impl Stack {
    /// The definition as it was first written.
    #[must_use]
    pub fn definition(&self) -> &Value {
        &self.definition
    }

    /// Writes the definition anew: the first one with these changes, as `merge` makes them.
    pub async fn define(&self, changes: Value) {
        let mut definition = self.definition.clone();
        merge(&mut definition, changes);
        self.put_doc("SERVICES", &self.name, &definition).await;
    }

    /// The name of the parameter that holds a slot's release.
    pub(super) fn release_parameter(&self, slot: super::Slot) -> String {
        match self.definition["release"]["parameter"].as_str() {
            Some(pattern) => pattern.replace("{slot}", slot.name()),
            None => format!("/{}/{slot}/release", self.name),
        }
    }

    /// The definition that a stack begins with.
    pub(super) fn fast_definition(&self) -> Value {
        let slot = |slot| json!({"asg": self.groups[slot], "target_group_arn": self.target_groups[slot]});
        json!({
            "name": self.name,
            "listener_arn": self.listener_arn,
            "slots": {"blue": slot(super::Slot::Blue), "green": slot(super::Slot::Green)},
            "release": {"parameter": format!("/{}/{{slot}}/release", self.name)},
            "strategy": {"kind": "all_at_once"},
            "bake": "1s",
            "standby": "2s",
            "route_settle": "0s",
            "settle_guard": "1s",
            "health": {"within": "60s", "settle": "0s"},
            "guard": {"alarms": [self.alarm]},
            "alerts_topic_arn": self.alerts_topic_arn,
        })
    }
}

/// The strategy `canary`: 10 % for one second, then all.
pub(super) fn canary() -> Value {
    json!({"strategy": {"kind": "canary", "weight": 10, "bake": "1s"}})
}

/// Changes `target` as a JSON merge patch does (RFC 7386): objects field by field, `null` removes.
pub(super) fn merge(target: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else {
        *target = changes;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in changes {
        if change.is_null() {
            target.as_object_mut().expect("made one above").remove(&name);
        } else {
            merge(&mut target[name], change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::merge;
    use serde_json::json;

    #[test]
    fn changes_go_field_by_field_and_null_removes() {
        let mut document = json!({"a": {"b": 1, "c": 2}, "d": 3, "e": [1]});
        merge(&mut document, json!({"a": {"b": 4}, "d": null, "e": [2], "f": {"g": 5}}));
        assert_eq!(document, json!({"a": {"b": 4, "c": 2}, "e": [2], "f": {"g": 5}}));
    }
}

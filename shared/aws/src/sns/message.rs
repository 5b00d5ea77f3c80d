//! The message of an alert: readable for people, JSON for machines. Pure.

use serde_json::json;
use signalbox_domain::notice::Notice;
use signalbox_domain::text::ServiceName;

use crate::errors::cut;

/// Four copies of the text and their escapes must fit into the 256 KiB of a message
/// ([Publish](https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)).
const LONGEST_TEXT: usize = 8 * 1_024;

/// The message in the structure `json`: one text for each protocol.
pub(crate) fn envelope(service: &ServiceName, notice: &Notice) -> String {
    let text = cut(&notice.text, LONGEST_TEXT);
    let machine = json!({
        "source": "signalbox",
        "id": notice.id,
        "kind": notice.kind.name(),
        "severity": notice.severity.name(),
        "service": service,
        "operation": notice.operation,
        "text": text,
    })
    .to_string();
    json!({ "default": text, "email": text, "lambda": machine, "sqs": machine }).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use signalbox_domain::notice::{Kind, Severity};

    use super::*;

    fn notice(text: &str) -> Notice {
        Notice {
            id: "d-1:started".to_owned(),
            kind: Kind::DeploymentStarted,
            severity: Severity::Info,
            operation: Some("d-1".to_owned()),
            text: text.to_owned(),
            at: "2026-11-23T01:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn people_read_text_and_machines_read_json() {
        let envelope: Value =
            serde_json::from_str(&envelope(&"shop".parse().unwrap(), &notice("shop: v2 begins\n\"quoted\""))).unwrap();
        assert_eq!(envelope["default"], "shop: v2 begins\n\"quoted\"");
        assert_eq!(envelope["default"], envelope["email"]);
        assert_eq!(envelope["lambda"], envelope["sqs"]);
        let machine: Value = serde_json::from_str(envelope["lambda"].as_str().unwrap()).unwrap();
        let expected = json!({
            "source": "signalbox", "id": "d-1:started", "kind": "deployment_started", "severity": "info",
            "service": "shop", "operation": "d-1", "text": "shop: v2 begins\n\"quoted\"",
        });
        assert_eq!(machine, expected);
    }

    #[test]
    fn the_longest_text_still_fits_into_a_message() {
        for worst in ["\"", "\u{1}", "ü"] {
            let message = envelope(&"shop".parse().unwrap(), &notice(&worst.repeat(100_000)));
            assert!(message.len() < 256 * 1_024, "{worst:?}: {}", message.len());
        }
    }
}

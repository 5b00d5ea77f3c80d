//! The message for chat of one notice. Pure.

use signalbox_domain::chat;
use signalbox_domain::notice::Notice;
use signalbox_domain::text::ServiceName;

/// The notification: the first line as its title, the rest below; one thread for each operation.
pub(crate) fn notification(service: &ServiceName, notice: &Notice) -> String {
    let (title, rest) = notice.text.split_once('\n').unwrap_or((&notice.text, ""));
    let description = if rest.trim().is_empty() { title } else { rest };
    let thread = notice.operation.as_deref().unwrap_or(service.as_str());
    chat::notification(&notice.id, title, description, thread)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use signalbox_domain::notice::{Kind, Severity};

    use super::*;

    fn said(text: &str, operation: Option<&str>) -> Value {
        let notice = Notice {
            id: "n-1".to_owned(),
            kind: Kind::DriftFound,
            severity: Severity::Warning,
            operation: operation.map(str::to_owned),
            text: text.to_owned(),
            at: "2026-11-23T01:30:00Z".parse().unwrap(),
        };
        serde_json::from_str(&notification(&"shop".parse().unwrap(), &notice)).unwrap()
    }

    #[test]
    fn the_first_line_is_the_title_and_the_operation_is_the_thread() {
        let said = said("shop: rolled back\nbecause 5xx rose", Some("d-1"));
        assert_eq!(said["content"]["title"], "shop: rolled back");
        assert_eq!(said["content"]["description"], "because 5xx rose");
        assert_eq!(said["metadata"]["threadId"], "d-1");
    }

    #[test]
    fn one_line_is_title_and_description_and_the_service_is_the_thread() {
        let said = said("shop: drift found", None);
        assert_eq!(said["content"]["description"], "shop: drift found");
        assert_eq!(said["metadata"]["threadId"], "shop");
    }
}

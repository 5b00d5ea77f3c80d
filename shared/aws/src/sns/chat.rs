//! The message for chat: the custom notification of Amazon Q Developer in chat applications
//! ([schema](https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html)). Pure.

use serde_json::json;
use signalbox_domain::notice::Notice;
use signalbox_domain::text::ServiceName;

/// The longest title that is shown, in characters.
const LONGEST_TITLE: usize = 250;
/// The longest description that is shown, in characters.
const LONGEST_DESCRIPTION: usize = 8_000;
/// A space that nobody sees.
const NOTHING: char = '\u{200b}';

/// The notification: the first line as its title, the rest below; one thread for each operation.
pub(crate) fn notification(service: &ServiceName, notice: &Notice) -> String {
    let (title, rest) = notice.text.split_once('\n').unwrap_or((&notice.text, ""));
    let description = if rest.trim().is_empty() { title } else { rest };
    json!({
        "version": "1.0",
        "source": "custom",
        "id": notice.id,
        "content": {
            "textType": "client-markdown",
            "title": harmless(title, LONGEST_TITLE),
            "description": harmless(description, LONGEST_DESCRIPTION),
        },
        "metadata": { "threadId": notice.operation.as_deref().unwrap_or(service.as_str()) },
    })
    .to_string()
}

/// Text that mentions nobody, calls no channel and hides no link, in Slack's markup as in Teams's. It
/// reads the same: `<`, `>` and `&` are escaped as Slack wants it
/// ([formatting](https://api.slack.com/reference/surfaces/formatting#escaping)), and a space that
/// nobody sees breaks `@here` and `[text](link)`.
fn harmless(text: &str, longest: usize) -> String {
    let mut harmless = String::new();
    let mut before = None;
    let mut left = longest;
    for character in text.chars() {
        let escaped: &[char] = match character {
            '&' => &['&', 'a', 'm', 'p', ';'],
            '<' => &['&', 'l', 't', ';'],
            '>' => &['&', 'g', 't', ';'],
            '@' => &['@', NOTHING],
            '(' if before == Some(']') => &[NOTHING, '('],
            ref other => std::slice::from_ref(other),
        };
        let Some(rest) = left.checked_sub(escaped.len()) else { break };
        left = rest;
        harmless.extend(escaped);
        before = Some(character);
    }
    harmless
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

    #[test]
    fn nobody_is_mentioned_and_no_link_is_hidden() {
        let said = said("<!channel> @here & [click](javascript:alert(1)) <@U123>", None);
        assert_eq!(
            said["content"]["title"],
            "&lt;!channel&gt; @\u{200b}here &amp; [click]\u{200b}(javascript:alert(1)) &lt;@\u{200b}U123&gt;"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_never_within_an_escape() {
        let said = said(&"<".repeat(300), None);
        assert_eq!(said["content"]["title"], "&lt;".repeat(62));
    }
}

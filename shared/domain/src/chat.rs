//! The message for chat: the custom notification of Amazon Q Developer in chat applications
//! ([schema](https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html)).

use serde_json::json;

/// The longest title that is shown, in characters.
const LONGEST_TITLE: usize = 250;
/// The longest description that is shown, in characters.
const LONGEST_DESCRIPTION: usize = 8_000;
/// A space that nobody sees.
const NOTHING: char = '\u{200b}';

/// The notification, as JSON; `thread` is the same for all that belong together.
#[must_use]
pub fn notification(id: &str, title: &str, description: &str, thread: &str) -> String {
    json!({
        "version": "1.0",
        "source": "custom",
        "id": id,
        "content": {
            "textType": "client-markdown",
            "title": harmless(title, LONGEST_TITLE),
            "description": harmless(description, LONGEST_DESCRIPTION),
        },
        "metadata": { "threadId": thread },
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
    use super::*;

    #[test]
    fn nobody_is_mentioned_and_no_link_is_hidden() {
        assert_eq!(
            harmless("<!channel> @here & [click](javascript:alert(1)) <@U123>", 250),
            "&lt;!channel&gt; @\u{200b}here &amp; [click]\u{200b}(javascript:alert(1)) &lt;@\u{200b}U123&gt;"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_never_within_an_escape() {
        assert_eq!(harmless(&"<".repeat(300), LONGEST_TITLE), "&lt;".repeat(62));
    }
}

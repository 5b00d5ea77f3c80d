//! How much a report matters: rules, so that anybody can say why.

use super::document::Kind;
use super::normalise::is_invisible;
use crate::notice::Severity;

/// Words of outage, data loss, security and payment, in small letters: each counts where a word begins with it.
const ALARMING: [&str; 41] = [
    "outage",
    "site is down",
    "app is down",
    "service is down",
    "server is down",
    "everything is down",
    "nothing works",
    "unreachable",
    "can't log in",
    "cannot log in",
    "can't login",
    "cannot login",
    "can't sign in",
    "cannot sign in",
    "error 502",
    "error 503",
    "error 504",
    "502 bad gateway",
    "503 service",
    "504 gateway",
    "data loss",
    "lost my",
    "lost all",
    "deleted my",
    "deleted all",
    "disappeared",
    "corrupt",
    "overwrote",
    "security",
    "vulnerab",
    "hacked",
    "breach",
    "leaked",
    "xss",
    "sql injection",
    "someone else's",
    "another user's",
    "charged twice",
    "double charge",
    "payment fail",
    "refund",
];

/// A wish or feedback is [`Severity::Info`], a bug [`Severity::Warning`]; alarming words make each one step more. A bug
/// that many report right after traffic was moved (`is_burst`) is [`Severity::Critical`].
#[must_use]
pub fn severity(kind: Kind, message: &str, is_burst: bool) -> Severity {
    match (kind, is_alarming(message)) {
        (Kind::Bug, false) if is_burst => Severity::Critical,
        (Kind::Bug, true) => Severity::Critical,
        (Kind::Bug, false) | (Kind::Feature | Kind::Feedback, true) => Severity::Warning,
        (Kind::Feature | Kind::Feedback, false) => Severity::Info,
    }
}

fn is_alarming(message: &str) -> bool {
    let seen = message.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase);
    let text: String = seen.map(|c| if c == '’' { '\'' } else { c }).collect();
    // One space before each word, so that a phrase is found where a word begins.
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).collect();
    let text = format!(" {}", words.join(" "));
    ALARMING.iter().any(|phrase| text.contains(&format!(" {phrase}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_where_they_begin_a_word_and_each_makes_one_step() {
        for (kind, message, expected) in [
            (Kind::Bug, "the button is green", Severity::Warning),
            (Kind::Bug, "The site is\n DOWN!", Severity::Critical),
            (Kind::Bug, "I can’t log in", Severity::Critical),
            (Kind::Bug, "502: Bad Gateway", Severity::Critical),
            (Kind::Bug, "I was charged twice", Severity::Critical),
            (Kind::Bug, "my files were corrupted", Severity::Critical),
            (Kind::Bug, "the page has incorruptible colours, insecurity included", Severity::Warning),
            (Kind::Feature, "a dark theme", Severity::Info),
            (Kind::Feature, "please add security headers", Severity::Warning),
            (Kind::Feedback, "nice", Severity::Info),
        ] {
            assert_eq!(severity(kind, message, false), expected, "{message}");
        }
    }

    #[test]
    fn a_burst_makes_a_bug_critical_and_nothing_else() {
        assert_eq!(severity(Kind::Bug, "the button is green", true), Severity::Critical);
        assert_eq!(severity(Kind::Feature, "a dark theme", true), Severity::Info);
    }
}

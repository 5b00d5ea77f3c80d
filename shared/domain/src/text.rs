//! Names and spans as people write them: checked once, at the edge.

use std::fmt;

use jiff::fmt::friendly::{Spacing, SpanParser, SpanPrinter};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Why a piece of text is not what it should be: what is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

fn check(what: &str, text: &str, longest: usize, allowed: fn(char) -> bool, rule: &str) -> Result<(), Malformed> {
    if text.is_empty() || text.chars().count() > longest || !text.chars().all(allowed) {
        return Err(Malformed(format!("{what} must be 1 to {longest} characters: {rule}")));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $longest:literal, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                check($what, &text, $longest, $allowed, $rule)?;
                Ok($name(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                $name::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a service: what people say and what keys its record.
    ServiceName, "a service name", 64,
    |c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.',
    "letters, digits, '-', '_' and '.'"
);
name!(
    /// A release id, as it is written to Parameter Store or names a launch-template version.
    /// `none` is the word for no release, so it is not one.
    Release, "a release", 128,
    |c| c.is_ascii_graphic() && c != '"' && c != '\\',
    "printable ASCII without spaces, quotes or backslashes"
);
name!(
    /// The idempotency key of a deployment or rollback: acts once, ever.
    RequestId, "an id", 128,
    |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/'),
    "letters, digits and '-', '_', '.', ':', '/'"
);
name!(
    /// The name of a CloudWatch alarm, metric or composite.
    AlarmName, "an alarm name", 255, |c| !c.is_control(), "no control characters"
);
name!(
    /// The name of an Auto Scaling group.
    GroupName, "a group name", 255, |c| !c.is_control() && c != ':', "no control characters and no ':'"
);
name!(
    /// The id of an EC2 instance.
    InstanceId, "an instance id", 64, |c| c.is_ascii_alphanumeric() || c == '-', "letters, digits and '-'"
);

impl ServiceName {
    /// The account itself, in the place of a service: what is told of charges is of none.
    #[must_use]
    pub fn account() -> ServiceName {
        ServiceName("account".to_owned())
    }
}

/// A span of time as people write it: `90s`, `5m`, `1h30m`, `0s`. Whole seconds, at most 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(SignedDuration);

impl Span {
    const LONGEST_SECONDS: i64 = 30 * 24 * 3600;

    /// So many seconds; more than 30 days count as 30 days.
    #[must_use]
    pub const fn seconds(seconds: u32) -> Span {
        let seconds = if seconds as i64 > Self::LONGEST_SECONDS { Self::LONGEST_SECONDS } else { seconds as i64 };
        Span(SignedDuration::from_secs(seconds))
    }

    /// The span as a duration.
    #[must_use]
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl std::str::FromStr for Span {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let wrong = || {
            Malformed(
                "a duration is written like \"90s\", \"5m\" or \"1h30m\", in whole seconds, at most 30 days".to_owned(),
            )
        };
        let duration = SpanParser::new().parse_duration(text).map_err(|_| wrong())?;
        let whole = duration.subsec_nanos() == 0 && (0..=Self::LONGEST_SECONDS).contains(&duration.as_secs());
        if whole { Ok(Span(duration)) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for Span {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spoken(self.0))
    }
}

/// A duration as people write it, to the second: `1h30m`, `45s`, `0s`.
#[must_use]
pub fn spoken(duration: SignedDuration) -> String {
    let whole = SignedDuration::from_secs(duration.as_secs().max(0));
    SpanPrinter::new().spacing(Spacing::None).duration_to_string(&whole)
}

/// The subject of a mail as SNS demands it: ASCII, one line, at most 100 characters
/// ([Publish](https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)).
#[must_use]
pub fn ascii_subject(line: &str) -> String {
    let ascii = line.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    let subject: String = ascii.take(100).collect();
    let trimmed = subject.trim();
    if trimmed.is_empty() { "Signalbox".to_owned() } else { trimmed.to_owned() }
}

/// A time as people read it, to the minute: `Nov 23 01:30 UTC`.
pub(crate) fn minute(at: Timestamp) -> impl fmt::Display {
    at.strftime("%b %d %H:%M UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("1h30m", 5_400), ("24h", 86_400)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.duration().as_secs(), seconds, "{text}");
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span, "{text} survives being written");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "m", "-5m", "1m1m", "5m1h", "0.5s", "721h", "99999999999999999999s", "5x"] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_are_checked_once_at_the_edge() {
        assert!("codedetect".parse::<ServiceName>().is_ok());
        for text in ["", "a b", "a#b", &"x".repeat(65)] {
            assert!(text.parse::<ServiceName>().is_err(), "{text:?}");
        }
        assert!("v1 2".parse::<Release>().is_err());
    }
}

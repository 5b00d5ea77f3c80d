//! Times as AWS writes them, and people.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::{Deserialize, Serialize};

/// A time with an offset, such as `2026-11-23T01:30:00.000+0000` or `2026-11-23T01:30:00Z`.
/// One that cannot be read is a mistake: it never becomes the present.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Time(pub(crate) Timestamp);

impl TryFrom<String> for Time {
    type Error = &'static str;

    // The parser's own error repeats the text, so it is not passed on.
    fn try_from(text: String) -> Result<Time, &'static str> {
        text.parse().map(Time).map_err(|_| "must be a time with its offset, like 2026-11-23T01:30:00.000+0000")
    }
}

/// A time as mail writes it, such as `Mon, 30 Nov 2026 15:00:00 GMT`
/// ([RFC 2822](https://www.rfc-editor.org/rfc/rfc2822#section-3.3)). The weekday says nothing that
/// the date does not, and AWS's own examples have wrong ones, so it is not held against the date.
/// A zone is taken only where it cannot be mistaken.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct MailTime(pub(crate) Timestamp);

impl TryFrom<String> for MailTime {
    type Error = &'static str;

    fn try_from(text: String) -> Result<MailTime, &'static str> {
        const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
        let zone = text.rsplit(' ').next().unwrap_or_default();
        // The parser takes the names of zones that it does not know for UTC.
        let known = matches!(zone, "GMT" | "UTC") || zone.starts_with(['+', '-']);
        let read = known.then(|| PARSER.parse_timestamp(&text).ok()).flatten();
        read.map(MailTime).ok_or("must be a time like Mon, 30 Nov 2026 15:00:00 GMT")
    }
}

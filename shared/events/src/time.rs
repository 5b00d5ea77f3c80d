//! Times as AWS writes them.

use jiff::Timestamp;
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

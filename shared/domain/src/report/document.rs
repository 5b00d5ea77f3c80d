//! A report as somebody sent it, and as it is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::address::Address;
use super::normalise;
use super::redact::redact;
use crate::mistake::{self, Mistake};
use crate::text::ServiceName;

/// Longest body of a report, in bytes: what SNS takes.
pub const LONGEST_BODY: usize = 256 * 1024;
/// Longest message that is kept, in characters after trimming.
pub const LONGEST_MESSAGE: usize = 5_000;
/// Longest name that is kept, in characters.
const LONGEST_NAME: usize = 100;
/// Longest page that is kept, in characters.
const LONGEST_PAGE: usize = 2_000;
/// Longest user agent that is kept, in characters.
const LONGEST_AGENT: usize = 500;

/// What somebody reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is wrong.
    Bug,
    /// Something is wished for.
    Feature,
    /// Anything else.
    Feedback,
}

impl Kind {
    /// The name used in message attributes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bug => "bug",
            Kind::Feature => "feature",
            Kind::Feedback => "feedback",
        }
    }
}

/// When the reporter says it was. What cannot be read is said to be so, and never becomes the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedAt {
    /// Then.
    At(Timestamp),
    /// They wrote something that is no time with an offset.
    Unreadable,
}

/// The fields of a report as they came, secrets and all. It is not to be kept, sent or logged, and so it can do
/// nothing but become a [`Report`]. Fields that nobody reads are passed over: a form may grow.
pub struct Document(BTreeMap<String, String>);

/// One report, redacted and within its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Who reports it.
    pub email: Address,
    /// How they call themselves: one line of at most 100 characters.
    pub name: Option<String>,
    /// What they say, in 1 to 5,000 characters.
    pub message: String,
    /// How many characters it had, where it was cut.
    pub cut_from: Option<usize>,
    /// When they say it was.
    pub reported_at: Option<ReportedAt>,
    /// What they used: one line of at most 500 characters.
    pub user_agent: Option<String>,
    /// Where they were: one line of at most 2,000 characters.
    pub page: Option<String>,
    /// Which service they say it is.
    pub service: Option<ServiceName>,
}

impl Document {
    /// Reads JSON.
    ///
    /// # Errors
    /// What is no JSON object, or longer than [`LONGEST_BODY`].
    pub fn from_json(text: &str) -> Result<Document, Mistake> {
        within(text.len())?;
        // The path of a mistake has names in it that somebody else chose.
        let value: Value = mistake::read(text).map_err(|wrong| Mistake::at(".", wrong.problem))?;
        Document::from_value(&value)
    }

    /// Reads JSON that is read already. What is not text in it counts as left out.
    ///
    /// # Errors
    /// What is no object.
    pub fn from_value(value: &Value) -> Result<Document, Mistake> {
        let fields = value.as_object().ok_or_else(|| Mistake::at(".", "must be an object"))?;
        let texts = fields.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Ok(Document(texts.collect()))
    }

    /// Reads a form, `application/x-www-form-urlencoded`
    /// ([URL standard](https://url.spec.whatwg.org/#urlencoded-parsing)). Of several fields of one name the first
    /// counts.
    ///
    /// # Errors
    /// What is longer than [`LONGEST_BODY`].
    pub fn from_form(body: &[u8]) -> Result<Document, Mistake> {
        within(body.len())?;
        let mut fields = BTreeMap::new();
        for pair in body.split(|byte| *byte == b'&') {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut text = || decoded(parts.next().unwrap_or_default());
            let (name, value) = (text(), text());
            fields.entry(name).or_insert(value);
        }
        Ok(Document(fields))
    }

    /// Whether the field that people do not see is filled: `website`. Only a program fills it.
    #[must_use]
    pub fn is_trapped(&self) -> bool {
        self.text("website").is_some()
    }

    /// The report.
    ///
    /// # Errors
    /// A bad address, type or message, by its path; nothing of it is repeated. Everything else that cannot be used is
    /// left out.
    pub fn report(&self) -> Result<Report, Mistake> {
        let required = |name: &str| self.text(name).ok_or_else(|| Mistake::at(name, "is required"));
        let kind = match required("type")?.to_ascii_lowercase().as_str() {
            "bug" => Kind::Bug,
            "feature" => Kind::Feature,
            "feedback" => Kind::Feedback,
            _ => return Err(Mistake::at("type", "must be bug, feature or feedback")),
        };
        let email = Address::try_from(required("email")?.to_owned())
            .map_err(|problem| Mistake::at("email", problem.to_string()))?;
        let message = self.text("message").filter(|text| !normalise::is_blank(text));
        let message = message.ok_or_else(|| Mistake::at("message", "is required, in 1 to 5000 characters"))?;
        // Redacted first: cut first, half of a secret could be left that nobody recognises.
        let message = normalise::lines(&redact(message));
        let length = message.chars().count();
        let line = |name: &str, longest: usize| {
            let line = normalise::line(&redact(self.text(name)?), longest);
            (!normalise::is_blank(&line)).then_some(line)
        };
        Ok(Report {
            kind,
            email,
            name: line("name", LONGEST_NAME),
            message: message.chars().take(LONGEST_MESSAGE).collect(),
            cut_from: (length > LONGEST_MESSAGE).then_some(length),
            reported_at: self.text("timestamp").map(|text| text.parse().map_or(ReportedAt::Unreadable, ReportedAt::At)),
            user_agent: line("user_agent", LONGEST_AGENT),
            page: line("page", LONGEST_PAGE),
            // A key may look like the name of a service.
            service: self.text("service").filter(|text| redact(text) == **text).and_then(|text| text.parse().ok()),
        })
    }

    /// A field, trimmed; `None` where it is missing or empty.
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }
}

impl Report {
    /// Its first line, of at most `longest` characters.
    pub(super) fn title(&self, longest: usize) -> String {
        let first = self.message.lines().find(|line| !normalise::is_blank(line)).unwrap_or_default();
        normalise::cut(first.trim(), longest)
    }
}

fn within(bytes: usize) -> Result<(), Mistake> {
    if bytes <= LONGEST_BODY { Ok(()) } else { Err(Mistake::at(".", "is longer than 256 KiB")) }
}

/// One name or value of a form. What is no UTF-8 becomes the character for that.
fn decoded(text: &[u8]) -> String {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let encoded = (*byte == b'%').then(|| Some(digit(text.get(at + 1))? * 16 + digit(text.get(at + 2))?)).flatten();
        at += if encoded.is_some() { 3 } else { 1 };
        bytes.push(encoded.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! What is the same in all reports of the same thing.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::document::{Kind, Report};
use super::normalise::is_invisible;
use crate::text::{Malformed, ServiceName};

/// 32 hexadecimal digits that are the same for texts that differ in case, space, punctuation and everything with a
/// digit in it: times, ids, versions, line numbers. The type of the report and its service belong to it. It is
/// FNV-1a of 128 bits ([RFC 9923](https://www.rfc-editor.org/rfc/rfc9923)): it sorts reports and protects nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    pub(super) fn of(kind: Kind, service: Option<&ServiceName>, message: &str) -> Fingerprint {
        let service = service.map_or("", ServiceName::as_str);
        Fingerprint(hash(&format!("{}\n{service}\n{}", kind.name(), masked(message))))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Fingerprint, Malformed> {
        let right = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if right { Ok(Fingerprint(text)) } else { Err(Malformed("must be 32 hexadecimal digits".to_owned())) }
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The words in small letters, one `#` for all words on end that have a digit or are long hexadecimal. Text without
/// a letter or digit, such as emoji, stands for itself.
fn masked(message: &str) -> String {
    let text: String = message.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<Cow<'_, str>> = words.map(without_what_changes).collect();
    words.dedup_by(|word, before| *word == "#" && *before == "#");
    if words.is_empty() { text.split_whitespace().collect() } else { words.join(" ") }
}

/// In a script that is written without spaces a sentence is one word: there only its digits change.
fn without_what_changes(word: &str) -> Cow<'_, str> {
    match (word.is_ascii(), is_changing(word)) {
        (true, true) => Cow::Borrowed("#"),
        (false, true) => {
            let mut masked: String = word.chars().map(|c| if c.is_numeric() { '#' } else { c }).collect();
            while masked.contains("##") {
                masked = masked.replace("##", "#");
            }
            Cow::Owned(masked)
        }
        (true | false, false) => Cow::Borrowed(word),
    }
}

fn is_changing(word: &str) -> bool {
    word.chars().any(char::is_numeric) || (word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit()))
}

/// FNV-1a of 128 bits, as 32 hexadecimal digits.
pub(super) fn hash(text: &str) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

impl Report {
    /// What is the same in all reports of the same thing.
    #[must_use]
    pub fn fingerprint(&self, service: Option<&ServiceName>) -> Fingerprint {
        Fingerprint::of(self.kind, service, &self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a_of_128_bits() {
        // The vectors of the reference.
        assert_eq!(hash(""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(hash("a"), "d228cb696f1a8caf78912b704e4a8964");
        assert_eq!(hash("foobar"), "343e1662793c64bf6f0d3597ba446f18");
    }

    #[test]
    fn what_changes_from_one_to_the_next_is_masked() {
        let first = "Upload FAILED at 2026-11-23T01:30:00Z, request 3c4d5e6f-7a8b-4c9d-8e0f-000000000001:\n  File \"app.py\", line 41";
        let second =
            "upload failed at 2026-12-01T11:02:59Z;  request deadbeef\u{200b}deadbeef\r\nfile app.py line 1043!";
        assert_eq!(masked(first), "upload failed at # request # file app py line #");
        assert_eq!(masked(first), masked(second));
        assert_ne!(masked(first), masked("Download failed at 2026-11-23"));
    }

    #[test]
    fn text_without_words_stands_for_itself() {
        assert_eq!(masked("💥 💥"), "💥💥");
        assert_ne!(masked("💥"), masked("👍"));
    }

    #[test]
    fn type_and_service_belong_to_it() {
        let shop: ServiceName = "shop".parse().unwrap();
        let of = |kind, service| Fingerprint::of(kind, service, "it is slow");
        assert_ne!(of(Kind::Bug, None), of(Kind::Feedback, None));
        assert_ne!(of(Kind::Bug, None), of(Kind::Bug, Some(&shop)));
        assert_eq!(of(Kind::Bug, Some(&shop)).as_str().len(), 32);
    }
}

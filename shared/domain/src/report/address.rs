//! The address of a reporter.

use serde::{Deserialize, Serialize};

use super::redact::redact;
use crate::text::Malformed;

/// An address as people have one: the plain form of
/// [RFC 5321](https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2), in ASCII, of at most 254 characters. Before its
/// one `@` stand 1 to 64 letters, digits and ``!#$%&'*+-/=?^_`{|}~``, with single dots between them; behind it at
/// least two labels of 1 to 63 letters, digits and inner hyphens, the last of which is not a number. Quoted names and
/// literal hosts, which the standard has too, are refused, and so is what looks like a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

/// Longest address, in characters ([erratum 1690 of RFC 3696](https://www.rfc-editor.org/errata/eid1690)).
const LONGEST: usize = 254;

impl Address {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text without this address, wherever it stands in it.
    pub(super) fn taken_out_of(&self, text: &str) -> String {
        // In small ASCII letters every byte is where it was.
        let (small, own) = (text.to_ascii_lowercase(), self.0.to_ascii_lowercase());
        let (mut left, mut done) = (String::with_capacity(text.len()), 0);
        for (at, _) in small.match_indices(&own) {
            left.push_str(&text[done..at]);
            left.push_str("[address]");
            done = at + own.len();
        }
        left.push_str(&text[done..]);
        left
    }

    /// The address that its mails come to: in small letters, without what follows a `+`.
    pub(super) fn mailbox(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let local = local.split('+').next().filter(|before| !before.is_empty()).unwrap_or(local);
        format!("{local}@{domain}").to_ascii_lowercase()
    }
}

impl TryFrom<String> for Address {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Address, Malformed> {
        let right = text.len() <= LONGEST
            && text.split_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain))
            && redact(&text) == text;
        let wrong = "must be an address like ada@example.com, of at most 254 characters";
        if right { Ok(Address(text)) } else { Err(Malformed(wrong.to_owned())) }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.0
    }
}

fn is_local(local: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(allowed))
}

fn is_domain(domain: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(is_label) && !top.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_have_them_are_accepted() {
        for text in ["ada@example.com", "a.b+bugs@sub.example.co.uk", "o'brien@xn--bcher-kva.example", "x_1@a-b.io"] {
            assert_eq!(Address::try_from(text.to_owned()).unwrap().as_str(), text);
        }
        let longest =
            format!("{}@{}.example.com", "a".repeat(64), ["b".repeat(60), "c".repeat(60), "d".repeat(54)].join("."));
        assert_eq!(longest.len(), 253);
        assert!(Address::try_from(longest).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "ada@@example.com",
            "ada@b@example.com",
            "a da@example.com",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com\0",
            ".ada@example.com",
            "a..b@example.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@example.com.",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "\"ada\"@example.com",
            "<ada@example.com>",
            "äda@example.com",
            "ada@exämple.com",
            "a,b@example.com",
            "token=abc@example.com",
            "AKIAIOSFODNN7EXAMPLE@example.com",
        ] {
            let problem = Address::try_from(text.to_owned()).unwrap_err();
            assert_eq!(problem.0, "must be an address like ada@example.com, of at most 254 characters", "{text}");
        }
        assert!(Address::try_from(format!("{}@example.com", "a".repeat(65))).is_err());
        assert!(Address::try_from(format!("a@{}com", "b.".repeat(125))).is_err());
    }

    #[test]
    fn a_mailbox_is_one_however_it_is_written() {
        for text in ["Ada@Example.com", "ada+1@example.com", "ada+2+3@EXAMPLE.com"] {
            assert_eq!(Address::try_from(text.to_owned()).unwrap().mailbox(), "ada@example.com");
        }
        assert_eq!(Address::try_from("+a@example.com".to_owned()).unwrap().mailbox(), "+a@example.com");
    }
}

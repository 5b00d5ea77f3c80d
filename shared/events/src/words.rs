//! What people say in their own words: kept, but within bounds.

use serde::{Deserialize, Serialize};

/// `text` on one line, trimmed, at most `longest` characters. It is shown in notices and kept
/// in the record, so it must not grow or break lines there. Longer text is cut, not refused:
/// nobody's rollback should fail because they explained it well.
pub(crate) fn within(text: &str, longest: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    if line.chars().count() <= longest {
        return line.to_owned();
    }
    let kept: String = line.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Who says they asked: at most 200 characters, `None` where nothing is left.
pub(crate) fn requester(claimed: Option<&str>) -> Option<String> {
    claimed.map(|name| within(name, 200)).filter(|name| !name.is_empty())
}

/// Why, in the words of whoever asks: it is all that others will know of it afterwards. At most
/// `LONGEST` characters are kept; a longer one is cut.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Reason<const LONGEST: usize = 1_000>(pub(crate) String);

impl<const LONGEST: usize> TryFrom<String> for Reason<LONGEST> {
    type Error = String;

    fn try_from(text: String) -> Result<Reason<LONGEST>, String> {
        let reason = within(&text, LONGEST);
        if reason.is_empty() { Err(format!("must say why, in 1 to {LONGEST} characters")) } else { Ok(Reason(reason)) }
    }
}

/// Who answers for something, in 1 to 100 characters on one line. It is not cut as a reason is: half a name may
/// be somebody else's.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Owner(pub(crate) String);

impl TryFrom<String> for Owner {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Owner, &'static str> {
        let name = text.trim();
        let right = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        let wrong = "must say who answers for it, in 1 to 100 characters, no control characters";
        if right { Ok(Owner(name.to_owned())) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_on_one_line_and_within_their_bounds() {
        assert_eq!(within(" 500s\nafter v42 \u{7}", 100), "500s after v42");
        assert_eq!(within("äöüäöü", 4), "äöü…");
        assert_eq!(within("äöüä", 4), "äöüä");
    }

    #[test]
    fn a_blank_name_is_no_name() {
        assert_eq!(requester(Some(" \n")), None);
        assert_eq!(requester(Some("ada ")), Some("ada".to_owned()));
    }
}

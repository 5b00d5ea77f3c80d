//! What somebody else said, so that it can be repeated.

/// At most `most` characters of it, in one line.
pub(crate) fn plain(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

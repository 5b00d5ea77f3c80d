//! Characters that nobody sees, and text on one line.

/// Whether nobody sees it: control characters other than white space, zero-width ones, and those that turn the
/// direction of text around, which can make it read as something else
/// ([Unicode TR 36](https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing)).
pub(super) fn is_invisible(c: char) -> bool {
    let zero_width = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    );
    zero_width || (c.is_control() && !c.is_whitespace())
}

/// Whether a line ends here.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Text of several lines, trimmed: every line end is `\n`, tabs and odd spaces are spaces, and of what nobody sees
/// only the joiners remain, which some scripts and emoji cannot do without.
#[must_use]
pub fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept = text.chars().filter_map(|c| match c {
        c if is_line_end(c) => Some('\n'),
        c if c.is_whitespace() => Some(' '),
        '\u{200c}' | '\u{200d}' | '\u{fe0f}' => Some(c),
        c => (!is_invisible(c)).then_some(c),
    });
    kept.collect::<String>().trim().to_owned()
}

/// Text on one line, trimmed, of at most `longest` characters; control characters become spaces.
#[must_use]
pub fn line(text: &str, longest: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = lines(&spaced).replace('\n', " ");
    cut(&line, longest)
}

/// The first `longest` characters, `…` being the last of them where there were more.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Whether there is nothing to be seen.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

//! Text as it is read by whoever looks for secrets.

use super::super::normalise::{is_invisible, is_line_end};
use super::Class;

/// Most backslashes of one escape: text is put into JSON three times at most.
const MOST_BACKSLASHES: usize = 8;

/// A character as it is meant, and the bytes that it is written in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) c: char,
    pub(super) written: Written,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Plainly,
    /// As `%40` is.
    Encoded,
    /// As `\/` and `\u003d` are in JSON.
    Escaped,
    /// It is where something was redacted before.
    AsMark,
}

impl Unit {
    pub(super) fn is_mark(self) -> bool {
        self.written == Written::AsMark
    }

    pub(super) fn is_plain(self) -> bool {
        self.written == Written::Plainly
    }

    pub(super) fn is_space(self) -> bool {
        !self.is_mark() && self.c.is_whitespace()
    }

    pub(super) fn ends_line(self) -> bool {
        self.is_plain() && is_line_end(self.c)
    }

    pub(super) fn is_quote(self) -> bool {
        !self.is_mark() && matches!(self.c, '"' | '\'' | '`')
    }

    pub(super) fn is(self, allowed: impl Fn(char) -> bool) -> bool {
        !self.is_mark() && allowed(self.c)
    }
}

pub(super) fn of(text: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len());
    let mut start = 0;
    while let Some(c) = text[start..].chars().next() {
        let rest = &text[start..];
        let (c, written, length) = if let Some(length) = mark(rest) {
            ('[', Written::AsMark, length)
        } else if let Some((byte, length)) = encoded(rest.as_bytes()) {
            (char::from(byte), Written::Encoded, length)
        } else if let Some((c, length)) = escaped(rest) {
            (c, Written::Escaped, length)
        } else {
            (c, Written::Plainly, c.len_utf8())
        };
        let end = start + length;
        if written == Written::AsMark || !is_invisible(c) {
            units.push(Unit { c, written, start, end });
        }
        start = end;
    }
    units
}

/// How long the mark is that `text` begins with.
fn mark(text: &str) -> Option<usize> {
    let marks = || Class::ALL.iter().map(|class| class.mark());
    text.starts_with('[').then(|| marks().find(|mark| text.starts_with(mark)))?.map(str::len)
}

/// What `%40` stands for, and how long it is; `%2540` is it too, as often as it was encoded. ASCII alone.
fn encoded(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut at = 1;
    if bytes.first() != Some(&b'%') {
        return None;
    }
    while bytes[at..].starts_with(b"25") && digits(&bytes[at + 2..]).is_some() {
        at += 2;
    }
    let byte = digits(&bytes[at..]).filter(u8::is_ascii)?;
    Some((byte, at + 2))
}

/// What `\/` or `\u003d` stands for, and how long it is, as often as it was escaped.
fn escaped(text: &str) -> Option<(char, usize)> {
    let slashes = text.bytes().take(MOST_BACKSLASHES).take_while(|byte| *byte == b'\\').count();
    let rest = text.get(slashes..).filter(|_| slashes > 0)?;
    if rest.starts_with('/') {
        return Some(('/', slashes + 1));
    }
    let digits = rest.strip_prefix('u')?.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
    Some((c, slashes + 5))
}

fn digits(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Where `word` ends that `units` have from `from` on, in any case; spaces within it are passed over, since lines
/// are wrapped anywhere.
pub(super) fn spelled(units: &[Unit], from: usize, word: &str) -> Option<usize> {
    let mut at = from;
    for letter in word.chars() {
        while at > from && units.get(at).is_some_and(|unit| unit.is_space()) {
            at += 1;
        }
        units.get(at).filter(|unit| unit.is(|c| c.eq_ignore_ascii_case(&letter)))?;
        at += 1;
    }
    Some(at)
}

/// Where the units end that are `allowed`, from `from` on.
pub(super) fn while_(units: &[Unit], from: usize, allowed: impl Fn(Unit) -> bool) -> usize {
    units[from..].iter().position(|unit| !allowed(*unit)).map_or(units.len(), |length| from + length)
}

/// Whether a value without quotes ends before `at`: at a space, before the end of a tag, and at a quote that closes.
pub(super) fn ends_value(units: &[Unit], at: usize) -> bool {
    let unit = units[at];
    unit.is_plain()
        && match unit.c {
            '<' => ends_before_tag(units, at),
            '>' => closes(units, at),
            _ => unit.c.is_whitespace() || unit.is_quote() && closes(units, at),
        }
}

/// Whether the quote at `at` closes: behind one within a password, that goes on.
pub(super) fn closes(units: &[Unit], at: usize) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "_-+@#$%^*!~/?".contains(c);
    !units.get(at + 1).is_some_and(|next| next.is(goes_on))
}

fn ends_before_tag(units: &[Unit], at: usize) -> bool {
    let is = |at: usize, letter: char| units.get(at).is_some_and(|unit| unit.is(|c| c.eq_ignore_ascii_case(&letter)));
    is(at + 1, '/') || is(at + 1, 'b') && is(at + 2, 'r') || closes(units, at)
}

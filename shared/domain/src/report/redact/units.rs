//! Text as it is read by whoever looks for secrets.

use super::super::normalise::{is_invisible, is_line_end};
use super::Class;

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

    /// Whether text without spaces ends before it: a sign that is written as such and not encoded.
    pub(super) fn ends_word(self) -> bool {
        self.is_plain() && (self.c.is_whitespace() || self.is_quote() || matches!(self.c, '<' | '>'))
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

//! Names with secret values: `password=…`, `"api_key": "…"`, `user[password]=…`, `--token …`, `Authorization: …`.

use super::units::{Unit, while_};
use super::{Class, Found};

/// How a name ends whose value is secret, in small letters, without `_`, `-`, `.`, spaces and digits behind it.
const ENDINGS: [&str; 24] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accesskeyid",
    "secretkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "authkey",
    "accountkey",
    "authorization",
    "credential",
    "credentials",
    "signature",
    "cookie",
    "sessionid",
    "sessionkey",
];
/// The same for names so short that only a whole word counts.
const WORDS: [&str; 7] = ["pass", "pw", "auth", "sig", "jwt", "otp", "secrets"];
/// Those whose value has spaces in it and ends with its line.
const LINES: [&str; 2] = ["authorization", "cookie"];
/// The longest name that is looked at, in characters: its end decides.
const LONGEST_NAME: usize = 40;
/// Most spaces, quotes and brackets between a name, its sign and its value.
const MOST_BETWEEN: usize = 16;

pub(super) fn find(units: &[Unit], found: &mut Vec<Found>) {
    let mut at = 0;
    while at < units.len() {
        let value = named_by_sign(units, at).or_else(|| named_by_option(units, at));
        found.extend(value.map(|(from, to)| Found { from, to, class: Class::Password }));
        // A name at the end of this value may have a value of its own.
        at = value.map_or(0, |(_, to)| to.saturating_sub(LONGEST_NAME + MOST_BETWEEN)).max(at + 1);
    }
}

/// The value behind `=` or `:` at `at`, where the name before it is of a secret.
fn named_by_sign(units: &[Unit], at: usize) -> Option<(usize, usize)> {
    let is_colon = |unit: &Unit| unit.is(|c| c == ':');
    if !units[at].is(|c| matches!(c, '=' | ':')) {
        return None;
    }
    // `Token::parse` names a thing and no value.
    if is_colon(&units[at]) && (units.get(at + 1).is_some_and(is_colon) || at > 0 && is_colon(&units[at - 1])) {
        return None;
    }
    let between = |unit: &&Unit| unit.is_space() || unit.is_quote() || unit.is(|c| "\\])=:".contains(c));
    let ends = at - units[..at].iter().rev().take(MOST_BETWEEN).take_while(between).count();
    let mut name: Vec<char> = units[..ends]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|unit| unit.is(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ')))
        .map(|unit| unit.c)
        .collect();
    name.reverse();
    let name: String = name.into_iter().collect();
    value(units, at + 1, secret_by(&name)?)
}

/// The value behind `--password` at `at`, as commands take it.
fn named_by_option(units: &[Unit], at: usize) -> Option<(usize, usize)> {
    let is_dash = |at: usize| units.get(at).is_some_and(|unit| unit.is(|c| c == '-'));
    if !(is_dash(at) && is_dash(at + 1)) {
        return None;
    }
    let bounded = &units[..units.len().min(at + 2 + LONGEST_NAME)];
    let ends = while_(bounded, at + 2, |unit| unit.is(|c| c.is_alphanumeric() || matches!(c, '_' | '-')));
    let name: String = units[at + 2..ends].iter().map(|unit| unit.c).collect();
    let space = units.get(ends).is_some_and(|unit| unit.is_space() && !unit.ends_line());
    let how = secret_by(&name)?;
    (space && !is_dash(ends + 1)).then(|| value(units, ends, how)).flatten()
}

/// How far a value goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Word,
    Line,
}

/// How far the value of `name` goes, where it is secret.
fn secret_by(name: &str) -> Option<Reach> {
    let name = name.to_lowercase();
    let name = name.trim_end_matches(|c: char| !c.is_alphabetic());
    let squeezed: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let last = name.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    if LINES.iter().any(|ending| squeezed.ends_with(ending)) {
        return Some(Reach::Line);
    }
    let secret = ENDINGS.iter().any(|ending| squeezed.ends_with(ending)) || WORDS.contains(&last);
    secret.then_some(Reach::Word)
}

/// The value from `from` on, without the quotes around it. A sign that is encoded belongs to it.
fn value(units: &[Unit], from: usize, reach: Reach) -> Option<(usize, usize)> {
    let bounded = &units[..units.len().min(from + MOST_BETWEEN)];
    let mut from = while_(bounded, from, |unit| {
        unit.is(|c| c == '>' || c == '\\' || c == '=') || (unit.is_space() && !unit.ends_line())
    });
    let opening = units.get(from).copied().filter(|unit| unit.is_quote());
    let is_escaped = |at: usize| at > 0 && units[at - 1].is(|c| c == '\\');
    let escaped_opening = opening.is_some() && is_escaped(from);
    from += usize::from(opening.is_some());
    let ends = |at: usize, unit: Unit| match (opening, reach) {
        (Some(opening), _) => {
            let closes = unit.c == opening.c && unit.written == opening.written;
            unit.ends_line() || closes && is_escaped(at) == escaped_opening
        }
        (None, Reach::Line) => unit.ends_line() || unit.is_plain() && unit.is_quote(),
        (None, Reach::Word) => unit.ends_word() || unit.is_plain() && unit.c == '&',
    };
    let mut to = (from..units.len()).find(|at| ends(*at, units[*at])).unwrap_or(units.len());
    if escaped_opening && to > from && is_escaped(to) {
        to -= 1;
    }
    (to > from).then_some((from, to))
}

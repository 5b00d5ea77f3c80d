//! Names with secret values: `password=…`, `"api_key": "…"`, `user[password]=…`, `--token …`, `Authorization: …`.

use super::units::{Unit, closes, ends_value, while_};
use super::{Class, Found};

/// How a name ends whose value is secret, in small letters, without `_`, `-`, `.`, spaces and digits behind it.
const ENDINGS: [&str; 26] = [
    "password",
    "passwd",
    "passwort",
    "kennwort",
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
const LINES: [&str; 3] = ["authorization", "cookie", "passphrase"];
/// What makes a name secret wherever it stands in its last word: `DB_PASSWORD_PROD`, `secret_key_base`.
const WITHIN: [&str; 7] = ["password", "passwd", "passwort", "kennwort", "secretkey", "apikey", "privatekey"];
/// What stands between a name and its sign in a sentence: `my password is: …`.
const VERBS: [&str; 4] = [" is", " was", " ist", " lautet"];
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
    if !units[at].is(|c| matches!(c, '=' | ':' | '＝' | '：')) {
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
    let trimmed = name.trim_end_matches(|c: char| !c.is_alphabetic());
    let name = VERBS.iter().find_map(|verb| trimmed.strip_suffix(verb)).unwrap_or(trimmed);
    let name = name.trim_end_matches(|c: char| !c.is_alphabetic());
    let squeezed: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let last = name.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    if LINES.iter().any(|ending| squeezed.ends_with(ending)) {
        return Some(Reach::Line);
    }
    let identifier: String =
        name.rsplit(' ').next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect();
    let secret = WITHIN.iter().any(|word| identifier.contains(word))
        || ENDINGS.iter().any(|ending| squeezed.ends_with(ending))
        || WORDS.contains(&last);
    secret.then_some(Reach::Word)
}

/// The value from `from` on, without the quotes around it. A sign that is encoded belongs to it.
fn value(units: &[Unit], from: usize, reach: Reach) -> Option<(usize, usize)> {
    let from = while_(units, from, |unit| unit.is_space() && !unit.ends_line());
    let from = next_line(units, from).unwrap_or(from);
    let bounded = &units[..units.len().min(from + MOST_BETWEEN)];
    let from = while_(bounded, from, |unit| {
        unit.is(|c| matches!(c, '>' | '\\' | '=' | '[' | '(')) || (unit.is_space() && !unit.ends_line())
    });
    let mut from = behind_letter(units, from);
    let opening = units.get(from).copied().filter(|unit| unit.is_quote());
    let is_escaped = |at: usize| at > 0 && units[at - 1].is(|c| c == '\\');
    let escaped_opening = opening.is_some() && is_escaped(from);
    from += usize::from(opening.is_some());
    let ends = |at: usize, unit: Unit| match (opening, reach) {
        (Some(opening), _) => {
            let same = unit.c == opening.c && unit.written == opening.written;
            unit.ends_line() || same && is_escaped(at) == escaped_opening && closes(units, at)
        }
        (None, Reach::Line) => unit.ends_line() || unit.is_plain() && unit.is_quote() && closes(units, at),
        (None, Reach::Word) => ends_value(units, at) || unit.is_plain() && unit.c == '&' && begins_pair(units, at + 1),
    };
    let mut to = (from..units.len()).find(|at| ends(*at, units[*at])).unwrap_or(units.len());
    if escaped_opening && to > from && is_escaped(to) {
        to -= 1;
    }
    (to > from).then_some((from, to))
}

/// Whether `next=` begins at `from`, so that the `&` before it ends a value.
fn begins_pair(units: &[Unit], from: usize) -> bool {
    let bounded = &units[..units.len().min(from + LONGEST_NAME)];
    let to = while_(bounded, from, |unit| unit.is(|c| c.is_alphanumeric() || "_-.[]".contains(c)));
    to > from && units.get(to).is_some_and(|unit| unit.is(|c| c == '='))
}

/// Where the value begins that stands alone on the line after the sign, which may end with a `|` of YAML. A word
/// with a colon behind it is another name.
fn next_line(units: &[Unit], from: usize) -> Option<usize> {
    let from = while_(&units[..units.len().min(from + 2)], from, |unit| unit.is(|c| matches!(c, '|' | '>' | '-')));
    units.get(from).filter(|unit| unit.ends_line())?;
    let begins = while_(units, from, Unit::is_space);
    let ends = while_(units, begins, |unit| !unit.is_space());
    let line_ends = while_(units, ends, |unit| unit.is_space() && !unit.ends_line());
    let is_alone = units.get(line_ends).is_none_or(|unit| unit.ends_line());
    let is_value = begins < ends && is_alone && !units[ends - 1].is(|c| c == ':');
    is_value.then_some(begins)
}

/// Behind the letters of `b'…'`, where there are some.
fn behind_letter(units: &[Unit], from: usize) -> usize {
    let to = while_(&units[..units.len().min(from + 2)], from, |unit| unit.is(|c| "bBuUrRfF".contains(c)));
    if units.get(to).is_some_and(|unit| unit.is_quote()) { to } else { from }
}

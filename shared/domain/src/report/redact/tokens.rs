//! Tokens and keys that are known by how they begin, what follows `Bearer`, and what looks like chance.

use super::units::{Unit, while_};
use super::{Class, Found};

/// What a token begins with, what it goes on with, and how much of that makes it one. Half a token counts: what is
/// left of it may be guessed.
struct Form {
    begins: &'static str,
    class: Class,
    goes_on: fn(char) -> bool,
    at_least: usize,
}

const fn form(begins: &'static str, goes_on: fn(char) -> bool, at_least: usize) -> Form {
    Form { begins, class: Class::Token, goes_on, at_least }
}

const fn aws(begins: &'static str, goes_on: fn(char) -> bool, at_least: usize) -> Form {
    Form { begins, class: Class::AwsKey, goes_on, at_least }
}

/// Of AWS those prefixes of [unique ids](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes)
/// that are of keys, and how session tokens begin; of GitHub
/// [its formats](https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/);
/// of Slack [its tokens](https://docs.slack.dev/authentication/tokens/) and webhooks; JWT and other base64 of `{"`.
const FORMS: [Form; 31] = [
    aws("AKIA", is_of_key_id, 16),
    aws("ASIA", is_of_key_id, 16),
    aws("ABIA", is_of_key_id, 16),
    aws("ACCA", is_of_key_id, 16),
    aws("IQoJb3JpZ2lu", is_of_base64, 0),
    aws("FwoGZXIvYXdz", is_of_base64, 0),
    aws("FQoGZXIvYXdz", is_of_base64, 0),
    form("ghp_", is_of_word, 10),
    form("gho_", is_of_word, 10),
    form("ghu_", is_of_word, 10),
    form("ghs_", is_of_word, 10),
    form("ghr_", is_of_word, 10),
    form("github_pat_", is_of_word, 10),
    form("glpat-", is_of_base64, 10),
    form("npm_", is_of_word, 30),
    form("xoxa-", is_of_base64, 10),
    form("xoxb-", is_of_base64, 10),
    form("xoxc-", is_of_base64, 10),
    form("xoxd-", is_of_base64, 10),
    form("xoxe-", is_of_base64, 10),
    form("xoxe.", is_of_base64, 10),
    form("xoxp-", is_of_base64, 10),
    form("xoxr-", is_of_base64, 10),
    form("xoxs-", is_of_base64, 10),
    form("xapp-", is_of_base64, 10),
    form("hooks.slack.com/", is_of_path, 8),
    form("sk_live_", is_of_word, 10),
    form("rk_live_", is_of_word, 10),
    form("whsec_", is_of_base64, 10),
    form("AIza", is_of_base64, 30),
    form("eyJ", is_of_jwt, 16),
];

/// The longest of those beginnings, and of `Bearer` with what stands behind it, in characters.
const LONGEST_BEGINNING: usize = 24;
/// The fewest characters of base64 that look like chance: a secret access key has 40.
const SHORTEST_RUN: usize = 40;
/// The fewest characters behind `Bearer` that are a token without a digit, and with one.
const SHORTEST_BEARER: (usize, usize) = (16, 8);
/// Most spaces between `Bearer` and its token.
const MOST_BETWEEN: usize = 16;

pub(super) fn find(units: &[Unit], found: &mut Vec<Found>) {
    let mut at = 0;
    while at < units.len() {
        let here = known(units, at).or_else(|| bearer(units, at));
        // The next one may begin in what this one ends with.
        at = here.map_or(0, |one| one.to.saturating_sub(LONGEST_BEGINNING)).max(at + 1);
        found.extend(here);
    }
    at = 0;
    while at < units.len() {
        let to = while_(units, at, |unit| unit.is(|c| is_of_base64(c) && c != '='));
        found.extend(random(units, at, to));
        at = to.max(at + 1);
    }
}

/// The first letters of those beginnings, since nearly every character is none.
const INITIALS: [bool; 128] = {
    let mut initials = [false; 128];
    let mut index = 0;
    while index < FORMS.len() {
        initials[FORMS[index].begins.as_bytes()[0] as usize] = true;
        index += 1;
    }
    initials
};

fn known(units: &[Unit], at: usize) -> Option<Found> {
    let is_initial = |c: char| INITIALS.get(c as usize).is_some_and(|is| *is);
    units.get(at).filter(|unit| unit.is(|c| is_initial(c) || is_initial(c.to_ascii_lowercase())))?;
    let form = FORMS.iter().find(|form| begins(units, at, form.begins))?;
    let from = at + form.begins.len();
    let to = while_(units, from, |unit| unit.is(form.goes_on));
    (to - from >= form.at_least).then_some(Found { from: at, to, class: form.class })
}

/// Whether `units` have this ASCII text from `from` on. A host may be in any case.
fn begins(units: &[Unit], from: usize, text: &str) -> bool {
    let is_host = text.contains('/');
    text.chars().enumerate().all(|(index, letter)| {
        let same = |c: char| c == letter || is_host && c.eq_ignore_ascii_case(&letter);
        units.get(from + index).is_some_and(|unit| unit.is(same))
    })
}

fn bearer(units: &[Unit], at: usize) -> Option<Found> {
    let letters = "bearer".chars();
    let spelled = letters
        .enumerate()
        .all(|(index, letter)| units.get(at + index).is_some_and(|unit| unit.is(|c| c.eq_ignore_ascii_case(&letter))));
    let ends = at + "bearer".len();
    if !spelled || ends >= units.len() {
        return None;
    }
    let bounded = &units[..units.len().min(ends + MOST_BETWEEN)];
    let from = while_(bounded, ends, |unit| unit.is_space() || unit.is_quote());
    let to = while_(units, from, |unit| unit.is(is_of_jwt));
    let has_digit = units[from..to].iter().any(|unit| unit.c.is_ascii_digit());
    let least = if has_digit { SHORTEST_BEARER.1 } else { SHORTEST_BEARER.0 };
    (from > ends && to - from >= least).then_some(Found { from, to, class: Class::Token })
}

/// A run that has both cases and digits, and in which one of four letters and digits is of another class than the one
/// before: chance gives three of five, and paths of small letters next to none.
fn random(units: &[Unit], from: usize, to: usize) -> Option<Found> {
    if to - from < SHORTEST_RUN {
        return None;
    }
    let class = |c: char| match c {
        'A'..='Z' => Some(0_usize),
        'a'..='z' => Some(1),
        '0'..='9' => Some(2),
        _ => None,
    };
    let mut has = [false; 3];
    let mut changes = 0;
    let mut before = None;
    for class in units[from..to].iter().filter_map(|unit| class(unit.c)) {
        has[class] = true;
        changes += usize::from(before.is_some_and(|before| before != class));
        before = Some(class);
    }
    (has == [true; 3] && changes * 4 >= to - from).then_some(Found { from, to, class: Class::Key })
}

fn is_of_key_id(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_of_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-')
}

fn is_of_jwt(c: char) -> bool {
    is_of_base64(c) || matches!(c, '.' | '~')
}

fn is_of_path(c: char) -> bool {
    is_of_base64(c) || c == '.'
}

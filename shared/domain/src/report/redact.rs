//! Secrets out of text that people paste, before it is kept, sent or logged.
//!
//! Each secret becomes a word such as `[redacted: AWS key]`. When in doubt more is taken out: a lost word is asked
//! for again, a leaked key is not. What is found:
//!
//! - private keys in PEM, without an end too (then to the end of the text) or without a beginning;
//! - user and password in a URL, and a long user alone, which is a token;
//! - the value of `password=`, `"api_key": `, `--token `, `Authorization:` and their like (`pairs`);
//! - what follows `Bearer`, and tokens that are known by how they begin (`tokens`);
//! - 40 and more characters of base64 that mix both cases and digits as chance does: secret access keys, session
//!   tokens.
//!
//! Text is read as it would be read by whoever looks for secrets: percent-encoding is undone, characters that nobody
//! sees are passed over.

mod keys;
mod pairs;
mod tokens;
mod units;
mod urls;

use units::Unit;

/// What was found, which is what stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    AwsKey,
    PrivateKey,
    Password,
    Token,
    Credentials,
    Key,
}

impl Class {
    const ALL: [Class; 6] =
        [Class::AwsKey, Class::PrivateKey, Class::Password, Class::Token, Class::Credentials, Class::Key];

    fn mark(self) -> &'static str {
        match self {
            Class::AwsKey => "[redacted: AWS key]",
            Class::PrivateKey => "[redacted: private key]",
            Class::Password => "[redacted: password]",
            Class::Token => "[redacted: token]",
            Class::Credentials => "[redacted: credentials]",
            Class::Key => "[redacted: key]",
        }
    }
}

/// A secret, from one unit up to another.
#[derive(Clone, Copy, Debug)]
struct Found {
    from: usize,
    to: usize,
    class: Class,
}

/// Most rounds: nobody's text takes as many who does not set out to.
const MOST_ROUNDS: usize = 8;

/// `text` without secrets. Doing it again changes nothing.
#[must_use]
pub fn redact(text: &str) -> String {
    let (redacted, is_done) = rounds(text);
    if is_done { redacted } else { rest_marked(&redacted) }
}

/// What is left of a long run beside something found may itself look like a key, so there are several rounds, mostly
/// one. Says whether the last one found nothing.
fn rounds(text: &str) -> (String, bool) {
    let mut redacted = text.to_owned();
    for _ in 0..MOST_ROUNDS {
        let Some(next) = once(&redacted) else { return (redacted, true) };
        redacted = next;
    }
    let is_done = once(&redacted).is_none();
    (redacted, is_done)
}

/// One mark instead of all from the first secret on, or of the whole text where even that leaves one.
fn rest_marked(text: &str) -> String {
    let units = units::of(text);
    let from = found(&units).first().map_or(text.len(), |one| units[one.from].start);
    let marked = format!("{}{}", &text[..from], Class::Key.mark());
    if once(&marked).is_none() { marked } else { Class::Key.mark().to_owned() }
}

/// One round; `None` where nothing is found.
fn once(text: &str) -> Option<String> {
    let units = units::of(text);
    let found = found(&units);
    (!found.is_empty()).then(|| replaced(text, &units, &found))
}

/// All secrets that one round finds, by where they begin.
fn found(units: &[Unit]) -> Vec<Found> {
    let mut found = Vec::new();
    keys::find(units, &mut found);
    urls::find(units, &mut found);
    pairs::find(units, &mut found);
    tokens::find(units, &mut found);
    found.retain(|one| units[one.from..one.to].iter().any(|unit| !unit.is_mark()));
    found.sort_by_key(|one| (one.from, std::cmp::Reverse(one.to)));
    found
}

/// What overlaps is one secret, by the name of the first.
fn replaced(text: &str, units: &[Unit], found: &[Found]) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut kept_from = 0;
    let mut secrets = found.iter().copied().peekable();
    while let Some(Found { from, mut to, class }) = secrets.next() {
        while let Some(overlapping) = secrets.next_if(|next| next.from < to) {
            to = to.max(overlapping.to);
        }
        redacted.push_str(&text[kept_from..units[from].start]);
        redacted.push_str(class.mark());
        kept_from = units[to - 1].end;
    }
    redacted.push_str(&text[kept_from..]);
    redacted
}

#[cfg(test)]
mod tests;

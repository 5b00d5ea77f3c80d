//! User and password in a URL: `scheme://user:password@host`.

use super::units::{Unit, ends_value, while_};
use super::{Class, Found};

/// The fewest characters of a user without a password that are taken for a token.
const SHORTEST_TOKEN: usize = 16;

pub(super) fn find(units: &[Unit], found: &mut Vec<Found>) {
    let mut at = 0;
    let mut word = Word::default();
    while at < units.len() {
        let slash = units[at].is(|c| c == ':')
            && units.get(at + 1).is_some_and(|unit| unit.is(|c| c == '/'))
            && units.get(at + 2).is_some_and(|unit| unit.is(|c| c == '/'));
        if slash {
            let to = user_info(units, at + 3, units[at + 1], &mut word);
            found.extend(to.map(|to| Found { from: at + 3, to, class: Class::Credentials }));
            at = to.unwrap_or(at + 3);
        } else {
            at += 1;
        }
    }
}

/// A text without spaces: where it ends, and its last `@`. Many a URL may stand in one, which is looked through once.
#[derive(Default)]
struct Word {
    ends: usize,
    last_at: Option<usize>,
}

impl Word {
    fn at(units: &[Unit], from: usize) -> Word {
        let ends = (from..units.len()).find(|at| ends_value(units, *at)).unwrap_or(units.len());
        let last_at = (from..ends).rev().find(|at| units[*at].is(|c| c == '@'));
        Word { ends, last_at }
    }
}

/// Where user and password end, before their `@`. `slash` is one of the two before them: a URL that is encoded as a
/// whole has its other signs encoded as well, and in one that is not, an encoded sign belongs to the password.
fn user_info(units: &[Unit], from: usize, slash: Unit, word: &mut Word) -> Option<usize> {
    if word.ends < from || word.ends == 0 {
        *word = Word::at(units, from);
    }
    let word_ends = word.ends;
    let ends = |unit: Unit| unit.written == slash.written && matches!(unit.c, '/' | '?' | '#');
    let host_ends = while_(&units[..word_ends], from, |unit| !ends(unit));
    let last_at = |to: usize| (from..to).rev().find(|at| units[*at].is(|c| c == '@'));
    let colon = (from..host_ends).find(|at| units[*at].is(|c| c == ':'));
    let to = match (last_at(host_ends), colon) {
        (Some(at), Some(_)) => Some(at),
        (Some(at), None) => (at - from >= SHORTEST_TOKEN).then_some(at),
        // A password with a slash in it. Of a host only digits follow the colon.
        (None, Some(colon)) => {
            let port_ends = while_(&units[..host_ends], colon + 1, |unit| unit.is(|c| c.is_ascii_digit()));
            if port_ends == host_ends { None } else { word.last_at.filter(|at| *at >= from) }
        }
        (None, None) => None,
    };
    to.filter(|to| *to > from)
}

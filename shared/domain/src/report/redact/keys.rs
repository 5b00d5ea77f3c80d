//! Private keys in PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)), whole or cut, wrapped anywhere.

use super::units::{Unit, spelled, while_};
use super::{Class, Found};

/// Most characters between `BEGIN` or `END` and `PRIVATE KEY`: `ENCRYPTED`, `OPENSSH` and their like.
const LONGEST_ALGORITHM: usize = 40;
/// The fewest characters of base64 that are taken for a line of a key whose beginning is missing.
const SHORTEST_LINE: usize = 20;

pub(super) fn find(units: &[Unit], found: &mut Vec<Found>) {
    let mut at = 0;
    while at < units.len() {
        let after_dashes = while_(units, at, |unit| unit.is(|c| c == '-'));
        if after_dashes < at + 2 {
            at = after_dashes.max(at + 1);
            continue;
        }
        let found_here = if let Some(begun) = border(units, after_dashes, "BEGIN") {
            Some((at, end(units, begun)))
        } else {
            border(units, after_dashes, "END").map(|ended| (beginning(units, at), while_(units, ended, is_dash)))
        };
        match found_here {
            Some((from, to)) => {
                found.push(Found { from, to, class: Class::PrivateKey });
                // The dashes behind one key may be those before the next.
                let dashes = units[..to].iter().rev().take_while(|unit| is_dash(**unit)).count();
                at = after_dashes.max(to - dashes);
            }
            None => at = after_dashes,
        }
    }
}

fn is_dash(unit: Unit) -> bool {
    unit.is(|c| c == '-')
}

/// Where `BEGIN … PRIVATE KEY` ends, or `END … PRIVATE KEY BLOCK`.
fn border(units: &[Unit], from: usize, word: &str) -> Option<usize> {
    let from = spelled(units, while_(units, from, Unit::is_space), word)?;
    // No dash stands between: behind one, another line begins.
    let bounded = &units[..units.len().min(from + LONGEST_ALGORITHM)];
    let ended = (from..while_(bounded, from, |unit| !is_dash(unit))).find_map(|at| spelled(units, at, "PRIVATEKEY"))?;
    Some(spelled(units, while_(units, ended, Unit::is_space), "BLOCK").unwrap_or(ended))
}

/// Where the key ends that begins before `from`; a key that is cut ends where the text does.
fn end(units: &[Unit], from: usize) -> usize {
    let closing = (from..units.len()).find_map(|at| {
        let after_dash = is_dash(units[at]) && !units.get(at + 1).is_some_and(|unit| is_dash(*unit));
        after_dash.then(|| border(units, at + 1, "END")).flatten()
    });
    closing.map_or(units.len(), |ended| while_(units, ended, is_dash))
}

/// Where a key begins that ends at `to` and has lost its first lines: the words before it that are base64 and long,
/// and the last one, which need not be long.
fn beginning(units: &[Unit], to: usize) -> usize {
    let mut from = to;
    let mut is_last = true;
    loop {
        let word_ends = from - units[..from].iter().rev().take_while(|unit| unit.is_space()).count();
        let length = units[..word_ends].iter().rev().take_while(|unit| unit.is(is_of_base64)).count();
        let begins = word_ends - length;
        let alone = begins == 0 || units[begins - 1].is_space();
        if !alone || length < if is_last { 1 } else { SHORTEST_LINE } {
            return from;
        }
        from = begins;
        is_last = false;
    }
}

fn is_of_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

//! Names that AWS gives and promises no form of.

use serde::{Deserialize, Serialize};

/// A name of 1 to `LONGEST` characters. Only its length is bounded, and control characters are
/// refused: it is kept in the record, or handed back to AWS as it came.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Opaque<const LONGEST: usize>(pub(crate) String);

impl<const LONGEST: usize> TryFrom<String> for Opaque<LONGEST> {
    type Error = String;

    fn try_from(name: String) -> Result<Opaque<LONGEST>, String> {
        let right = (1..=LONGEST).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if right { Ok(Opaque(name)) } else { Err(format!("must be 1 to {LONGEST} characters, no control characters")) }
    }
}

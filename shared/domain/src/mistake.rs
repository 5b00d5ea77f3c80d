//! Reading JSON that people or other systems wrote: every mistake names its path and what
//! would be right, and repeats nothing of what was written there.

use serde::de::DeserializeOwned;

/// One mistake in a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Mistake {
    /// Where it is, such as `strategy.weight`; `.` for the document itself.
    pub path: String,
    /// What is wrong and what would be right, without the offending value.
    pub problem: String,
}

impl Mistake {
    /// A mistake at `path`.
    pub fn at(path: impl Into<String>, problem: impl Into<String>) -> Mistake {
        Mistake { path: path.into(), problem: problem.into() }
    }

    /// The same mistake in a document that stands at `parent` of a larger one.
    #[must_use]
    pub fn under(self, parent: &str) -> Mistake {
        let path = if self.path == "." { parent.to_owned() } else { format!("{parent}.{}", self.path) };
        Mistake { path, ..self }
    }
}

/// Reads a document from its text.
///
/// # Errors
/// The first mistake found, with its path.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(explain)?;
    reader.end().map_err(|_| Mistake::at(".", "text follows the end of the JSON document"))?;
    Ok(value)
}

/// Reads a document that is already a JSON value.
///
/// # Errors
/// The first mistake found, with its path.
pub fn read_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Mistake> {
    serde_path_to_error::deserialize(value).map_err(explain)
}

/// Names the field that is missing and not the object it is missing from, and keeps nothing of
/// an offending value.
fn explain(error: serde_path_to_error::Error<serde_json::Error>) -> Mistake {
    let path = error.path().to_string();
    let inner = error.into_inner();
    if inner.is_syntax() || inner.is_eof() {
        return Mistake::at(path, "this is not JSON");
    }
    let message = inner.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(before, _)| before);
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let missing = Mistake::at(field, "is required");
        return if path == "." { missing } else { missing.under(&path) };
    }
    Mistake::at(path, without_value(message))
}

/// serde says `invalid type: string "…", expected u32`. The value may itself read like such a
/// message, so only what follows the last `expected` is kept.
fn without_value(message: &str) -> String {
    if !(message.starts_with("invalid ") || message.starts_with("unknown variant")) {
        return message.to_owned();
    }
    match message.rsplit_once(", expected ") {
        // The names of our types mean nothing to whoever wrote the document.
        Some((_, expected)) if expected.starts_with("struct ") => "must be an object".to_owned(),
        Some((_, "f64")) => "must be a number".to_owned(),
        Some((_, "u8" | "u16" | "u32" | "u64" | "usize")) => "must be a whole number, 0 or more".to_owned(),
        Some((_, expected)) => format!("expected {expected}"),
        None => "is not what belongs here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code)]
        count: u8,
        #[allow(dead_code)]
        wait: Option<Span>,
    }

    #[test]
    fn a_mistake_names_its_path_and_repeats_nothing_of_the_value() {
        for (json, path) in [
            (r#"{"count":"hunter2"}"#, "count"),
            (r#"{"count":1,"wait":"hunter2"}"#, "wait"),
            (r#"{"count":-77}"#, "count"),
            (r#"{"count": hunter2"#, "count"),
            (r#"{"count":"x, expected hunter2 at line 2"}"#, "count"),
        ] {
            let mistake = read::<Sample>(json).unwrap_err();
            assert_eq!(mistake.path, path, "{json}: {mistake}");
            assert!(!mistake.to_string().contains("hunter2") && !mistake.to_string().contains("77"), "{mistake}");
        }
        assert_eq!(read::<Sample>(r#"{"count":"x"}"#).unwrap_err().problem, "must be a whole number, 0 or more");
        assert!(read::<Sample>(r#"{"count":1,"cuont":2}"#).unwrap_err().problem.contains("unknown field `cuont`"));
    }
}

//! What a test says while it takes long.

use std::io::Write;

/// Says something past the test runner's capture: a silent minute looks like a hang.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

//! What this machine has of a browser. `tests/build.rs` includes this file too: where it finds none, the tests that
//! need one are ignored.

use std::env;
use std::path::PathBuf;

/// Chromium and its driver.
pub(crate) fn programs() -> Option<[PathBuf; 2]> {
    let path = env::var_os("PATH")?;
    let find = |name: &str| env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    Some([find("chromium")?, find("chromedriver")?])
}

//! The binaries under test, built by cargo once per test process.
//!
//! Cargo decides whether a binary is up to date; a path is never guessed. With
//! `SIGNALBOX_BIN_DIR` the binaries in that folder are taken as they are, release ones say.

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::workspace;

/// The packages that have a binary under test.
const PACKAGES: [&str; 6] = [
    "signalbox-deployer",
    "signalbox-rollback",
    "signalbox-replacer",
    "signalbox-billing-guard",
    "signalbox-reporter",
    "signalbox",
];

/// The variables that cargo sets for a test. Handed on, they would look like a change to build
/// scripts that watch them (`ring`'s does), and half the tree would be built again every time.
const OF_THE_TEST: [&str; 7] = [
    "CARGO_BIN_",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
];

/// The path of a binary (`deployer`, `rollback`, `replacer`, `billing-guard`, `reporter`, `signalbox`), built now if it
/// is not current.
///
/// Blocks while cargo builds, and panics with cargo's own words if it cannot.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    if let Some(folder) = env::var_os("SIGNALBOX_BIN_DIR") {
        let path = workspace::root().join(folder).join(name);
        assert!(path.is_file(), "SIGNALBOX_BIN_DIR is set, but there is no {}", path.display());
        return path;
    }
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(build);
    built.get(name).cloned().unwrap_or_else(|| {
        panic!("no binary is named {name}: {PACKAGES:?} have {:?}", built.keys().collect::<Vec<_>>())
    })
}

/// Builds all of them; returns the path of each by its name.
fn build() -> BTreeMap<String, PathBuf> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--bins", "--message-format=json-render-diagnostics", "--quiet", "--target-dir"]);
    command.arg(workspace::target_dir());
    command.args(PACKAGES.iter().flat_map(|package| ["-p", package]));
    command.current_dir(workspace::root()).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        let is_of_the_test = |prefix: &str| name.to_string_lossy().starts_with(prefix);
        if OF_THE_TEST.iter().any(|prefix| is_of_the_test(prefix)) {
            command.env_remove(name);
        }
    }
    let output = command.output().unwrap_or_else(|error| panic!("cannot start cargo: {error}"));
    if !output.status.success() {
        // Compiler output may be long: it goes where it can be read, not into the panic.
        let _ = std::io::stderr().write_all(&output.stderr);
        panic!("cargo could not build the binaries under test ({}); its output is above", output.status);
    }
    String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).collect()
}

/// The binary that one of cargo's messages tells of, if it does.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_binary = message["target"]["kind"].as_array()?.iter().any(|kind| kind == "bin");
    let path = message["executable"].as_str().filter(|_| is_binary)?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}

//! What this machine has for Terraform. `tests/build.rs` includes this file too: what it does not find, the
//! tests that need it are ignored for.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Terraform: on the path, or the one that `.ci/infra` keeps under the target directory.
pub(crate) fn program(target: &Path) -> Option<PathBuf> {
    let kept = std::fs::read_dir(target.join("infra-tools")).into_iter().flatten().flatten();
    let kept = kept.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("/terraform-"));
    folders().into_iter().chain(kept).map(|folder| folder.join("terraform")).find(|program| program.is_file())
}

/// The folders in which programs are looked for.
pub(crate) fn folders() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// A folder that holds the provider, on a machine without internet perhaps. One inside a project's `.terraform`
/// is that project's own and may go away at any time.
pub(crate) fn mirror() -> Option<PathBuf> {
    const PROVIDER: &str = "/registry.terraform.io/hashicorp/aws";
    let mut search = Command::new("find");
    search.args(["/", "-xdev", "-type", "d", "-name", ".terraform", "-prune", "-o", "-type", "d", "-path"]);
    search.args([&format!("*{PROVIDER}"), "-print", "-quit"]);
    let found = String::from_utf8(search.output().ok()?.stdout).ok()?;
    Some(found.lines().next()?.strip_suffix(PROVIDER)?.into())
}

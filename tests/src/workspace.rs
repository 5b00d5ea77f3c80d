//! Where things are: the workspace's root and its target directory.

use std::env;
use std::path::{Path, PathBuf};

/// The folder of the root `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace").to_path_buf()
}

/// The target directory that the running test was built into.
pub(crate) fn target_dir() -> PathBuf {
    if let Some(set) = env::var_os("CARGO_TARGET_DIR").filter(|set| !set.is_empty()) {
        return root().join(set);
    }
    // Cargo marks the directory, however deep the test binary lies in it.
    let test = env::current_exe().expect("a test knows its own path");
    let marked = test.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| root().join("target"), Path::to_path_buf)
}

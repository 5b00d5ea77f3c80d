//! The Python that runs the emulator.

use std::env;
use std::ffi::OsString;
use std::process::Command;

/// The oldest version that every pinned package supports: `jsonpath-ng` and `pycparser` say 3.11.
const OLDEST: (u32, u32) = (3, 11);

/// A Python that is new enough.
pub(super) struct Python {
    /// The program, as the environment names it.
    pub(super) program: OsString,
    /// Its whole version, `3.12.1` say.
    pub(super) version: String,
}

/// Finds it: `PYTHON`, or `python3`. Panics with how to get it if there is none.
pub(super) fn find() -> Python {
    let program = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let name = program.to_string_lossy().into_owned();
    let ask = "import sys; print('%d.%d.%d' % sys.version_info[:3])";
    let answer = Command::new(&program).args(["-c", ask]).output().ok().filter(|output| output.status.success());
    let Some(answer) = answer else {
        panic!("{}", needed(&format!("`{name}` cannot be run")));
    };
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if !new_enough(&version) {
        panic!("{}", needed(&format!("`{name}` is {version}")));
    }
    Python { program, version }
}

fn needed(problem: &str) -> String {
    let (major, minor) = OLDEST;
    format!(
        "the tests need Python {major}.{minor} or newer for their AWS emulator, but {problem}: install it \
         (Debian and Ubuntu: `apt install python3 python3-venv`, macOS: `brew install python`) \
         or name another one with the variable PYTHON"
    )
}

fn new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse);
    matches!((parts.next(), parts.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::{find, needed, new_enough};

    #[test]
    fn versions_are_compared_by_number() {
        assert!(new_enough("3.11.0") && new_enough("3.14.2") && new_enough("4.0.0"));
        assert!(!new_enough("3.9.18") && !new_enough("3.10.9") && !new_enough("2.7.18") && !new_enough(""));
    }

    #[test]
    fn the_python_of_this_machine_will_do() {
        assert!(new_enough(&find().version));
    }

    #[test]
    fn what_is_missing_is_one_sentence_with_a_remedy() {
        let text = needed("`python3` cannot be run");
        assert!(text.contains("`python3` cannot be run: install it"), "{text}");
        assert!(!text.contains('\n'));
    }
}

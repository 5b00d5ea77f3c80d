//! The emulator's Python environment, set up once under the target directory.
//!
//! Its folder is named after what is in it, so a changed pin makes a new one. One process sets
//! it up while others wait for its lock; a stamp, written last, says that it is whole. What an
//! interrupted set-up left behind has no stamp and is made anew.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::python::{self, Python};
use crate::progress::tell;
use crate::workspace;

/// Longest time for each step of the set-up, and half of the longest wait for another process.
const STEP_WITHIN: Duration = Duration::from_secs(600);
/// How often a slow step says that it is still going.
const STILL_GOING: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// The folder of the emulator's sources.
pub(super) fn folder() -> PathBuf {
    workspace::root().join("tests/moto")
}

/// The environment's Python, set up now if need be.
pub(super) fn python() -> PathBuf {
    let requirements = fs::read_to_string(folder().join("requirements.txt")).expect("tests/moto/requirements.txt");
    let base = python::find();
    let name = format!("moto-venv-{:016x}", fingerprint(&format!("{} {requirements}", base.version)));
    let venv = workspace::target_dir().join(name);
    let stamp = venv.join("complete");
    if !stamp.is_file() {
        let _lock = lock(&venv.with_extension("lock"));
        // Another process may have finished while this one waited.
        if !stamp.is_file() {
            set_up(&venv, &base, &requirements);
            File::create(&stamp).expect("the environment's stamp");
        }
    }
    interpreter(&venv)
}

fn interpreter(venv: &Path) -> PathBuf {
    if cfg!(windows) { venv.join("Scripts/python.exe") } else { venv.join("bin/python") }
}

fn set_up(venv: &Path, base: &Python, requirements: &str) {
    let started = Instant::now();
    if venv.exists() {
        fs::remove_dir_all(venv).expect("removing what an interrupted set-up left");
    }
    tell("setting up the AWS emulator (once): creating venv…");
    let mut create = Command::new(&base.program);
    create.args(["-m", "venv"]).arg(venv);
    run("creating a venv (on Debian and Ubuntu: `apt install python3-venv`)", create, &venv.with_extension("log"));

    let pinned = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    tell(&format!(
        "setting up the AWS emulator (once): installing {} packages…",
        requirements.lines().filter(pinned).count()
    ));
    let mut install = Command::new(interpreter(venv));
    install.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r"]);
    install.arg(folder().join("requirements.txt"));
    run(
        "installing the emulator's packages (are the package index and the network there?)",
        install,
        &venv.with_extension("log"),
    );
    tell(&format!("the AWS emulator is set up ({} s)", started.elapsed().as_secs()));
}

/// Runs a step to its end; panics with the end of its output if it fails.
fn run(what: &str, mut command: Command, log: &Path) {
    let file = File::create(log).expect("the log of the set-up");
    let copy = file.try_clone().expect("the log of the set-up");
    let child = command.stdin(Stdio::null()).stdout(file).stderr(copy).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{what}: {error}"));
    let (started, mut told) = (Instant::now(), Instant::now());
    let status: ExitStatus = loop {
        if let Some(status) = child.try_wait().expect("the state of a child") {
            break status;
        }
        if started.elapsed() > STEP_WITHIN {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{what}: not within {STEP_WITHIN:?}; see {}", log.display());
        }
        if told.elapsed() > STILL_GOING {
            told = Instant::now();
            tell(&format!("still setting up the AWS emulator ({} s)…", started.elapsed().as_secs()));
        }
        thread::sleep(POLL);
    };
    if !status.success() {
        let output = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = output.lines().collect();
        panic!("{what} failed ({status}):\n{}", lines[lines.len().saturating_sub(15)..].join("\n"));
    }
    let _ = fs::remove_file(log);
}

/// Takes the lock; it goes with the file, or with the process.
fn lock(path: &Path) -> File {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the target directory");
    let file = File::create(path).expect("the lock of the set-up");
    let (started, mut told) = (Instant::now(), None::<Instant>);
    loop {
        match file.try_lock() {
            Ok(()) => return file,
            Err(TryLockError::Error(error)) => panic!("cannot lock {}: {error}", path.display()),
            Err(TryLockError::WouldBlock) => {}
        }
        assert!(started.elapsed() < 2 * STEP_WITHIN, "{} is held by another process for too long", path.display());
        if told.is_none_or(|told| told.elapsed() > STILL_GOING) {
            told = Some(Instant::now());
            tell("waiting for another test process that sets up the AWS emulator…");
        }
        thread::sleep(POLL);
    }
}

/// FNV-1a: the same for the same text, today and with the next compiler.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, interpreter, lock};
    use std::path::Path;

    #[test]
    fn a_changed_pin_is_another_environment() {
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(fingerprint("moto==5.2.5"), fingerprint("moto==5.2.6"));
        assert!(interpreter(Path::new("venv")).starts_with("venv"));
    }

    #[test]
    fn the_lock_is_exclusive_and_goes_with_its_holder() {
        let path = std::env::temp_dir().join(format!("signalbox-lock-{}", std::process::id()));
        let held = lock(&path);
        assert!(std::fs::File::create(&path).unwrap().try_lock().is_err());
        drop(held);
        drop(lock(&path));
        std::fs::remove_file(path).unwrap();
    }
}

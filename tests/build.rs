//! Finds out whether Terraform and Chromium can run here, because a test cannot ignore itself: the tests that need
//! them carry `#[cfg_attr(terraform = "…", ignore = "…")]` or `#[cfg_attr(browser = "…", ignore = "…")]`.

#![allow(clippy::disallowed_methods, reason = "a build script has its instructions in the environment")]
#![allow(clippy::expect_used, reason = "a build script that cannot go on is a failed build")]
#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

use std::env;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[path = "src/browser/find.rs"]
mod browser;
#[path = "src/terraform/find.rs"]
mod find;

/// Longest wait for the registry.
const REGISTRY_WITHIN: Duration = Duration::from_secs(3);

fn main() {
    println!(
        "cargo::rustc-check-cfg=cfg(terraform, values(\"ready\", \"missing\", \"without_provider\", \"without_jq\"))"
    );
    println!("cargo::rustc-check-cfg=cfg(browser, values(\"ready\", \"missing\"))");
    for source in ["build.rs", "src/browser/find.rs", "src/terraform/find.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rustc-cfg=terraform=\"{}\"", look());
    println!("cargo::rustc-cfg=browser=\"{}\"", look_for_browser());
}

fn look_for_browser() -> &'static str {
    let Some(programs) = browser::programs() else {
        println!("cargo::rerun-if-env-changed=PATH");
        watch(&find::folders());
        return "missing";
    };
    watch(&programs);
    "ready"
}

/// What there is, and what has to change before it is worth another look.
fn look() -> &'static str {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let target = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let Some(program) = find::program(target.unwrap_or(&out)) else {
        println!("cargo::rerun-if-env-changed=PATH");
        watch(&find::folders());
        return "missing";
    };
    watch(&[program]);
    let Some(jq) = find::folders().into_iter().map(|folder| folder.join("jq")).find(|program| program.is_file()) else {
        watch(&find::folders());
        return "without_jq";
    };
    watch(&[jq]);
    if find::mirror().is_some() || registry_answers() { "ready" } else { "without_provider" }
}

/// What does not exist is left out: cargo would run this every time.
fn watch(paths: &[PathBuf]) {
    for path in paths.iter().filter(|path| Path::exists(path)) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

fn registry_answers() -> bool {
    let proxied = ["HTTPS_PROXY", "https_proxy"].iter().any(|name| env::var_os(name).is_some());
    let reached = || {
        let mut addresses = "registry.terraform.io:443".to_socket_addrs().ok()?;
        addresses.find(|address| TcpStream::connect_timeout(address, REGISTRY_WITHIN).is_ok())
    };
    proxied || reached().is_some()
}

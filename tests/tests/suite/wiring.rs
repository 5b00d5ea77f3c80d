//! What the workspace itself must be: dependencies point one way, and what is banned stays out.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(workspace()).output().expect("cargo metadata");
    serde_json::from_slice(&output.stdout).expect("metadata")
}

/// What each member may use of the others. Tests use what they like.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("signalbox-domain", &[]),
    ("signalbox-events", &["signalbox-domain"]),
    ("signalbox-reconciler", &["signalbox-domain"]),
    ("signalbox-aws", &["signalbox-domain", "signalbox-reconciler"]),
    ("signalbox-bootstrap", &["signalbox-domain", "signalbox-events", "signalbox-reconciler"]),
    ("signalbox-sim", &["signalbox-domain", "signalbox-reconciler"]),
    (
        "signalbox-billing-guard",
        &["signalbox-aws", "signalbox-bootstrap", "signalbox-domain", "signalbox-events", "signalbox-reconciler"],
    ),
    (
        "signalbox-deployer",
        &["signalbox-aws", "signalbox-bootstrap", "signalbox-domain", "signalbox-events", "signalbox-reconciler"],
    ),
    (
        "signalbox-replacer",
        &["signalbox-aws", "signalbox-bootstrap", "signalbox-domain", "signalbox-events", "signalbox-reconciler"],
    ),
    (
        "signalbox-reporter",
        &["signalbox-aws", "signalbox-bootstrap", "signalbox-domain", "signalbox-events", "signalbox-reconciler"],
    ),
    (
        "signalbox-rollback",
        &["signalbox-aws", "signalbox-bootstrap", "signalbox-domain", "signalbox-events", "signalbox-reconciler"],
    ),
    (
        "signalbox",
        &["signalbox-aws", "signalbox-bootstrap", "signalbox-domain", "signalbox-reconciler", "signalbox-sim"],
    ),
    ("signalbox-tests", &[]),
];

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let named: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(named, MAY_USE.iter().map(|(name, _)| *name).collect(), "every member has its line here");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let allowed = MAY_USE.iter().find(|(own, _)| *own == name).unwrap().1;
        for dependency in package["dependencies"].as_array().unwrap() {
            let uses = dependency["name"].as_str().unwrap();
            if uses.starts_with("signalbox") && dependency["kind"].is_null() {
                assert!(allowed.contains(&uses), "{name} must not use {uses}");
            }
        }
    }
}

#[test]
fn the_checkers_know_nothing_of_how_anything_is_decided() {
    let checkers = std::fs::read_to_string(workspace().join("shared/sim/src/checkers.rs")).unwrap();
    let uses: Vec<&str> = checkers.lines().filter(|line| line.contains("signalbox_")).collect();
    assert_eq!(uses, ["use signalbox_domain::definition::Capacity;", "use signalbox_domain::slot::Slot;"]);
}

#[test]
fn the_runbook_knows_every_phase_and_every_error() {
    let read = |path: &str| std::fs::read_to_string(workspace().join(path)).unwrap();
    let runbook = read("docs/runbook.md");
    let arms = |path: &str| {
        let source = read(path);
        let words =
            source.lines().filter_map(|line| line.trim().strip_suffix("\",")?.split_once(" => \"").map(|(_, w)| w));
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let phases = [arms("shared/domain/src/deployment.rs"), arms("shared/domain/src/replacement.rs")].concat();
    let phases: Vec<_> = phases.into_iter().filter(|word| !word.contains(' ')).collect();
    let errors = [arms("shared/events/src/error.rs"), arms("shared/reconciler/src/look.rs")].concat();
    let errors: Vec<_> = errors.into_iter().filter(|word| word.starts_with(char::is_uppercase)).collect();
    assert!(phases.len() >= 16 && errors.len() >= 8, "{phases:?} {errors:?}");
    for word in
        phases.iter().filter(|phase| !["succeeded", "rolled_back", "replaced"].contains(&phase.as_str())).chain(&errors)
    {
        assert!(runbook.contains(&format!("`{word}`")), "docs/runbook.md does not know {word}");
    }
}

#[test]
fn the_domain_knows_no_runtime_clock_randomness_or_sdk() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let domain = packages.iter().find(|package| package["name"] == "signalbox-domain").unwrap();
    let uses: BTreeSet<&str> = domain["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap())
        .collect();
    assert_eq!(uses, BTreeSet::from(["jiff", "serde", "serde_json", "serde_path_to_error", "thiserror"]));
}

#[test]
fn neither_aws_lc_nor_the_legacy_http_stack_nor_the_giant_sdk_is_linked() {
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
    let packages: Vec<(&str, &str)> = lock
        .split("[[package]]")
        .filter_map(|package| {
            let field = |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix('"'));
            Some((field("name = \"")?, field("version = \"")?))
        })
        .collect();
    assert!(packages.len() > 100, "the lock file was read");
    for (name, version) in packages {
        assert!(!["aws-lc-sys", "aws-lc-rs", "aws-sdk-ec2", "openssl-sys"].contains(&name), "{name} is banned");
        let legacy = (name == "hyper" && version.starts_with("0.")) || (name == "rustls" && version < "0.23");
        assert!(!legacy, "{name} {version} is the legacy stack");
    }
}

#[test]
fn every_path_that_the_documents_name_exists() {
    for document in ["README.md", "docs/architecture.md"] {
        let text = std::fs::read_to_string(workspace().join(document)).unwrap();
        let named = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| code.starts_with("shared/") || code.starts_with("docs/") || code.starts_with("tests/"));
        for path in named {
            assert!(workspace().join(path).exists(), "{document} names {path}");
        }
    }
}

//! Terraform, run for real: a configuration of this repository, applied to an emulator.
//!
//! The configuration is copied to a folder of its own under the target directory, together with what is only
//! for the emulator, so that neither state nor providers land in the tree. The provider comes from a folder
//! of this machine if one holds it, else from the registry. Whether there is a Terraform at all is found out
//! when the tests are built: `tests/build.rs`.

#[path = "terraform/find.rs"]
mod find;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::moto::Moto;
use crate::runtime::REGION;
use crate::workspace;

/// Longest time to fetch the provider, 150 MB of it.
const INIT_WITHIN: Duration = Duration::from_secs(300);
/// Longest time to make everything. Most of it is the provider's own waiting.
const APPLY_WITHIN: Duration = Duration::from_secs(900);
/// Longest time to look at everything.
const PLAN_WITHIN: Duration = Duration::from_secs(300);

/// A configuration, copied and initialised. The copy goes with it, unless the test failed.
pub struct Terraform {
    program: PathBuf,
    copy: PathBuf,
    configuration: PathBuf,
    endpoint: String,
}

/// What a plan would change.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether it would change anything.
    pub changes: bool,
    /// `No changes. …` or `Plan: 1 to add, …`.
    pub verdict: String,
    /// All that it said.
    pub text: String,
}

impl Terraform {
    /// Copies `infra` with these `overrides`, files of `tests/infra` and the folders in `infra` that they go into; sets
    /// `variables` of the configuration, which is such a folder too, and initialises it for this emulator.
    pub async fn new(moto: &Moto, configuration: &str, overrides: &[(&str, &str)], variables: &Value) -> Terraform {
        let (program, copy) = (find_program(), own_folder());
        copy_folder(&workspace::root().join("infra"), &copy.join("infra"));
        let folder = copy.join("infra").join(configuration);
        for (file, beside) in overrides {
            let from = workspace::root().join("tests/infra").join(file);
            let to = copy.join("infra").join(beside).join(file);
            fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
        fs::write(folder.join("test.auto.tfvars.json"), variables.to_string()).expect("the variables");
        let terraform = Terraform { program, copy, configuration: folder, endpoint: moto.endpoint().to_owned() };
        terraform.init().await;
        terraform
    }

    /// A configuration of this text alone, for what needs no provider: no emulator is behind it.
    #[must_use]
    pub fn plain(text: &str, variables: &Value) -> Terraform {
        let (program, copy) = (find_program(), own_folder());
        fs::create_dir_all(&copy).unwrap_or_else(|error| panic!("{}: {error}", copy.display()));
        fs::write(copy.join("main.tf"), text).expect("the configuration");
        fs::write(copy.join("test.auto.tfvars.json"), variables.to_string()).expect("the variables");
        Terraform { program, configuration: copy.clone(), copy, endpoint: "http://127.0.0.1:9".to_owned() }
    }

    /// The folder of the copy, in which `infra` is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.copy
    }

    /// Makes everything; returns `Apply complete! …`.
    pub async fn apply(&self) -> String {
        let ended = self.run(&["apply", "-auto-approve", "-input=false", "-no-color"], APPLY_WITHIN).await;
        self.verdict("apply", &ended, &[0], "Apply complete!")
    }

    /// Looks at everything, and what an apply would change now.
    pub async fn plan(&self) -> Plan {
        let ended = self.run(&["plan", "-detailed-exitcode", "-input=false", "-no-color"], PLAN_WITHIN).await;
        let begins = if ended.code == 0 { "No changes." } else { "Plan:" };
        let verdict = self.verdict("plan", &ended, &[0, 2], begins);
        Plan { changes: ended.code == 2, verdict, text: ended.stdout }
    }

    /// The outputs' values, by name.
    pub async fn outputs(&self) -> Value {
        let ended = self.run(&["output", "-json", "-no-color"], PLAN_WITHIN).await;
        self.succeeded("output", &ended, &[0]);
        let outputs: Value = serde_json::from_str(&ended.stdout).expect("outputs are JSON");
        let outputs = outputs.as_object().expect("outputs by name").iter();
        outputs.map(|(name, output)| (name.clone(), output["value"].clone())).collect()
    }

    async fn init(&self) {
        if let Some(mirror) = find::mirror() {
            let plugins = format!("-plugin-dir={}", mirror.display());
            if self.run(&["init", "-input=false", "-no-color", &plugins], INIT_WITHIN).await.code == 0 {
                return;
            }
        }
        // Kept for the next run, where `.ci/infra` keeps its own.
        let kept = workspace::target_dir().join("infra-tools/providers");
        fs::create_dir_all(&kept).expect("a folder for providers");
        let mut command = self.command(&["init", "-input=false", "-no-color"]);
        command.env("TF_PLUGIN_CACHE_DIR", kept).env("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "1");
        let ended = run::to_the_end("terraform init", command, INIT_WITHIN).await;
        self.succeeded("init", &ended, &[0]);
    }

    async fn run(&self, arguments: &[&str], limit: Duration) -> run::Ended {
        run::to_the_end(&format!("terraform {}", arguments[0]), self.command(arguments), limit).await
    }

    /// Terraform with nothing of this machine's own settings for it or for AWS: a test must never find the real one.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.configuration);
        for (name, value) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let is_there = text == "TF_CLI_CONFIG_FILE" && Path::new(&value).is_file();
            if (text.starts_with("TF_") && !is_there) || text.starts_with("AWS_") {
                command.env_remove(&name);
            }
        }
        command.envs([
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("CHECKPOINT_DISABLE", "1"),
            ("TF_IN_AUTOMATION", "1"),
        ]);
        command
    }

    /// The line that begins like this; panics in Terraform's words if there is none.
    fn verdict(&self, what: &str, ended: &run::Ended, codes: &[i32], begins: &str) -> String {
        self.succeeded(what, ended, codes);
        let line = ended.stdout.lines().find(|line| line.starts_with(begins));
        line.unwrap_or_else(|| panic!("terraform {what} does not say {begins:?}:\n{}", ended.stdout)).to_owned()
    }

    fn succeeded(&self, what: &str, ended: &run::Ended, codes: &[i32]) {
        let (code, folder) = (ended.code, self.configuration.display());
        assert!(codes.contains(&code), "terraform {what} failed ({code}) in {folder}:\n{}", ended.stderr);
    }
}

impl Drop for Terraform {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.copy);
        }
    }
}

fn find_program() -> PathBuf {
    find::program(&workspace::target_dir()).expect("terraform was there when the tests were built")
}

/// A folder for one configuration, that nobody else has.
fn own_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let own = format!("terraform-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    workspace::target_dir().join("tmp").join(own)
}

/// Copies a folder, without what Terraform itself leaves in one.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry of a folder");
        let (name, path) = (entry.file_name(), entry.path());
        let text = name.to_string_lossy();
        if text.starts_with(".terraform") || text.contains(".tfstate") || text.ends_with(".tfvars") {
            continue;
        }
        if path.is_dir() {
            copy_folder(&path, &to.join(&name));
        } else {
            fs::copy(&path, to.join(&name)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

//! What may be typed, and what each command does.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};
use signalbox_domain::decision::Outcome;

use crate::billing::Billing;
use crate::functions::{Functions, Names};
use crate::reports::Reports;
use crate::show::{self, Problem};
use crate::table::Table;
use crate::time::time;

/// Runs blue/green services on AWS without a person watching.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    installation: Installation,
}

/// Where Signalbox is installed.
#[derive(Args)]
struct Installation {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// The DynamoDB table.
    #[arg(long, global = true, env = "SIGNALBOX_TABLE", default_value = "signalbox")]
    table: String,
    #[command(flatten)]
    functions: Names,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the main job on a simulated cloud, in seconds.
    Demo {
        /// Play the same story with other chances.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Write the page with the charts to this file.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Run scenarios with many seeds in the simulated cloud.
    Simulate(crate::simulate::Simulate),
    #[command(flatten)]
    Installed(Installed),
}

/// What is asked of an installation.
#[derive(Subcommand)]
pub(crate) enum Installed {
    /// Write a service's definition, after checking every field of it.
    Define {
        /// The definition, as JSON.
        file: PathBuf,
    },
    /// Deploy a release.
    Deploy(Deploy),
    /// Say what a deploy would do, call by call, and do nothing.
    Plan(Deploy),
    /// Follow an operation to its end, however it was asked for: by the deploy event of a pipeline, say.
    Wait {
        #[command(flatten)]
        service: Service,
        /// The id of the request, or of a replacement.
        id: String,
        /// How long somebody may take to hear of it, in seconds.
        #[arg(long, default_value_t = 600)]
        taken_within: u64,
    },
    /// Say how a service stands.
    Status(Service),
    /// Take the last release back.
    Rollback(Rollback),
    /// Replace one instance, whatever holds replacements back; another one is launched first.
    Replace {
        #[command(flatten)]
        service: Service,
        /// The instance's id.
        instance: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// End the present wait of a deployment.
    Promote(Service),
    /// Hold a deployment where it is.
    Pause(Service),
    /// Go on with a deployment that is paused or stuck.
    Resume(Service),
    /// Take back the release that is on its way in.
    Abort(Service),
    /// Let no deployment begin; rollbacks pass.
    Freeze {
        #[command(flatten)]
        service: Service,
        /// Why, for whoever is refused.
        #[arg(long)]
        reason: String,
        /// Until when, such as 2026-11-30T07:00:00Z; without it until `thaw`.
        #[arg(long, value_parser = time)]
        until: Option<Timestamp>,
    },
    /// Let deployments begin again.
    Thaw(Service),
    /// What AWS charges, and what is done about it.
    #[command(subcommand)]
    Billing(Billing),
    /// Print the bug reports that are kept, newest first: for 90 days, with those that were limited.
    Reports(Reports),
    /// Say what is live where nobody can tell.
    Adopt {
        #[command(flatten)]
        service: Service,
        /// The slot that is live.
        #[arg(long)]
        live: Colour,
        /// The release it runs.
        #[arg(long)]
        release: String,
    },
}

#[derive(Args)]
pub(crate) struct Service {
    /// The service's name.
    service: String,
}

#[derive(Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    service: Service,
    /// The release: what is written to the slot's parameter, or a launch-template version.
    release: String,
    /// Acts once, ever: a pipeline gives its run's id, so that a retry is no second deployment.
    #[arg(long)]
    id: Option<String>,
    /// Deploy although guard alarms fire or the live slot is sick: this release is the cure.
    #[arg(long)]
    fix_forward: bool,
    /// On failure hold and ask, instead of going back: the release migrated a database, say.
    #[arg(long)]
    ask: bool,
    /// Who asks, for the record.
    #[arg(long)]
    requested_by: Option<String>,
    /// Follow the deployment to its end, and fail if it was rolled back.
    #[arg(long)]
    wait: bool,
}

#[derive(Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    service: Service,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
    /// Only if this is the release that would be left.
    #[arg(long)]
    from: Option<String>,
    /// Go back even where the deployment was told to ask, and to however little is healthy.
    #[arg(long)]
    force: bool,
    /// Acts once, ever.
    #[arg(long)]
    id: Option<String>,
    /// Who asks, for the record.
    #[arg(long)]
    requested_by: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Colour {
    Blue,
    Green,
}

impl Cli {
    /// Does what was typed. What runs on this machine alone asks nobody for a region or credentials.
    pub(crate) fn run(self) -> Result<ExitCode, Problem> {
        match self.command {
            Command::Demo { seed, report } => Ok(crate::demo::run(seed, report.as_deref())),
            Command::Simulate(simulate) => simulate.run(),
            Command::Installed(command) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| Problem::failed("cannot start", error, "try again"))?;
                runtime.block_on(command.run(self.installation))
            }
        }
    }
}

impl Installed {
    async fn run(self, installation: Installation) -> Result<ExitCode, Problem> {
        let Installation { json, table, functions } = installation;
        let functions = Functions::of(functions).await;
        let deployer =
            async |payload: Value| functions.deployer(&payload).await.map(|answer| show::answer(&answer, json));
        match self {
            Installed::Define { file } => Table::of(table).await.define(&file, json).await,
            Installed::Deploy(deploy) => {
                let wait = deploy.wait;
                let service = deploy.service.service.clone();
                let answer = functions.deployer(&deploy.payload()).await?;
                let code = show::answer(&answer, json);
                match (wait, &answer.operation, answer.outcome) {
                    (true, Some(operation), Outcome::Accepted | Outcome::Waiting | Outcome::Idle) => {
                        Table::of(table).await.follow(&service, operation, None, json).await
                    }
                    _ => Ok(code),
                }
            }
            Installed::Plan(deploy) => {
                let mut payload = deploy.payload();
                payload["command"] = json!("plan");
                deployer(payload).await
            }
            Installed::Wait { service, id, taken_within } => {
                let within = Some(Duration::from_secs(taken_within));
                Table::of(table).await.follow(&service.service, &id, within, json).await
            }
            Installed::Status(of) => deployer(of.says("status")).await,
            Installed::Rollback(asked) => {
                let answer = functions.rollback(&asked.payload()).await?;
                Ok(show::answer(&answer, json))
            }
            Installed::Replace { service, instance, reason } => {
                let mut payload = service.says("replace");
                payload["instance_id"] = json!(instance);
                payload["reason"] = json!(reason);
                functions.replacer(&payload).await.map(|answer| show::answer(&answer, json))
            }
            Installed::Promote(of) => deployer(of.says("promote")).await,
            Installed::Pause(of) => deployer(of.says("pause")).await,
            Installed::Resume(of) => deployer(of.says("resume")).await,
            Installed::Abort(of) => deployer(of.says("abort")).await,
            Installed::Freeze { service, reason, until } => {
                let mut payload = service.says("freeze");
                payload["reason"] = json!(reason);
                if let Some(until) = until {
                    payload["until"] = json!(until);
                }
                deployer(payload).await
            }
            Installed::Thaw(of) => deployer(of.says("thaw")).await,
            Installed::Billing(Billing::Plan { file }) => Table::of(table).await.plan(&file, json).await,
            Installed::Billing(Billing::Asked(asked)) => {
                functions.billing_guard(&asked.payload()).await.and_then(|answer| asked.show(answer, json))
            }
            Installed::Reports(asked) => {
                let kept = Table::of(table).await.reports().await?;
                Ok(asked.show(kept, json))
            }
            Installed::Adopt { service, live, release } => {
                let mut payload = service.says("adopt");
                payload["live"] = json!(live.name());
                payload["release"] = json!(release);
                deployer(payload).await
            }
        }
    }
}

impl Colour {
    fn name(self) -> &'static str {
        match self {
            Colour::Blue => "blue",
            Colour::Green => "green",
        }
    }
}

impl Service {
    fn says(&self, command: &str) -> Value {
        json!({ "command": command, "service": self.service })
    }
}

impl Deploy {
    fn payload(&self) -> Value {
        let mut payload = self.service.says("deploy");
        payload["release"] = json!(self.release);
        if self.fix_forward {
            payload["fix_forward"] = json!(true);
        }
        if self.ask {
            payload["rollback"] = json!("ask");
        }
        with_names(payload, self.id.as_ref(), self.requested_by.as_ref())
    }
}

impl Rollback {
    fn payload(&self) -> Value {
        let mut payload = json!({ "service": self.service.service, "reason": self.reason });
        if let Some(from) = &self.from {
            payload["from"] = json!(from);
        }
        if self.force {
            payload["force"] = json!(true);
        }
        with_names(payload, self.id.as_ref(), self.requested_by.as_ref())
    }
}

fn with_names(mut payload: Value, id: Option<&String>, requested_by: Option<&String>) -> Value {
    if let Some(id) = id {
        payload["id"] = json!(id);
    }
    if let Some(requested_by) = requested_by {
        payload["requested_by"] = json!(requested_by);
    }
    payload
}

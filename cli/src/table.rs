//! The table: definitions go in, operations are followed.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use signalbox_aws::dynamodb::Table as AwsTable;
use signalbox_domain::definition::Definition;
use signalbox_domain::deployment::Phase;
use signalbox_domain::text::{RequestId, ServiceName};
use signalbox_reconciler::ports::{ErrorClass, Store};

use crate::show::{self, Problem};

/// How often a deployment that is followed is looked at.
const EVERY: Duration = Duration::from_secs(3);

/// The installation's table.
pub(crate) struct Table {
    table: AwsTable,
    name: String,
}

impl Table {
    pub(crate) async fn of(name: String) -> Table {
        Table { table: AwsTable::new(&signalbox_bootstrap::sdk_config().await, name.clone()), name }
    }

    /// Checks a definition and writes it.
    pub(crate) async fn define(&self, file: &Path, json: bool) -> Result<ExitCode, Problem> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).map_err(|error| {
            Problem::wrong(format!("{shown} cannot be read: {error}"), "give the path of a definition")
        })?;
        let definition = Definition::read(&text).map_err(|mistake| {
            Problem::wrong(format!("{shown}: {mistake}"), "nothing was written; correct this field and define again")
        })?;
        self.table.put_definition(&definition.name, &text).await.map_err(|error| self.failed(error))?;
        if json {
            show::line(serde_json::json!({ "service": definition.name.as_str(), "outcome": "accepted" }));
        } else {
            show::line(format!("{} is defined in table {}", definition.name, self.name));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Follows a deployment to its end.
    pub(crate) async fn follow(&self, service: &str, operation: &str, json: bool) -> Result<ExitCode, Problem> {
        let wrong = |error| Problem::wrong(error, "this name came with the answer; please report this");
        let service: ServiceName = service.parse().map_err(wrong)?;
        let operation: RequestId = operation.parse().map_err(wrong)?;
        let mut shown = 0;
        loop {
            let item = match self.table.operation(&service, &operation).await {
                Ok(item) => item,
                // The wait is long, and one failed read is no end of it.
                Err(error) if error.class == ErrorClass::Retry => {
                    show::progress(format!("not readable just now: {error}"));
                    None
                }
                Err(error) => return Err(self.failed(error)),
            };
            if let Some(item) = item {
                for entry in item.timeline.iter().skip(shown) {
                    show::progress(format!("{:.0}  {:<17} {}", entry.at, entry.phase, entry.what));
                }
                shown = item.timeline.len();
                let code = match &item.deployment.phase {
                    Phase::Succeeded => Some(ExitCode::SUCCESS),
                    Phase::RolledBack { .. } | Phase::Stuck { .. } => Some(ExitCode::FAILURE),
                    Phase::Provisioning { .. }
                    | Phase::Verifying { .. }
                    | Phase::Shifting { .. }
                    | Phase::AwaitingApproval { .. }
                    | Phase::Baking
                    | Phase::RollingBack { .. } => None,
                };
                if let Some(code) = code {
                    if json {
                        show::line(serde_json::to_string(&item).unwrap_or_default());
                    } else {
                        show::line(format!("{service}: {}", item.deployment.describe()));
                    }
                    return Ok(code);
                }
            }
            pause().await;
        }
    }

    fn failed(&self, error: impl std::fmt::Display) -> Problem {
        Problem::failed(&format!("table {}", self.name), error, "check --table, your region and your credentials")
    }
}

#[expect(clippy::disallowed_methods, reason = "a person waits in real time")]
async fn pause() {
    tokio::time::sleep(EVERY).await;
}

//! The table: definitions and the billing plan go in, operations are followed, bug reports are read.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use signalbox_aws::dynamodb::Table as AwsTable;
use signalbox_domain::billing::plan::Plan;
use signalbox_domain::decision::Outcome;
use signalbox_domain::definition::Definition;
use signalbox_domain::deployment;
use signalbox_domain::record::{Operation, OperationKind};
use signalbox_domain::replacement;
use signalbox_domain::report::Entry;
use signalbox_domain::text::{RequestId, ServiceName};
use signalbox_reconciler::ports::{CloudError, DecisionItem, ErrorClass, OperationItem, Store};

use crate::show::{self, Problem};

/// How often an operation that is followed is looked at.
const EVERY: Duration = Duration::from_secs(3);

/// What to look at when the table does not answer.
const HINT: &str = "check --table, your region and your credentials";
/// The same for reports. Their addresses are personal data, so that no policy of the module has this right.
const REPORTS_HINT: &str = "check --table, your region and your credentials; reading reports takes dynamodb:Scan";

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
        let (shown, text) = (file.display(), read(file, "give the path of a definition")?);
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

    /// Checks a billing plan and writes it.
    pub(crate) async fn plan(&self, file: &Path, json: bool) -> Result<ExitCode, Problem> {
        let (shown, text) = (file.display(), read(file, "give the path of a billing plan")?);
        let plan = Plan::read(&text).map_err(|mistake| {
            Problem::wrong(format!("{shown}: {mistake}"), "nothing was written; correct this field and write it again")
        })?;
        self.table.put_plan(&text).await.map_err(|error| self.failed(error))?;
        if json {
            let rungs: Vec<_> = plan.rungs.iter().map(|rung| rung.at.number()).collect();
            show::line(serde_json::json!({ "rungs_usd": rungs, "outcome": "accepted" }));
        } else {
            let rungs: Vec<String> = plan.rungs.iter().map(|rung| rung.at.to_string()).collect();
            show::line(format!("the billing plan is in table {}, with rungs at {}", self.name, rungs.join(", ")));
            show::line("  see `signalbox billing preview` for what each of them would do");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The bug reports that are kept, in no order.
    pub(crate) async fn reports(&self) -> Result<Vec<Entry>, Problem> {
        let failed = |error| Problem::failed(&format!("table {}", self.name), error, REPORTS_HINT);
        self.table.entries().await.map_err(failed)
    }

    /// Follows a request to its end: the operation it began, or the refusal. With `taken_within` nobody
    /// need have heard of it yet.
    pub(crate) async fn follow(
        &self,
        service: &str,
        request: &str,
        taken_within: Option<Duration>,
        json: bool,
    ) -> Result<ExitCode, Problem> {
        let service: ServiceName = service.parse().map_err(|error| Problem::wrong(error, "give a service's name"))?;
        let request: RequestId = request.parse().map_err(|error| Problem::wrong(error, "give a request's id"))?;
        let (mut shown, mut waited) = (0, Duration::ZERO);
        loop {
            let item = self.unless_it_may_work_later(self.operation(&service, &request).await)?.flatten();
            if let Some(item) = item {
                for entry in item.timeline.iter().skip(shown) {
                    show::progress(format!("{:.0}  {:<17} {}", entry.at, entry.phase, entry.what));
                }
                shown = item.timeline.len();
                if let Some(code) = ended(&item.operation) {
                    let text = format!("{service}: {}", item.operation.describe());
                    show::line(if json { serde_json::to_string(&item).unwrap_or_default() } else { text });
                    return Ok(code);
                }
            } else if let Some(within) = taken_within {
                if let Some(refused) = self.refusal(&service, &request).await? {
                    let text = format!("{service} refused: {}", refused.reason);
                    show::line(if json { serde_json::to_string(&refused).unwrap_or_default() } else { text });
                    return Ok(ExitCode::FAILURE);
                }
                if waited > within {
                    let what = format!("nobody has taken request {request} of {service} in {} s", within.as_secs());
                    return Err(Problem::unknown(what, "is the event's rule there, and is the service defined?"));
                }
            }
            pause().await;
            waited += EVERY;
        }
    }

    /// The operation with this id, of whichever kind.
    async fn operation(&self, service: &ServiceName, id: &RequestId) -> Result<Option<OperationItem>, CloudError> {
        match self.table.operation(service, OperationKind::Deployment, id).await? {
            Some(deployment) => Ok(Some(deployment)),
            None => self.table.operation(service, OperationKind::Replacement, id).await,
        }
    }

    /// The last refusal of this request: it leaves no operation, only a decision.
    async fn refusal(&self, service: &ServiceName, request: &RequestId) -> Result<Option<DecisionItem>, Problem> {
        let decisions = self.unless_it_may_work_later(self.table.decisions(service, 50).await)?.unwrap_or_default();
        let own = decisions.into_iter().find(|decision| decision.request.as_ref() == Some(request));
        Ok(own.filter(|decision| decision.outcome == Outcome::Refused))
    }

    /// The wait is long, and one failed read is no end of it.
    fn unless_it_may_work_later<T>(&self, read: Result<T, CloudError>) -> Result<Option<T>, Problem> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.class == ErrorClass::Retry => {
                show::progress(format!("not readable just now: {error}"));
                Ok(None)
            }
            Err(error) => Err(Problem::unknown(format!("table {}: {error}", self.name), HINT)),
        }
    }

    fn failed(&self, error: impl std::fmt::Display) -> Problem {
        Problem::failed(&format!("table {}", self.name), error, HINT)
    }
}

/// The text of a file that was named on the command line.
fn read(file: &Path, hint: &str) -> Result<String, Problem> {
    let unreadable = |error| Problem::wrong(format!("{} cannot be read: {error}", file.display()), hint);
    std::fs::read_to_string(file).map_err(unreadable)
}

/// The exit status of an operation that came to its end, or to where only a person moves it.
fn ended(operation: &Operation) -> Option<ExitCode> {
    match operation {
        Operation::Deployment(own) => ended_deployment(&own.phase),
        Operation::Replacement(own) => ended_replacement(&own.phase),
    }
}

fn ended_deployment(phase: &deployment::Phase) -> Option<ExitCode> {
    use deployment::Phase;
    match phase {
        Phase::Succeeded => Some(ExitCode::SUCCESS),
        Phase::RolledBack { .. } | Phase::Stuck { .. } => Some(ExitCode::FAILURE),
        Phase::Provisioning { .. }
        | Phase::Verifying { .. }
        | Phase::Shifting { .. }
        | Phase::AwaitingApproval { .. }
        | Phase::Baking
        | Phase::RollingBack { .. } => None,
    }
}

fn ended_replacement(phase: &replacement::Phase) -> Option<ExitCode> {
    use replacement::Phase;
    match phase {
        Phase::Replaced => Some(ExitCode::SUCCESS),
        Phase::StoodDown { .. } | Phase::Held { .. } => Some(ExitCode::FAILURE),
        Phase::Confirming | Phase::Surging | Phase::Removing { .. } | Phase::StandingDown { .. } => None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a person waits in real time")]
async fn pause() {
    tokio::time::sleep(EVERY).await;
}

//! The rollback function: takes the last release back, and can do nothing else. It is a function of
//! its own so that on-call may be allowed this and no more.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use signalbox_aws::Aws;
use signalbox_bootstrap::{Environment, Report, Shell, init_logging, sdk_config};
use signalbox_domain::trigger::{Role, Trigger};
use signalbox_events::{Context, EventError, Incoming};
use signalbox_reconciler::Reconciler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logging();
    let environment = Environment::from_process()?;
    let aws = Aws::new(
        &sdk_config().await,
        environment.table.clone(),
        environment.alerts_topic_arn.clone().map(String::from),
        environment.chat_topic_arn.clone().map(String::from),
    );
    let shell = &Shell::new(Reconciler::new(Role::Deployer, aws), environment, Report::of("rollback"));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move { handle(shell, &event).await })).await
}

async fn handle(shell: &Shell<Aws>, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let act_on = async |incoming| {
        let Incoming::Rollback { service, request } = incoming else {
            return Err(shell.failure("UnrecognizedEvent", &"this function accepts rollbacks alone"));
        };
        shell.look(service, Trigger::RollbackRequested(request)).await
    };
    shell.answer(event, parse, act_on).await
}

fn parse(event: &Value, context: &Context<'_>) -> Result<Vec<Incoming>, EventError> {
    signalbox_events::rollback(event, context).map(|incoming| vec![incoming])
}

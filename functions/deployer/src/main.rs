//! The deployer: deploy events, commands, alarms, scaling events and the heartbeat move blue/green
//! deployments. This file only puts the parts together; what an event does is in `handler`.

mod handler;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use signalbox_aws::Aws;
use signalbox_bootstrap::{Environment, Report, init_logging, sdk_config};
use signalbox_reconciler::Reconciler;

use crate::handler::Deployer;

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
    let deployer = Deployer::new(Reconciler::new(aws), environment, Report::of("deployer"));
    let deployer = &deployer;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move { deployer.handle(event).await })).await
}

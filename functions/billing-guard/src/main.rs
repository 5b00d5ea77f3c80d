//! The billing guard: the heartbeat, alarms on what AWS charges, mails of AWS Budgets and commands have the charges
//! looked at and the billing plan kept. This file only puts the parts together; what an event means is in `handler`.

mod handler;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use signalbox_aws::Aws;
use signalbox_bootstrap::{Environment, Report, Shell, init_logging, sdk_config};
use signalbox_domain::trigger::Role;
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
    let shell = &Shell::new(Reconciler::new(Role::BillingGuard, aws), environment, Report::of("billing-guard"));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move { handler::handle(shell, &event).await }))
        .await
}

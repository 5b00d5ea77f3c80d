//! The reporter: bug reports go to the people who can do something about them; the heartbeat sends the digest. This file
//! only puts the parts together; what an event means is in `handler`.

mod handler;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use signalbox_aws::Aws;
use signalbox_aws::ses::Ses;
use signalbox_bootstrap::{Environment, MailRoute, Report, init_logging, sdk_config};
use signalbox_domain::report::Rules;
use signalbox_reconciler::Reporter;

use crate::handler::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logging();
    let environment = Environment::from_process()?;
    let config = sdk_config().await;
    let ses = |MailRoute { from, to }| Ses::new(&config, from.into(), to.into_iter().map(String::from).collect());
    let aws = Aws::new(
        &config,
        environment.table.clone(),
        environment.alerts_topic_arn.clone().map(String::from),
        environment.chat_topic_arn.clone().map(String::from),
    )
    .reporting(environment.reports_topic_arn.clone().map(String::from), environment.mail.clone().map(ses));
    let desk = &Desk::new(Reporter::new(aws, Rules::default()), environment, Report::of("reporter"));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move { desk.answer(&event).await })).await
}

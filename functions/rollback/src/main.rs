//! The rollback function: takes the last release back, and can do nothing else. It is a function of
//! its own so that on-call may be allowed this and no more.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use signalbox_aws::Aws;
use signalbox_bootstrap::{Environment, Report, init_logging, sdk_config};
use signalbox_domain::trigger::{Nudge, Trigger};
use signalbox_events::{Context, Incoming};
use signalbox_reconciler::Reconciler;
use signalbox_reconciler::ports::Clock;

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
    let (reconciler, report) = (&Reconciler::new(aws), &Report::of("rollback"));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move { handle(reconciler, report, event).await }))
        .await
}

async fn handle(reconciler: &Reconciler<Aws>, report: &Report, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let context = Context { request_id: &event.context.request_id, trusted_topics: &[] };
    let incoming = signalbox_events::rollback(&event.payload, &context)
        .map_err(|error| report.failure(error.error_type(), &error))?;
    let Incoming::Rollback { service, request } = incoming else {
        return Err(report.failure("UnrecognizedEvent", &"this function accepts rollbacks alone"));
    };
    let began = reconciler.world().now();
    let looked = reconciler
        .look(&Nudge { service, trigger: Trigger::RollbackRequested(request) })
        .await
        .map_err(|error| report.failure(error.error_type(), &error))?;
    report.looked(&looked.answer, reconciler.world().now().duration_since(began));
    serde_json::to_value(&looked.answer).map_err(|error| report.failure("Unanswerable", &error))
}

//! What an event means to the deployer.

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;
use signalbox_bootstrap::{Shell, ignored};
use signalbox_domain::definition::Definition;
use signalbox_domain::trigger::{AlarmChange, Trigger};
use signalbox_events::Incoming;
use signalbox_reconciler::ports::World;

/// One invocation.
pub(crate) async fn handle(shell: &Shell<impl World>, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    shell.answer(event, signalbox_events::deployer, async |incoming| act_on(shell, incoming, event).await).await
}

async fn act_on(
    shell: &Shell<impl World>,
    incoming: Incoming,
    event: &LambdaEvent<Value>,
) -> Result<Value, Diagnostic> {
    match incoming {
        Incoming::Heartbeat => shell.heartbeat(event).await,
        Incoming::AlarmChanged(change) => alarm_changed(shell, &change).await,
        Incoming::GroupScaled(scaled) => shell.group_scaled(&scaled).await,
        Incoming::Deploy { service, request } => shell.look(service, Trigger::DeployRequested(request)).await,
        Incoming::Rollback { service, request } => shell.look(service, Trigger::RollbackRequested(request)).await,
        Incoming::Said { service, word } => shell.look(service, Trigger::Said(word)).await,
        Incoming::Adopt { service, live, release } => {
            shell.look(service, Trigger::AdoptRequested { live, release }).await
        }
        Incoming::Plan { service, request } => shell.look(service, Trigger::PlanRequested(request)).await,
        Incoming::Freeze { service, until, reason } => {
            shell.look(service, Trigger::FreezeRequested { until, reason }).await
        }
        Incoming::Thaw { service } => shell.look(service, Trigger::ThawRequested).await,
        Incoming::Status { service } => shell.look(service, Trigger::StatusRequested).await,
        Incoming::Lifecycle(_) | Incoming::InstancesReported(_) | Incoming::Replace { .. } => {
            Ok(ignored("sick instances are not this function's to replace"))
        }
        Incoming::Billing(_) => Ok(ignored("charges are not this function's to look at")),
        Incoming::Irrelevant { reason } => Ok(ignored(&reason)),
    }
}

async fn alarm_changed(shell: &Shell<impl World>, change: &AlarmChange) -> Result<Value, Diagnostic> {
    let watches =
        |of: &Definition| of.is_guarded_by(change.alarm.as_str()).then(|| Trigger::AlarmChanged(change.clone()));
    shell.concerned(shell.reconciler().look_at_concerned(watches), "this alarm guards no defined service").await
}

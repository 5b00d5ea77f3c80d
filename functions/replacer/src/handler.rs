//! What an event means to the replacer.

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;
use signalbox_bootstrap::{Shell, ignored};
use signalbox_domain::definition::Definition;
use signalbox_domain::trigger::{HeldInstance, Trigger};
use signalbox_events::{Incoming, LifecycleEvent};
use signalbox_reconciler::ports::World;

/// One invocation.
pub(crate) async fn handle(shell: &Shell<impl World>, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    shell.answer(event, signalbox_events::replacer, async |incoming| act_on(shell, incoming, event).await).await
}

async fn act_on(
    shell: &Shell<impl World>,
    incoming: Incoming,
    event: &LambdaEvent<Value>,
) -> Result<Value, Diagnostic> {
    let reconciler = shell.reconciler();
    match incoming {
        Incoming::Heartbeat => shell.heartbeat(event).await,
        Incoming::AlarmChanged(change) => {
            shell.concerned(reconciler.look_at_alarmed(&change), "this alarm is about no defined service").await
        }
        Incoming::GroupScaled(scaled) => shell.group_scaled(&scaled).await,
        Incoming::Lifecycle(waits) => instance_held(shell, &waits).await,
        Incoming::InstancesReported(report) => {
            let nobody = "no instance named belongs to a group of a defined service";
            shell.concerned(reconciler.look_at_reported(&report), nobody).await
        }
        Incoming::Replace { service, instance, reason } => {
            shell.look(service, Trigger::ReplaceRequested { instance, reason }).await
        }
        Incoming::Deploy { .. }
        | Incoming::Plan { .. }
        | Incoming::Rollback { .. }
        | Incoming::Said { .. }
        | Incoming::Adopt { .. }
        | Incoming::Freeze { .. }
        | Incoming::Thaw { .. }
        | Incoming::Status { .. } => Ok(ignored("deployments are not this function's to move")),
        Incoming::Billing(_) => Ok(ignored("charges are not this function's to look at")),
        Incoming::Irrelevant { reason } => Ok(ignored(&reason)),
    }
}

/// Which way the instance goes is not told: the group that it is in shows it.
async fn instance_held(shell: &Shell<impl World>, waits: &LifecycleEvent) -> Result<Value, Diagnostic> {
    let owns = |of: &Definition| {
        let slot = of.slot_of_group(waits.group.as_str())?;
        let (instance, hook) = (waits.instance.clone(), waits.hook.clone());
        Some(Trigger::InstanceHeld(HeldInstance { slot, instance, hook, at: waits.at }))
    };
    let nobody = "this Auto Scaling group belongs to no defined service";
    shell.concerned(shell.reconciler().look_at_concerned(owns), nobody).await
}

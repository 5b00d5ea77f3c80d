//! What an event means to the billing guard.

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;
use signalbox_bootstrap::{Shell, to_json};
use signalbox_domain::billing::{Answer, Trigger};
use signalbox_domain::decision::Outcome;
use signalbox_events::Incoming;
use signalbox_reconciler::ports::{Billing, World};

/// One invocation. Whatever arrived in it, it is one account that is looked at, and so it has one answer.
pub(crate) async fn handle(
    shell: &Shell<impl World + Billing>,
    event: &LambdaEvent<Value>,
) -> Result<Value, Diagnostic> {
    let mut whole = None;
    for incoming in shell.read(event, signalbox_events::billing_guard)? {
        let answer = match meaning(incoming) {
            Ok(trigger) => Box::pin(shell.look_at_charges(&trigger)).await?,
            Err(reason) => ignored(reason),
        };
        whole = Some(match whole {
            None => answer,
            Some(before) => together(before, answer),
        });
    }
    to_json(&whole.unwrap_or_else(|| ignored("there was nothing in this event".to_owned())))
}

/// Why to look at the charges, or why not.
fn meaning(incoming: Incoming) -> Result<Trigger, String> {
    match incoming {
        Incoming::Heartbeat => Ok(Trigger::Heartbeat),
        Incoming::Billing(trigger) => Ok(trigger),
        Incoming::Irrelevant { reason } => Err(reason),
        Incoming::AlarmChanged(_)
        | Incoming::GroupScaled(_)
        | Incoming::Lifecycle(_)
        | Incoming::InstancesReported(_)
        | Incoming::Replace { .. }
        | Incoming::Deploy { .. }
        | Incoming::Plan { .. }
        | Incoming::Rollback { .. }
        | Incoming::Said { .. }
        | Incoming::Adopt { .. }
        | Incoming::Freeze { .. }
        | Incoming::Thaw { .. }
        | Incoming::Status { .. } => Err("services are not this function's to move".to_owned()),
    }
}

fn ignored(reason: String) -> Answer {
    Answer { reason, outcome: Some(Outcome::Ignored), ..Answer::default() }
}

/// The answer to two parts of one event: how it stands after the later look, and what fired at either.
fn together(before: Answer, after: Answer) -> Answer {
    let rungs_fired = [before.rungs_fired.as_slice(), &after.rungs_fired].concat();
    let stands = if after.outcome == Some(Outcome::Ignored) { before } else { after };
    Answer { rungs_fired, ..stands }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(reason: &str, fired: u32) -> Answer {
        let reading_usd = Some(fired.into());
        Answer { reading_usd, rungs_fired: vec![fired.into()], outcome: None, ..ignored(reason.to_owned()) }
    }

    #[test]
    fn several_parts_are_answered_once_with_all_that_fired() {
        let answer = together(looked("first", 10), looked("second", 20));
        assert_eq!((answer.reason.as_str(), answer.rungs_fired.len()), ("second", 2));
        assert_eq!(answer.reading_usd, Some(20.into()));
    }

    #[test]
    fn what_is_ignored_does_not_hide_what_was_looked_at() {
        let nothing = || ignored("not ours".to_owned());
        for answer in [together(looked("it stands", 10), nothing()), together(nothing(), looked("it stands", 10))] {
            assert_eq!((answer.reason.as_str(), answer.outcome, answer.rungs_fired.len()), ("it stands", None, 1));
        }
        assert_eq!(together(nothing(), nothing()).outcome, Some(Outcome::Ignored));
    }
}

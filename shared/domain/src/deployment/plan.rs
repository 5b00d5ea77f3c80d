//! What a deploy would do, call by call, without doing any of it.

use crate::decision::{Answer, Decision, Outcome};
use crate::definition::{Definition, Otherwise, Step};
use crate::record::Operation;
use crate::slot::Split;
use crate::text::spoken;

use super::Deployment;
use jiff::SignedDuration;

/// The answer to a plan: the same door, the calls that would be made, and what running twice costs.
pub(crate) fn answer(would: Decision, definition: &Definition) -> Answer {
    let accepted = would.answer.outcome == Outcome::Accepted;
    let Some(Operation::Deployment(own)) = would.touched.last().map(|touched| &touched.operation).filter(|_| accepted)
    else {
        // What would be refused, or would wait, says so itself.
        return Answer { operation: None, phase: None, ..would.answer };
    };
    let mut plan: Vec<String> = would.actions.iter().map(ToString::to_string).collect();
    let (slot, keep, size) = (own.slot, own.keep(), own.size);
    if own.inherited {
        plan.push(format!("wait until nobody reaches {slot} any more, then resize {slot} to 0/0/0"));
        plan.push(format!("write {} for {slot}", own.release));
    }
    plan.push(format!("resize {slot} to {size} instances"));
    let health = &definition.health;
    plan.push(format!(
        "wait until {size} targets of {slot} are healthy for {}, at most {}",
        health.settle, health.within
    ));
    plan.extend(own.steps.iter().map(|step| moves(own, step)));
    plan.push(format!("watch {} with all traffic for {}", own.release, definition.bake));
    plan.push(format!("give {slot}'s group its minimum, maximum and processes back"));
    plan.push(format!("keep {keep} warm for {}, then resize {keep} to 0/0/0", definition.standby));
    let twice = at_least_twice(own, definition);
    let hours = twice.as_secs() * i64::from(size) * 10 / 3_600;
    let reason = format!(
        "{} would be deployed to {slot}: {size} more instances for at least {}, {}.{} instance-hours",
        own.release,
        spoken(twice),
        hours / 10,
        hours % 10
    );
    Answer { outcome: Outcome::Idle, reason, phase: None, operation: None, plan: Some(plan), ..would.answer }
}

fn moves(own: &Deployment, step: &Step) -> String {
    match step {
        Step::Weight { percent, bake } if bake.duration().is_zero() => {
            format!("route {}", Split::give(own.slot, *percent))
        }
        Step::Weight { percent, bake } => format!("route {}, watch it for {bake}", Split::give(own.slot, *percent)),
        Step::Approval { within, otherwise: Otherwise::Rollback } => {
            format!("ask for approval, and go back when nobody has approved within {within}")
        }
        Step::Approval { within, otherwise: Otherwise::Promote } => {
            format!("ask for approval, and go on when nobody has answered within {within}")
        }
    }
}

/// How long both slots run at the least: what the definition says to wait, without boots and moves.
fn at_least_twice(own: &Deployment, definition: &Definition) -> SignedDuration {
    let steps: SignedDuration = own
        .steps
        .iter()
        .map(|step| match step {
            Step::Weight { bake, .. } => bake.duration(),
            Step::Approval { .. } => SignedDuration::ZERO,
        })
        .sum();
    let settle = definition.health.settle.duration();
    steps + settle + definition.bake.duration() + definition.standby.duration() + definition.route_settle.duration()
}

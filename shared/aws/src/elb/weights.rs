//! The forward action: reading weights from it, and writing weights into it without touching
//! anything else. Pure.
//!
//! `ModifyListener` and `ModifyRule` replace the whole list of actions, so what is sent back must be
//! everything that was read
//! ([ModifyListener](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyListener.html)).

use aws_sdk_elasticloadbalancingv2::types::{Action, ForwardActionConfig, TargetGroupTuple};
use jiff::SignedDuration;
use signalbox_domain::definition::Definition;
use signalbox_domain::observation::Routing;
use signalbox_domain::slot::{BySlot, Slot, Split};

/// The weight of a group that is forwarded to without a weight being named: AWS's own default.
const UNNAMED_WEIGHT: i32 = 1;

/// The target groups of the two slots, by ARN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Groups<'a>(BySlot<&'a str>);

impl<'a> Groups<'a> {
    /// Those of a service.
    pub(crate) fn of(definition: &'a Definition) -> Groups<'a> {
        Groups(BySlot::from_fn(|slot| definition.slots[slot].target_group_arn.as_str()))
    }

    /// Whose target group this is, if it is one of the two.
    pub(crate) fn slot(&self, arn: &str) -> Option<Slot> {
        Slot::BOTH.into_iter().find(|slot| self.0[*slot] == arn)
    }
}

/// The target groups that an action forwards to, with their weights, in its order.
pub(crate) fn forwarded(action: &Action) -> Vec<(&str, i32)> {
    let weighted: Vec<(&str, i32)> = action
        .forward_config()
        .map(ForwardActionConfig::target_groups)
        .unwrap_or_default()
        .iter()
        .filter_map(|tuple| Some((tuple.target_group_arn()?, tuple.weight().unwrap_or(UNNAMED_WEIGHT))))
        .collect();
    if weighted.is_empty() {
        // The short form: one group and no weight.
        return action.target_group_arn().map(|arn| (arn, UNNAMED_WEIGHT)).into_iter().collect();
    }
    weighted
}

/// The slots that an action forwards to, and whether it forwards anywhere else.
pub(crate) fn slots_of(action: &Action, groups: Groups<'_>) -> (Vec<Slot>, bool) {
    let targets = forwarded(action);
    let slots: Vec<Slot> = targets.iter().filter_map(|(arn, _)| groups.slot(arn)).collect();
    let elsewhere = slots.len() < targets.len();
    (slots, elsewhere)
}

/// The forward action that names either slot's target group.
fn position(actions: &[Action], groups: Groups<'_>) -> Option<usize> {
    actions.iter().position(|action| !slots_of(action, groups).0.is_empty())
}

/// Where these actions send traffic.
pub(crate) fn read(actions: &[Action], groups: Groups<'_>) -> Routing {
    let mut routing = Routing { raw: BySlot { blue: None, green: None }, elsewhere: 0, sticky: None };
    let Some(action) = position(actions, groups).and_then(|index| actions.get(index)) else {
        return routing;
    };
    for (arn, weight) in forwarded(action) {
        match groups.slot(arn) {
            Some(slot) => routing.raw[slot] = Some(u16::try_from(weight).unwrap_or(0)),
            None => routing.elsewhere += u32::try_from(weight).unwrap_or(0),
        }
    }
    routing.sticky = action
        .forward_config()
        .and_then(ForwardActionConfig::target_group_stickiness_config)
        .filter(|stickiness| stickiness.enabled() == Some(true))
        .map(|stickiness| SignedDuration::from_secs(stickiness.duration_seconds().unwrap_or(0).into()));
    routing
}

/// Why weights cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no forward action names either slot's target group")]
pub(crate) struct NoForward;

/// The same actions with the traffic split like this; `None`: they already split it so.
///
/// A target group that is neither slot's stays named, at weight 0: a split is of all the traffic.
pub(crate) fn rewrite(actions: &[Action], groups: Groups<'_>, split: Split) -> Result<Option<Vec<Action>>, NoForward> {
    let index = position(actions, groups).ok_or(NoForward)?;
    if read(actions, groups).is(split) {
        return Ok(None);
    }
    Ok(Some(
        actions
            .iter()
            .enumerate()
            .map(|(at, action)| if at == index { with_split(action, groups, split) } else { sendable(action) })
            .collect(),
    ))
}

fn with_split(action: &Action, groups: Groups<'_>, split: Split) -> Action {
    let weight = |slot: Slot| i32::from(split.weight(slot));
    let tuple = |arn: &str, weight| TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build();
    let named = forwarded(action);
    let mut tuples: Vec<TargetGroupTuple> = named
        .iter()
        .filter_map(|(arn, _)| match groups.slot(arn) {
            Some(slot) => split.names(slot).then(|| tuple(arn, weight(slot))),
            None => Some(tuple(arn, 0)),
        })
        .collect();
    for slot in Slot::BOTH {
        let arn = groups.0[slot];
        if split.names(slot) && !named.iter().any(|(other, _)| *other == arn) {
            tuples.push(tuple(arn, weight(slot)));
        }
    }
    let stickiness = action.forward_config().and_then(ForwardActionConfig::target_group_stickiness_config).cloned();
    let mut action = action.clone();
    action.forward_config = Some(
        ForwardActionConfig::builder()
            .set_target_groups(Some(tuples))
            .set_target_group_stickiness_config(stickiness)
            .build(),
    );
    // AWS shows a lone group here too, and refuses it here beside two.
    action.target_group_arn = None;
    action
}

/// An action as AWS takes it back. It never shows a client secret, and keeps the one it has only
/// when told to
/// ([AuthenticateOidcActionConfig](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html)).
fn sendable(action: &Action) -> Action {
    let mut action = action.clone();
    if let Some(oidc) = action.authenticate_oidc_config.as_mut()
        && oidc.client_secret.is_none()
    {
        oidc.use_existing_client_secret = Some(true);
    }
    action
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;

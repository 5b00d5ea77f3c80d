//! What else at the load balancer forwards to the slots. Pure.

use aws_sdk_elasticloadbalancingv2::types::{Action, Rule};
use signalbox_domain::definition::RoutesAt;
use signalbox_domain::slot::Slot;

use super::weights::{Groups, slots_of};

/// A listener with its rules.
#[derive(Debug)]
pub(crate) struct ListenerSeen {
    pub(crate) arn: String,
    pub(crate) default_actions: Vec<Action>,
    pub(crate) rules: Vec<Rule>,
}

/// The ARN of the load balancer that a listener belongs to:
/// `…:listener/app/<name>/<balancer>/<listener>` is part of `…:loadbalancer/app/<name>/<balancer>`.
pub(crate) fn balancer_arn(listener: &str) -> Option<String> {
    let (balancer, _listener) = listener.rsplit_once('/')?;
    balancer.contains(":listener/app/").then(|| balancer.replacen(":listener/", ":loadbalancer/", 1))
}

/// The listeners and rules that forward to either slot, without the one we write and without the
/// header routes by which one slot alone is tried out.
pub(crate) fn other_routes(listeners: &[ListenerSeen], ours: &RoutesAt, groups: Groups<'_>) -> Vec<String> {
    let mut others = Vec::new();
    for listener in listeners {
        let is_ours = matches!(ours, RoutesAt::Listener(arn) if arn.as_str() == listener.arn);
        if !is_ours && reached(&listener.default_actions, groups).is_some() {
            others.push(listener.arn.clone());
        }
        for rule in &listener.rules {
            // The default rule repeats the listener's default actions.
            if rule.is_default() == Some(true) {
                continue;
            }
            let arn = rule.rule_arn().unwrap_or_default();
            let is_ours = matches!(ours, RoutesAt::Rule(ours) if ours.as_str() == arn);
            let Some(slots) = reached(rule.actions(), groups) else { continue };
            let is_header_route = has_header_condition(rule) && slots == Reached::OneAlone;
            if !is_ours && !is_header_route {
                others.push(arn.to_owned());
            }
        }
    }
    others
}

#[derive(PartialEq, Eq)]
enum Reached {
    OneAlone,
    More,
}

/// `None`: neither slot.
fn reached(actions: &[Action], groups: Groups<'_>) -> Option<Reached> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut elsewhere = false;
    for action in actions {
        let (named, others) = slots_of(action, groups);
        slots.extend(named);
        elsewhere |= others;
    }
    match slots.as_slice() {
        [] => None,
        [_] if !elsewhere => Some(Reached::OneAlone),
        _ => Some(Reached::More),
    }
}

fn has_header_condition(rule: &Rule) -> bool {
    rule.conditions().iter().any(|condition| condition.field() == Some("http-header"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, ForwardActionConfig, RuleCondition, TargetGroupTuple};
    use signalbox_domain::definition::Definition;

    use super::*;
    use crate::samples::{BLUE, GREEN, LISTENER, OTHER, definition};

    fn forward(arns: &[&str]) -> Vec<Action> {
        let tuples =
            arns.iter().map(|arn| TargetGroupTuple::builder().target_group_arn(*arn).weight(1).build()).collect();
        let config = ForwardActionConfig::builder().set_target_groups(Some(tuples)).build();
        vec![Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build()]
    }

    fn rule(arn: &str, field: &str, arns: &[&str]) -> Rule {
        let condition = RuleCondition::builder().field(field).build();
        Rule::builder().rule_arn(arn).conditions(condition).set_actions(Some(forward(arns))).is_default(false).build()
    }

    fn listener(arn: &str, default_actions: Vec<Action>, rules: Vec<Rule>) -> ListenerSeen {
        ListenerSeen { arn: arn.to_owned(), default_actions, rules }
    }

    fn others(definition: &Definition, listeners: &[ListenerSeen]) -> Vec<String> {
        other_routes(listeners, &definition.routes_at, Groups::of(definition))
    }

    #[test]
    fn the_balancer_is_found_from_the_listener() {
        let arn =
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/front/50dc6c495c0c9188/f2f7dc8efc522ab2";
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188";
        assert_eq!(balancer_arn(arn).unwrap(), balancer);
        assert_eq!(balancer_arn("nonsense"), None);
    }

    #[test]
    fn our_own_listener_and_its_default_rule_are_no_other_route() {
        let default = Rule::builder().rule_arn("default").is_default(true).set_actions(Some(forward(&[BLUE]))).build();
        assert!(others(&definition(), &[listener(LISTENER, forward(&[BLUE, GREEN]), vec![default])]).is_empty());
    }

    #[test]
    fn another_listener_and_another_rule_are_found() {
        let ours = listener(LISTENER, forward(&[BLUE]), vec![rule("path", "path-pattern", &[GREEN])]);
        let other = listener("second", forward(&[BLUE]), Vec::new());
        assert_eq!(others(&definition(), &[ours, other]), ["path", "second"]);
    }

    #[test]
    fn only_a_header_route_to_one_slot_alone_is_let_through() {
        let rules = vec![
            rule("smoke", "http-header", &[GREEN]),
            rule("both", "http-header", &[BLUE, GREEN]),
            rule("mixed", "http-header", &[GREEN, OTHER]),
            rule("foreign", "path-pattern", &[OTHER]),
        ];
        assert_eq!(others(&definition(), &[listener(LISTENER, forward(&[BLUE]), rules)]), ["both", "mixed"]);
    }
}

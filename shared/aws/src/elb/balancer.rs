//! The calls to Elastic Load Balancing.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{Action, TargetHealthDescription, TargetHealthStateEnum};
use aws_types::SdkConfig;
use futures_util::future::{join, try_join_all};
use jiff::SignedDuration;
use signalbox_domain::definition::{Definition, RoutesAt};
use signalbox_domain::observation::{Routing, TargetHealth};
use signalbox_domain::slot::{Slot, Split};
use signalbox_reconciler::ports::{CloudError, Targets};

use super::surroundings::{ListenerSeen, balancer_arn, other_routes};
use super::weights::{self, Groups};
use crate::errors::{OrFailed, unusable};

/// As many items as one page may hold.
const PAGE: i32 = 400;

/// Elastic Load Balancing.
#[derive(Clone, Debug)]
pub struct Balancer {
    client: Client,
}

/// What else at the load balancer concerns a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    /// Listeners and rules, other than the one we write and than header routes for one slot alone,
    /// that forward to either slot. ARNs.
    pub others: Vec<String>,
    /// Whether either target group sticks by an application cookie.
    pub app_cookie: bool,
}

impl Balancer {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Balancer { client: Client::new(config) }
    }

    /// The forward action of a service.
    ///
    /// # Errors
    /// When the listener or rule cannot be read.
    pub async fn routing(&self, of: &Definition) -> Result<Routing, CloudError> {
        Ok(weights::read(&self.actions(&of.routes_at).await?, Groups::of(of)))
    }

    /// What the load balancer thinks of the targets of one slot, by instance
    /// ([target health](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html)).
    ///
    /// # Errors
    /// When the target group cannot be read.
    pub async fn targets(&self, of: &Definition, slot: Slot) -> Result<Targets, CloudError> {
        let group = &of.slots[slot].target_group_arn;
        let answer = self
            .client
            .describe_target_health()
            .target_group_arn(group.as_str())
            .send()
            .await
            .or_failed("DescribeTargetHealth", group)?;
        Ok(by_instance(answer.target_health_descriptions()))
    }

    /// Splits the traffic: reads the actions anew, changes the weights in them and sends all of them
    /// back. Writes nothing where they are right already.
    ///
    /// # Errors
    /// When the actions cannot be read or written, or forward to neither slot.
    pub async fn route(&self, of: &Definition, split: Split) -> Result<(), CloudError> {
        let actions = self.actions(&of.routes_at).await?;
        let (operation, arn) = match &of.routes_at {
            RoutesAt::Listener(arn) => ("ModifyListener", arn),
            RoutesAt::Rule(arn) => ("ModifyRule", arn),
        };
        let rewritten = weights::rewrite(&actions, Groups::of(of), split)
            .map_err(|none| unusable(operation, arn, none.to_string()))?;
        let Some(actions) = rewritten else {
            return Ok(());
        };
        match &of.routes_at {
            RoutesAt::Listener(arn) => self
                .client
                .modify_listener()
                .listener_arn(arn.as_str())
                .set_default_actions(Some(actions))
                .send()
                .await
                .map(drop)
                .or_failed(operation, arn),
            RoutesAt::Rule(arn) => self
                .client
                .modify_rule()
                .rule_arn(arn.as_str())
                .set_actions(Some(actions))
                .send()
                .await
                .map(drop)
                .or_failed(operation, arn),
        }
    }

    /// How long a target of this slot drains after it was taken out.
    ///
    /// # Errors
    /// When the target group's attributes cannot be read.
    pub async fn deregistration_delay(&self, of: &Definition, slot: Slot) -> Result<SignedDuration, CloudError> {
        const NAME: &str = "deregistration_delay.timeout_seconds";
        let attributes = self.attributes(of, slot).await?;
        attributes.get(NAME).and_then(|seconds| seconds.parse().ok()).map(SignedDuration::from_secs).ok_or_else(|| {
            let problem = format!("{NAME} is not a number of seconds");
            unusable("DescribeTargetGroupAttributes", &of.slots[slot].target_group_arn, problem)
        })
    }

    /// What else forwards to the slots, and whether they stick by an application cookie.
    ///
    /// # Errors
    /// When a listener, a rule or a target group cannot be read.
    pub async fn routes(&self, of: &Definition) -> Result<Routes, CloudError> {
        let (listeners, cookies) = join(
            self.listeners(of),
            try_join_all(Slot::BOTH.map(|slot| async move {
                let attributes = self.attributes(of, slot).await?;
                let has = |name: &str, value: &str| attributes.get(name).is_some_and(|seen| seen == value);
                Ok::<bool, CloudError>(has("stickiness.enabled", "true") && has("stickiness.type", "app_cookie"))
            })),
        )
        .await;
        Ok(Routes {
            others: other_routes(&listeners?, &of.routes_at, Groups::of(of)),
            app_cookie: cookies?.contains(&true),
        })
    }

    /// The actions as they stand. The caller takes the token.
    async fn actions(&self, at: &RoutesAt) -> Result<Vec<Action>, CloudError> {
        match at {
            RoutesAt::Listener(arn) => {
                const CALL: &str = "DescribeListeners";
                let answer =
                    self.client.describe_listeners().listener_arns(arn.as_str()).send().await.or_failed(CALL, arn)?;
                let listener = answer.listeners().first().ok_or_else(|| unusable(CALL, arn, "no such listener"))?;
                Ok(listener.default_actions().to_vec())
            }
            RoutesAt::Rule(arn) => {
                const CALL: &str = "DescribeRules";
                let answer = self.client.describe_rules().rule_arns(arn.as_str()).send().await.or_failed(CALL, arn)?;
                let rule = answer.rules().first().ok_or_else(|| unusable(CALL, arn, "no such rule"))?;
                Ok(rule.actions().to_vec())
            }
        }
    }

    /// Every listener of the load balancer with its rules.
    async fn listeners(&self, of: &Definition) -> Result<Vec<ListenerSeen>, CloudError> {
        const CALL: &str = "DescribeListeners";
        let ours = of.routes_at.listener_arn();
        let balancer = balancer_arn(&ours).ok_or_else(|| unusable(CALL, &ours, "not the ARN of a listener"))?;
        let mut listeners = Vec::new();
        let mut marker = None;
        loop {
            let request = self.client.describe_listeners().load_balancer_arn(&balancer).page_size(PAGE);
            let answer = request.set_marker(marker).send().await.or_failed(CALL, &balancer)?;
            listeners.extend(answer.listeners.unwrap_or_default());
            marker = answer.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                break;
            }
        }
        try_join_all(listeners.into_iter().map(|listener| async move {
            let arn = listener.listener_arn.unwrap_or_default();
            let rules = self.rules(&arn).await?;
            Ok(ListenerSeen { arn, default_actions: listener.default_actions.unwrap_or_default(), rules })
        }))
        .await
    }

    async fn rules(&self, listener: &str) -> Result<Vec<aws_sdk_elasticloadbalancingv2::types::Rule>, CloudError> {
        let mut rules = Vec::new();
        let mut marker = None;
        loop {
            let request = self.client.describe_rules().listener_arn(listener).page_size(PAGE);
            let answer = request.set_marker(marker).send().await.or_failed("DescribeRules", &listener)?;
            rules.extend(answer.rules.unwrap_or_default());
            marker = answer.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(rules);
            }
        }
    }

    /// The attributes of one slot's target group
    /// ([attributes](https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html)).
    async fn attributes(&self, of: &Definition, slot: Slot) -> Result<BTreeMap<String, String>, CloudError> {
        let group = &of.slots[slot].target_group_arn;
        let answer = self
            .client
            .describe_target_group_attributes()
            .target_group_arn(group.as_str())
            .send()
            .await
            .or_failed("DescribeTargetGroupAttributes", group)?;
        let pairs = answer.attributes.unwrap_or_default().into_iter();
        Ok(pairs.filter_map(|attribute| Some((attribute.key?, attribute.value?))).collect())
    }
}

/// Targets that are no instances are not ours. One that is registered on several ports is as
/// healthy as its worst.
fn by_instance(descriptions: &[TargetHealthDescription]) -> Targets {
    let mut targets = Targets::new();
    for description in descriptions {
        let id = description.target().and_then(|target| target.id()).and_then(|id| id.parse().ok());
        let state = description.target_health().and_then(|health| health.state());
        let (Some(id), Some(state)) = (id, state) else { continue };
        let health = health(state);
        targets
            .entry(id)
            .and_modify(|seen| {
                if *seen == TargetHealth::Healthy {
                    *seen = health;
                }
            })
            .or_insert(health);
    }
    targets
}

#[expect(clippy::wildcard_enum_match_arm, reason = "AWS's enum, to which it may add")]
fn health(state: &TargetHealthStateEnum) -> TargetHealth {
    match state {
        TargetHealthStateEnum::Healthy => TargetHealth::Healthy,
        TargetHealthStateEnum::Unhealthy => TargetHealth::Unhealthy,
        TargetHealthStateEnum::Initial => TargetHealth::Initial,
        TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining => TargetHealth::Draining,
        TargetHealthStateEnum::Unused => TargetHealth::Unused,
        // `unavailable`: health checks are off. A state we have never heard of proves neither health nor sickness.
        _ => TargetHealth::Initial,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealth as Described};

    use super::*;

    fn described(id: &str, state: &str) -> TargetHealthDescription {
        TargetHealthDescription::builder()
            .target(TargetDescription::builder().id(id).build())
            .target_health(Described::builder().state(state.into()).build())
            .build()
    }

    #[test]
    fn every_state_has_its_meaning_and_an_unknown_one_is_not_healthy() {
        let expected = [
            ("healthy", TargetHealth::Healthy),
            ("unhealthy", TargetHealth::Unhealthy),
            ("unhealthy.draining", TargetHealth::Draining),
            ("initial", TargetHealth::Initial),
            ("draining", TargetHealth::Draining),
            ("unused", TargetHealth::Unused),
            ("unavailable", TargetHealth::Initial),
            ("sublime", TargetHealth::Initial),
        ];
        for (state, meant) in expected {
            assert_eq!(by_instance(&[described("i-1", state)]).into_values().collect::<Vec<_>>(), [meant], "{state}");
        }
    }

    #[test]
    fn an_instance_on_two_ports_is_as_healthy_as_its_worst() {
        for states in [["healthy", "unhealthy"], ["unhealthy", "healthy"]] {
            let targets = by_instance(&states.map(|state| described("i-1", state)));
            assert_eq!(targets.into_values().collect::<Vec<_>>(), [TargetHealth::Unhealthy]);
        }
    }

    #[test]
    fn targets_that_are_no_instances_are_left_out() {
        assert!(by_instance(&[described("10.0.0.1", "healthy")]).is_empty());
    }
}

//! Reading the world back.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::{Slot, Stack};

/// What the listener gives each target group. Nothing: it does not name the group. A group that
/// is named alone has 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Blue's.
    pub blue: Option<i32>,
    /// Green's.
    pub green: Option<i32>,
}

impl Weights {
    /// Both named, with these weights.
    #[must_use]
    pub fn of(blue: i32, green: i32) -> Weights {
        Weights { blue: Some(blue), green: Some(green) }
    }
}

/// An Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The fewest instances.
    pub min: i32,
    /// The instances it should have.
    pub desired: i32,
    /// The most instances.
    pub max: i32,
    /// The ids of the instances it has, in order.
    pub instances: Vec<String>,
    /// The processes that are suspended, in order.
    pub suspended: Vec<String>,
}

impl Group {
    /// Min, desired and max.
    #[must_use]
    pub fn size(&self) -> (i32, i32, i32) {
        (self.min, self.desired, self.max)
    }
}

/// An item of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its sort key.
    pub sk: String,
    /// Its document.
    pub doc: Value,
    /// Its other attributes, numbers as text.
    pub attributes: BTreeMap<String, String>,
}

/// The record of the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its document.
    pub doc: Value,
    /// What saves compare and set.
    pub version: u64,
    /// The version of its shape.
    pub schema: u64,
    /// `1` while the service is in the index of busy ones.
    pub busy: Option<String>,
}

impl Stack {
    /// The weights of the listener's forward action.
    pub async fn weights(&self) -> Weights {
        let answer = self.aws.elb.describe_listeners().listener_arns(&self.listener_arn).send().await;
        let listeners = answer.expect("DescribeListeners").listeners.unwrap_or_default();
        let actions = listeners[0].default_actions();
        let forward =
            actions.iter().find(|action| action.r#type.as_ref().is_some_and(|kind| kind.as_str() == "forward"));
        let forward = forward.unwrap_or_else(|| panic!("the listener forwards nothing: {actions:?}"));
        let tuples = forward.forward_config.as_ref().map(|config| config.target_groups()).unwrap_or_default();
        let weight = |slot: Slot| {
            let arn = Some(self.target_groups[slot].as_str());
            match tuples {
                [] => (forward.target_group_arn() == arn).then_some(100),
                [only] => (only.target_group_arn() == arn).then_some(100),
                several => {
                    several.iter().find(|tuple| tuple.target_group_arn() == arn).map(|tuple| tuple.weight.unwrap_or(1))
                }
            }
        };
        Weights { blue: weight(Slot::Blue), green: weight(Slot::Green) }
    }

    /// The group of a slot.
    pub async fn group(&self, slot: Slot) -> Group {
        let request = self.aws.autoscaling.describe_auto_scaling_groups();
        let answer = request.auto_scaling_group_names(&self.groups[slot]).send().await;
        let groups = answer.expect("DescribeAutoScalingGroups").auto_scaling_groups.unwrap_or_default();
        let group = groups.first().unwrap_or_else(|| panic!("there is no group {}", self.groups[slot]));
        let mut instances: Vec<String> = group.instances().iter().filter_map(|one| one.instance_id.clone()).collect();
        let mut suspended: Vec<String> =
            group.suspended_processes().iter().filter_map(|one| one.process_name.clone()).collect();
        instances.sort();
        suspended.sort();
        let (min, desired, max) = (group.min_size, group.desired_capacity, group.max_size);
        let size = |size: Option<i32>| size.expect("a group's size");
        Group { min: size(min), desired: size(desired), max: size(max), instances, suspended }
    }

    /// The targets of a slot, and the state of each: `healthy`, `unhealthy`, `initial`, `unused`.
    pub async fn targets(&self, slot: Slot) -> BTreeMap<String, String> {
        let request = self.aws.elb.describe_target_health().target_group_arn(&self.target_groups[slot]);
        let answer = request.send().await.expect("DescribeTargetHealth");
        let entry = |target: &aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription| {
            let id = target.target.as_ref()?.id.clone()?;
            Some((id, target.target_health.as_ref()?.state.as_ref()?.as_str().to_owned()))
        };
        answer.target_health_descriptions().iter().filter_map(entry).collect()
    }

    /// The release in a slot's parameter.
    pub async fn parameter(&self, slot: Slot) -> String {
        let answer =
            self.aws.ssm.get_parameter().name(self.release_parameter(slot)).send().await.expect("GetParameter");
        answer.parameter.and_then(|parameter| parameter.value).expect("the parameter's value")
    }

    /// The state of the guard alarm.
    pub async fn alarm_state(&self) -> String {
        let answer = self.aws.cloudwatch.describe_alarms().alarm_names(&self.alarm).send().await;
        let alarms = answer.expect("DescribeAlarms").metric_alarms.unwrap_or_default();
        alarms[0].state_value.as_ref().expect("the alarm's state").as_str().to_owned()
    }

    /// The record, if the service has one yet.
    pub async fn record(&self) -> Option<Record> {
        let item = self.item(&self.partition(), "RECORD").await?;
        let number = |name: &str| item.attributes.get(name)?.parse().ok();
        let needed = |name: &str| number(name).unwrap_or_else(|| panic!("the record's {name} in {item:?}"));
        let (version, schema) = (needed("version"), needed("schema"));
        Some(Record { version, schema, busy: item.attributes.get("busy").cloned(), doc: item.doc })
    }

    /// The item of a deployment.
    pub async fn deployment(&self, id: &str) -> Option<Value> {
        Some(self.item(&self.partition(), &format!("DEPLOYMENT#{id}")).await?.doc)
    }

    /// The items of all deployments.
    pub async fn deployments(&self) -> Vec<Item> {
        self.items("DEPLOYMENT#").await
    }

    /// The items of all replacements.
    pub async fn replacements(&self) -> Vec<Item> {
        self.items("REPLACEMENT#").await
    }

    /// What was decided, oldest first.
    pub async fn decisions(&self) -> Vec<Value> {
        self.items("DECISION#").await.into_iter().map(|item| item.doc).collect()
    }

    /// Any item of the table.
    pub async fn item(&self, pk: &str, sk: &str) -> Option<Item> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let request = self.aws.dynamodb.get_item().table_name(&self.table).consistent_read(true);
        let answer = request.key("pk", text(pk)).key("sk", text(sk)).send().await.expect("GetItem");
        answer.item.map(item)
    }

    /// The service's items whose sort key begins with `prefix`, by sort key.
    pub async fn items(&self, prefix: &str) -> Vec<Item> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let request = self.aws.dynamodb.query().table_name(&self.table).consistent_read(true);
        let request = request.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
        let request = request.expression_attribute_values(":pk", text(&self.partition()));
        let request = request.expression_attribute_values(":prefix", text(prefix));
        let mut pages = request.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(next) = pages.next().await {
            found.push(item(next.expect("Query")));
        }
        found
    }

    /// The notices that were sent to the topic, oldest first, in their machine form.
    pub async fn notices(&self) -> Vec<Value> {
        let text = |message: &Value| message["message"].as_str().map(str::to_owned);
        let parsed = |text: String| serde_json::from_str::<Value>(&text).ok();
        // A notice says one thing per protocol; the machine's text is the one for queues.
        let machine = |notice: Value| notice["sqs"].as_str().and_then(|text| serde_json::from_str(text).ok());
        self.messages().await.iter().filter_map(text).filter_map(parsed).filter_map(machine).collect()
    }

    /// All that was published to the topic, oldest first, as it was published.
    pub async fn messages(&self) -> Vec<Value> {
        let ours = |message: &Value| message["topic_arn"] == self.alerts_topic_arn;
        self.moto().outbox().await.into_iter().filter(ours).collect()
    }

    /// The partition key of the service's items.
    #[must_use]
    pub fn partition(&self) -> String {
        format!("SERVICE#{}", self.name)
    }
}

pub(super) fn item(mut attributes: HashMap<String, AttributeValue>) -> Item {
    let text = |value: AttributeValue| match value.as_s().or_else(|_| value.as_n()) {
        Ok(text) => text.clone(),
        Err(other) => format!("{other:?}"),
    };
    let mut take = |name: &str| attributes.remove(name).map(text).unwrap_or_default();
    let (doc, sk, _) = (take("doc"), take("sk"), take("pk"));
    let doc = serde_json::from_str(&doc).unwrap_or_else(|error| panic!("the doc of {sk} is not JSON ({error}): {doc}"));
    Item { sk, doc, attributes: attributes.into_iter().map(|(name, value)| (name, text(value))).collect() }
}

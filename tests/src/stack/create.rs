//! Making a stack.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_autoscaling::types::LaunchTemplateSpecification;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, ProtocolEnum, TargetGroupAttribute, TargetGroupTuple,
};
use aws_sdk_ssm::types::ParameterType;
use serde_json::Value;

use super::definition::merge;
use super::ec2::{self, Subnet};
use super::sdk::Clients;
use super::{BySlot, Slot, Stack, table};
use crate::moto::Moto;

/// What the listener does at first.
#[derive(Clone, Copy, Debug)]
pub enum Listener {
    /// Forwards to blue's target group, as the reference stack's Terraform has it.
    BlueOnly,
    /// Forwards to both by these weights, blue's first.
    Weighted(i32, i32),
}

/// A stack to be.
pub struct StackBuilder {
    moto: Moto,
    prefix: String,
    table: Option<String>,
    listener: Listener,
    live: (i32, i32, i32),
    idle: (i32, i32, i32),
    releases: BySlot<String>,
    changes: Vec<Value>,
    defined: bool,
}

impl StackBuilder {
    pub(super) fn new(moto: &Moto) -> StackBuilder {
        StackBuilder {
            moto: moto.clone(),
            prefix: "web".to_owned(),
            table: None,
            listener: Listener::BlueOnly,
            live: (1, 1, 2),
            idle: (0, 0, 0),
            releases: BySlot { blue: "v1".to_owned(), green: "none".to_owned() },
            changes: Vec::new(),
            defined: true,
        }
    }

    /// With names that begin like this; at most nine characters.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> StackBuilder {
        StackBuilder { prefix: prefix.to_owned(), ..self }
    }

    /// In the table of another stack, as a second service of the same functions.
    #[must_use]
    pub fn beside(self, other: &Stack) -> StackBuilder {
        StackBuilder { table: Some(other.table.clone()), ..self }
    }

    /// With this listener.
    #[must_use]
    pub fn listener(self, listener: Listener) -> StackBuilder {
        StackBuilder { listener, ..self }
    }

    /// With a blue group of this min, desired and max.
    #[must_use]
    pub fn blue(self, min: i32, desired: i32, max: i32) -> StackBuilder {
        StackBuilder { live: (min, desired, max), ..self }
    }

    /// With a green group of this min, desired and max.
    #[must_use]
    pub fn green(self, min: i32, desired: i32, max: i32) -> StackBuilder {
        StackBuilder { idle: (min, desired, max), ..self }
    }

    /// With these releases in the parameters.
    #[must_use]
    pub fn releases(self, blue: &str, green: &str) -> StackBuilder {
        StackBuilder { releases: BySlot { blue: blue.to_owned(), green: green.to_owned() }, ..self }
    }

    /// With these changes to the definition: a JSON merge patch, where `null` removes.
    #[must_use]
    pub fn define(mut self, changes: Value) -> StackBuilder {
        self.changes.push(changes);
        self
    }

    /// With the strategy `canary`: 10 % for one second, then all.
    #[must_use]
    pub fn canary(self) -> StackBuilder {
        self.define(super::definition::canary())
    }

    /// Without a definition in the table: nobody has told Signalbox of it yet.
    #[must_use]
    pub fn undefined(self) -> StackBuilder {
        StackBuilder { defined: false, ..self }
    }

    /// Makes it.
    pub async fn create(self) -> Stack {
        let aws = Clients::new(&self.moto);
        let name = unique_name(&self.prefix);
        let subnets = ec2::subnets(&self.moto).await;
        let template = ec2::create_launch_template(&self.moto, &format!("{name}-template")).await;
        let load_balancer_arn = create_load_balancer(&aws, &name, &subnets).await;
        let target_groups = BySlot {
            blue: create_target_group(&aws, &format!("{name}-blue"), &subnets[0].vpc).await,
            green: create_target_group(&aws, &format!("{name}-green"), &subnets[0].vpc).await,
        };
        let listener_arn = create_listener(&aws, &load_balancer_arn, forward(self.listener, &target_groups)).await;
        let groups = BySlot { blue: format!("{name}-blue-asg"), green: format!("{name}-green-asg") };
        for (slot, size) in [(Slot::Blue, self.live), (Slot::Green, self.idle)] {
            create_group(&aws, &groups[slot], size, &template, &subnets, &target_groups[slot]).await;
        }
        for slot in Slot::BOTH {
            put_parameter(&aws, &format!("/{name}/{slot}/release"), &self.releases[slot]).await;
        }
        let topic = aws.sns.create_topic().name(format!("{name}-alerts")).send().await.expect("CreateTopic");
        let alerts_topic_arn = topic.topic_arn.expect("the topic's ARN");
        let alarm = format!("{name}-5xx");
        put_alarm(&aws, &alarm, &load_balancer_arn, &alerts_topic_arn).await;
        let new_table = format!("{name}-signalbox");
        if self.table.is_none() {
            table::create(&aws.dynamodb, &new_table).await;
        }
        let table = self.table.unwrap_or(new_table);
        let (moto, definition) = (self.moto, Value::Null);
        let mut stack = Stack {
            name,
            table,
            load_balancer_arn,
            listener_arn,
            target_groups,
            groups,
            alarm,
            alerts_topic_arn,
            aws,
            moto,
            definition,
        };
        stack.definition = stack.fast_definition();
        self.changes.into_iter().for_each(|changes| merge(&mut stack.definition, changes));
        if self.defined {
            stack.put_doc("SERVICES", &stack.name, &stack.definition).await;
        }
        stack
    }
}

/// A name that no other test uses: names in the emulator are for all tests.
fn unique_name(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    assert!(prefix.len() <= 9, "a target group's name has at most 32 characters: shorten {prefix}");
    format!("{prefix}-{:x}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn create_load_balancer(aws: &Clients, name: &str, subnets: &[Subnet]) -> String {
    let ids = subnets.iter().map(|subnet| subnet.id.clone()).collect();
    let answer = aws.elb.create_load_balancer().name(name).set_subnets(Some(ids)).send().await;
    let made = answer.expect("CreateLoadBalancer").load_balancers.unwrap_or_default();
    made[0].load_balancer_arn.clone().expect("the load balancer's ARN")
}

async fn create_target_group(aws: &Clients, name: &str, vpc: &str) -> String {
    let request = aws.elb.create_target_group().name(name).vpc_id(vpc).protocol(ProtocolEnum::Http).port(80);
    let answer = request.health_check_path("/api/health").send().await;
    let made = answer.expect("CreateTargetGroup").target_groups.unwrap_or_default();
    let arn = made[0].target_group_arn.clone().expect("the target group's ARN");
    // The default of 300 s would be the end of every test.
    let delay = TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds").value("0").build();
    let request = aws.elb.modify_target_group_attributes().target_group_arn(&arn).attributes(delay);
    request.send().await.expect("ModifyTargetGroupAttributes");
    arn
}

/// What the listener is to do, as an action.
fn forward(listener: Listener, target_groups: &BySlot<String>) -> Action {
    let action = Action::builder().r#type(ActionTypeEnum::Forward);
    match listener {
        Listener::BlueOnly => action.target_group_arn(&target_groups.blue).build(),
        Listener::Weighted(blue, green) => action.forward_config(weighted(target_groups, blue, green)).build(),
    }
}

/// A forward to both by these weights.
pub(super) fn weighted(target_groups: &BySlot<String>, blue: i32, green: i32) -> ForwardActionConfig {
    let tuple =
        |slot, weight| TargetGroupTuple::builder().target_group_arn(&target_groups[slot]).weight(weight).build();
    ForwardActionConfig::builder()
        .target_groups(tuple(Slot::Blue, blue))
        .target_groups(tuple(Slot::Green, green))
        .build()
}

async fn create_listener(aws: &Clients, load_balancer_arn: &str, action: Action) -> String {
    let request = aws.elb.create_listener().load_balancer_arn(load_balancer_arn).default_actions(action);
    let answer = request.protocol(ProtocolEnum::Http).port(80).send().await;
    let made = answer.expect("CreateListener").listeners.unwrap_or_default();
    made[0].listener_arn.clone().expect("the listener's ARN")
}

async fn create_group(
    aws: &Clients,
    name: &str,
    (min, desired, max): (i32, i32, i32),
    template: &str,
    subnets: &[Subnet],
    target_group_arn: &str,
) {
    let zones = subnets.iter().map(|subnet| subnet.id.as_str()).collect::<Vec<_>>().join(",");
    let template = LaunchTemplateSpecification::builder().launch_template_id(template).version("1").build();
    let request = aws.autoscaling.create_auto_scaling_group().auto_scaling_group_name(name);
    let request = request.min_size(min).desired_capacity(desired).max_size(max);
    let request = request.launch_template(template).vpc_zone_identifier(zones).health_check_type("EC2");
    request.target_group_arns(target_group_arn).send().await.expect("CreateAutoScalingGroup");
}

async fn put_parameter(aws: &Clients, name: &str, value: &str) {
    let request = aws.ssm.put_parameter().name(name).value(value).r#type(ParameterType::String);
    request.send().await.expect("PutParameter");
}

async fn put_alarm(aws: &Clients, name: &str, load_balancer_arn: &str, topic_arn: &str) {
    let (_, balancer) = load_balancer_arn.split_once("loadbalancer/").expect("a load balancer's ARN");
    let request = aws.cloudwatch.put_metric_alarm().alarm_name(name);
    let request = request.namespace("AWS/ApplicationELB").metric_name("HTTPCode_Target_5XX_Count");
    let request = request.dimensions(Dimension::builder().name("LoadBalancer").value(balancer).build());
    let request = request.statistic(Statistic::Sum).period(60).evaluation_periods(1).threshold(10.0);
    let request = request.comparison_operator(ComparisonOperator::GreaterThanThreshold).alarm_actions(topic_arn);
    request.send().await.expect("PutMetricAlarm");
}

//! Changing the world: what AWS, the application or a person would do.

use std::time::{Duration, SystemTime};

use aws_sdk_autoscaling::types::Tag;
use aws_sdk_cloudwatch::config::Region;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StateValue};
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum};
use aws_sdk_ssm::types::ParameterType;

use super::create::weighted;
use super::{Slot, Stack, ec2, sdk_config};

/// The tag by which the emulator is told what to think of an instance.
const HEALTH: &str = "signalbox:health";

/// What the load balancer thinks of a slot's instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// They answer well.
    Healthy,
    /// They answer with an error.
    Unhealthy,
    /// They have not answered yet.
    Initial,
}

impl Health {
    /// The value of the tag that says so; none of health.
    fn tag(self) -> Option<&'static str> {
        match self {
            Health::Healthy => None,
            Health::Unhealthy => Some("unhealthy"),
            Health::Initial => Some("initial"),
        }
    }
}

impl Stack {
    /// Puts the guard alarm into `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub async fn set_alarm(&self, state: &str) {
        let request = self.aws.cloudwatch.set_alarm_state().alarm_name(&self.alarm);
        let request = request.state_value(StateValue::from(state)).state_reason("set by the test");
        request.send().await.expect("SetAlarmState");
    }

    /// Decides what the load balancer thinks of a slot's instances, present and future.
    pub async fn set_health(&self, slot: Slot, health: Health) {
        match health.tag() {
            None => self.untag(slot, HEALTH).await,
            Some(value) => self.tag(slot, HEALTH, value).await,
        }
    }

    /// Decides what the load balancer thinks of one instance, whatever it thinks of its slot.
    pub async fn set_instance_health(&self, instance: &str, health: Health) {
        match health.tag() {
            None => ec2::untag_instance(self.moto(), instance, HEALTH).await,
            Some(value) => ec2::tag_instance(self.moto(), instance, HEALTH, value).await,
        }
    }

    /// Lets a slot's group judge its instances by `EC2` alone, or by the load balancer's health check (`ELB`).
    pub async fn set_health_check_type(&self, slot: Slot, kind: &str) {
        let request = self.aws.autoscaling.update_auto_scaling_group().auto_scaling_group_name(&self.groups[slot]);
        request.health_check_type(kind).send().await.expect("UpdateAutoScalingGroup");
    }

    /// Makes instances that a slot launches from now on boot for so long before they are healthy.
    pub async fn boot_seconds(&self, slot: Slot, seconds: u32) {
        self.tag(slot, "signalbox:boot-seconds", &seconds.to_string()).await;
    }

    /// Changes the listener's weights, as a person would.
    pub async fn set_weights(&self, blue: i32, green: i32) {
        let forward = weighted(&self.target_groups, blue, green);
        let action = Action::builder().r#type(ActionTypeEnum::Forward).forward_config(forward).build();
        let request = self.aws.elb.modify_listener().listener_arn(&self.listener_arn).default_actions(action);
        request.send().await.expect("ModifyListener");
    }

    /// Changes a group's size, as a person would.
    pub async fn set_group(&self, slot: Slot, min: i32, desired: i32, max: i32) {
        let request = self.aws.autoscaling.update_auto_scaling_group().auto_scaling_group_name(&self.groups[slot]);
        let request = request.min_size(min).desired_capacity(desired).max_size(max);
        request.send().await.expect("UpdateAutoScalingGroup");
    }

    /// Writes a slot's release, as a person would.
    pub async fn set_parameter(&self, slot: Slot, release: &str) {
        let request = self.aws.ssm.put_parameter().name(self.release_parameter(slot));
        let request = request.value(release).r#type(ParameterType::String).overwrite(true);
        request.send().await.expect("PutParameter");
    }

    /// Terminates all instances of a slot behind its group's back.
    pub async fn terminate_instances(&self, slot: Slot) {
        ec2::on_instances(self.moto(), "TerminateInstances", &self.group(slot).await.instances).await;
    }

    /// Stops all instances of a slot.
    pub async fn stop_instances(&self, slot: Slot) {
        ec2::on_instances(self.moto(), "StopInstances", &self.group(slot).await.instances).await;
    }

    /// Writes a reading of a slot's target group: `RequestCount`, `HTTPCode_Target_5XX_Count`, …
    pub async fn put_metric(&self, slot: Slot, metric: &str, value: f64, at: SystemTime) {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let (_, balancer) = self.load_balancer_arn.split_once("loadbalancer/").expect("a load balancer's ARN");
        let (_, group) = self.target_groups[slot].rsplit_once(':').expect("a target group's ARN");
        let datum = MetricDatum::builder().metric_name(metric).value(value).timestamp(at.into());
        let datum = datum.dimensions(dimension("TargetGroup", group)).dimensions(dimension("LoadBalancer", balancer));
        let request = self.aws.cloudwatch.put_metric_data().namespace("AWS/ApplicationELB").metric_data(datum.build());
        request.send().await.expect("PutMetricData");
    }

    /// Puts a reading of what AWS charges the whole account, so many minutes old, where AWS puts it: in us-east-1.
    pub async fn put_charge(&self, minutes_ago: u64, dollars: f64) {
        let config = sdk_config(self.moto());
        let there = aws_sdk_cloudwatch::config::Builder::from(&config).region(Region::from_static("us-east-1"));
        let at = SystemTime::now() - Duration::from_secs(60 * minutes_ago);
        let usd = Dimension::builder().name("Currency").value("USD").build();
        let datum = MetricDatum::builder().metric_name("EstimatedCharges").dimensions(usd);
        let datum = datum.value(dollars).timestamp(at.into()).build();
        let put = aws_sdk_cloudwatch::Client::from_conf(there.build()).put_metric_data();
        put.namespace("AWS/Billing").metric_data(datum).send().await.expect("PutMetricData");
    }

    async fn tag(&self, slot: Slot, key: &str, value: &str) {
        let tag = self.tag_of(slot, key).value(value).build();
        self.aws.autoscaling.create_or_update_tags().tags(tag).send().await.expect("CreateOrUpdateTags");
    }

    async fn untag(&self, slot: Slot, key: &str) {
        let tag = self.tag_of(slot, key).build();
        self.aws.autoscaling.delete_tags().tags(tag).send().await.expect("DeleteTags");
    }

    fn tag_of(&self, slot: Slot, key: &str) -> aws_sdk_autoscaling::types::builders::TagBuilder {
        let tag = Tag::builder().resource_id(&self.groups[slot]).resource_type("auto-scaling-group");
        tag.key(key).propagate_at_launch(false)
    }
}

//! What is left alone, and how that is said.

use serde_json::{Value, json};
use signalbox_tests::events::{AlarmChange, EventBridge, group_event, instance_event};
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Slot, Stack};

use super::{changes, fleet, looked_at, named_by_alarms, replace, sicken, told, unhealthy_hosts};
use crate::drive::{assert_idle_heartbeats_cost_two_calls, assert_not_understood, beat_until};

#[tokio::test]
async fn what_is_about_nobody_of_ours_is_ignored_with_the_reason() {
    let stack = Stack::create(&Moto::shared()).await;
    let other = Stack::create(&Moto::shared()).await;
    let strangers = other.group(Slot::Blue).await.instances.remove(0);
    let replacer = stack.start("replacer").await;
    let health = json!({
        "service": "EC2",
        "eventTypeCategory": "scheduledChange",
        "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED",
        "affectedEntities": [{"entityValue": strangers}],
    });
    let foreign = AlarmChange::new("somebody-elses", "ALARM");
    for event in [
        instance_event("EC2 Spot Instance Interruption Warning", &strangers).with("instance-action", "stop").json(),
        instance_event("EC2 Instance Rebalance Recommendation", &strangers).json(),
        instance_event("EC2 Instance State-change Notification", &strangers).with("state", "stopping").json(),
        instance_event("EC2 Instance State-change Notification", "i-0123456789abcdef0").with("state", "running").json(),
        EventBridge::new("aws.health", "AWS Health Event", health).json(),
        group_event("Terminate Successful", "somebody-elses-asg", &strangers).json(),
        foreign.eventbridge(),
        foreign.clone().about("TargetGroup", named_by_alarms(&other, Slot::Blue)).direct(),
        foreign.about("InstanceId", &strangers).sns(&stack.alerts_topic_arn),
    ] {
        let answer = replacer.invoke(&event).await.unwrap();
        assert_eq!(answer["outcome"], "ignored", "{event}: {answer}");
        assert!(answer["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{answer}");
        assert_eq!(answer["services"], json!([]), "{answer}");
    }
    assert!(stack.record().await.is_none() && other.record().await.is_none(), "and creates nothing");
}

#[tokio::test]
async fn an_alarm_about_a_group_a_target_group_or_an_instance_is_about_its_service() {
    let stack = Stack::create(&Moto::shared()).await;
    let replacer = stack.start("replacer").await;
    let instance = stack.group(Slot::Blue).await.instances.remove(0);
    for (dimension, value) in [
        ("AutoScalingGroupName", stack.groups[Slot::Green].as_str()),
        ("TargetGroup", named_by_alarms(&stack, Slot::Green)),
        ("InstanceId", &instance),
    ] {
        let alarm = AlarmChange::new("guards-nothing", "ALARM").about(dimension, value);
        for event in [alarm.eventbridge(), alarm.direct(), alarm.sns(&stack.alerts_topic_arn)] {
            let answer = replacer.invoke(&event).await.unwrap();
            let [said] = answer["services"].as_array().unwrap().as_slice() else { panic!("{event}: {answer}") };
            assert_eq!((&said["service"], &said["outcome"]), (&json!(stack.name), &json!("idle")), "{event}: {answer}");
        }
    }
    assert!(stack.replacements().await.is_empty(), "a look that finds nobody sick opens no replacement");
}

#[tokio::test]
async fn what_cannot_be_understood_is_an_error_by_type_that_repeats_nothing() {
    let stack = Stack::create(&Moto::shared()).await;
    let replacer = stack.start("replacer").await;
    let sick = stack.group(Slot::Blue).await.instances.remove(0);
    let with = |field: &str, value: Value| {
        let mut command = replace(&stack, &sick);
        command[field] = value;
        command
    };
    let cases = [
        (with("hunter2", json!(1)), "MalformedEvent", "hunter2"),
        (with("instance_id", json!(7)), "MalformedEvent", "instance_id"),
        (with("instance_id", json!("i-hunter2; rm")), "MalformedEvent", "instance_id"),
        (with("reason", json!("")), "MalformedEvent", "reason"),
        (json!({"command": "replace", "service": stack.name, "reason": "x"}), "MalformedEvent", "instance_id"),
        (
            instance_event("EC2 Instance State-change Notification", &sick).with("state", "hunter2").json(),
            "MalformedEvent",
            "state",
        ),
        (
            EventBridge::new("aws.s3", "Object Created", json!({"secret": "hunter2"})).json(),
            "UnrecognizedEvent",
            "aws.s3",
        ),
        (EventBridge::new("aws.ec2", "EBS Volume Notification", json!({})).json(), "UnrecognizedEvent", "aws.ec2"),
    ];
    assert_not_understood(&replacer, cases).await;
    assert!(stack.record().await.is_none());
    assert!(changes(&stack).await.is_empty(), "the world is as it was");
}

#[tokio::test]
async fn a_command_that_cannot_be_followed_is_refused_in_one_sentence() {
    let stack = fleet(&Moto::shared(), (1, 1, 2)).green(1, 1, 1).create().await;
    let replacer = stack.start("replacer").await;
    let idle = stack.group(Slot::Green).await.instances.remove(0);
    let nobodys = json!({"command": "replace", "service": "nobody", "instance_id": idle, "reason": "x"});
    for (command, says) in [
        (nobodys, "nobody"),
        (replace(&stack, &idle), "is not in blue's group, which is live"),
        (replace(&stack, "i-0123456789abcdef0"), "i-0123456789abcdef0 is not in blue's group"),
    ] {
        let answer = replacer.invoke(&command).await.unwrap();
        assert_eq!(answer["outcome"], "refused", "{answer}");
        assert!(answer["reason"].as_str().unwrap().contains(says), "{answer}");
    }
    assert!(stack.replacements().await.is_empty() && changes(&stack).await.is_empty());
}

#[tokio::test]
async fn a_group_that_heals_itself_is_left_to_it_and_that_is_said_once() {
    let (stack, replacer) = looked_at(fleet(&Moto::shared(), (1, 1, 2))).await;
    stack.set_health_check_type(Slot::Blue, "ELB").await;
    let sick = sicken(&stack, 0).await;
    let before = stack.group(Slot::Blue).await;
    replacer.invoke(unhealthy_hosts(&stack).eventbridge()).await.unwrap();
    let over = async |record: &Value| !record["healing"]["left"][&sick].is_null();
    beat_until(&stack, &replacer, "left alone", over).await;
    let mut beats = 0;
    beat_until(&stack, &replacer, "five heartbeats", async |_| {
        beats += 1;
        beats > 5
    })
    .await;
    let items = stack.replacements().await;
    assert_eq!((items.len(), &items[0].doc["phase"]), (1, &json!("stood_down")), "{items:#?}");
    let notices = told(&stack, "replacement_stood_down").await;
    let [notice] = notices.as_slice() else { panic!("said once: {notices:#?}") };
    assert!(notice["text"].as_str().unwrap().contains("set the type to EC2"), "what to do: {notice}");
    let asked = replacer.invoke(replace(&stack, &sick)).await.unwrap();
    assert_eq!(asked["outcome"], "refused", "{asked}");
    assert_eq!(stack.group(Slot::Blue).await, before);
}

#[tokio::test]
async fn an_idle_heartbeat_costs_two_calls_however_many_services_there_are() {
    assert_idle_heartbeats_cost_two_calls("replacer").await;
}

//! What is healed, and how.

use serde_json::{Value, json};
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Health, Slot};

use super::{Watch, changes, fleet, looked_at, phases, replace, sicken, told, unhealthy_hosts};
use crate::drive::beat_until;

/// What a replacement does to its group, from its beginning to its end.
const WHOLE: [&str; 6] = [
    "SuspendProcesses",
    "UpdateAutoScalingGroup",
    "UpdateAutoScalingGroup",
    "TerminateInstanceInAutoScalingGroup",
    "UpdateAutoScalingGroup",
    "ResumeProcesses",
];

/// One sick instance in a fleet of this size: reported by an alarm, and replaced by heartbeats.
async fn heals_one_of(size: (i32, i32, i32)) {
    let (stack, replacer) = looked_at(fleet(&Moto::shared(), size)).await;
    let sick = sicken(&stack, 0).await;
    let mut watch = Watch::begin(&stack).await;

    let answer = replacer.invoke(unhealthy_hosts(&stack).eventbridge()).await.unwrap();
    let [said] = answer["services"].as_array().unwrap().as_slice() else { panic!("one service: {answer}") };
    assert_eq!((&said["service"], &said["outcome"]), (&json!(stack.name), &json!("accepted")), "{answer}");
    assert_eq!(said["phase"], "confirming");
    assert!(said["reason"].as_str().unwrap().contains(&sick), "{answer}");
    let id = said["operation"].as_str().unwrap().to_owned();
    assert!(id.starts_with(&format!("replace-{sick}-")), "{id}");
    assert_eq!(stack.group(Slot::Blue).await, watch.before, "it must be sick for a while");

    beat_until(&stack, &replacer, "surging", async |record| record["operation"]["phase"] == "surging").await;
    let (min, desired, max) = size;
    let larger = stack.group(Slot::Blue).await;
    assert_eq!(larger.size(), (desired + 1, desired + 1, max.max(desired + 1)), "min holds it there");
    assert!(larger.instances.contains(&sick), "another one is launched first");
    assert_eq!(larger.suspended, ["AZRebalance", "ScheduledActions"], "or they would take away others");
    watch.until_at_rest(&replacer).await;
    watch.assert_only_replaced(&[&sick]).await;
    assert_eq!(stack.group(Slot::Blue).await.size(), (min, desired, max));

    let done = changes(&stack).await;
    assert_eq!(done.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), WHOLE, "{done:#?}");
    assert!(done[3].mentions(&sick), "{:?}", done[3]);
    assert_eq!(done[3].params["ShouldDecrementDesiredCapacity"], json!(true), "{:?}", done[3]);
    assert_replaced_by_the_book(&stack, &id, &sick).await;

    let again = replacer.invoke(unhealthy_hosts(&stack).eventbridge()).await.unwrap();
    assert_eq!(again["services"][0]["outcome"], "idle", "{again}");
}

/// The item and the notices of a replacement that went as it should.
async fn assert_replaced_by_the_book(stack: &signalbox_tests::stack::Stack, id: &str, sick: &str) {
    let items = stack.replacements().await;
    let [item] = items.as_slice() else { panic!("one item: {items:#?}") };
    assert_eq!(item.sk, format!("REPLACEMENT#{id}"));
    assert_eq!((&item.doc["phase"], &item.doc["instance"]), (&json!("replaced"), &json!(sick)));
    assert_eq!(phases(&item.doc), ["confirming", "surging", "removing", "replaced"], "{:#}", item.doc);
    let new = stack.group(Slot::Blue).await.instances;
    let last = item.doc["timeline"].as_array().unwrap().last().unwrap()["what"].as_str().unwrap().to_owned();
    assert!(last.contains(sick) && new.iter().any(|new| last.contains(new)), "who by whom: {last}");
    for kind in ["replacement_started", "replacement_progressed", "replacement_completed"] {
        let notices = told(stack, kind).await;
        let [notice] = notices.as_slice() else { panic!("{kind} once: {notices:#?}") };
        assert_eq!(notice["operation"], id);
        assert!(notice["text"].as_str().unwrap().starts_with(&stack.name), "{notice}");
        assert!(notice["text"].as_str().unwrap().contains(sick), "{notice}");
    }
}

#[tokio::test]
async fn one_of_one_is_healed_by_launching_first_and_removing_exactly_the_sick_one() {
    heals_one_of((1, 1, 1)).await;
}

#[tokio::test]
async fn one_of_three_is_healed_and_the_other_two_stay() {
    heals_one_of((1, 3, 4)).await;
}

#[tokio::test]
async fn an_instance_that_is_stopped_is_replaced_like_one_that_fails_its_check() {
    let (stack, replacer) = looked_at(fleet(&Moto::shared(), (1, 1, 2))).await;
    let stopped = stack.group(Slot::Blue).await.instances.remove(0);
    stack.stop_instances(Slot::Blue).await;
    let mut watch = Watch::begin(&stack).await;
    replacer
        .invoke(
            signalbox_tests::events::instance_event("EC2 Instance State-change Notification", &stopped)
                .with("state", "stopped")
                .json(),
        )
        .await
        .unwrap();
    watch.until_at_rest(&replacer).await;
    watch.assert_only_replaced(&[&stopped]).await;
}

#[tokio::test]
async fn a_spot_interruption_is_met_before_it_happens_and_without_confirming() {
    let (stack, replacer) = looked_at(fleet(&Moto::shared(), (1, 2, 2))).await;
    let announced = stack.group(Slot::Blue).await.instances.remove(1);
    let mut watch = Watch::begin(&stack).await;
    let event = signalbox_tests::events::instance_event("EC2 Spot Instance Interruption Warning", &announced);
    let answer = replacer.invoke(event.with("instance-action", "terminate").json()).await.unwrap();
    assert_eq!(answer["services"][0]["phase"], "surging", "{answer}");
    assert_eq!(stack.group(Slot::Blue).await.instances.len(), 3, "launched before it answered");
    watch.until_at_rest(&replacer).await;
    watch.assert_only_replaced(&[&announced]).await;
}

#[tokio::test]
async fn where_the_new_one_never_gets_well_it_goes_again_and_the_sick_one_stays() {
    let changes = json!({"replacement": {"within": "2s"}});
    let (stack, replacer) = looked_at(fleet(&Moto::shared(), (1, 1, 2)).define(changes)).await;
    stack.set_health(Slot::Blue, Health::Unhealthy).await;
    let mut watch = Watch::begin(&stack).await;
    replacer.invoke(unhealthy_hosts(&stack).eventbridge()).await.unwrap();
    let phase = async |record: &Value| record["operation"]["phase"] == "standing_down";
    beat_until(&stack, &replacer, "standing down", phase).await;
    beat_until(&stack, &replacer, "gone again", async |_| {
        stack.group(Slot::Blue).await.instances == watch.before.instances
    })
    .await;
    // Were it still sick at the end, it would be next again.
    stack.set_health(Slot::Blue, Health::Healthy).await;
    watch.until_at_rest(&replacer).await;
    watch.assert_only_replaced(&[]).await;
    let items = stack.replacements().await;
    assert_eq!((items.len(), &items[0].doc["phase"]), (1, &json!("stood_down")), "{items:#?}");
    let notices = told(&stack, "replacement_stood_down").await;
    assert!(notices[0]["text"].as_str().unwrap().contains("nobody new was healthy within 2s"), "{notices:#?}");
}

#[tokio::test]
async fn two_of_two_are_nobody_s_to_replace_until_a_person_says_so() {
    let (stack, replacer) = looked_at(fleet(&Moto::shared(), (1, 2, 2))).await;
    let (first, second) = (sicken(&stack, 0).await, sicken(&stack, 1).await);
    let mut watch = Watch::begin(&stack).await;
    replacer.invoke(unhealthy_hosts(&stack).eventbridge()).await.unwrap();
    let held = async |record: &Value| !record["healing"]["hold"].is_null();
    beat_until(&stack, &replacer, "held", held).await;
    for _ in 0..5 {
        let answer = replacer.invoke(unhealthy_hosts(&stack).direct()).await.unwrap();
        assert_eq!(answer["services"][0]["outcome"], "waiting", "{answer}");
        assert!(answer["services"][0]["reason"].as_str().unwrap().contains("2 of 2 instances are sick"), "{answer}");
    }
    assert_eq!(stack.group(Slot::Blue).await, watch.before, "nothing changes");
    assert_eq!(changes(&stack).await.len(), 0);
    let items = stack.replacements().await;
    assert_eq!((items.len(), &items[0].doc["phase"]), (1, &json!("held")), "{items:#?}");
    let notices = told(&stack, "replacement_held").await;
    let [notice] = notices.as_slice() else { panic!("told once: {notices:#?}") };
    assert_eq!(notice["severity"], "critical");
    let named = items[0].doc["instance"].as_str().unwrap();
    let command = format!("signalbox replace {} {named} --reason", stack.name);
    assert!(notice["text"].as_str().unwrap().contains(&command), "what to do: {notice}");

    let answer = replacer.invoke(replace(&stack, &second)).await.unwrap();
    assert_eq!((&answer["outcome"], &answer["phase"]), (&json!("accepted"), &json!("surging")), "{answer}");
    assert_eq!(answer["service"], stack.name);
    let again = replacer.invoke(replace(&stack, &second)).await.unwrap();
    assert_eq!(again["outcome"], "waiting", "{again}");
    let both = replacer.invoke(replace(&stack, &first)).await.unwrap();
    assert_eq!(both["outcome"], "refused", "one at a time: {both}");
    // With one of two left sick, nothing holds the other one back.
    watch.until_at_rest(&replacer).await;
    watch.assert_only_replaced(&[&first, &second]).await;
    assert_eq!(told(&stack, "replacement_resumed").await.len(), 1);
}

//! A stack reads back as it was made, and as it was changed.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Health, Listener, Slot, Stack, Weights};
use signalbox_tests::wait::eventually;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_new_stack_is_blue_alone_at_v1() {
    let stack = Stack::create(&Moto::shared()).await;
    assert_eq!(stack.weights().await, Weights { blue: Some(100), green: None });
    let (blue, green) = (stack.group(Slot::Blue).await, stack.group(Slot::Green).await);
    assert_eq!((blue.size(), green.size()), ((1, 1, 2), (0, 0, 0)));
    assert_eq!((blue.instances.len(), green.instances.len()), (1, 0));
    assert!(blue.suspended.is_empty());
    assert_eq!(stack.targets(Slot::Blue).await.into_values().collect::<Vec<_>>(), ["healthy"]);
    assert_eq!(
        (stack.parameter(Slot::Blue).await.as_str(), stack.parameter(Slot::Green).await.as_str()),
        ("v1", "none")
    );
    assert_eq!(stack.alarm_state().await, "OK");
    assert_eq!(stack.record().await, None);
    assert!(stack.decisions().await.is_empty() && stack.deployments().await.is_empty());
    let defined = stack.item("SERVICES", &stack.name).await.expect("the definition");
    assert_eq!(&defined.doc, stack.definition());
}

#[tokio::test]
async fn what_a_builder_was_told_is_what_is_made() {
    let moto = Moto::shared();
    let first = Stack::create(&moto).await;
    let builder = Stack::builder(&moto).prefix("shop").beside(&first).listener(Listener::Weighted(90, 10));
    let builder = builder.blue(1, 2, 4).green(1, 1, 2).releases("v7", "v6").canary();
    let stack = builder.define(json!({"guard": null, "health": {"settle": "2s"}})).create().await;
    assert!(stack.name.starts_with("shop-") && stack.table == first.table);
    assert_eq!(stack.weights().await, Weights::of(90, 10));
    assert_eq!(stack.group(Slot::Blue).await.size(), (1, 2, 4));
    assert_eq!(stack.group(Slot::Green).await.size(), (1, 1, 2));
    assert_eq!(stack.parameter(Slot::Green).await, "v6");
    let definition = stack.item("SERVICES", &stack.name).await.unwrap().doc;
    assert_eq!(definition["strategy"], json!({"kind": "canary", "weight": 10, "bake": "1s"}));
    assert_eq!(definition["health"], json!({"within": "60s", "settle": "2s"}));
    assert_eq!(definition.get("guard"), None);
    stack.define(json!({"mode": "observe"})).await;
    assert_eq!(stack.item("SERVICES", &stack.name).await.unwrap().doc["mode"], "observe");
    let unknown = Stack::builder(&moto).undefined().create().await;
    assert_eq!(unknown.item("SERVICES", &unknown.name).await, None);
}

#[tokio::test]
async fn the_world_can_be_changed() {
    let stack = Stack::create(&Moto::shared()).await;
    stack.set_weights(60, 40).await;
    assert_eq!(stack.weights().await, Weights::of(60, 40));
    stack.set_parameter(Slot::Green, "v2").await;
    assert_eq!(stack.parameter(Slot::Green).await, "v2");
    stack.boot_seconds(Slot::Green, 1).await;
    stack.set_group(Slot::Green, 1, 1, 1).await;
    let states = async |slot| stack.targets(slot).await.into_values().collect::<Vec<_>>();
    assert_eq!(states(Slot::Green).await, ["initial"]);
    eventually("green has booted", SOON, async || (states(Slot::Green).await == ["healthy"]).then_some(())).await;
    stack.set_health(Slot::Green, Health::Unhealthy).await;
    assert_eq!(states(Slot::Green).await, ["unhealthy"]);
    stack.set_health(Slot::Green, Health::Healthy).await;
    assert_eq!(states(Slot::Green).await, ["healthy"]);
    stack.stop_instances(Slot::Green).await;
    assert!(!states(Slot::Green).await.contains(&"healthy".to_owned()));
    let former = stack.targets(Slot::Blue).await;
    stack.terminate_instances(Slot::Blue).await;
    let left = stack.targets(Slot::Blue).await;
    assert!(former.keys().all(|id| left.get(id).is_none_or(|state| state != "healthy")), "{left:?}");
    stack.set_alarm("ALARM").await;
    assert_eq!(stack.alarm_state().await, "ALARM");
    let published = stack.messages().await;
    let message: Value = serde_json::from_str(published[0]["message"].as_str().unwrap()).unwrap();
    assert_eq!((published.len(), &message["AlarmName"]), (1, &json!(stack.alarm)));
    assert!(stack.notices().await.is_empty(), "an alarm is no notice");
    stack.put_metric(Slot::Blue, "RequestCount", 100.0, std::time::SystemTime::now()).await;
}

#[tokio::test]
async fn notices_are_read_in_their_machine_form() {
    let stack = Stack::create(&Moto::shared()).await;
    let notice = json!({"source": "signalbox", "id": "1", "kind": "deployed"});
    let message = json!({"default": "deployed", "sqs": notice.to_string()});
    let request = stack.aws.sns.publish().topic_arn(&stack.alerts_topic_arn).message_structure("json");
    request.message(message.to_string()).send().await.unwrap();
    assert_eq!(stack.notices().await, [notice]);
}

#[tokio::test]
async fn a_record_and_its_index_read_back() {
    let stack = Stack::create(&Moto::shared()).await;
    let attributes = [("version", json!(7)), ("schema", json!(1)), ("busy", json!("1"))];
    stack.put_item(&stack.partition(), "RECORD", &json!({"live": "blue"}), &attributes).await;
    stack.put_doc(&stack.partition(), "DEPLOYMENT#d-1", &json!({"release": "v2"})).await;
    stack.put_doc(&stack.partition(), "DECISION#01", &json!({"reason": "first"})).await;
    stack.put_doc(&stack.partition(), "DECISION#02", &json!({"reason": "second"})).await;
    let record = stack.record().await.unwrap();
    assert_eq!((record.version, record.schema, record.busy.as_deref()), (7, 1, Some("1")));
    assert_eq!(record.doc["live"], "blue");
    assert_eq!(stack.deployment("d-1").await.unwrap()["release"], "v2");
    assert_eq!(stack.deployment("d-2").await, None);
    let reasons: Vec<Value> = stack.decisions().await.into_iter().map(|decision| decision["reason"].clone()).collect();
    assert_eq!(reasons, ["first", "second"]);
    let busy = busy_services(&stack).await;
    assert_eq!(busy, [stack.partition()]);
}

/// The partition keys in the index of busy services.
async fn busy_services(stack: &Stack) -> Vec<String> {
    let request = stack.aws.dynamodb.query().table_name(&stack.table).index_name("busy-index");
    let request = request.key_condition_expression("busy = :one");
    let one = aws_sdk_dynamodb::types::AttributeValue::S("1".to_owned());
    let answer = request.expression_attribute_values(":one", one).send().await.unwrap();
    answer.items().iter().map(|item| item["pk"].as_s().unwrap().clone()).collect()
}

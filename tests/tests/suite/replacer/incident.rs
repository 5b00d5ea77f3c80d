//! One incident, told in every way there is.

use serde_json::{Value, json};
use signalbox_tests::events::{heartbeat, instance_event};
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::{Function, Invocation};
use signalbox_tests::stack::Stack;

use super::{Watch, changes, fleet, looked_at, phases, sicken, told, unhealthy_hosts};

/// The six ways.
fn ways(stack: &Stack, sick: &str) -> [Value; 6] {
    let alarm = unhealthy_hosts(stack);
    [
        alarm.eventbridge(),
        alarm.direct(),
        alarm.sns(&stack.alerts_topic_arn),
        instance_event("EC2 Spot Instance Interruption Warning", sick).with("instance-action", "terminate").json(),
        instance_event("EC2 Instance Rebalance Recommendation", sick).json(),
        heartbeat(),
    ]
}

/// All of them at once, each twice, to functions that know nothing of each other.
async fn tell_at_once(replacers: &[Function], ways: &[Value]) -> Vec<Value> {
    let events = ways.iter().chain(ways).zip(replacers.iter().cycle());
    let told: Vec<_> = events.map(|(event, replacer)| replacer.begin(Invocation::from(event))).collect();
    let mut answers = Vec::new();
    for answer in told {
        // One that lost every race may say so as an error; it must not have done anything then.
        answers.extend(answer.await.unwrap().ok());
    }
    answers
}

#[tokio::test]
async fn one_incident_reported_in_six_ways_is_one_replacement() {
    let (stack, _) = looked_at(fleet(&Moto::shared(), (1, 3, 4))).await;
    let replacers = stack.launch("replacer").start_many(4).await;
    let sick = sicken(&stack, 1).await;
    let ways = ways(&stack, &sick);
    let mut watch = Watch::begin(&stack).await;

    let answers = tell_at_once(&replacers, &ways).await;
    assert!(answers.len() >= 6, "most of twelve are answered: {answers:#?}");
    watch.look().await;
    for event in ways.iter().chain(&ways) {
        replacers[0].invoke(event).await.expect("an answer");
        watch.look().await;
    }
    watch.until_at_rest(&replacers[1]).await;
    watch.assert_only_replaced(&[&sick]).await;

    tell_at_once(&replacers, &ways).await;
    watch.until_at_rest(&replacers[2]).await;
    watch.assert_only_replaced(&[&sick]).await;
    let late = replacers[3].invoke(&ways[3]).await.unwrap();
    assert_eq!(late["outcome"], "ignored", "who is gone is nobody's: {late}");

    let items = stack.replacements().await;
    let ended: Vec<&Value> = items.iter().map(|item| &item.doc["phase"]).collect();
    assert_eq!(ended, ["replaced"], "{items:#?}");
    assert_eq!(*phases(&items[0].doc).last().unwrap(), "replaced");
    let removed = changes(&stack).await;
    let removed: Vec<_> = removed.iter().filter(|call| call.operation.starts_with("Terminate")).collect();
    assert!(removed.iter().all(|call| call.mentions(&sick)), "{removed:#?}");
    assert_eq!(removed.iter().filter(|call| call.status == Some(200)).count(), 1, "{removed:#?}");
    let completed = told(&stack, "replacement_completed").await;
    assert_eq!(completed.len(), 1, "{completed:#?}");
    assert_eq!(completed[0]["operation"], json!(items[0].sk.trim_start_matches("REPLACEMENT#")));
}

//! Many at once: one wins, the others are told why not.

use serde_json::{Value, json};
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Slot, Stack};

use crate::drive::{assert_clean, beat_until_at_rest, deploy};

#[tokio::test]
async fn of_twenty_rivals_one_owns_the_service() {
    // On a slow machine the winner could be done before the last rival has asked: it bakes long.
    let stack = Stack::builder(&Moto::shared()).define(json!({"bake": "1h"})).create().await;
    let rivals = stack.launch("deployer").start_many(20).await;
    let invocations: Vec<_> = rivals
        .iter()
        .enumerate()
        .map(|(number, rival)| rival.begin(deploy(&stack, &format!("v{}", number + 2), &format!("d-{number}"))))
        .collect();
    let mut answers: Vec<Value> = Vec::new();
    for invocation in invocations {
        // A rival that lost every race may say so as an error; it must not have done anything then.
        if let Ok(answer) = invocation.await.unwrap() {
            answers.push(answer);
        }
    }
    let accepted: Vec<&Value> = answers.iter().filter(|answer| answer["outcome"] == "accepted").collect();
    assert_eq!(accepted.len(), 1, "{answers:#?}");
    let winner = accepted[0]["operation"].as_str().unwrap();
    for refused in answers.iter().filter(|answer| answer["outcome"] != "accepted") {
        assert_eq!(refused["outcome"], "refused");
        assert!(refused["reason"].as_str().unwrap().contains(winner), "{refused}");
    }
    assert_eq!(stack.deployments().await.len(), 1, "only the winner left an operation");
    stack.define(json!({"bake": "1s"})).await;
    let number: usize = winner.trim_start_matches("d-").parse().unwrap();
    beat_until_at_rest(&stack, &rivals[0]).await;
    assert_clean(&stack, Slot::Green, &format!("v{}", number + 2)).await;
}

#[tokio::test]
async fn the_same_event_to_many_at_once_is_one_deployment() {
    let stack = Stack::create(&Moto::shared()).await;
    let copies = stack.launch("deployer").start_many(6).await;
    let invocations: Vec<_> = copies.iter().map(|copy| copy.begin(deploy(&stack, "v2", "d-1"))).collect();
    let mut accepted = 0;
    for (copy, invocation) in copies.iter().zip(invocations) {
        let answer = match invocation.await.unwrap() {
            Ok(answer) => answer,
            // On a slow machine one may lose every race and say so: then it comes again, as Lambda has it.
            Err(error) => {
                assert_eq!(error.error_type, "Contended", "{error:?}");
                copy.invoke(deploy(&stack, "v2", "d-1")).await.unwrap()
            }
        };
        assert_eq!(answer["operation"], "d-1", "{answer}");
        accepted += usize::from(answer["outcome"] == "accepted");
    }
    assert_eq!(accepted, 1);
    beat_until_at_rest(&stack, &copies[0]).await;
    assert_clean(&stack, Slot::Green, "v2").await;
}

//! Steering the emulator.

use std::time::Duration;

use signalbox_tests::moto::{Moto, On, When};
use signalbox_tests::stack::{Clients, Slot, Stack};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_call_held_before_it_takes_effect_can_be_discarded() {
    let moto = Moto::start();
    let stack = Stack::create(&moto).await;
    let former = stack.weights().await;
    moto.hold(On::call("ModifyListener").containing(&stack.name), When::Before, 0).await;
    assert!(moto.hold_state().await.armed);
    let arguments = (stack.listener_arn.clone(), Clients::new(&moto));
    let change = tokio::spawn(async move {
        let (listener, aws) = arguments;
        let action = aws.elb.describe_listeners().listener_arns(&listener).send().await.unwrap();
        let actions = action.listeners()[0].default_actions().to_vec();
        aws.elb.modify_listener().listener_arn(listener).set_default_actions(Some(actions)).send().await.is_ok()
    });
    let hold = moto.wait_held(SOON).await;
    assert_eq!(stack.weights().await, former);
    moto.release(true).await;
    assert_eq!(moto.wait_let_go(SOON).await.state.as_deref(), Some("discarded"));
    assert!(change.await.unwrap(), "the SDK tries again after a 500, and that call is not held");
    let calls = moto.calls().await;
    let held = calls.iter().find(|call| Some(call.seq) == hold.seq).unwrap();
    assert_eq!((held.processed, held.outcome.as_deref()), (false, Some("discarded")));
    assert!(held.mutates() && held.mentions(&stack.name));
    moto.clear_calls().await;
    assert!(moto.calls().await.is_empty());
}

#[tokio::test]
async fn faults_and_delays_meet_the_calls_they_are_meant_for() {
    let moto = Moto::shared();
    let stack = Stack::create(&moto).await;
    let other = Stack::create(&moto).await;
    let ours = || On::call("UpdateAutoScalingGroup").containing(&stack.groups.green);
    let update = async |stack: &Stack, max: i32| {
        let request = stack.aws.autoscaling.update_auto_scaling_group();
        request.auto_scaling_group_name(&stack.groups.green).max_size(max).send().await
    };
    moto.fail(ours(), 1, "ScalingActivityInProgress").await;
    update(&other, 3).await.expect("the fault is not meant for the other stack");
    let refused = update(&stack, 3).await.expect_err("the fault is meant for this one");
    assert!(format!("{refused:?}").contains("ScalingActivityInProgress"), "{refused:?}");
    assert_eq!(stack.group(Slot::Green).await.max, 0);
    moto.delay(ours(), 0.3, 1).await;
    let started = std::time::Instant::now();
    update(&stack, 3).await.expect("a delayed call takes effect");
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(stack.group(Slot::Green).await.max, 3);
}

//! One deployer for hundreds of services: each is attended to for itself.

#![allow(clippy::unwrap_used, reason = "this is test code: a failed step is a failed test")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::notice::{Kind, Notice, Severity};
use signalbox_domain::record::Record;
use signalbox_domain::slot::{BySlot, Slot, Split};
use signalbox_domain::trigger::{Nudge, Origin, Role, RollbackRequest, Trigger};
use signalbox_reconciler::{HeartbeatError, Linger, Reconciler};
use signalbox_sim::demo::{SERVICE, definition};
use signalbox_sim::ports::SimPorts;
use signalbox_sim::time::{Executor, Shared};
use signalbox_sim::world::World;

/// A notice that has not left yet: a look sends it.
fn waiting(name: &str, now: Timestamp) -> Notice {
    Notice {
        id: format!("{name}/standby_ended/1"),
        kind: Kind::StandbyEnded,
        severity: Severity::Info,
        operation: None,
        text: format!("{name}: green is retired"),
        at: now,
    }
}

/// Three hundred services, of which every sixtieth has a definition that cannot be read.
fn three_hundred() -> Shared {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24);
    let mut world = World::new(1, now);
    let running = BySlot { blue: Some("v1".parse().unwrap()), green: None };
    let mut record = Record::at_rest(Slot::Blue, running, Split::Only(Slot::Blue), now);
    for number in 0..300 {
        let name = format!("service-{number}");
        record.outbox = vec![waiting(&name, now)];
        let text = match number % 60 {
            0 => r#"{"name":"#.to_owned(),
            _ => definition(true, r#","drift":{"every":"1m"}"#).replacen(SERVICE, &name, 1),
        };
        world.table.definitions.insert(name.clone(), text);
        world.table.records.insert(name, (record.clone(), 1, 0));
    }
    Rc::new(RefCell::new(world))
}

/// Who was told something.
fn told(world: &Shared) -> BTreeSet<String> {
    let name = |text: &str| Some(text.split_once(':')?.0.to_owned());
    world.borrow().post.iter().filter_map(|(_, notice)| name(&notice.text)).collect()
}

#[test]
fn within_the_call_budget_hundreds_of_services_take_turns_and_a_poisoned_one_delays_nobody() {
    let world = three_hundred();
    let began = world.borrow().now;
    let reconciler = Rc::new(Reconciler::new(Role::Deployer, SimPorts::lasting(&world)));
    let results = Rc::new(RefCell::new(Vec::new()));
    let mut executor = Executor::new(&world);
    for beat in 0..60 {
        let at = began + SignedDuration::from_mins(beat);
        executor.run_until(at);
        let (reconciler, ended) = (Rc::clone(&reconciler), Rc::clone(&results));
        executor.spawn(async move {
            let result = reconciler.heartbeat(Linger { until: at + SignedDuration::from_secs(45) }).await;
            ended.borrow_mut().push(result);
        });
        executor.run_until(at + SignedDuration::from_secs(50));
        assert_eq!(results.borrow().len(), usize::try_from(beat).unwrap() + 1, "it ended before its timeout");
        if [0, 4, 9, 19].contains(&beat) {
            println!("after {} beats {} of 295 services had their turn", beat + 1, told(&world).len());
        }
    }
    assert_eq!(told(&world).len(), 295, "each had its turn");
    let throttled = &world.borrow().faults.went_wrong;
    assert!(throttled.is_empty(), "the account's budget was never used up: {throttled:?}");
    for result in results.take() {
        let Err(HeartbeatError::Looks { failed, looked_at, first }) = result else {
            unreachable!("five definitions cannot be read");
        };
        assert_eq!((failed, looked_at, first.error_type()), (5, 300, "InvalidDefinition"));
    }
}

#[test]
fn a_rollback_is_looked_at_at_once_while_hundreds_wait_for_their_turn() {
    let world = three_hundred();
    let began = world.borrow().now;
    let reconciler = Rc::new(Reconciler::new(Role::Deployer, SimPorts::lasting(&world)));
    let (beating, asked, answer) = (Rc::clone(&reconciler), Rc::clone(&reconciler), Rc::new(RefCell::new(None)));
    let mut executor = Executor::new(&world);
    executor.spawn(async move {
        let _ = beating.heartbeat(Linger { until: began + SignedDuration::from_secs(45) }).await;
    });
    executor.run_until(began + SignedDuration::from_secs(5));
    let heard = Rc::clone(&answer);
    executor.spawn(async move {
        let trigger = Trigger::RollbackRequested(RollbackRequest {
            id: "r-1".parse().unwrap(),
            reason: "it looks wrong".to_owned(),
            from: None,
            force: false,
            requested_by: None,
            origin: Origin::Invoke,
        });
        let looked = asked.look(&Nudge { service: "service-299".parse().unwrap(), trigger }).await;
        *heard.borrow_mut() = Some(looked.unwrap().answer.reason);
    });
    executor.run_until(began + SignedDuration::from_secs(6));
    assert!(answer.borrow().as_ref().is_some_and(|reason| reason.contains("no release to go back to")), "{answer:?}");
}

//! One billing guard for many services: whatever is put off, deleted or dies, everything is given back.

#![allow(clippy::unwrap_used, reason = "this is test code: a failed step is a failed test")]

use std::cell::RefCell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing::plan::Plan;
use signalbox_domain::billing::{Answer, Charge, Seen, Trigger, decide};
use signalbox_domain::money::Cents;
use signalbox_domain::record::Record;
use signalbox_domain::slot::{BySlot, Slot, Split};
use signalbox_domain::trigger::Role;
use signalbox_reconciler::{BillingError, Reconciler};
use signalbox_sim::demo::{SERVICE, definition};
use signalbox_sim::ports::SimPorts;
use signalbox_sim::time::{Executor, Shared};
use signalbox_sim::world::World;

const PLAN: &str = r#"{"rungs":[{"at_usd":20,"do":["notify","freeze_deployments"]}]}"#;

/// Services of an account that has passed its only rung.
struct Account {
    world: Shared,
    executor: Executor,
    at: Timestamp,
    guard: Rc<Reconciler<SimPorts>>,
}

impl Account {
    fn of(services: u32) -> Account {
        let at: Timestamp = "2026-11-10T00:00:00Z".parse().unwrap();
        let mut world = World::new(1, at);
        let running = BySlot { blue: Some("v1".parse().unwrap()), green: None };
        let record = Record::at_rest(Slot::Blue, running, Split::Only(Slot::Blue), at);
        for number in 0..services {
            let name = format!("service-{number}");
            world.table.definitions.insert(name.clone(), definition(true, "").replacen(SERVICE, &name, 1));
            world.table.records.insert(name, (record.clone(), 1, 0));
        }
        world.open_account(PLAN);
        world.account.charges.push(Charge { at: at - SignedDuration::from_hours(1), total: Cents(2_500) });
        let world: Shared = Rc::new(RefCell::new(world));
        let guard = Rc::new(Reconciler::new(Role::BillingGuard, SimPorts::lasting(&world)));
        Account { executor: Executor::new(&world), world, at, guard }
    }

    /// One look, and a quarter of an hour passes.
    fn look(&mut self, trigger: Trigger) -> Result<Answer, BillingError> {
        let (guard, answer) = (Rc::clone(&self.guard), Rc::new(RefCell::new(None)));
        let heard = Rc::clone(&answer);
        self.executor.spawn(async move { *heard.borrow_mut() = Some(guard.look_at_charges(&trigger).await) });
        self.at += SignedDuration::from_mins(15);
        self.executor.run_until(self.at);
        answer.take().unwrap()
    }

    fn beats(&mut self, count: u32) {
        (0..count).for_each(|_| drop(self.look(Trigger::Heartbeat).unwrap()));
    }

    fn release(&mut self) -> Answer {
        self.look(Trigger::Release { reason: "we knew".to_owned() }).unwrap()
    }

    /// How many services are held back.
    fn held_back(&self) -> usize {
        self.world.borrow().table.records.values().filter(|(record, ..)| record.cap.is_some()).count()
    }

    /// Whether the guard knows of anything that services may still keep to.
    fn owes(&self) -> bool {
        self.world.borrow().account.month().unwrap().owes
    }
}

#[test]
fn more_services_than_one_look_can_ask_are_held_back_and_given_back_in_turns() {
    let mut account = Account::of(150);
    account.beats(6);
    assert_eq!(account.held_back(), 150);
    let answer = account.release();
    assert!(answer.reason.len() < 2_000, "{} characters", answer.reason.len());
    account.beats(6);
    assert_eq!((account.held_back(), account.owes()), (0, false));
}

#[test]
fn a_plan_that_is_deleted_or_cannot_be_read_keeps_nobody_from_what_is_theirs() {
    let mut account = Account::of(60);
    account.beats(3);
    account.release();
    account.world.borrow_mut().account.plan = None;
    account.beats(4);
    assert_eq!((account.held_back(), account.owes()), (0, false), "released, then deleted");

    let mut account = Account::of(2);
    account.beats(2);
    account.world.borrow_mut().account.plan = Some("{}".to_owned());
    assert!(matches!(account.look(Trigger::Heartbeat), Err(BillingError::Plan(_))));
    assert_eq!(account.held_back(), 2);
    account.release();
    assert_eq!(account.held_back(), 0, "a typo keeps nobody off the air");
}

#[test]
fn what_a_guard_that_slept_for_a_month_held_is_found_by_the_next_one() {
    let mut account = Account::of(2);
    account.beats(2);
    account.at = "2027-01-05T00:00:00Z".parse().unwrap();
    account.world.borrow_mut().now = account.at;
    account.beats(2);
    assert_eq!((account.held_back(), account.owes()), (0, false));
}

#[test]
fn a_service_that_is_deleted_while_it_is_held_back_is_told_and_not_forgotten() {
    let mut account = Account::of(2);
    account.beats(2);
    let text = account.world.borrow_mut().table.definitions.remove("service-1").unwrap();
    account.release();
    account.beats(3);
    assert!(account.owes());
    let told = account.world.borrow().post.iter().filter(|(_, told)| told.text.contains("service-1")).count();
    assert_eq!(told, 2, "held back, and not given back");
    account.world.borrow_mut().table.definitions.insert("service-1".to_owned(), text);
    account.beats(2);
    assert_eq!((account.held_back(), account.owes()), (0, false));
}

#[test]
fn a_release_that_dies_beside_a_heartbeat_is_carried_out_by_the_next_one() {
    let mut account = Account::of(40);
    account.beats(1);
    // A heartbeat is under way: its looks take turns at the load balancer for some twenty seconds ...
    let guard = Rc::clone(&account.guard);
    account.executor.spawn(async move { drop(guard.look_at_charges(&Trigger::Heartbeat).await) });
    let at = account.at + SignedDuration::from_secs(5);
    account.executor.run_until(at);
    // ... when another invocation saves a release, and dies before it looks at any service.
    {
        let mut world = account.world.borrow_mut();
        let seen = Seen { charges: Some(world.account.charges.clone()), breakdown: None };
        let (name, (month, version, _)) = world.account.months.pop_last().unwrap();
        let release = Trigger::Release { reason: "we knew".to_owned() };
        let decided = decide(&Plan::read(PLAN).unwrap(), Some(&month), None, &seen, &release, at);
        world.account.months.insert(name, (decided.next, version + 1, 7));
    }
    account.beats(4);
    assert_eq!((account.held_back(), account.owes()), (0, false));
}

#[test]
fn a_preview_looks_at_each_service_once() {
    let mut account = Account::of(40);
    let began = account.world.borrow().now;
    account.world.borrow_mut().account.plan = Some(signalbox_sim::billing::PLAN.to_owned());
    let (guard, ended) = (Rc::clone(&account.guard), Rc::new(RefCell::new(None)));
    let (world, heard) = (Rc::clone(&account.world), Rc::clone(&ended));
    account.executor.spawn(async move {
        let answer = guard.look_at_charges(&Trigger::Preview).await.unwrap();
        *heard.borrow_mut() = Some((world.borrow().now, answer.preview.unwrap()));
    });
    account.executor.run_until(began + SignedDuration::from_mins(5));
    let (at, rungs) = ended.take().unwrap();
    assert!(at.duration_since(began) < SignedDuration::from_secs(30), "a function has a minute");
    assert_eq!(rungs.iter().map(|rung| rung.services.len()).collect::<Vec<_>>(), [0, 40, 40]);
    assert!(rungs[2].services.values().all(|line| line.ends_with("[keep blue between 1 and 1]")), "{:?}", rungs[2]);
}

//! The simulated cloud.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing::{Charge, MonthName};
use signalbox_domain::definition::Definition;
use signalbox_domain::money::Cents;
use signalbox_domain::slot::Slot;
use signalbox_sim::alarms::Alarm;
use signalbox_sim::demo::{ALARM, SERVICE, definition};
use signalbox_sim::ports::SimPorts;
use signalbox_sim::time::{Executor, Shared, wait};
use signalbox_sim::world::World;

use crate::Place;
use crate::billing::Charged;

pub(crate) struct Simulation {
    world: Shared,
    definition: Definition,
}

impl Place for Simulation {
    type Ports = SimPorts;
    const DRAINS: bool = true;
    const BOOTS: bool = true;
    const ZONES: &[&str] = &["eu-west-1a", "eu-west-1b"];

    fn ports(&self) -> SimPorts {
        SimPorts::new(&self.world)
    }

    fn definition(&self) -> Definition {
        self.definition.clone()
    }

    async fn heal_by_itself(&self, slot: Slot, grace: SignedDuration) {
        let group = &mut self.world.borrow_mut().groups[slot];
        group.heals_itself = true;
        group.grace = grace;
    }

    async fn pass(&self) {
        wait(&self.world, SignedDuration::from_secs(5)).await;
    }
}

impl Charged for Simulation {
    fn month(&self) -> MonthName {
        "2026-08".parse().unwrap()
    }

    async fn put_reading(&self, of: Option<&str>, at: Timestamp, dollars: f64) {
        let charge = Charge { at, total: Cents::from_dollars(dollars).unwrap() };
        let account = &mut self.world.borrow_mut().account;
        match of {
            Some(service) => account.of_services.push((service.to_owned(), charge)),
            None => account.charges.push(charge),
        }
        account.charges.sort_by_key(|charge| charge.at);
    }

    async fn put_plan(&self, text: &str) {
        self.world.borrow_mut().account.plan = Some(text.to_owned());
    }
}

/// Runs a behaviour to its end in virtual time.
pub(crate) fn run<F: Future<Output = ()> + 'static>(behaviour: impl FnOnce(Simulation) -> F) {
    let mut world = World::new(1, "2026-11-23T01:00:00Z".parse::<Timestamp>().unwrap());
    world.requests_per_second = 0;
    let text = definition(true, "").replace(&format!("\"{ALARM}\""), &format!("\"{ALARM}\", \"not-there\""));
    world.table.definitions.insert(SERVICE.to_owned(), text.clone());
    world.alarms.insert(ALARM.to_owned(), Alarm::on_failures(20));
    world.groups.green.parameter = Some("none".to_owned());
    let world: Shared = Rc::new(RefCell::new(world));
    let place = Simulation { world: Rc::clone(&world), definition: Definition::read(&text).unwrap() };
    let done = Rc::new(Cell::new(false));
    let (behaves, ends) = (behaviour(place), Rc::clone(&done));
    let mut executor = Executor::new(&world);
    executor.spawn(async move {
        behaves.await;
        ends.set(true);
    });
    let end = world.borrow().now + SignedDuration::from_hours(2);
    executor.run_until(end);
    assert!(done.get(), "two hours were not enough");
}

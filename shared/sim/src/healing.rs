//! Signalbox beside what a group of health-check type ELB does alone, on the same seeds: it terminates first what
//! fails the load balancer's check, and launches another one meanwhile.

use signalbox_domain::definition::Capacity;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::Malformed;

use crate::alarms::{Alarm, UNHEALTHY_TARGETS};
use crate::run::{Conditions, run};
use crate::scenario::{Line, Quality, Scenario, What, When};
use crate::world::World;

/// What befalls a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// One instance stops answering, for good.
    Dies,
    /// One fails its health checks and answers requests all the same.
    Ails,
    /// One stops answering for 70 seconds.
    Passes,
    /// All stop answering for 20 minutes, because of something they all lean on.
    Everybody,
}

/// Who heals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Healer {
    /// Signalbox, on a group of health-check type EC2.
    Signalbox,
    /// A group of health-check type ELB, alone.
    Group,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Seconds in which fewer instances served than there were in the beginning.
    pub seconds_below: u64,
    /// Seconds in which none served.
    pub seconds_down: u64,
    /// How many of the instances of the beginning are gone.
    pub lost: usize,
}

/// One fleet of this size, and what became of it.
///
/// # Errors
/// Only where a name of the simulation itself is malformed.
pub fn course(size: u32, ailment: Ailment, healer: Healer, seed: u64) -> Result<Course, Malformed> {
    let began = i64::try_from(seed % 60).unwrap_or(0) + 40;
    let line = |seconds, what| Line { when: When::Later(seconds), what };
    let depends = ailment == Ailment::Everybody;
    // Whoever is launched meanwhile leans on the same thing.
    let meanwhile = |quality| depends.then(|| line(0, What::Release("v1", quality)));
    let first = line(
        began,
        match ailment {
            Ailment::Dies | Ailment::Passes => What::SickenOne(Slot::Blue),
            Ailment::Ails => What::Ail(Slot::Blue),
            Ailment::Everybody => What::Sicken(Slot::Blue),
        },
    );
    let then = match ailment {
        Ailment::Dies | Ailment::Ails => None,
        Ailment::Passes => Some(line(70, What::Heal(Slot::Blue))),
        Ailment::Everybody => Some(line(1_200, What::Heal(Slot::Blue))),
    };
    let script = [meanwhile(Quality::NeverBoots), Some(first), then, meanwhile(Quality::Good)];
    let script = script.into_iter().flatten().collect();
    let opening: fn(&mut World) = match (size, healer) {
        (1, Healer::Signalbox) => |world| open(world, 1, Healer::Signalbox),
        (1, Healer::Group) => |world| open(world, 1, Healer::Group),
        (_, Healer::Signalbox) => |world| open(world, 3, Healer::Signalbox),
        (_, Healer::Group) => |world| open(world, 3, Healer::Group),
    };
    let scenario = Scenario::told(script, opening);
    let world = run(&scenario, &Conditions { seed, ..Conditions::default() })?.world;
    Ok(Course {
        seconds_below: world.seconds_below,
        seconds_down: world.seconds_down,
        lost: usize::try_from(world.opened_with.desired).unwrap_or(0) - world.stayed(),
    })
}

fn open(world: &mut World, size: u32, healer: Healer) {
    world.open_with_fleet(Capacity { min: size, desired: size, max: size + 1 });
    world.alarms.insert(UNHEALTHY_TARGETS.to_owned(), Alarm::on_unhealthy_targets());
    world.heals = healer == Healer::Signalbox;
    world.groups.blue.heals_itself = healer == Healer::Group;
}

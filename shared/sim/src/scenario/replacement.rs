//! The replacement's scenarios. Where a public issue taught one, it is named.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Capacity;
use signalbox_domain::notice::Notice;
use signalbox_domain::record::Operation;
use signalbox_domain::slot::Slot;
use signalbox_domain::trigger::{AlarmState, ReportCause};

use super::Scenario;
use super::script::{Quality, What, When};
use crate::alarms::{Alarm, UNHEALTHY_TARGETS};
use crate::autoscaling::Zone;
use crate::world::World;

const EITHER: &[&str] = &["v1", "v2"];
/// Longer than confirming, launching and removing take, in seconds.
const HEALED: i64 = 1_500;

/// A fleet to which each scenario adds what happens.
fn fleet(
    id: &'static str,
    about: &'static str,
    opening: fn(&mut World),
    judge: fn(&World) -> Vec<String>,
    script: Vec<(When, What)>,
) -> Scenario {
    Scenario { opening, judge, ..Scenario::of(id, about, script) }
}

fn one(world: &mut World) {
    world.heals = true;
    world.alarms.insert(UNHEALTHY_TARGETS.to_owned(), Alarm::on_unhealthy_targets());
}

/// No alarm tells: the heartbeat finds it.
fn unwatched(world: &mut World) {
    three(world);
    world.alarms.remove(UNHEALTHY_TARGETS);
}

fn two(world: &mut World) {
    one(world);
    world.open_with_fleet(Capacity { min: 2, desired: 2, max: 2 });
    spread(world);
}

fn three(world: &mut World) {
    one(world);
    world.open_with_fleet(Capacity { min: 3, desired: 3, max: 6 });
    world.requests_per_instance = 10;
    spread(world);
}

/// Six, of which every second one is in the second zone.
fn six(world: &mut World) {
    one(world);
    world.open_with_fleet(Capacity { min: 6, desired: 6, max: 8 });
    spread(world);
}

fn spread(world: &mut World) {
    for (number, instance) in world.groups.blue.instances.iter_mut().enumerate() {
        instance.zone = if number % 2 == 0 { Zone::A } else { Zone::B };
    }
}

fn later(seconds: i64, what: What) -> (When, What) {
    (When::Later(seconds), what)
}

/// How many replacements ended in this phase.
fn ended(world: &World, phase: &str) -> usize {
    let of = |operation: &Operation| matches!(operation, Operation::Replacement(own) if own.phase.name() == phase);
    world.table.operations.values().filter(|item| of(&item.operation)).count()
}

fn wanted(what: &str, count: usize, seen: usize) -> Vec<String> {
    if seen == count { Vec::new() } else { vec![format!("{what}: {seen}, and not {count}")] }
}

/// Exactly so many of those there were went, and nobody is sick.
fn healed(world: &World, count: usize) -> Vec<String> {
    let before = usize::try_from(world.opened_with.desired).unwrap_or(0);
    let mut wrong = wanted("instances that stayed", before - count, world.stayed());
    wrong.extend(nobody_sick(world));
    wrong
}

fn nobody_sick(world: &World) -> Vec<String> {
    let sick = world.groups.blue.instances.iter().filter(|one| one.stays() && (one.sick || one.ails)).count();
    wanted("sick instances in the end", 0, sick)
}

fn nobody_went(world: &World) -> Vec<String> {
    wanted("instances that stayed", usize::try_from(world.opened_with.desired).unwrap_or(0), world.stayed())
}

fn held(world: &World) -> Vec<String> {
    let mut wrong = nobody_went(world);
    let told = world.post.iter().any(|(_, notice)| notice.kind.name() == "replacement_held");
    if !told {
        wrong.push("nobody was told that nothing is replaced".to_owned());
    }
    wrong
}

/// What is launched is sick as well: it is tried as often as the window allows, and no more.
fn gave_up(world: &World) -> Vec<String> {
    let begun: Vec<_> = world.post.iter().filter(|(_, told)| told.kind.name() == "replacement_started").collect();
    let in_an_hour = |(at, _): &&(Timestamp, Notice)| {
        let within = |other: &&&(Timestamp, Notice)| {
            (SignedDuration::ZERO..SignedDuration::from_mins(58)).contains(&other.0.duration_since(*at))
        };
        begun.iter().filter(within).map(|(_, told)| &told.id).collect::<BTreeSet<_>>().len()
    };
    let most = begun.iter().map(in_an_hour).max().unwrap_or(0);
    let mut wrong = if most <= 3 { Vec::new() } else { vec![format!("it was tried {most} times in an hour")] };
    if ended(world, "held") == 0 {
        wrong.push("it was never given up".to_owned());
    }
    wrong
}

/// Every scenario of the replacement machine.
pub(super) fn scenarios() -> Vec<Scenario> {
    let sick_one = || later(40, What::SickenOne(Slot::Blue));
    let alarm = || later(60, What::Alarm(AlarmState::Alarm, 120));
    let mut all = vec![
        fleet("R1", "the only instance is sick", one, |world| healed(world, 1), vec![sick_one()]),
        fleet("R1-alarm", "an alarm says so first", one, |world| healed(world, 1), vec![sick_one(), alarm()]),
        fleet("R1-fleet", "one of three is sick", three, |world| healed(world, 1), vec![sick_one()]),
        fleet(
            "R1-ails",
            "it fails its health checks and answers",
            one,
            |world| healed(world, 1),
            vec![later(40, What::Ail(Slot::Blue))],
        ),
        fleet("R1-unwatched", "no alarm says so", unwatched, |world| healed(world, 1), vec![sick_one()]),
        fleet("R2", "one of two is sick, and the group may not grow", two, |world| healed(world, 1), vec![sick_one()]),
        fleet(
            "R3",
            "all are sick at once: a bad dependency",
            three,
            held,
            vec![later(40, What::Sicken(Slot::Blue)), later(3_000, What::Heal(Slot::Blue))],
        ),
        fleet(
            "R3-two",
            "both of two are sick",
            two,
            held,
            vec![later(40, What::Sicken(Slot::Blue)), later(3_000, What::Heal(Slot::Blue))],
        ),
        fleet(
            "R4",
            "all that are sick are in one zone",
            |world| {
                six(world);
                // Two of six are no outage by their share.
                world.groups.blue.instances[5].zone = Zone::A;
            },
            held,
            vec![later(40, What::SickenZone(Slot::Blue)), later(3_000, What::Heal(Slot::Blue))],
        ),
        fleet(
            "R4-mixed",
            "two are sick in two zones: one after the other",
            six,
            |world| healed(world, 2),
            vec![sick_one(), later(0, What::SickenOne(Slot::Blue))],
        ),
        fleet(
            // aws-samples/aws-refarch-wordpress#39
            "R5",
            "what is launched is sick as well, again and again",
            one,
            gave_up,
            vec![
                later(0, What::Release("v1", Quality::NeverBoots)),
                sick_one(),
                later(9_000, What::Release("v1", Quality::Good)),
                later(0, What::Heal(Slot::Blue)),
            ],
        ),
        fleet(
            "R6",
            "one incident, reported in every way, twice each",
            three,
            |world| healed(world, 1),
            vec![
                sick_one(),
                later(0, What::Report(ReportCause::SpotInterruption, 1)),
                later(0, What::Report(ReportCause::SpotInterruption, 1)),
                later(0, What::Report(ReportCause::RebalanceRecommended, 1)),
                later(0, What::Report(ReportCause::RebalanceRecommended, 1)),
                later(0, What::Report(ReportCause::Stopping, 1)),
                later(0, What::Report(ReportCause::Stopping, 1)),
                later(1, What::Alarm(AlarmState::Alarm, 120)),
            ],
        ),
        fleet(
            "R7",
            "it recovers before it is confirmed",
            three,
            nobody_went,
            vec![sick_one(), later(45, What::Heal(Slot::Blue))],
        ),
        fleet(
            "R7-surging",
            "it recovers while another one is launched",
            three,
            |_| Vec::new(),
            vec![sick_one(), (When::In("surging", 5), What::Heal(Slot::Blue))],
        ),
        fleet(
            "R8",
            "AWS names an instance that nobody knows",
            three,
            nobody_went,
            vec![later(40, What::ReportStranger(ReportCause::SpotInterruption)), alarm()],
        ),
        fleet(
            "R8-protected",
            "the sick one is protected",
            three,
            nobody_went,
            vec![later(40, What::SickenProtected(Slot::Blue)), later(HEALED, What::Heal(Slot::Blue))],
        ),
        fleet(
            "R9-deploying",
            "one falls sick during a deployment",
            three,
            |_| Vec::new(),
            vec![later(30, What::Deploy("d-1", "v2")), (When::In("shifting", 10), What::SickenOne(Slot::Blue))],
        ),
        fleet(
            "R9-scaling-in",
            "scaling takes one away while another is replaced",
            three,
            |_| Vec::new(),
            vec![sick_one(), (When::In("surging", 5), What::Scale(Slot::Blue, 3))],
        ),
        fleet(
            "R9-rollback",
            "somebody goes back while one is replaced",
            three,
            |_| Vec::new(),
            vec![
                later(30, What::Deploy("d-1", "v2")),
                (When::In("standby", 20), What::SickenOne(Slot::Green)),
                (When::Soon("surging", 5), What::Rollback("r-1")),
            ],
        ),
        fleet(
            "R10",
            "alarms that say nothing",
            three,
            nobody_went,
            vec![
                later(40, What::Alarm(AlarmState::InsufficientData, 120)),
                later(200, What::Alarm(AlarmState::Ok, 60)),
                later(100, What::Suppress(true)),
                later(10, What::Alarm(AlarmState::Alarm, 120)),
            ],
        ),
        fleet(
            "R11",
            "its group takes it away while another one is launched",
            three,
            nobody_sick,
            vec![sick_one(), (When::In("surging", 5), What::GroupTakes(Slot::Blue))],
        ),
        fleet(
            "R11-elb",
            "a group that heals itself is left to it",
            |world| {
                three(world);
                world.groups.blue.heals_itself = true;
            },
            nobody_sick,
            vec![sick_one()],
        ),
        fleet(
            "R12",
            "AWS announces the retirement of two",
            three,
            |world| healed(world, 2),
            vec![later(40, What::Report(ReportCause::ScheduledChange, 2))],
        ),
        fleet(
            "R12-cancelled",
            "AWS announces it and takes it back",
            three,
            |_| Vec::new(),
            vec![
                later(40, What::Report(ReportCause::ScheduledChange, 1)),
                later(20, What::Withdraw(ReportCause::ScheduledChange, 1)),
            ],
        ),
        fleet(
            "R1-no-capacity",
            "no other one can be launched",
            three,
            nobody_sick,
            vec![sick_one(), later(5, What::NoCapacity(true)), later(1_500, What::NoCapacity(false))],
        ),
        fleet(
            "R3-override",
            "a person says so all the same",
            two,
            // With one of them healed, the other one may heal as well.
            |world| wanted("instances that stayed", 0, world.stayed()),
            vec![later(40, What::Sicken(Slot::Blue)), later(600, What::Replace), later(1_500, What::Heal(Slot::Blue))],
        ),
    ];
    for scenario in &mut all {
        if scenario.id.starts_with("R9-deploying") || scenario.id.starts_with("R9-rollback") {
            (scenario.ends_on, scenario.ends_on_in_weather) = (EITHER, EITHER);
        }
    }
    all
}

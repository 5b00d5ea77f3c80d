//! One run of a scenario: a seed, perhaps bad weather, perhaps a crash at one exact effect, perhaps a
//! deliberate fault of ours. The same input gives the same run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::slot::Slot;
use signalbox_domain::text::{Malformed, ServiceName};
use signalbox_domain::trigger::{Role, Word};
use signalbox_reconciler::ports::DecisionItem;

use crate::alarms::Alarm;
use crate::checkers::{self, Invariant, Violation};
use crate::demo::{ALARM, SERVICE, definition};
use crate::faults::{Faults, Tampering, Wrong};
use crate::functions::Functions;
use crate::scenario::{Quality, Scenario, What, When};
use crate::time::{Executor, Shared};
use crate::world::World;

/// Faults stop this long after the last line of the script; everything must come to rest then.
const WEATHER_LASTS: SignedDuration = SignedDuration::from_hours(2);
/// No service may be under way for longer than this after the faults stopped: the longest deadline,
/// a standby, and a rollback after it.
const COMES_TO_REST_WITHIN: SignedDuration = SignedDuration::from_hours(4);
/// A line that waits for a phase is given up after this: the phase was never reached.
const WAITS_AT_MOST: SignedDuration = SignedDuration::from_hours(3);
/// A line of a mixture waits no longer than this for its phase.
const SOON: SignedDuration = SignedDuration::from_mins(10);

/// How a run is to go.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The seed of everything random.
    pub seed: u64,
    /// Whether calls fail and functions die.
    pub weather: bool,
    /// A crash at the effect of this number, and whether after it.
    pub crash_at: Option<(u64, bool)>,
    /// A deliberate fault of ours.
    pub tampering: Option<Tampering>,
    /// Exactly this goes wrong, instead of what chance would have.
    pub only: Option<BTreeMap<u64, Wrong>>,
}

/// How a run went.
#[derive(Debug)]
pub struct Run {
    /// What must not have happened.
    pub violations: Vec<Violation>,
    /// How it ended: what is live where, and how large.
    pub end: String,
    /// How many effects there were.
    pub effects: u64,
    /// What went wrong with calls and invocations, by the number of the draw.
    pub went_wrong: BTreeMap<u64, Wrong>,
    /// The world in the end.
    pub world: World,
}

impl Run {
    /// What happened and what was decided, line by line in order, at most the last `lines`.
    #[must_use]
    pub fn timeline(&self, lines: usize) -> Vec<String> {
        let happened = self.world.chronicle.iter().map(|(at, what)| (*at, what.to_string()));
        let decided = self.world.table.decisions.iter().map(|(_, decision)| (decision.at, decided(decision)));
        let mut all: Vec<(Timestamp, String)> = happened.chain(decided).collect();
        all.sort_by_key(|(at, _)| *at);
        let all: Vec<String> =
            all.into_iter().map(|(at, what)| format!("{}  {what}", at.strftime("%H:%M:%S"))).collect();
        all[all.len().saturating_sub(lines)..].to_vec()
    }
}

fn decided(decision: &DecisionItem) -> String {
    let actions: Vec<String> = decision.actions.iter().map(ToString::to_string).collect();
    let phase = decision.phase.as_deref().unwrap_or("at rest");
    format!("  {} -> {phase}: {} [{}]", decision.trigger, decision.reason, actions.join(", "))
}

/// Runs a scenario.
///
/// # Errors
/// Only where a name of the simulation itself is malformed.
pub fn run(scenario: &Scenario, conditions: &Conditions) -> Result<Run, Malformed> {
    let scenario = &scenario.with_seed(conditions.seed);
    let service: ServiceName = SERVICE.parse()?;
    let world: Shared = Rc::new(RefCell::new(open(scenario, conditions)));
    let functions = Functions::new(&world);
    let mut executor = Executor::new(&world);
    executor.spawn(functions.clone().beat(Role::Deployer));
    executor.spawn(functions.clone().beat(Role::Replacer));
    executor.spawn(functions.clone().beat_for_billing());
    executor.spawn(functions.clone().beat_for_reports());
    executor.spawn(functions.clone().deliver_alarms(service));
    play(scenario, &world, &functions, &mut executor);
    if conditions.weather {
        let until = world.borrow().now + WEATHER_LASTS;
        world.borrow_mut().faults.until = until;
    }
    if scenario.does(|what| matches!(what, What::Weights(..) | What::Resize(..))) {
        // What is changed at rest is found at the next look at drift, or at the one after that.
        pass(&world, &mut executor, 900);
    }
    come_to_rest(&world, &functions, &mut executor);
    drop(executor);
    let (end, effects) = (end(&world.borrow()), world.borrow().faults.effects);
    judge(scenario, conditions, &mut world.borrow_mut());
    let mut world = world.replace(World::new(0, Timestamp::UNIX_EPOCH));
    let violations = std::mem::take(&mut world.violations);
    let went_wrong = std::mem::take(&mut world.faults.went_wrong);
    Ok(Run { violations, end, effects, went_wrong, world })
}

fn open(scenario: &Scenario, conditions: &Conditions) -> World {
    let mut world = World::new(conditions.seed, Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 56));
    world.table.definitions.insert(SERVICE.to_owned(), definition(true, &scenario.definition));
    world.alarms.insert(ALARM.to_owned(), Alarm::on_failures(20));
    if conditions.weather {
        world.faults = Faults::weather(Timestamp::MAX);
    }
    (scenario.opening)(&mut world);
    world.faults.crash_at = conditions.crash_at;
    world.faults.tampering = conditions.tampering;
    world.faults.only = conditions.only.clone();
    world
}

fn play(scenario: &Scenario, world: &Shared, functions: &Functions, executor: &mut Executor) {
    for line in &scenario.script {
        match line.when {
            When::Later(seconds) => pass(world, executor, seconds),
            When::In(phase, seconds) => {
                if !wait_for(phase, WAITS_AT_MOST, world, executor) {
                    // The story took another turn; what was to happen in that phase does not happen.
                    return;
                }
                pass(world, executor, seconds);
            }
            When::Soon(phase, seconds) => {
                wait_for(phase, SOON, world, executor);
                pass(world, executor, seconds);
            }
        }
        line.what.happen(world, functions);
    }
}

/// Whether the record was seen in the phase in time.
fn wait_for(phase: &str, at_most: SignedDuration, world: &Shared, executor: &mut Executor) -> bool {
    let began = world.borrow().now;
    while phase_of(&world.borrow()) != phase {
        if world.borrow().now.duration_since(began) > at_most {
            return false;
        }
        pass(world, executor, 1);
    }
    true
}

fn pass(world: &Shared, executor: &mut Executor, seconds: i64) {
    let end = world.borrow().now + SignedDuration::from_secs(seconds);
    executor.run_until(end);
}

fn phase_of(world: &World) -> &'static str {
    match world.table.records.get(SERVICE) {
        Some((record, _, _)) => match (&record.operation, &record.standby) {
            (Some(own), _) => own.phase(),
            (None, Some(_)) => "standby",
            (None, None) if record.is_busy() => "telling",
            (None, None) => "at rest",
        },
        None => "unknown",
    }
}

fn come_to_rest(world: &Shared, functions: &Functions, executor: &mut Executor) {
    let began = world.borrow().now;
    // Events may be delivered again minutes later; only then is the story over.
    pass(world, executor, 600);
    let faults_until = world.borrow().faults.until;
    let latest = if faults_until == Timestamp::MAX { began } else { faults_until } + COMES_TO_REST_WITHIN;
    let (mut rested, mut asked) = (0, began);
    while rested < 300 {
        let busy = world.borrow().account.is_busy()
            || world.borrow().reported.is_busy()
            || world.borrow().table.records.get(SERVICE).is_some_and(|(record, _, _)| record.is_busy());
        rested = if busy { 0 } else { rested + 30 };
        if world.borrow().now > latest {
            let phase = phase_of(&world.borrow());
            world.borrow_mut().violate(Invariant::Terminates, format!("the service is still busy: {phase}"));
            return;
        }
        pass(world, executor, 30);
        asked = resume_when_stuck(world, functions, asked);
    }
}

/// An operation that is stuck says so, and how to go on; the person on call does it minutes later.
fn resume_when_stuck(world: &Shared, functions: &Functions, asked: Timestamp) -> Timestamp {
    let now = world.borrow().now;
    let waits = now.duration_since(asked) < SignedDuration::from_mins(10);
    if phase_of(&world.borrow()) != "stuck" || waits {
        return asked;
    }
    What::Say(Word::Resume).happen(world, functions);
    now
}

fn end(world: &World) -> String {
    let slot = |slot: Slot| {
        let group = &world.groups[slot];
        let suspended = group.suspended.len();
        format!("{slot} {} % {} {} suspended", world.share(slot), group.capacity, suspended)
    };
    let live = live_release(world).unwrap_or_else(|| "nothing".to_owned());
    format!("{live} is live; {}; {}", slot(Slot::Blue), slot(Slot::Green))
}

fn live_release(world: &World) -> Option<String> {
    let live = Slot::BOTH.into_iter().find(|slot| world.share(*slot) == 100)?;
    world.groups[live].instances.first().map(|instance| instance.release.clone())
}

/// What must hold when all has come to rest.
fn judge(scenario: &Scenario, conditions: &Conditions, world: &mut World) {
    let mut wrong = (scenario.judge)(world);
    let acceptable = if conditions.weather { scenario.ends_on_in_weather } else { scenario.ends_on };
    match Slot::BOTH.into_iter().find(|slot| world.share(*slot) == 100) {
        None => wrong.push("no slot has all traffic".to_owned()),
        Some(live) => wrong.extend(judge_slots(scenario, world, live, acceptable)),
    }
    for what in wrong {
        world.violate(Invariant::Terminates, what);
    }
    checkers::at_the_end(world);
}

fn judge_slots(scenario: &Scenario, world: &World, live: Slot, acceptable: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let group = &world.groups[live];
    let recorded = world.table.records.get(SERVICE).and_then(|(record, _, _)| record.releases[live].clone());
    if let Some(recorded) = recorded
        && group.instances.iter().any(|instance| instance.release != recorded.as_str())
    {
        wrong.push(format!("{live} is recorded with {recorded} and runs something else"));
    }
    for instance in &group.instances {
        if !acceptable.contains(&instance.release.as_str()) {
            wrong.push(format!("{} is live; {} was to be expected", instance.release, acceptable.join(" or ")));
        }
    }
    // What a person or a policy set on the way is theirs. What we added to make up for sick instances is
    // scaling's to take away again: we cannot choose that it takes the sick ones.
    let former = world.opened_with;
    let resized = scenario.does(|what| matches!(what, What::Resize(..) | What::Scale(..) | What::Schedule(..)));
    let deploys = scenario.does(|what| matches!(what, What::Deploy(..)));
    let sickened = scenario.does(|what| {
        let one = matches!(what, What::SickenOne(_));
        matches!(
            what,
            What::Sicken(_)
                | What::Crash(_)
                | What::GroupTakes(_)
                | What::Ail(_)
                | What::Rebalance(_)
                | What::Release(_, Quality::DiesLater | Quality::BootsBadly)
        ) || (one && deploys)
    });
    // A release that nobody lived to hear is in the dead-letter queue.
    let held_back = world.account.month().is_some_and(|month| month.in_force.is_some());
    let resized = resized || held_back;
    let given_back = group.capacity.min == former.min && group.capacity.max == former.max.max(group.capacity.desired);
    let grown = group.capacity.desired > former.desired && !sickened && group.policy.is_none();
    if !resized && (!given_back || grown) {
        wrong.push(format!("{live}'s group is {} and was {former}", group.capacity));
    }
    let idle = &world.groups[live.other()];
    if !resized && (idle.capacity.desired > 0 || !idle.instances.is_empty()) {
        wrong.push(format!("{} is idle and costs {}", live.other(), idle.capacity));
    }
    for slot in Slot::BOTH {
        if !world.groups[slot].suspended.is_empty() && !held_back {
            wrong.push(format!("{slot} is left with suspended processes"));
        }
    }
    wrong
}

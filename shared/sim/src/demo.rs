//! A story in three acts, told by the production code in the simulated cloud: a good release rolls
//! out, a bad one is caught and taken back, and a person goes back by hand. What it shows and what
//! it is judged by is only what the world counted.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decision::Answer;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{Malformed, ServiceName};
use signalbox_domain::trigger::{DeployRequest, Nudge, OnFailure, Origin, Role, RollbackRequest, Trigger};

use crate::alarms::Alarm;
use crate::functions::Functions;
use crate::time::{Executor, Shared};
use crate::traffic::{Counted, Nature};
use crate::world::{Happening, World};

/// The service of the story.
pub const SERVICE: &str = "codedetect";
/// The alarm that watches it.
pub const ALARM: &str = "codedetect-prod-alb-5xx";
/// How many of 1,000 requests the bad release fails.
pub const BAD_RELEASE_FAILS_PER_THOUSAND: u32 = 300;
/// No act may take longer; a deployment with its standby takes about an hour.
const LONGEST_ACT: SignedDuration = SignedDuration::from_hours(4);

/// How traffic moves in the story.
const CANARY: &str =
    r#","strategy":{"kind":"canary","weight":10,"bake":"5m"},"capacity":{"min":1,"desired":1,"max":2}"#;

/// Its definition, as CodeDetect would write it; `guarded` says whether the alarm may stop a release,
/// and `more` holds further fields, each behind a comma.
#[must_use]
pub fn definition(guarded: bool, more: &str) -> String {
    let alarms = if guarded { format!("\"{ALARM}\"") } else { String::new() };
    // A scenario that measures has a guard of its own.
    let guard =
        if more.contains("\"guard\"") { String::new() } else { format!(r#","guard": {{"alarms": [{alarms}]}}"#) };
    let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012";
    format!(
        r#"{{
  "name": "{SERVICE}",
  "listener_arn": "{balancer}:listener/app/codedetect-prod/1a2b/3c4d",
  "slots": {{
    "blue": {{"asg": "codedetect-prod-blue-asg", "target_group_arn": "{balancer}:targetgroup/codedetect-blue/1"}},
    "green": {{"asg": "codedetect-prod-green-asg", "target_group_arn": "{balancer}:targetgroup/codedetect-green/2"}}
  }},
  "release": {{"parameter": "/codedetect/prod/{{slot}}/release"}}{guard}{more}
}}"#
    )
}

/// The story as it went.
#[derive(Debug)]
pub struct Story {
    /// Its acts.
    pub acts: Vec<Act>,
    /// The world at the end, with its books.
    pub world: World,
}

/// One act.
#[derive(Debug)]
pub struct Act {
    /// What it is about.
    pub title: &'static str,
    /// When it began.
    pub began: Timestamp,
    /// When the service was at rest again.
    pub ended: Timestamp,
    /// What happened to the world meanwhile, with the weights at that time.
    pub lines: Vec<Line>,
    /// Requests of this act.
    pub tally: Tally,
    /// What the story promises and the world did not show; nothing when all went well.
    pub failures: Vec<String>,
}

/// One line of the timeline.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// The weights then, in percent.
    pub shares: BySlot<u8>,
    /// What happened.
    pub what: Happening,
}

/// How the requests of an act ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Answered well.
    pub served: u64,
    /// Failed by the release that answered.
    pub failed: u64,
    /// Nobody could answer.
    pub nobody_there: u64,
}

impl Tally {
    fn of(counted: &Counted) -> Tally {
        let failed = counted.failed_by_release.values().sum();
        Tally { served: counted.served, failed, nobody_there: counted.nobody_there }
    }

    fn since(self, before: Tally) -> Tally {
        Tally {
            served: self.served - before.served,
            failed: self.failed - before.failed,
            nobody_there: self.nobody_there - before.nobody_there,
        }
    }

    /// All requests.
    #[must_use]
    pub fn all(self) -> u64 {
        self.served + self.failed + self.nobody_there
    }
}

impl Story {
    /// Whether every act went as promised.
    #[must_use]
    pub fn went_well(&self) -> bool {
        self.acts.iter().all(|act| act.failures.is_empty())
    }
}

/// Plays the story. The same seed plays the same story.
///
/// # Errors
/// Only where a name of the story itself is malformed.
pub fn play(seed: u64, guarded: bool) -> Result<Story, Malformed> {
    let service: ServiceName = SERVICE.parse()?;
    let world: Shared = Rc::new(RefCell::new(opening(seed, guarded)));
    let functions = Functions::new(&world);
    let mut executor = Executor::new(&world);
    executor.spawn(functions.clone().beat(Role::Deployer));
    executor.spawn(functions.clone().deliver_alarms(service.clone()));
    let mut stage = Stage { world, functions, executor, service };
    let good = stage.act("A good release rolls out", "deploys v2", deploy("d-1", "v2")?, Slot::Green, "v2");
    let bad =
        stage.act("A bad release is caught and taken back", "deploys v3", deploy("d-2", "v3")?, Slot::Green, "v2");
    let by_hand = stage.act("A person goes back by hand", "asks for a rollback", roll_back("r-1")?, Slot::Blue, "v1");
    let world = stage.world.replace(opening(seed, guarded));
    Ok(Story { acts: vec![good, bad, by_hand], world })
}

fn opening(seed: u64, guarded: bool) -> World {
    let mut world = World::new(seed, Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 56));
    world.table.definitions.insert(SERVICE.to_owned(), definition(guarded, CANARY));
    world.alarms.insert(ALARM.to_owned(), Alarm::on_failures(20));
    let bad = Nature { failures_per_thousand: BAD_RELEASE_FAILS_PER_THOUSAND, ..Nature::default() };
    world.releases.insert("v3".to_owned(), bad);
    world
}

fn deploy(id: &str, release: &str) -> Result<Trigger, Malformed> {
    Ok(Trigger::DeployRequested(DeployRequest {
        id: id.parse()?,
        release: release.parse()?,
        strategy: None,
        fix_forward: false,
        on_failure: OnFailure::Auto,
        requested_by: Some("ci".to_owned()),
        origin: Origin::Invoke,
    }))
}

fn roll_back(id: &str) -> Result<Trigger, Malformed> {
    Ok(Trigger::RollbackRequested(RollbackRequest {
        id: id.parse()?,
        reason: "customers report wrong results".to_owned(),
        from: None,
        force: false,
        requested_by: Some("on-call".to_owned()),
        origin: Origin::Invoke,
    }))
}

struct Stage {
    world: Shared,
    functions: Functions,
    executor: Executor,
    service: ServiceName,
}

impl Stage {
    /// Somebody asks for something; the act ends when the service is at rest again.
    fn act(&mut self, title: &'static str, who: &str, trigger: Trigger, ends_on: Slot, with: &str) -> Act {
        let began = self.world.borrow().now;
        let (tally, first_line) = {
            let mut world = self.world.borrow_mut();
            world.person(format!("somebody {who}"));
            (Tally::of(&world.counted), world.chronicle.len() - 1)
        };
        let before = self.world.borrow().counted.seconds.len();
        let answer = self.ask(trigger);
        while self.is_busy() && self.world.borrow().now.duration_since(began) < LONGEST_ACT {
            self.pass(SignedDuration::from_secs(10));
        }
        self.pass(SignedDuration::from_secs(60));
        let world = self.world.borrow();
        let lines = lines(&world, first_line, before);
        let tally = Tally::of(&world.counted).since(tally);
        let mut failures = judge(&world, tally, ends_on, with);
        failures.extend(answer.err());
        if world.now.duration_since(began) >= LONGEST_ACT {
            failures.push("the service never came to rest".to_owned());
        }
        Act { title, began, ended: world.now, lines, tally, failures }
    }

    fn ask(&mut self, trigger: Trigger) -> Result<Answer, String> {
        let answer = Rc::new(RefCell::new(Err("the command was never answered".to_owned())));
        let (functions, nudge, heard) =
            (self.functions.clone(), Nudge { service: self.service.clone(), trigger }, Rc::clone(&answer));
        self.executor.spawn(async move {
            *heard.borrow_mut() = functions.command(nudge).await.map_err(|error| error.to_string());
        });
        self.pass(SignedDuration::from_secs(5));
        answer.replace(Err("taken".to_owned()))
    }

    fn pass(&mut self, duration: SignedDuration) {
        let end = self.world.borrow().now + duration;
        self.executor.run_until(end);
    }

    fn is_busy(&self) -> bool {
        let world = self.world.borrow();
        world.table.records.get(SERVICE).is_some_and(|(record, _, _)| record.is_busy())
    }
}

fn lines(world: &World, first_line: usize, first_second: usize) -> Vec<Line> {
    let seconds = &world.counted.seconds[first_second..];
    let shares_at = |at: Timestamp| {
        let index = seconds.partition_point(|second| second.at <= at);
        seconds.get(index.saturating_sub(1)).map_or(BySlot { blue: 0, green: 0 }, |second| second.weights)
    };
    let happenings = world.chronicle[first_line..].iter();
    happenings.map(|(at, what)| Line { at: *at, shares: shares_at(*at), what: what.clone() }).collect()
}

/// What the story promises: all traffic ends on one slot with one release, that slot is as large as
/// it was, the other one costs nothing, and at no time was nobody there.
fn judge(world: &World, tally: Tally, ends_on: Slot, with: &str) -> Vec<String> {
    let mut failures = Vec::new();
    if world.share(ends_on) != 100 {
        failures.push(format!("{ends_on} should have all traffic and has {} %", world.share(ends_on)));
    }
    let group = &world.groups[ends_on];
    if let Some(other) = group.instances.iter().find(|instance| instance.release != with) {
        failures.push(format!("{ends_on} should run {with} and runs {}", other.release));
    }
    let live = signalbox_domain::definition::Capacity { min: 1, desired: 1, max: 2 };
    if group.capacity != live {
        failures.push(format!("{ends_on}'s group should be {live} again and is {}", group.capacity));
    }
    let idle = &world.groups[ends_on.other()];
    if idle.capacity.desired > 0 || !idle.instances.is_empty() {
        failures.push(format!("{} should be retired and costs {} instances", ends_on.other(), idle.instances.len()));
    }
    if tally.nobody_there > 0 {
        failures.push(format!("{} requests found nobody to answer", tally.nobody_there));
    }
    if tally.failed * 100 > tally.all() * 2 {
        failures.push(format!("{} of {} requests failed: more than 2 %", tally.failed, tally.all()));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_goes_well_whatever_the_seed() {
        for seed in 1..=5 {
            let story = play(seed, true).unwrap();
            let failures: Vec<_> = story.acts.iter().flat_map(|act| &act.failures).collect();
            assert!(story.went_well(), "seed {seed}: {failures:?}");
        }
    }

    #[test]
    fn without_its_guard_the_bad_release_stays_and_the_story_fails() {
        let story = play(1, false).unwrap();
        assert!(story.acts[0].failures.is_empty(), "{:?}", story.acts[0].failures);
        assert!(!story.acts[1].failures.is_empty(), "nothing stops the bad release, and the world counts it");
    }

    #[test]
    fn the_same_seed_plays_the_same_story() {
        let tell = |seed| format!("{:?}", play(seed, true).unwrap().acts);
        assert_eq!(tell(7), tell(7));
        assert_ne!(tell(7), tell(8));
    }
}

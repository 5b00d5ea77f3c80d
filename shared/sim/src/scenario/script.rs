//! The words a scenario is written in.

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing::{self, BudgetAlert, BudgetReport};
use signalbox_domain::definition::Capacity;
use signalbox_domain::money::Cents;
use signalbox_domain::observation::Process;
use signalbox_domain::report::{Document, Received};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{
    AlarmState, DeployRequest, InstanceReport, Nudge, OnFailure, Origin, ReportCause, RollbackRequest, Trigger, Word,
};

use crate::autoscaling::{Instance, Zone};
use crate::checkers::RECOVERY;
use crate::demo::{ALARM, BAD_RELEASE_FAILS_PER_THOUSAND, SERVICE};
use crate::functions::Functions;
use crate::time::Shared;
use crate::traffic::Nature;
use crate::world::{Hook, World};

/// How often a service at rest is looked at.
const DRIFT_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Something that happens at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// When.
    pub when: When,
    /// What.
    pub what: What,
}

/// A moment. Lines happen in their order: one that waits keeps those behind it waiting.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// So many seconds after the line before.
    Later(i64),
    /// So many seconds after the record was seen in this phase, or in `standby` or `at rest`.
    In(&'static str, i64),
    /// The same, but not waited for longer than ten minutes: then it happens anyway.
    Soon(&'static str, i64),
}

/// What people, pipelines and the world do.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// Somebody deploys a release under an id.
    Deploy(&'static str, &'static str),
    /// The same, as the cure of what is live.
    FixForward(&'static str, &'static str),
    /// The same, with rollback "ask".
    DeployAsking(&'static str, &'static str),
    /// Somebody asks for a rollback under an id.
    Rollback(&'static str),
    /// The same, by force.
    ForceRollback(&'static str),
    /// Somebody says something of the operation.
    Say(Word),
    /// Somebody lets no deployment begin, for so many seconds.
    Freeze(i64),
    /// Somebody ends that.
    Thaw,
    /// Somebody says what is live.
    Adopt(Slot, &'static str),
    /// The alarm is in this state for so many seconds, whatever the requests say.
    Alarm(AlarmState, i64),
    /// Somebody deletes the alarm.
    DeleteAlarm,
    /// Somebody writes weights.
    Weights(u16, u16),
    /// Somebody resizes a group.
    Resize(Slot, u32, u32, u32),
    /// A scaling policy wants this size.
    Scale(Slot, u32),
    /// Auto Scaling rebalances zones, unless that is suspended.
    Rebalance(Slot),
    /// A scheduled action sets the sizes, unless that is suspended.
    Schedule(Slot, u32, u32, u32),
    /// Every instance of a slot falls sick.
    Sicken(Slot),
    /// They recover.
    Heal(Slot),
    /// One instance of a slot falls sick.
    SickenOne(Slot),
    /// One instance of a slot fails its health checks and answers requests all the same.
    Ail(Slot),
    /// Every instance of a slot in the second zone falls sick.
    SickenZone(Slot),
    /// One instance of a slot is protected from scale-in and falls sick.
    SickenProtected(Slot),
    /// The group of a slot is of health-check type ELB from now on.
    HealsItself(Slot),
    /// The group takes its sick instances away by itself.
    GroupTakes(Slot),
    /// AWS says this of so many instances of the first slot.
    Report(ReportCause, usize),
    /// AWS withdraws it.
    Withdraw(ReportCause, usize),
    /// AWS says it of an instance that nobody knows.
    ReportStranger(ReportCause),
    /// Somebody asks to replace a sick instance, or else any, of the first slot.
    Replace,
    /// No instance can be launched any more, or again.
    NoCapacity(bool),
    /// Every call is throttled for so many seconds.
    Throttle(i64),
    /// The forward action sticks for so many seconds; 0: no more.
    Sticky(i64),
    /// One instance of a slot crashes; its group replaces it.
    Crash(Slot),
    /// So many requests come each second from now on.
    Requests(u32),
    /// Others in the account make so many load balancer calls each second.
    Neighbours(u32),
    /// A suppressor keeps the alarm's actions back, or not any more.
    Suppress(bool),
    /// A release is like this.
    Release(&'static str, Quality),
    /// The team's own functions say no from now on, or yes again.
    HookRefuses(bool),
    /// They say to wait for so many seconds.
    HookWaits(i64),
    /// Something both slots lean on fails so many of 1,000 requests.
    Dependency(u32),
    /// The nodes follow the listener within so many seconds.
    FollowWithin(i64),
    /// AWS puts a reading of what it charges, in cents.
    Charge(i64),
    /// AWS puts one that is so many seconds old.
    LateCharge(i64, i64),
    /// AWS Budgets writes a mail, in cents.
    BudgetsMail(BudgetAlert, i64),
    /// Somebody lifts what billing holds back.
    ReleaseBilling,
    /// Somebody says that a reading is right.
    ConfirmBilling,
    /// Somebody answers for what is charged for so many seconds.
    ExemptBilling(i64),
    /// So many users report the same bug, one every few seconds.
    UsersReport(u32),
}

/// What a release is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// It fails three requests of ten.
    Fails,
    /// It drops three requests of ten, which no metric of its target group shows.
    Drops,
    /// It answers, but slowly.
    Slow,
    /// It fails one request of twenty.
    FailsALittle,
    /// It passes the health check and fails the smoke check.
    FailsSmoke,
    /// It never passes the health check.
    NeverHealthy,
    /// Its instances die at once.
    DiesAtOnce,
    /// Its instances die after twenty minutes.
    DiesLater,
    /// One instance of three never comes up.
    BootsBadly,
    /// None comes up any more; those that are up stay up.
    NeverBoots,
    /// It boots and works.
    Good,
}

impl Quality {
    /// It in figures.
    #[must_use]
    pub fn nature(self) -> Nature {
        let good = Nature::default();
        match self {
            Quality::Fails => Nature { failures_per_thousand: BAD_RELEASE_FAILS_PER_THOUSAND, ..good },
            Quality::Drops => Nature { dropped_per_thousand: BAD_RELEASE_FAILS_PER_THOUSAND, ..good },
            Quality::Slow => Nature { latency_ms: 4_000, ..good },
            Quality::FailsALittle => Nature { failures_per_thousand: 50, ..good },
            Quality::FailsSmoke => Nature { fails_smoke: true, ..good },
            Quality::NeverHealthy => Nature { healthy: false, ..good },
            Quality::DiesAtOnce => Nature { dies_after: Some(SignedDuration::from_secs(40)), ..good },
            Quality::DiesLater => Nature { dies_after: Some(SignedDuration::from_mins(20)), ..good },
            Quality::BootsBadly => Nature { boot_failures_per_thousand: 333, ..good },
            Quality::NeverBoots => Nature { boot_failures_per_thousand: 1_000, ..good },
            Quality::Good => good,
        }
    }
}

impl What {
    /// Lets it happen.
    pub(crate) fn happen(self, world: &Shared, functions: &Functions) {
        world.borrow_mut().person(self.to_string());
        let now = world.borrow().now;
        if let What::UsersReport(count) = self {
            for (number, received) in reports(count, now).enumerate() {
                if number % 2 == 0 { functions.deliver_report(received) } else { functions.post_report(received) }
            }
            return;
        }
        let of_the_guard = self.asks_the_guard(&mut world.borrow_mut(), now);
        if let Some(trigger) = of_the_guard {
            functions.deliver_to_guard(trigger);
            return;
        }
        let trigger = self.asks(&world.borrow(), now);
        if let Some(trigger) = trigger {
            if let Ok(service) = SERVICE.parse() {
                functions.deliver(Nudge { service, trigger });
            }
            return;
        }
        self.change(&mut world.borrow_mut());
    }

    /// What is asked of the billing guard, if something is.
    #[expect(clippy::wildcard_enum_match_arm, reason = "everything else asks the other functions")]
    fn asks_the_guard(self, world: &mut World, now: Timestamp) -> Option<billing::Trigger> {
        let reason = || "we know".to_owned();
        let until = |seconds| now + SignedDuration::from_secs(seconds);
        match self {
            What::Charge(cents) => world.charge(cents, SignedDuration::ZERO),
            What::LateCharge(cents, seconds) => world.charge(cents, SignedDuration::from_secs(seconds)),
            What::BudgetsMail(alert, cents) => {
                return Some(billing::Trigger::BudgetReported(BudgetReport { alert, amount: Cents(cents) }));
            }
            What::ReleaseBilling => return Some(billing::Trigger::Release { reason: reason() }),
            What::ConfirmBilling => return Some(billing::Trigger::Confirm { reason: reason() }),
            What::ExemptBilling(seconds) => {
                let owner = "ana".to_owned();
                return Some(billing::Trigger::Exempt { until: until(seconds), owner, reason: reason() });
            }
            _ => return None,
        }
        // An alarm on what is charged says so.
        Some(billing::Trigger::AlarmChanged)
    }

    /// What is asked of the functions, if something is.
    fn asks(self, world: &World, now: Timestamp) -> Option<Trigger> {
        let deploy = |id: &str, release: &str, fix_forward, on_failure| {
            Some(Trigger::DeployRequested(DeployRequest {
                id: id.parse().ok()?,
                release: release.parse().ok()?,
                strategy: None,
                fix_forward,
                on_failure,
                requested_by: None,
                origin: Origin::Invoke,
            }))
        };
        let rollback = |id: &str, force| {
            let (reason, origin) = ("it looks wrong".to_owned(), Origin::Invoke);
            let id = id.parse().ok()?;
            Some(Trigger::RollbackRequested(RollbackRequest {
                id,
                reason,
                from: None,
                force,
                requested_by: None,
                origin,
            }))
        };
        match self {
            What::Deploy(id, release) => deploy(id, release, false, OnFailure::Auto),
            What::FixForward(id, release) => deploy(id, release, true, OnFailure::Auto),
            What::DeployAsking(id, release) => deploy(id, release, false, OnFailure::Ask),
            What::Rollback(id) => rollback(id, false),
            What::ForceRollback(id) => rollback(id, true),
            What::Say(word) => Some(Trigger::Said(word)),
            What::Freeze(seconds) => {
                let (until, reason) = (Some(now + SignedDuration::from_secs(seconds)), "the fair is on".to_owned());
                Some(Trigger::FreezeRequested { until, reason })
            }
            What::Thaw => Some(Trigger::ThawRequested),
            What::Adopt(live, release) => Some(Trigger::AdoptRequested { live, release: release.parse().ok()? }),
            What::Report(cause, count) => reported(world, cause, count, false),
            What::Withdraw(cause, count) => reported(world, cause, count, true),
            What::ReportStranger(cause) => {
                let instances = vec!["i-0stranger".parse().ok()?];
                let report = InstanceReport { instances, cause, ends: None, withdrawn: false, at: now };
                Some(Trigger::InstancesReported(report))
            }
            What::Replace => {
                let mut instances: Vec<&Instance> =
                    world.groups.blue.instances.iter().filter(|one| one.stays()).collect();
                instances.sort_by_key(|instance| !instance.sick);
                let instance = instances.first()?.id.parse().ok()?;
                Some(Trigger::ReplaceRequested { instance, reason: "it looks wrong".to_owned() })
            }
            What::Alarm(..)
            | What::DeleteAlarm
            | What::Weights(..)
            | What::Resize(..)
            | What::Scale(..)
            | What::Rebalance(_)
            | What::Schedule(..)
            | What::Sicken(_)
            | What::Heal(_)
            | What::SickenOne(_)
            | What::Ail(_)
            | What::SickenZone(_)
            | What::SickenProtected(_)
            | What::HealsItself(_)
            | What::GroupTakes(_)
            | What::NoCapacity(_)
            | What::Throttle(_)
            | What::Sticky(_)
            | What::Crash(_)
            | What::Requests(_)
            | What::Neighbours(_)
            | What::Suppress(_)
            | What::Release(..)
            | What::HookRefuses(_)
            | What::HookWaits(_)
            | What::Dependency(_)
            | What::FollowWithin(_)
            | What::Charge(_)
            | What::LateCharge(..)
            | What::BudgetsMail(..)
            | What::ReleaseBilling
            | What::ConfirmBilling
            | What::ExemptBilling(_)
            | What::UsersReport(_) => None,
        }
    }

    /// What changes in the world.
    fn change(self, world: &mut World) {
        let now = world.now;
        match self {
            What::Alarm(state, seconds) => {
                if let Some(alarm) = world.alarms.get_mut(ALARM) {
                    alarm.forced = Some((state, now + SignedDuration::from_secs(seconds)));
                }
                world.change_alarm(ALARM, state);
            }
            What::DeleteAlarm => {
                world.alarms.remove(ALARM);
            }
            What::Suppress(suppressed) => {
                if let Some(alarm) = world.alarms.get_mut(ALARM) {
                    alarm.suppressed = suppressed;
                }
            }
            // Before the first contact nobody could say what is right.
            What::Weights(..) if world.table.records.is_empty() => {}
            What::Weights(blue, green) => {
                world.split_by_others = true;
                world.modify_listener(BySlot { blue: Some(blue), green: Some(green) });
                // At rest nobody need look before the next look at drift, and a heartbeat may be missed.
                Slot::BOTH.into_iter().for_each(|slot| world.excuse(slot, DRIFT_EVERY * 2 + RECOVERY));
            }
            What::Resize(slot, min, desired, max) => set(world, slot, Capacity { min, desired, max }),
            What::Scale(slot, size) => {
                world.resized = true;
                world.scale(slot, size);
                world.too_small |= is_too_small(world, slot);
            }
            What::Rebalance(slot) => {
                if world.rebalance(slot) {
                    world.excuse(slot, RECOVERY);
                }
            }
            What::Schedule(slot, min, desired, max) => {
                if !world.groups[slot].suspended.contains(&Process::ScheduledActions) {
                    set(world, slot, Capacity { min, desired, max });
                }
            }
            What::Sicken(slot) => {
                world.groups[slot].instances.iter_mut().for_each(|instance| instance.sick = true);
                world.excused_until[slot] = Timestamp::MAX;
            }
            What::SickenOne(slot) => sicken(world, slot, |_| true, |one| one.sick = true),
            What::Ail(slot) => sicken(world, slot, |_| true, |one| one.ails = true),
            What::SickenZone(slot) => {
                while well(world, slot, |one| one.zone == Zone::B).is_some() {
                    sicken(world, slot, |one| one.zone == Zone::B, |one| one.sick = true);
                }
            }
            What::SickenProtected(slot) => sicken(
                world,
                slot,
                |_| true,
                |one| {
                    (one.sick, one.protected) = (true, true);
                },
            ),
            What::HealsItself(slot) => world.groups[slot].heals_itself = true,
            What::GroupTakes(slot) => {
                let leaves_at = now + world.balancer.deregistration_delay;
                let sick = world.groups[slot].instances.iter_mut().filter(|one| one.sick && one.stays());
                sick.for_each(|one| one.gone_at = Some(leaves_at));
                world.excuse(slot, RECOVERY);
            }
            What::Heal(slot) => {
                world.groups[slot].instances.iter_mut().for_each(|one| (one.sick, one.ails) = (false, false));
                world.excused_until[slot] = now;
                world.excuse(slot, RECOVERY);
            }
            What::Crash(slot) => {
                if let Some(first) = world.groups[slot].instances.iter_mut().find(|instance| instance.stays()) {
                    first.crashed = true;
                }
                world.excuse(slot, RECOVERY);
            }
            What::NoCapacity(none) => {
                world.no_capacity = none;
                Slot::BOTH.into_iter().for_each(|slot| world.excuse(slot, RECOVERY));
            }
            What::Throttle(seconds) => {
                world.faults.all_throttled_until = now + SignedDuration::from_secs(seconds);
                Slot::BOTH
                    .into_iter()
                    .filter(|slot| world.is_excused(*slot))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .for_each(|slot| world.excuse(slot, DRIFT_EVERY * 2 + RECOVERY));
            }
            What::Sticky(seconds) => {
                world.balancer.sticky = (seconds > 0).then(|| SignedDuration::from_secs(seconds));
            }
            What::Requests(per_second) => {
                world.requests_per_second = per_second;
                Slot::BOTH.into_iter().for_each(|slot| world.excuse(slot, RECOVERY));
            }
            What::Neighbours(per_second) => world.faults.neighbours = per_second,
            What::Release(release, quality) => {
                world.releases.insert(release.to_owned(), quality.nature());
            }
            What::HookRefuses(refuses) => world.hook = if refuses { Hook::Refuses } else { Hook::Passes },
            What::HookWaits(seconds) => world.hook = Hook::WaitsUntil(now + SignedDuration::from_secs(seconds)),
            What::Dependency(per_thousand) => world.dependency_fails_per_thousand = per_thousand,
            What::FollowWithin(seconds) => world.balancer.follows_within = seconds,
            What::Deploy(..)
            | What::FixForward(..)
            | What::DeployAsking(..)
            | What::Rollback(_)
            | What::ForceRollback(_)
            | What::Say(_)
            | What::Freeze(_)
            | What::Thaw
            | What::Adopt(..)
            | What::Report(..)
            | What::Withdraw(..)
            | What::ReportStranger(_)
            | What::Replace
            | What::Charge(_)
            | What::LateCharge(..)
            | What::BudgetsMail(..)
            | What::ReleaseBilling
            | What::ConfirmBilling
            | What::ExemptBilling(_)
            | What::UsersReport(_) => {}
        }
    }
}

/// Reports of so many users, in nearly the same words.
fn reports(count: u32, now: Timestamp) -> impl Iterator<Item = Received> {
    (0..count).filter_map(move |number| {
        let body = serde_json::json!({
            "type": "bug",
            "email": format!("user{number}@example.com"),
            "message": format!("The results are all wrong since today, for file {number}"),
        });
        let report = Document::from_value(&body).ok()?.report().ok()?;
        Some(Received { id: format!("report-{}-{number}", now.as_second()), report })
    })
}

/// The first of a slot that is well and like this.
fn well(world: &mut World, slot: Slot, like: impl Fn(&Instance) -> bool) -> Option<&mut Instance> {
    let is_well = move |one: &&mut Instance| one.stays() && !one.sick && !one.ails && like(one);
    world.groups[slot].instances.iter_mut().find(is_well)
}

/// One of them is not well any more; when it is gone, the fleet has its time to recover.
fn sicken(world: &mut World, slot: Slot, like: impl Fn(&Instance) -> bool, how: impl Fn(&mut Instance)) {
    if let Some(one) = well(world, slot, like) {
        how(one);
    }
    world.excuse(slot, RECOVERY);
}

fn reported(world: &World, cause: ReportCause, count: usize, withdrawn: bool) -> Option<Trigger> {
    let here = world.groups.blue.instances.iter().filter(|instance| instance.stays());
    let instances: Vec<_> = here.take(count).filter_map(|instance| instance.id.parse().ok()).collect();
    let report = InstanceReport { instances, cause, ends: None, withdrawn, at: world.now };
    (!report.instances.is_empty()).then_some(Trigger::InstancesReported(report))
}

/// A person or a schedule sets the sizes. Who takes too little for what comes has to live with it.
fn set(world: &mut World, slot: Slot, to: Capacity) {
    world.resized = true;
    world.groups[slot].capacity = to;
    world.excuse(slot, RECOVERY);
    world.too_small |= is_too_small(world, slot);
}

fn is_too_small(world: &World, slot: Slot) -> bool {
    let can = world.groups[slot].capacity.desired.saturating_mul(world.requests_per_instance);
    world.carries(slot) && can < world.requests_per_second
}

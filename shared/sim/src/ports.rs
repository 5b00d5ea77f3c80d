//! The reconciler's way into the world: every call takes a little while, then happens at once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decision::Action;
use signalbox_domain::definition::{Arn, Capacity, Definition};
use signalbox_domain::deployment::Deployment;
use signalbox_domain::notice::Notice;
use signalbox_domain::observation::{
    AlarmSeen, Alarms, Lifecycle, Minute, Probe, ProbeAnswer, Quiet, Routing, Surroundings, TargetHealth, Window,
};
use signalbox_domain::record::OperationKind;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{GroupName, InstanceId, Release, RequestId, ServiceName};
use signalbox_domain::trigger::AlarmState;
use signalbox_reconciler::ports::{
    Clock, Cloud, CloudError, ErrorClass, GroupSeen, Loaded, Member, OperationItem, Post, Save, Saved, Store, Targets,
};

use crate::balancer::{TargetState, Weights};
use crate::checkers;
use crate::faults::{Tampering, Wrong};
use crate::time::{Shared, start, wait};
use crate::world::{Happening, World};

/// A function's timeout.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);
/// How long the SDK waits for an answer.
const ATTEMPT_TIMEOUT: SignedDuration = SignedDuration::from_secs(3);

/// The world as one invocation sees it.
#[derive(Clone, Debug)]
pub struct SimPorts {
    world: Shared,
    life: Rc<Life>,
}

/// Whether an invocation still lives, and until when it may.
#[derive(Debug)]
pub(crate) struct Life {
    dead: Cell<bool>,
    /// The function's timeout: Lambda ends it then, wherever it is.
    ends: Cell<Timestamp>,
    /// How far its clock is off.
    clock_off: SignedDuration,
}

impl Life {
    /// Whether it was killed or timed out.
    pub(crate) fn is_over(&self) -> bool {
        self.dead.get()
    }
}

impl SimPorts {
    /// A new invocation's view of this world, for as long as a function may run.
    #[must_use]
    pub fn new(world: &Shared) -> Self {
        let mut there = world.borrow_mut();
        let ends = there.now + TIMEOUT;
        let most = there.faults.clock_skew_ms;
        let off = there.random.clocks.i64(-most..=most);
        let clock_off = match there.goes_wrong((off != 0).then_some(Wrong::ClockOff(off))) {
            Some(Wrong::ClockOff(off)) => SignedDuration::from_millis(off),
            _ => SignedDuration::ZERO,
        };
        let life = Life { dead: Cell::new(false), ends: Cell::new(ends), clock_off };
        SimPorts { world: Rc::clone(world), life: Rc::new(life) }
    }

    /// A view that no timeout ends, as of a process that is invoked again and again.
    #[must_use]
    pub fn lasting(world: &Shared) -> Self {
        let ports = SimPorts::new(world);
        ports.life.ends.set(Timestamp::MAX);
        ports
    }

    /// This invocation's life.
    pub(crate) fn life(&self) -> Rc<Life> {
        Rc::clone(&self.life)
    }

    /// Reads something: it takes as long as a call takes, and may be throttled.
    pub(crate) async fn read<T>(
        &self,
        operation: &'static str,
        then: impl FnOnce(&mut World) -> T,
    ) -> Result<T, CloudError> {
        self.begin(operation, false).await?;
        Ok(then(&mut self.world.borrow_mut()))
    }

    /// Changes something, once in the world even where its answer is lost.
    pub(crate) async fn change<T>(
        &self,
        operation: &'static str,
        then: impl FnOnce(&mut World) -> T + 'static,
    ) -> Result<T, CloudError> {
        match self.begin(operation, true).await? {
            Some(Wrong::LandsLate(seconds)) => {
                let world = Rc::clone(&self.world);
                start(&self.world, async move {
                    wait(&world, SignedDuration::from_secs(seconds)).await;
                    then(&mut world.borrow_mut());
                });
                // The caller gives up after its attempt's timeout.
                wait(&self.world, ATTEMPT_TIMEOUT).await;
                self.live_on().await;
                Err(refused(operation, "the account", ErrorClass::Retry, "timed out"))
            }
            wrong => {
                let result = then(&mut self.world.borrow_mut());
                if wrong == Some(Wrong::KilledAfter) {
                    self.die().await;
                }
                if wrong == Some(Wrong::AnswerLost) {
                    return Err(refused(operation, "the account", ErrorClass::Retry, "the connection was closed"));
                }
                Ok(result)
            }
        }
    }

    /// The way to the effect. What is throttled is tried once more, as the SDK does it.
    async fn begin(&self, operation: &'static str, effect: bool) -> Result<Option<Wrong>, CloudError> {
        match self.attempt(operation, effect).await {
            Err(_) => {
                let pause = self.world.borrow_mut().random.calls.i64(20..1_000);
                wait(&self.world, SignedDuration::from_millis(pause)).await;
                self.attempt(operation, effect).await
            }
            begun => begun,
        }
    }

    /// One attempt: time passes, and things go wrong.
    async fn attempt(&self, operation: &'static str, effect: bool) -> Result<Option<Wrong>, CloudError> {
        let (takes, wrong) = {
            let mut world = self.world.borrow_mut();
            (SignedDuration::from_millis(world.random.calls.i64(4..40)), world.fate(operation, effect))
        };
        wait(&self.world, takes).await;
        if let Some(Wrong::Stalled(seconds)) = wrong {
            wait(&self.world, SignedDuration::from_secs(seconds)).await;
        }
        if wrong == Some(Wrong::KilledBefore) {
            self.die().await;
        }
        self.live_on().await;
        if wrong == Some(Wrong::Throttled) {
            return Err(refused(operation, "the account", ErrorClass::Retry, "Throttling: rate exceeded"));
        }
        Ok(wrong)
    }

    /// Lambda ends an invocation at its timeout, wherever it is.
    async fn live_on(&self) {
        if self.world.borrow().now >= self.life.ends.get() {
            self.die().await;
        }
    }

    /// The process is gone: nothing of it happens any more.
    async fn die(&self) {
        self.life.dead.set(true);
        std::future::pending::<()>().await;
    }
}

fn refused(operation: &'static str, resource: impl Into<String>, class: ErrorClass, why: &str) -> CloudError {
    CloudError { operation, resource: resource.into(), class, source: why.into() }
}

impl Cloud for SimPorts {
    async fn routing(&self, of: &Definition) -> Result<Routing, CloudError> {
        let service = of.name.to_string();
        self.read("DescribeListeners", |world| {
            let mut raw = world.balancer.weights;
            if world.tampers(Tampering::BelieveOwnWords)
                && let Some((record, _, _)) = world.table.records.get(&service)
            {
                let wanted = record.routing.split;
                raw = BySlot::from_fn(|slot| wanted.names(slot).then(|| u16::from(wanted.weight(slot))));
            }
            let sticky = world.balancer.sticky.filter(|_| !world.tampers(Tampering::IgnoreStickiness));
            Routing { raw, elsewhere: 0, sticky }
        })
        .await
    }

    async fn groups(&self, _: &Definition) -> Result<BySlot<GroupSeen>, CloudError> {
        self.read("DescribeAutoScalingGroups", |world| {
            BySlot::from_fn(|slot| {
                let group = &world.groups[slot];
                let members = group.instances.iter().filter_map(|instance| {
                    Some(Member {
                        id: instance.id.parse().ok()?,
                        zone: instance.zone.name().to_owned(),
                        lifecycle: if instance.stays() { Lifecycle::InService } else { Lifecycle::Leaving },
                        condemned: instance.crashed,
                        protected: instance.protected,
                    })
                });
                GroupSeen {
                    capacity: group.capacity,
                    members: members.collect(),
                    suspended: group.suspended.clone(),
                    template_version: None,
                    heals_itself: group.heals_itself,
                    grace: group.grace,
                }
            })
        })
        .await
    }

    async fn targets(&self, _: &Definition, slot: Slot) -> Result<Targets, CloudError> {
        self.read("DescribeTargetHealth", |world| {
            let in_use = world.in_use(slot);
            let trusting = world.tampers(Tampering::TrustEveryTarget);
            let targets = world.groups[slot].instances.iter().filter_map(|instance| {
                let health = match instance {
                    instance if trusting && instance.stays() => TargetHealth::Healthy,
                    _ if !in_use => TargetHealth::Unused,
                    instance if !instance.stays() => TargetHealth::Draining,
                    instance => match instance.check.state {
                        TargetState::Initial => TargetHealth::Initial,
                        TargetState::Healthy => TargetHealth::Healthy,
                        TargetState::Unhealthy => TargetHealth::Unhealthy,
                    },
                };
                Some((instance.id.parse().ok()?, health))
            });
            targets.collect()
        })
        .await
    }

    async fn parameters(&self, _: &Definition) -> Result<BySlot<Option<Release>>, CloudError> {
        self.read("GetParameters", |world| {
            let release = |slot: Slot| world.groups[slot].parameter.as_deref().filter(|release| *release != "none");
            BySlot::from_fn(|slot| release(slot).and_then(|release| release.parse().ok()))
        })
        .await
    }

    async fn alarms(&self, of: &Definition) -> Result<Alarms, CloudError> {
        self.read("DescribeAlarms", |world| {
            let asked = of.guard.alarms.iter();
            let dropped = world.tampers(Tampering::DropGuard);
            let found = asked.filter_map(|name| {
                let alarm = world.alarms.get(name.as_str())?;
                let state = if dropped { AlarmState::Ok } else { alarm.state };
                Some((name.clone(), AlarmSeen { state, suppressed: alarm.suppressed }))
            });
            found.collect::<BTreeMap<_, _>>()
        })
        .await
    }

    async fn quiet(&self, of: &Definition, slot: Slot, now: Timestamp) -> Result<Quiet, CloudError> {
        self.read("GetMetricData", |world| {
            let from = (now - of.route_settle.duration().max(SignedDuration::from_mins(2))).as_second() / 60;
            let requests = world.counted.minutes.range(from..).map(|(_, counts)| counts[slot].requests).sum();
            let ignored = world.tampers(Tampering::IgnoreRequests);
            let delay = world.balancer.deregistration_delay;
            Quiet {
                requests: if ignored { 0 } else { requests },
                deregistration_delay: if ignored { SignedDuration::ZERO } else { delay },
            }
        })
        .await
    }

    async fn surroundings(&self, _: &Definition) -> Result<Surroundings, CloudError> {
        self.read("DescribeRules", |_| Surroundings::default()).await
    }

    async fn traffic(&self, _: &Definition, window: Window) -> Result<BySlot<Vec<Minute>>, CloudError> {
        self.read("GetMetricData", |world| {
            let minutes = window.from.as_second() / 60..window.to.as_second() / 60;
            BySlot::from_fn(|slot| minutes.clone().filter_map(|minute| seen_minute(world, slot, minute)).collect())
        })
        .await
    }

    async fn probe(&self, of: &Definition, about: &Deployment, probe: Probe) -> ProbeAnswer {
        let (slot, release) = (about.slot, about.release.to_string());
        let asked = self.read("Invoke", |world| match probe {
            Probe::Smoke => smoke(world, of, slot, &release),
            Probe::BeforeTraffic | Probe::AfterTraffic => world.hook.answer(world.now),
        });
        asked.await.unwrap_or_else(|error| ProbeAnswer::Unanswered(error.to_string()))
    }

    async fn owners(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, GroupName>, CloudError> {
        let asked = instances.to_vec();
        self.read("DescribeAutoScalingInstances", move |world| {
            let group_of = |id: &InstanceId| {
                let holds = |slot: &Slot| world.groups[*slot].instances.iter().any(|one| one.id == id.as_str());
                let slot = Slot::BOTH.into_iter().find(holds)?;
                format!("codedetect-prod-{slot}-asg").parse().ok()
            };
            asked.into_iter().filter_map(|id| group_of(&id).map(|group| (id, group))).collect()
        })
        .await
    }

    async fn apply(&self, _: &Definition, action: &Action) -> Result<(), CloudError> {
        let action = action.clone();
        self.change(
            api_name(&action),
            move |world| if is_tampered(world, &action) { Ok(()) } else { apply(world, &action) },
        )
        .await?
    }
}

/// The minute as CloudWatch tells it. What the load balancer dropped is in no metric of a target group.
fn seen_minute(world: &World, slot: Slot, minute: i64) -> Option<Minute> {
    let at = Timestamp::from_second(minute * 60).ok()?;
    let counts = world.counted.minutes.get(&minute).map(|counts| &counts[slot]);
    Some(Minute {
        at,
        requests: counts.map_or(0, |counts| counts.requests),
        failures: counts.map_or(0, |counts| counts.target_failures + counts.refused_connections),
        p95_ms: counts.and_then(|counts| counts.p95),
    })
}

/// A request by header route: whoever is healthy in the slot answers.
fn smoke(world: &mut World, of: &Definition, slot: Slot, release: &str) -> ProbeAnswer {
    let routed = of.smoke.as_ref().is_some_and(|smoke| smoke.header.values().any(|value| value == "{slot}"));
    let asked = if routed { slot } else { slot.other() };
    let Some(instance) = world.pick_target(asked).map(|index| &world.groups[asked].instances[index]) else {
        return ProbeAnswer::Refused("answered 503 instead of 200".to_owned());
    };
    if world.releases.get(&instance.release).copied().unwrap_or_default().fails_smoke {
        return ProbeAnswer::Refused("answered 500 instead of 200".to_owned());
    }
    if instance.release != release {
        return ProbeAnswer::Refused(format!("the body does not contain {release}"));
    }
    ProbeAnswer::Passed
}

fn api_name(action: &Action) -> &'static str {
    match action {
        Action::Route { .. } => "ModifyListener",
        Action::WriteRelease { .. } => "PutParameter",
        Action::Resize { .. } | Action::Bound { .. } => "UpdateAutoScalingGroup",
        Action::Stop { .. } => "UpdateAutoScalingGroup",
        Action::Suspend { .. } => "SuspendProcesses",
        Action::Resume { .. } => "ResumeProcesses",
        Action::Terminate { .. } => "TerminateInstanceInAutoScalingGroup",
        Action::CompleteLifecycle { .. } => "CompleteLifecycleAction",
        Action::ProlongLifecycle { .. } => "RecordLifecycleActionHeartbeat",
    }
}

/// Whether a fault of ours swallows this action.
fn is_tampered(world: &World, action: &Action) -> bool {
    match action {
        Action::Resize { slot, to } => {
            let present = world.groups[*slot].capacity;
            let pins = to.min > present.min && to.desired == present.desired;
            let gives_back = to.min < present.min && to.desired == present.desired;
            (pins && world.tampers(Tampering::SkipPin)) || (gives_back && world.tampers(Tampering::KeepPins))
        }
        Action::Suspend { .. } => world.tampers(Tampering::SkipSuspend),
        Action::Resume { .. } => world.tampers(Tampering::SkipResume),
        Action::WriteRelease { .. } => world.tampers(Tampering::SkipRelease),
        Action::Bound { slot, max, .. } => *max > world.groups[*slot].capacity.max && world.tampers(Tampering::KeepCap),
        Action::Route { .. }
        | Action::Stop { .. }
        | Action::Terminate { .. }
        | Action::CompleteLifecycle { .. }
        | Action::ProlongLifecycle { .. } => false,
    }
}

fn apply(world: &mut World, action: &Action) -> Result<(), CloudError> {
    match action {
        Action::Route { split } => {
            let weights: Weights = BySlot::from_fn(|slot| split.names(slot).then(|| u16::from(split.weight(slot))));
            checkers::before_routing(world, weights);
            world.split_by_others = false;
            world.modify_listener(weights);
        }
        Action::WriteRelease { slot, release } => world.groups[*slot].parameter = Some(release.to_string()),
        Action::Resize { slot, to } => {
            let to = if world.tampers(Tampering::GrowTooLittle) && to.desired > world.groups[*slot].capacity.desired {
                Capacity { min: to.min.min(1), desired: 1, max: to.max }
            } else {
                *to
            };
            checkers::before_resize(world, *slot, to);
            let resized = world.resize(*slot, to);
            resized.map_err(|why| refused("UpdateAutoScalingGroup", slot.to_string(), ErrorClass::Permanent, why))?;
        }
        Action::Bound { slot, min, max } => {
            // As the adapter does it: a maximum below the size would take instances away.
            if world.groups[*slot].capacity.desired > *max {
                let why = "it has grown meanwhile";
                return Err(refused("UpdateAutoScalingGroup", slot.to_string(), ErrorClass::Retry, why));
            }
            let to = Capacity { min: *min, max: *max, ..world.groups[*slot].capacity };
            checkers::before_resize(world, *slot, to);
            let lowered = world.resize(*slot, to);
            lowered.map_err(|why| refused("UpdateAutoScalingGroup", slot.to_string(), ErrorClass::Permanent, why))?;
        }
        Action::Stop { slot, .. } => {
            checkers::before_stopping(world, *slot);
            let stopped = world.resize(*slot, Capacity::NONE);
            stopped.map_err(|why| refused("UpdateAutoScalingGroup", slot.to_string(), ErrorClass::Permanent, why))?;
        }
        Action::Suspend { slot, processes } => world.groups[*slot].suspended.extend(processes),
        Action::Resume { slot, processes } => {
            world.groups[*slot].suspended.retain(|process| !processes.contains(process));
        }
        Action::Terminate { slot, instance } => {
            let other = |world: &World| {
                let mut others = world.groups[*slot].instances.iter().filter(|one| one.id != instance.as_str());
                others.find(|one| one.stays()).map(|one| one.id.clone())
            };
            let another = if world.tampers(Tampering::TerminateAnother) { other(world) } else { None };
            let id = another.unwrap_or_else(|| instance.to_string());
            checkers::before_terminating(world, *slot, &id);
            let call = "TerminateInstanceInAutoScalingGroup";
            let done = world.terminate(*slot, &id);
            done.map_err(|why| refused(call, instance.to_string(), ErrorClass::Permanent, why))?;
        }
        // No group here has a lifecycle hook.
        Action::CompleteLifecycle { .. } | Action::ProlongLifecycle { .. } => {}
    }
    Ok(())
}

impl Store for SimPorts {
    async fn load(&self, service: &ServiceName, request: Option<&RequestId>) -> Result<Loaded, CloudError> {
        self.read("BatchGetItem", |world| {
            let forgets = world.tampers(Tampering::ForgetRequests);
            let table = &world.table;
            let key = |id: &RequestId| (service.to_string(), id.to_string());
            let known = request.and_then(|id| table.requests.get(&key(id))).filter(|_| !forgets);
            Loaded {
                definition: table.definitions.get(service.as_str()).cloned(),
                record: table.records.get(service.as_str()).map(|(record, version, _)| (record.clone(), *version)),
                known_request: known.and_then(|operation| operation.parse().ok()),
                newer_schema: false,
            }
        })
        .await
    }

    async fn operation(
        &self,
        service: &ServiceName,
        _: OperationKind,
        id: &RequestId,
    ) -> Result<Option<OperationItem>, CloudError> {
        let key = (service.to_string(), id.to_string());
        self.read("GetItem", |world| world.table.operations.get(&key).cloned()).await
    }

    async fn definitions(&self) -> Result<Vec<(String, String)>, CloudError> {
        self.read("Query", |world| world.table.definitions.clone().into_iter().collect()).await
    }

    async fn busy(&self) -> Result<Vec<ServiceName>, CloudError> {
        self.read("Query", |world| {
            let most = world.faults.index_behind;
            let behind = world.random.calls.i64(0..=most);
            let behind = match world.goes_wrong((behind > 0).then_some(Wrong::IndexBehind(behind))) {
                Some(Wrong::IndexBehind(seconds)) => SignedDuration::from_secs(seconds),
                _ => SignedDuration::ZERO,
            };
            world.table.busy(world.now, behind).iter().filter_map(|name| name.parse().ok()).collect()
        })
        .await
    }

    async fn save(&self, save: &Save) -> Result<Saved, CloudError> {
        let owned = save.clone();
        let saved = self.change("TransactWriteItems", move |world| world.save(&owned)).await;
        // As the adapter does it: a save whose answer is lost is looked up by its writer's mark.
        let lost_answer = saved.is_err() && save.record.is_some();
        let seen = if lost_answer {
            let service = save.service.to_string();
            self.read("GetItem", |world| world.table.records.get(&service).map(|(_, _, nonce)| *nonce)).await?
        } else {
            None
        };
        if seen == Some(save.nonce) { Ok(Saved::Done) } else { saved }
    }
}

impl Post for SimPorts {
    async fn publish(&self, _: &ServiceName, _: Option<&Arn>, notice: &Notice) -> Result<(), CloudError> {
        let notice = notice.clone();
        self.change("Publish", move |world| {
            if world.tampers(Tampering::DropNotices) {
                return;
            }
            let line = notice.text.lines().next().unwrap_or_default().to_owned();
            world.post.push((world.now, notice));
            world.chronicle.push((world.now, Happening::Told(line)));
        })
        .await
    }
}

impl Clock for SimPorts {
    fn now(&self) -> Timestamp {
        self.world.borrow().now + self.life.clock_off
    }

    async fn sleep(&self, duration: SignedDuration) {
        wait(&self.world, duration).await;
    }

    fn nonce(&self) -> u128 {
        self.world.borrow_mut().random.nonces.u128(..)
    }
}

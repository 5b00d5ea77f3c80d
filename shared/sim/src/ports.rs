//! The reconciler's way into the world: every call takes a little while, then happens at once.

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decision::Action;
use signalbox_domain::definition::Definition;
use signalbox_domain::notice::Notice;
use signalbox_domain::observation::{AlarmSeen, Alarms, Quiet, Routing, Surroundings, TargetHealth};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{Release, RequestId, ServiceName};
use signalbox_reconciler::ports::{
    Clock, Cloud, CloudError, ErrorClass, GroupSeen, Loaded, Member, OperationItem, Post, Save, Saved, Store, Targets,
};

use crate::rules;
use crate::time::{Shared, wait};
use crate::world::{Happening, World};

/// The world as a function sees it.
#[derive(Clone, Debug)]
pub struct SimPorts {
    world: Shared,
}

impl SimPorts {
    /// A function's view of this world.
    #[must_use]
    pub fn new(world: &Shared) -> Self {
        SimPorts { world: Rc::clone(world) }
    }

    /// Waits as long as a call takes, then does it.
    async fn call<T>(&self, then: impl FnOnce(&mut World) -> T) -> T {
        let takes = SignedDuration::from_millis(self.world.borrow_mut().random.calls.i64(4..40));
        wait(&self.world, takes).await;
        then(&mut self.world.borrow_mut())
    }
}

fn refused(operation: &'static str, resource: impl Into<String>, why: &str) -> CloudError {
    CloudError { operation, resource: resource.into(), class: ErrorClass::Permanent, source: why.into() }
}

impl Cloud for SimPorts {
    async fn routing(&self, _: &Definition) -> Result<Routing, CloudError> {
        self.call(|world| Ok(Routing { raw: world.balancer.weights, elsewhere: 0, sticky: None })).await
    }

    async fn groups(&self, _: &Definition) -> Result<BySlot<GroupSeen>, CloudError> {
        self.call(|world| {
            Ok(BySlot::from_fn(|slot| {
                let group = &world.groups[slot];
                let members = group.instances.iter().filter_map(|instance| {
                    let leaving = instance.gone_at.is_some();
                    Some(Member { id: instance.id.parse().ok()?, in_service: !leaving, leaving })
                });
                GroupSeen {
                    capacity: group.capacity,
                    members: members.collect(),
                    suspended: group.suspended.clone(),
                    template_version: None,
                }
            }))
        })
        .await
    }

    async fn targets(&self, _: &Definition, slot: Slot) -> Result<Targets, CloudError> {
        self.call(|world| {
            let in_use = world.balancer.weights[slot].is_some();
            let targets = world.groups[slot].instances.iter().filter_map(|instance| {
                let health = match instance {
                    _ if !in_use => TargetHealth::Unused,
                    instance if instance.gone_at.is_some() => TargetHealth::Draining,
                    instance if rules::is_healthy(instance, in_use) => TargetHealth::Healthy,
                    instance if instance.up_at > world.now => TargetHealth::Initial,
                    _ => TargetHealth::Unhealthy,
                };
                Some((instance.id.parse().ok()?, health))
            });
            Ok(targets.collect())
        })
        .await
    }

    async fn parameters(&self, _: &Definition) -> Result<BySlot<Option<Release>>, CloudError> {
        self.call(|world| {
            Ok(BySlot::from_fn(|slot| world.groups[slot].parameter.as_ref().and_then(|release| release.parse().ok())))
        })
        .await
    }

    async fn alarms(&self, of: &Definition) -> Result<Alarms, CloudError> {
        self.call(|world| {
            let asked = of.guard.alarms.iter();
            let found = asked.filter_map(|name| {
                let alarm = world.alarms.get(name.as_str())?;
                Some((name.clone(), AlarmSeen { state: alarm.state, suppressed: false }))
            });
            Ok(found.collect::<BTreeMap<_, _>>())
        })
        .await
    }

    async fn quiet(&self, of: &Definition, slot: Slot, now: Timestamp) -> Result<Quiet, CloudError> {
        self.call(|world| {
            let from = (now - of.route_settle.duration().max(SignedDuration::from_mins(2))).as_second() / 60;
            let requests = world.counted.minutes.range(from..).map(|(_, counts)| counts[slot].0).sum();
            Ok(Quiet { requests, deregistration_delay: world.balancer.deregistration_delay })
        })
        .await
    }

    async fn surroundings(&self, _: &Definition) -> Result<Surroundings, CloudError> {
        self.call(|_| Ok(Surroundings::default())).await
    }

    async fn apply(&self, _: &Definition, action: &Action) -> Result<(), CloudError> {
        self.call(|world| apply(world, action)).await
    }
}

fn apply(world: &mut World, action: &Action) -> Result<(), CloudError> {
    match action {
        Action::Route { split } => {
            let weight = |slot| split.names(slot).then(|| u16::from(split.weight(slot)));
            world.balancer.weights = BySlot::from_fn(weight);
            // Accepted at once, followed by the nodes a little later.
            let delay = SignedDuration::from_secs(world.random.calls.i64(1..5));
            world.balancer.effective_at = Some(world.now + delay);
        }
        Action::WriteRelease { slot, release } => world.groups[*slot].parameter = Some(release.to_string()),
        Action::Resize { slot, to } => {
            if to.min > to.desired || to.desired > to.max {
                return Err(refused(
                    "UpdateAutoScalingGroup",
                    slot.to_string(),
                    "desired must lie between min and max",
                ));
            }
            world.groups[*slot].capacity = *to;
        }
        Action::Suspend { slot, processes } => world.groups[*slot].suspended.extend(processes),
        Action::Resume { slot, processes } => {
            world.groups[*slot].suspended.retain(|process| !processes.contains(process));
        }
    }
    Ok(())
}

impl Store for SimPorts {
    async fn load(&self, service: &ServiceName, request: Option<&RequestId>) -> Result<Loaded, CloudError> {
        self.call(|world| {
            let table = &world.table;
            let key = |id: &RequestId| (service.to_string(), id.to_string());
            let known = request.and_then(|id| table.requests.get(&key(id)));
            Ok(Loaded {
                definition: table.definitions.get(service.as_str()).cloned(),
                record: table.records.get(service.as_str()).map(|(record, version, _)| (record.clone(), *version)),
                known_request: known.and_then(|operation| operation.parse().ok()),
                newer_schema: false,
            })
        })
        .await
    }

    async fn operation(&self, service: &ServiceName, id: &RequestId) -> Result<Option<OperationItem>, CloudError> {
        self.call(|world| Ok(world.table.operations.get(&(service.to_string(), id.to_string())).cloned())).await
    }

    async fn definitions(&self) -> Result<Vec<(String, String)>, CloudError> {
        self.call(|world| Ok(world.table.definitions.clone().into_iter().collect())).await
    }

    async fn busy(&self) -> Result<Vec<ServiceName>, CloudError> {
        self.call(|world| {
            let busy = world.table.records.iter().filter(|(_, (record, _, _))| record.is_busy());
            Ok(busy.filter_map(|(name, _)| name.parse().ok()).collect())
        })
        .await
    }

    async fn save(&self, save: &Save) -> Result<Saved, CloudError> {
        self.call(|world| Ok(save_at_once(world, save))).await
    }
}

fn save_at_once(world: &mut World, save: &Save) -> Saved {
    let service = save.service.to_string();
    let table = &mut world.table;
    if let Some((record, expected)) = &save.record {
        let stored = table.records.get(&service).map(|(_, version, _)| *version);
        if stored != *expected {
            return Saved::Lost;
        }
        let version = expected.map_or(1, |version| version + 1);
        table.records.insert(service.clone(), (record.clone(), version, save.nonce));
    }
    if let Some((request, operation)) = &save.accepted {
        table.requests.insert((service.clone(), request.to_string()), operation.to_string());
    }
    if let Some(item) = &save.operation {
        table.operations.insert((service.clone(), item.deployment.id.to_string()), item.clone());
    }
    if let Some(decision) = &save.decision {
        table.decisions.push((service, decision.clone()));
    }
    Saved::Done
}

impl Post for SimPorts {
    async fn publish(&self, _: &Definition, notice: &Notice) -> Result<(), CloudError> {
        self.call(|world| {
            world.post.push((world.now, notice.clone()));
            let line = notice.text.lines().next().unwrap_or_default().to_owned();
            world.chronicle.push((world.now, Happening::Told(line)));
            Ok(())
        })
        .await
    }
}

impl Clock for SimPorts {
    fn now(&self) -> Timestamp {
        self.world.borrow().now
    }

    async fn sleep(&self, duration: SignedDuration) {
        wait(&self.world, duration).await;
    }

    fn nonce(&self) -> u128 {
        self.world.borrow_mut().random.nonces.u128(..)
    }
}

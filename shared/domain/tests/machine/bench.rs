//! A workbench for decisions: a world that does at once whatever is decided.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decide::decide;
use signalbox_domain::decision::{Action, Decision};
use signalbox_domain::definition::{Capacity, Definition};
use signalbox_domain::interlock;
use signalbox_domain::needs::Needs;
use signalbox_domain::observation::{
    AlarmSeen, Group, Instance, Lifecycle, Observation, Process, Quiet, Routing, Surroundings, TargetHealth,
};
use signalbox_domain::record::Record;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::trigger::{
    AlarmChange, AlarmState, DeployRequest, OnFailure, Origin, Role, RollbackRequest, Trigger, Word,
};

pub(crate) const ALARM: &str = "codedetect-prod-alb-5xx";

/// CodeDetect with short waits; `more` is put in before the closing brace.
pub(crate) fn definition_with(more: &str) -> Definition {
    let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012";
    let guard =
        if more.contains("\"guard\"") { String::new() } else { format!(r#","guard":{{"alarms":["{ALARM}"]}}"#) };
    let capacity = if more.contains("capacity") { "" } else { r#","capacity":{"min":1,"desired":1,"max":2}"# };
    Definition::read(&format!(
        r#"{{"name":"codedetect","listener_arn":"{balancer}:listener/app/codedetect/1/2",
        "slots":{{"blue":{{"asg":"blue","target_group_arn":"{balancer}:targetgroup/blue/1"}},
                  "green":{{"asg":"green","target_group_arn":"{balancer}:targetgroup/green/2"}}}},
        "release":{{"parameter":"/codedetect/{{slot}}/release"}}{guard}{capacity}{more}}}"#
    ))
    .unwrap()
}

#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) definition: Definition,
    pub(crate) record: Option<Record>,
    pub(crate) seen: Observation,
    pub(crate) now: Timestamp,
    /// Who looks.
    pub(crate) role: Role,
    /// Instances of these slots are launched sick.
    pub(crate) sick: BySlot<bool>,
    serial: u32,
}

impl Bench {
    pub(crate) fn new(definition: Definition) -> Bench {
        let alarm = (ALARM.parse().unwrap(), AlarmSeen { state: AlarmState::Ok, suppressed: false });
        let group = |capacity| Group {
            capacity,
            instances: Vec::new(),
            suspended: Default::default(),
            heals_itself: false,
            grace: SignedDuration::from_mins(5),
        };
        let seen = Observation {
            routing: Routing { raw: BySlot { blue: Some(100), green: None }, elsewhere: 0, sticky: None },
            groups: BySlot { blue: group(Capacity { min: 1, desired: 1, max: 2 }), green: group(Capacity::NONE) },
            releases: Some(BySlot { blue: Some("v1".parse().unwrap()), green: None }),
            alarms: Some(BTreeMap::from([alarm])),
            quiet: BySlot { blue: quiet(), green: quiet() },
            surroundings: Some(Surroundings::default()),
            probed: None,
            traffic: None,
        };
        let now = "2026-11-23T01:00:00Z".parse().unwrap();
        let (role, sick) = (Role::Deployer, BySlot { blue: false, green: false });
        let mut bench = Bench { definition, record: None, seen, now, role, sick, serial: 0 };
        bench.settle_groups();
        bench
    }

    /// Decides without doing.
    pub(crate) fn decide(&self, trigger: &Trigger) -> Decision {
        let mut seen = self.seen.clone();
        if !self.needs(trigger).releases {
            seen.releases = None;
        }
        decide(self.role, self.record.as_ref(), &seen, &self.definition, trigger, self.now)
    }

    /// What a look with this trigger asks.
    pub(crate) fn needs(&self, trigger: &Trigger) -> Needs {
        Needs::of(self.role, self.record.as_ref(), &self.definition, trigger, self.now)
    }

    /// Decides, holds every action against the interlock, saves and does it.
    pub(crate) fn look(&mut self, trigger: &Trigger) -> Decision {
        let decision = self.decide(trigger);
        for action in &decision.actions {
            if let Err(refused) = interlock::permit(action, &self.seen) {
                panic!("the interlock refused a decided action: {refused}");
            }
        }
        // The table holds text: what cannot be read again is lost.
        let text = serde_json::to_string(&decision.next).unwrap();
        self.record = serde_json::from_str(&text).unwrap();
        assert_eq!(self.record, decision.next, "{text}");
        if let Some(record) = &mut self.record {
            record.outbox.clear();
        }
        for action in &decision.actions {
            self.apply(action);
        }
        decision
    }

    pub(crate) fn beat(&mut self) -> Decision {
        self.look(&Trigger::Heartbeat)
    }

    /// Lets time pass with a look every five seconds, until a phase is reached.
    pub(crate) fn until_phase(&mut self, phase: &str) {
        for _ in 0..2_000 {
            if self.phase() == phase {
                return;
            }
            self.pass(5);
            self.beat();
        }
        panic!("{phase} was never reached; it stands at {}", self.phase());
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// The operation's phase, `standby` or `at rest`.
    pub(crate) fn phase(&self) -> &'static str {
        match &self.record {
            Some(record) => match (&record.operation, &record.standby) {
                (Some(own), _) => own.phase(),
                (None, Some(_)) => "standby",
                (None, None) => "at rest",
            },
            None => "at rest",
        }
    }

    pub(crate) fn set_alarm(&mut self, state: AlarmState) {
        let alarms = self.seen.alarms.get_or_insert_default();
        alarms.insert(ALARM.parse().unwrap(), AlarmSeen { state, suppressed: false });
    }

    pub(crate) fn set_health(&mut self, slot: Slot, target: TargetHealth) {
        for instance in &mut self.seen.groups[slot].instances {
            instance.target = target;
        }
    }

    fn apply(&mut self, action: &Action) {
        match action {
            Action::Route { split } => {
                let weight = |slot| split.names(slot).then(|| u16::from(split.weight(slot)));
                self.seen.routing.raw = BySlot::from_fn(weight);
            }
            Action::WriteRelease { slot, release } => {
                self.seen.releases.get_or_insert_default()[*slot] = Some(release.clone());
            }
            Action::Resize { slot, to } => self.seen.groups[*slot].capacity = *to,
            Action::Bound { slot, min, max } => {
                let capacity = &mut self.seen.groups[*slot].capacity;
                assert!(*min <= capacity.desired && capacity.desired <= *max, "AWS would resize the group");
                (capacity.min, capacity.max) = (*min, *max);
            }
            Action::Stop { slot, .. } => self.seen.groups[*slot].capacity = Capacity::NONE,
            Action::Suspend { slot, processes } => self.seen.groups[*slot].suspended.extend(processes),
            Action::Resume { slot, processes } => {
                self.seen.groups[*slot].suspended.retain(|process: &Process| !processes.contains(process));
            }
            Action::Terminate { slot, instance } => {
                let group = &mut self.seen.groups[*slot];
                assert!(group.capacity.desired > group.capacity.min, "AWS would refuse to go below the minimum");
                group.capacity.desired -= 1;
                group.instances.retain(|one| one.id != *instance);
            }
            Action::CompleteLifecycle { .. } | Action::ProlongLifecycle { .. } => {}
        }
        self.settle_groups();
    }

    pub(crate) fn settle_groups(&mut self) {
        for slot in Slot::BOTH {
            let sick = self.sick[slot];
            let group = &mut self.seen.groups[slot];
            group.instances.sort_by_key(|instance| instance.target != TargetHealth::Healthy);
            group.instances.truncate(group.capacity.desired as usize);
            let launches = !group.suspended.contains(&Process::Launch);
            while launches && group.instances.len() < group.capacity.desired as usize {
                self.serial += 1;
                group.instances.push(Instance {
                    id: format!("i-{}{}", slot, self.serial).parse().unwrap(),
                    zone: "eu-west-1a".to_owned(),
                    lifecycle: Lifecycle::InService,
                    condemned: false,
                    protected: false,
                    target: if sick { TargetHealth::Unhealthy } else { TargetHealth::Healthy },
                });
            }
        }
    }
}

fn quiet() -> Option<Quiet> {
    Some(Quiet { requests: 0, deregistration_delay: SignedDuration::from_secs(60) })
}

pub(crate) fn deploy(id: &str, release: &str) -> Trigger {
    Trigger::DeployRequested(deploy_request(id, release))
}

pub(crate) fn deploy_request(id: &str, release: &str) -> DeployRequest {
    DeployRequest {
        id: id.parse().unwrap(),
        release: release.parse().unwrap(),
        strategy: None,
        fix_forward: false,
        on_failure: OnFailure::Auto,
        requested_by: None,
        origin: Origin::Invoke,
    }
}

pub(crate) fn rollback_request(id: &str) -> RollbackRequest {
    RollbackRequest {
        id: id.parse().unwrap(),
        reason: "it looks wrong".to_owned(),
        from: None,
        force: false,
        requested_by: None,
        origin: Origin::Invoke,
    }
}

pub(crate) fn rollback(id: &str) -> Trigger {
    Trigger::RollbackRequested(rollback_request(id))
}

pub(crate) fn alarm(state: AlarmState, at: Timestamp) -> Trigger {
    Trigger::AlarmChanged(AlarmChange { alarm: ALARM.parse().unwrap(), state, at, of: Default::default() })
}

pub(crate) fn say(word: Word) -> Trigger {
    Trigger::Said(word)
}

//! The contract.

use std::fmt::Debug;

use signalbox_domain::decision::Action;
use signalbox_domain::definition::Capacity;
use signalbox_domain::notice::{Kind, Notice, Severity};
use signalbox_domain::observation::{Lifecycle, Process, TargetHealth};
use signalbox_domain::record::{OperationKind, Record};
use signalbox_domain::slot::{BySlot, Slot, Split};
use signalbox_domain::text::{RequestId, ServiceName};
use signalbox_domain::trigger::AlarmState;
use signalbox_reconciler::ports::{Clock, Cloud, ErrorClass, GroupSeen, Member, Post, Save, Saved, Store};

use crate::Place;

const ONE: Capacity = Capacity { min: 1, desired: 1, max: 2 };

/// Waits until something holds; the last thing seen is shown when it never does.
pub(crate) async fn eventually<T: Debug>(place: &impl Place, look: impl AsyncFn() -> T, holds: impl Fn(&T) -> bool) {
    let mut seen = look().await;
    for _ in 0..200 {
        if holds(&seen) {
            return;
        }
        place.pass().await;
        seen = look().await;
    }
    panic!("it never came to hold: {seen:?}");
}

pub(crate) async fn apply(place: &impl Place, action: Action) {
    place.ports().apply(&place.definition(), &action).await.unwrap();
}

pub(crate) async fn health(place: &impl Place, slot: Slot) -> Vec<TargetHealth> {
    place.ports().targets(&place.definition(), slot).await.unwrap().into_values().collect()
}

pub(crate) async fn group(place: &impl Place, slot: Slot) -> GroupSeen {
    let groups = place.ports().groups(&place.definition()).await.unwrap();
    groups[slot].clone()
}

pub(crate) async fn weights_read_back_as_they_were_written<P: Place>(place: &P) {
    let green_ten = Split::give(Slot::Green, 10.try_into().unwrap());
    for split in [Split::all_to(Slot::Blue), green_ten, Split::Only(Slot::Green), Split::all_to(Slot::Green)] {
        for _ in 0..2 {
            apply(place, Action::Route { split }).await;
        }
        let routing = place.ports().routing(&place.definition()).await.unwrap();
        assert!(routing.is(split), "{split} reads back as {routing:?}");
        assert_eq!((routing.elsewhere, routing.sticky), (0, None));
    }
}

pub(crate) async fn a_group_that_no_rule_names_is_not_checked<P: Place>(place: &P) {
    apply(place, Action::Route { split: Split::Only(Slot::Blue) }).await;
    apply(place, Action::Resize { slot: Slot::Green, to: ONE }).await;
    // The nodes may still follow the rule before.
    eventually(place, async || health(place, Slot::Green).await, |seen| seen == &[TargetHealth::Unused]).await;
    apply(place, Action::Route { split: Split::all_to(Slot::Blue) }).await;
    let healthy_at_once = health(place, Slot::Green).await == [TargetHealth::Healthy];
    assert_eq!(healthy_at_once, !P::BOOTS);
    eventually(place, async || health(place, Slot::Green).await, |seen| seen == &[TargetHealth::Healthy]).await;
}

pub(crate) async fn a_group_grows_to_its_desired_size_and_shrinks_to_nothing<P: Place>(place: &P) {
    apply(place, Action::Route { split: Split::all_to(Slot::Blue) }).await;
    let two = Capacity { min: 2, desired: 2, max: 3 };
    apply(place, Action::Resize { slot: Slot::Green, to: two }).await;
    assert_eq!(group(place, Slot::Green).await.capacity, two);
    eventually(place, async || health(place, Slot::Green).await, |seen| seen == &[TargetHealth::Healthy; 2]).await;
    let serves = |member: &Member| member.lifecycle == Lifecycle::InService && !member.condemned && !member.protected;
    assert!(group(place, Slot::Green).await.members.iter().all(serves));
    apply(place, Action::Resize { slot: Slot::Green, to: Capacity::NONE }).await;
    if P::DRAINS {
        eventually(place, async || health(place, Slot::Green).await, |seen| seen == &[TargetHealth::Draining; 2]).await;
        assert!(group(place, Slot::Green).await.members.iter().all(|member| member.lifecycle.is_leaving()));
    }
    eventually(place, async || health(place, Slot::Green).await, Vec::is_empty).await;
    eventually(place, async || group(place, Slot::Green).await, |seen| seen.members.is_empty()).await;
}

pub(crate) async fn sizes_that_contradict_each_other_are_refused_and_change_nothing<P: Place>(place: &P) {
    let before = group(place, Slot::Blue).await.capacity;
    for (min, desired, max) in [(2, 1, 3), (1, 3, 2)] {
        let action = Action::Resize { slot: Slot::Blue, to: Capacity { min, desired, max } };
        let refused = place.ports().apply(&place.definition(), &action).await.unwrap_err();
        assert_eq!(refused.class, ErrorClass::Permanent, "{refused}");
    }
    assert_eq!(group(place, Slot::Blue).await.capacity, before);
}

pub(crate) async fn processes_are_suspended_and_resumed_once_however_often_it_is_said<P: Place>(place: &P) {
    let processes = || Process::ALL.into_iter().collect();
    for _ in 0..2 {
        apply(place, Action::Suspend { slot: Slot::Blue, processes: processes() }).await;
    }
    assert_eq!(group(place, Slot::Blue).await.suspended, processes());
    assert!(group(place, Slot::Green).await.suspended.is_empty());
    for _ in 0..2 {
        apply(place, Action::Resume { slot: Slot::Blue, processes: processes() }).await;
    }
    assert!(group(place, Slot::Blue).await.suspended.is_empty());
}

pub(crate) async fn a_release_reads_back_and_the_other_slot_keeps_its_own<P: Place>(place: &P) {
    let read = async || place.ports().parameters(&place.definition()).await.unwrap();
    assert_eq!(read().await, BySlot { blue: Some("v1".parse().unwrap()), green: None });
    for _ in 0..2 {
        apply(place, Action::WriteRelease { slot: Slot::Green, release: "v2".parse().unwrap() }).await;
    }
    assert_eq!(read().await, BySlot { blue: Some("v1".parse().unwrap()), green: Some("v2".parse().unwrap()) });
}

pub(crate) async fn an_alarm_that_does_not_exist_is_missing_and_no_error<P: Place>(place: &P) {
    let definition = place.definition();
    let alarms = place.ports().alarms(&definition).await.unwrap();
    let asked: Vec<_> = definition.guard.alarms.iter().collect();
    assert_eq!(alarms.get(asked[0]).map(|seen| (seen.state, seen.suppressed)), Some((AlarmState::Ok, false)));
    assert_eq!((asked[1].as_str(), alarms.get(asked[1])), ("not-there", None));
}

pub(crate) async fn a_slot_without_requests_is_quiet<P: Place>(place: &P) {
    let ports = place.ports();
    let quiet = ports.quiet(&place.definition(), Slot::Green, ports.now()).await.unwrap();
    assert_eq!(quiet.requests, 0);
    assert!(quiet.deregistration_delay.as_secs() >= 0);
}

pub(crate) async fn nothing_stands_around_a_service_of_its_own<P: Place>(place: &P) {
    assert_eq!(place.ports().surroundings(&place.definition()).await.unwrap(), Default::default());
}

pub(crate) fn record(place: &impl Place, live: Slot) -> Record {
    let releases = BySlot { blue: Some("v1".parse().unwrap()), green: None };
    // The table keeps whole seconds at least.
    let now = place.ports().now().round(jiff::Unit::Second).unwrap();
    Record::at_rest(live, releases, Split::all_to(live), now)
}

pub(crate) fn save(place: &impl Place, record: Record, expected: Option<u64>) -> Save {
    Save {
        service: place.definition().name,
        record: Some((record, expected)),
        operations: Vec::new(),
        decision: None,
        accepted: None,
        nonce: place.ports().nonce(),
    }
}

async fn loaded(place: &impl Place) -> Option<(Record, u64)> {
    place.ports().load(&place.definition().name, None).await.unwrap().record
}

pub(crate) async fn a_record_is_written_by_whoever_read_it_last<P: Place>(place: &P) {
    assert_eq!(loaded(place).await, None);
    let (blue, green) = (record(place, Slot::Blue), record(place, Slot::Green));
    assert_eq!(place.ports().save(&save(place, blue.clone(), None)).await.unwrap(), Saved::Done);
    assert_eq!(place.ports().save(&save(place, green.clone(), None)).await.unwrap(), Saved::Lost, "it exists");
    let (read, version) = loaded(place).await.unwrap();
    assert_eq!(read, blue);
    assert_eq!(place.ports().save(&save(place, green.clone(), Some(version))).await.unwrap(), Saved::Done);
    assert_eq!(place.ports().save(&save(place, blue, Some(version))).await.unwrap(), Saved::Lost, "it was read before");
    assert_eq!(loaded(place).await, Some((green, version + 1)));
}

pub(crate) async fn busy_services_are_nominated_and_others_are_not<P: Place>(place: &P) {
    let own: ServiceName = place.definition().name;
    let nominated = async || place.ports().busy().await.unwrap().contains(&own);
    let mut busy = record(place, Slot::Blue);
    busy.drift.pending = true;
    place.ports().save(&save(place, busy, None)).await.unwrap();
    eventually(place, &nominated, |nominated| *nominated).await;
    place.ports().save(&save(place, record(place, Slot::Blue), Some(1))).await.unwrap();
    eventually(place, &nominated, |nominated| !*nominated).await;
    let all = place.ports().definitions().await.unwrap();
    assert!(all.iter().any(|(name, _)| name == own.as_str()), "it is defined all the same");
}

pub(crate) async fn a_request_that_was_accepted_is_known_from_then_on<P: Place>(place: &P) {
    let (request, operation): (RequestId, RequestId) = ("r-1".parse().unwrap(), "d-1".parse().unwrap());
    let name = place.definition().name;
    let known = async || place.ports().load(&name, Some(&request)).await.unwrap().known_request;
    assert_eq!(known().await, None);
    let accepted = Some((request.clone(), operation.clone()));
    place.ports().save(&Save { accepted, ..save(place, record(place, Slot::Blue), None) }).await.unwrap();
    assert_eq!(known().await, Some(operation));
}

pub(crate) async fn an_operation_that_is_not_there_is_none_and_no_error<P: Place>(place: &P) {
    let id: RequestId = "d-none".parse().unwrap();
    for kind in [OperationKind::Deployment, OperationKind::Replacement] {
        assert_eq!(place.ports().operation(&place.definition().name, kind, &id).await.unwrap(), None);
    }
    let nobody: ServiceName = "nobody".parse().unwrap();
    let loaded = place.ports().load(&nobody, None).await.unwrap();
    assert_eq!((loaded.definition, loaded.record, loaded.newer_schema), (None, None, false));
}

pub(crate) async fn a_notice_leaves<P: Place>(place: &P) {
    let name = place.definition().name;
    let notice = Notice {
        id: "d-1/deployment_succeeded/1".to_owned(),
        kind: Kind::DeploymentSucceeded,
        severity: Severity::Info,
        operation: Some("d-1".to_owned()),
        text: "codedetect: v2 is live on green".to_owned(),
        at: place.ports().now(),
    };
    place.ports().publish(&name, place.definition().alerts_topic_arn.as_ref(), &notice).await.unwrap();
}

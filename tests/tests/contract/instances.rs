//! The contract: single instances.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use signalbox_domain::decision::Action;
use signalbox_domain::definition::Capacity;
use signalbox_domain::observation::{Lifecycle, Process, TargetHealth};
use signalbox_domain::slot::{Slot, Split};
use signalbox_domain::text::InstanceId;
use signalbox_reconciler::ports::{Cloud, ErrorClass, Targets};

use crate::Place;
use crate::behaviours::{apply, eventually, group, health};

/// Grows green to this size, until all of it is healthy.
async fn grow(place: &impl Place, to: Capacity) -> Vec<InstanceId> {
    apply(place, Action::Route { split: Split::all_to(Slot::Blue) }).await;
    apply(place, Action::Resize { slot: Slot::Green, to }).await;
    let all = usize::try_from(to.desired).unwrap();
    let all_healthy = |seen: &Vec<TargetHealth>| *seen == vec![TargetHealth::Healthy; all];
    eventually(place, async || health(place, Slot::Green).await, all_healthy).await;
    members(place).await
}

async fn members(place: &impl Place) -> Vec<InstanceId> {
    group(place, Slot::Green).await.members.into_iter().map(|member| member.id).collect()
}

async fn targets(place: &impl Place) -> Targets {
    place.ports().targets(&place.definition(), Slot::Green).await.unwrap()
}

fn terminate(instance: &InstanceId) -> Action {
    Action::Terminate { slot: Slot::Green, instance: instance.clone() }
}

pub(crate) async fn an_instance_that_is_terminated_with_decrement_is_the_one_that_leaves_and_the_group_is_one_smaller<
    P: Place,
>(
    place: &P,
) {
    let mut there = grow(place, Capacity { min: 1, desired: 3, max: 4 }).await;
    let victim = there.remove(1);
    apply(place, terminate(&victim)).await;
    assert_eq!(group(place, Slot::Green).await.capacity, Capacity { min: 1, desired: 2, max: 4 });
    if P::DRAINS {
        eventually(place, async || targets(place).await, |seen| seen[&victim] == TargetHealth::Draining).await;
        let leaving = group(place, Slot::Green).await.members.into_iter().filter(|one| one.lifecycle.is_leaving());
        assert_eq!(leaving.map(|one| one.id).collect::<Vec<_>>(), [victim]);
    }
    let stay = BTreeSet::from_iter(there);
    eventually(place, async || members(place).await, |seen| BTreeSet::from_iter(seen.clone()) == stay).await;
    eventually(place, async || targets(place).await, |seen| seen.keys().eq(&stay)).await;
    assert_eq!(health(place, Slot::Green).await, [TargetHealth::Healthy; 2], "nobody was launched in its place");
}

pub(crate) async fn terminating_it_again_changes_nothing<P: Place>(place: &P) {
    let victim = grow(place, Capacity { min: 0, desired: 2, max: 3 }).await.remove(0);
    apply(place, terminate(&victim)).await;
    // While it still leaves, AWS does not say what a second call does: then the minimum has to hold.
    eventually(place, async || members(place).await, |seen| !seen.contains(&victim)).await;
    let before = group(place, Slot::Green).await;
    for _ in 0..2 {
        apply(place, terminate(&victim)).await;
        place.pass().await;
    }
    assert_eq!(group(place, Slot::Green).await, before);
    assert_eq!(before.capacity, Capacity { min: 0, desired: 1, max: 3 });
}

pub(crate) async fn a_decrement_below_the_minimum_is_refused<P: Place>(place: &P) {
    let there = grow(place, Capacity { min: 2, desired: 2, max: 3 }).await;
    let before = group(place, Slot::Green).await;
    let refused = place.ports().apply(&place.definition(), &terminate(&there[0])).await.unwrap_err();
    assert_eq!(refused.class, ErrorClass::Permanent, "{refused}");
    assert_eq!(group(place, Slot::Green).await, before);
    assert!(before.members.iter().all(|member| member.lifecycle == Lifecycle::InService), "{before:?}");
}

pub(crate) async fn a_group_launches_nothing_while_that_is_suspended<P: Place>(place: &P) {
    let one = grow(place, Capacity { min: 1, desired: 1, max: 3 }).await;
    let launch = || BTreeSet::from([Process::Launch]);
    apply(place, Action::Suspend { slot: Slot::Green, processes: launch() }).await;
    apply(place, Action::Resize { slot: Slot::Green, to: Capacity { min: 1, desired: 2, max: 3 } }).await;
    for _ in 0..5 {
        place.pass().await;
    }
    assert_eq!(members(place).await, one);
    apply(place, Action::Resume { slot: Slot::Green, processes: launch() }).await;
    eventually(place, async || members(place).await, |seen| seen.len() == 2).await;
}

pub(crate) async fn the_group_an_instance_is_in_is_known<P: Place>(place: &P) {
    let one = grow(place, Capacity { min: 0, desired: 1, max: 1 }).await.remove(0);
    let blue = group(place, Slot::Blue).await.members.remove(0).id;
    let nobody: InstanceId = "i-0123456789abcdef0".parse().unwrap();
    let owners = async || place.ports().owners(&[one.clone(), nobody.clone(), blue.clone()]).await.unwrap();
    let slots = place.definition().slots;
    let both = BTreeMap::from([(one.clone(), slots.green.asg), (blue.clone(), slots.blue.asg)]);
    assert_eq!(owners().await, both);
    assert_eq!(place.ports().owners(&[]).await.unwrap(), BTreeMap::new());
    apply(place, terminate(&one)).await;
    eventually(place, owners, |seen| seen.keys().eq([&blue])).await;
}

pub(crate) async fn instances_are_in_the_zones_that_their_group_spans<P: Place>(place: &P) {
    let all = u32::try_from(P::ZONES.len()).unwrap();
    grow(place, Capacity { min: 0, desired: all, max: all }).await;
    let zones: BTreeSet<String> = group(place, Slot::Green).await.members.into_iter().map(|one| one.zone).collect();
    assert!(zones.iter().eq(P::ZONES), "{zones:?}");
}

pub(crate) async fn a_group_says_whether_it_heals_itself_and_after_which_grace_period<P: Place>(place: &P) {
    for slot in Slot::BOTH {
        assert!(!group(place, slot).await.heals_itself);
    }
    let grace = SignedDuration::from_secs(90);
    place.heal_by_itself(Slot::Green, grace).await;
    let seen = group(place, Slot::Green).await;
    assert_eq!((seen.heals_itself, seen.grace), (true, grace));
    assert!(!group(place, Slot::Blue).await.heals_itself);
}

pub(crate) async fn an_instance_that_no_hook_holds_is_let_go_and_held_without_complaint<P: Place>(place: &P) {
    let instance = grow(place, Capacity { min: 0, desired: 1, max: 1 }).await.remove(0);
    let before = group(place, Slot::Green).await;
    let (slot, hook) = (Slot::Green, || "booted".to_owned());
    apply(place, Action::ProlongLifecycle { slot, instance: instance.clone(), hook: hook() }).await;
    apply(place, Action::CompleteLifecycle { slot, instance, hook: hook() }).await;
    assert_eq!(group(place, Slot::Green).await, before);
}

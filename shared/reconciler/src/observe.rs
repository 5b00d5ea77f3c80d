//! One observation from many calls, made side by side.

use futures_util::future::{OptionFuture, join, join3, join5};
use jiff::Timestamp;
use signalbox_domain::definition::{Definition, ReleaseSource};
use signalbox_domain::deployment::Deployment;
use signalbox_domain::needs::Needs;
use signalbox_domain::observation::{Group, Instance, Observation, Probed, TargetHealth, Traffic};
use signalbox_domain::slot::{BySlot, Slot};

use crate::ports::{Cloud, CloudError, GroupSeen, Targets};

/// Looks at the world. Without the weights, the groups and their targets nothing can be decided, so a
/// failure there is an error; what failed beyond that is simply not seen: nothing moves forward
/// without it, and no rollback waits for it.
pub(crate) async fn observe(
    cloud: &impl Cloud,
    definition: &Definition,
    needs: Needs,
    about: Option<&Deployment>,
    now: Timestamp,
) -> Result<Observation, CloudError> {
    let in_parameters = matches!(definition.release, ReleaseSource::Parameter(_));
    let wants_alarms = needs.alarms && !definition.guard.alarms.is_empty();
    let essential = join5(
        cloud.routing(definition),
        cloud.groups(definition),
        cloud.targets(definition, Slot::Blue),
        cloud.targets(definition, Slot::Green),
        OptionFuture::from((in_parameters && needs.releases).then(|| cloud.parameters(definition))),
    );
    let asked = needs.probe.zip(about);
    let evidence = join(
        OptionFuture::from(needs.traffic.map(|window| cloud.traffic(definition, window))),
        OptionFuture::from(asked.map(|(probe, about)| cloud.probe(definition, about, probe))),
    );
    let beyond = join3(
        OptionFuture::from(wants_alarms.then(|| cloud.alarms(definition))),
        OptionFuture::from(needs.surroundings.then(|| cloud.surroundings(definition))),
        OptionFuture::from(needs.quiet.map(|slot| cloud.quiet(definition, slot, now))),
    );
    let ((routing, groups, blue, green, parameters), (alarms, surroundings, quiet), (traffic, probed)) =
        join3(essential, beyond, evidence).await;
    let groups = groups?;
    let releases = match parameters {
        Some(parameters) => seen_or_logged(parameters, definition),
        None if in_parameters => None,
        None => Some(BySlot::from_fn(|slot| groups[slot].template_version.clone())),
    };
    let targets = BySlot { blue: blue?, green: green? };
    let quiet = quiet.and_then(|quiet| seen_or_logged(quiet, definition));
    Ok(Observation {
        routing: routing?,
        groups: BySlot { blue: group(groups.blue, &targets.blue), green: group(groups.green, &targets.green) },
        releases,
        alarms: if wants_alarms {
            alarms.and_then(|alarms| seen_or_logged(alarms, definition))
        } else {
            Some(Default::default())
        },
        quiet: BySlot::from_fn(|slot| if needs.quiet == Some(slot) { quiet } else { None }),
        traffic: needs
            .traffic
            .zip(traffic.and_then(|minutes| seen_or_logged(minutes, definition)))
            .map(|(window, minutes)| Traffic { window, minutes }),
        probed: asked.zip(probed).map(|((probe, _), answer)| Probed { probe, answer }),
        surroundings: surroundings.and_then(|surroundings| seen_or_logged(surroundings, definition)),
    })
}

fn seen_or_logged<T>(result: Result<T, CloudError>, definition: &Definition) -> Option<T> {
    result.inspect_err(|error| tracing::warn!(service = %definition.name, %error, "not seen this time")).ok()
}

fn group(seen: GroupSeen, targets: &Targets) -> Group {
    let instances = seen
        .members
        .into_iter()
        .map(|member| Instance {
            target: targets.get(&member.id).copied().unwrap_or(TargetHealth::Absent),
            id: member.id,
            zone: member.zone,
            lifecycle: member.lifecycle,
            condemned: member.condemned,
            protected: member.protected,
        })
        .collect();
    Group {
        capacity: seen.capacity,
        instances,
        suspended: seen.suspended,
        heals_itself: seen.heals_itself,
        grace: seen.grace,
    }
}

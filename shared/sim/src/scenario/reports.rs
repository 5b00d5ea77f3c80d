//! Users' reports as evidence: a release that looks healthy and is reported broken.

use signalbox_domain::slot::Slot;

use super::Scenario;
use super::script::{What, When};
use crate::alarms::{Alarm, BUG_REPORTS};
use crate::world::World;

const V2: &[&str] = &["v2"];
const EITHER: &[&str] = &["v1", "v2"];

/// A canary whose guard is an alarm on users' reports.
fn watched(
    id: &'static str,
    about: &'static str,
    judge: fn(&World) -> Vec<String>,
    script: Vec<(When, What)>,
) -> Scenario {
    let deploys = (When::Later(30), What::Deploy("d-1", "v2"));
    let script = std::iter::once(deploys).chain(script).collect();
    Scenario {
        definition: format!(
            r#","strategy":{{"kind":"canary","weight":10,"bake":"5m"}},"guard":{{"alarms":["{BUG_REPORTS}"]}}"#
        )
        .into(),
        opening: |world| {
            world.alarms.insert(BUG_REPORTS.to_owned(), Alarm::on_bug_reports(3));
        },
        ends_on_in_weather: EITHER,
        judge,
        ..Scenario::of(id, about, script)
    }
}

/// Every report that is kept is mailed, and once where nothing went wrong and nobody died.
fn all_mailed(world: &World) -> Vec<String> {
    let (kept, mailed) = world.reported.kept_and_mailed();
    let right = if world.faults.went_wrong.is_empty() && world.faults.crash_at.is_none() {
        kept > 0 && mailed == kept
    } else {
        mailed >= kept
    };
    if right { Vec::new() } else { vec![format!("{kept} reports, and {mailed} mails")] }
}

/// Every scenario of users' reports.
pub(super) fn scenarios() -> Vec<Scenario> {
    let reports = |count: u32| What::UsersReport(count);
    vec![
        watched(
            "P7",
            "a release looks healthy, and users report within minutes that it is broken",
            all_mailed,
            vec![(When::In("baking", 60), reports(5))],
        ),
        watched(
            "P7-canary",
            "users report it while it has a tenth of the traffic",
            all_mailed,
            vec![(When::In("shifting", 60), reports(4))],
        ),
        watched(
            "P7-standby",
            "users report it after it has succeeded, and the former release still stands by",
            all_mailed,
            vec![(When::In("standby", 120), reports(4))],
        ),
        Scenario {
            ends_on: V2,
            ..watched(
                "P7-few",
                "two users report something, as on any day",
                |world| {
                    let rolled_back = world.share(Slot::Green) == 0 && !world.table.operations.is_empty();
                    let told = world.post.iter().any(|(_, told)| told.kind.name() == "rollback_started");
                    let mut wrong = all_mailed(world);
                    wrong.extend((rolled_back && told).then(|| "two reports took a release back".to_owned()));
                    wrong
                },
                vec![(When::In("baking", 60), reports(2))],
            )
        },
    ]
}

//! Users' reports as evidence: a release that looks healthy and is reported broken.

use signalbox_domain::slot::Slot;

use super::Scenario;
use super::script::{Line, What, When};
use crate::alarms::{Alarm, BUG_REPORTS};
use crate::world::World;

const V1: &[&str] = &["v1"];
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
    let script = std::iter::once(deploys).chain(script).map(|(when, what)| Line { when, what }).collect();
    Scenario {
        id,
        about,
        definition: format!(
            r#","strategy":{{"kind":"canary","weight":10,"bake":"5m"}},"guard":{{"alarms":["{BUG_REPORTS}"]}}"#
        )
        .into(),
        opening: |world| {
            world.alarms.insert(BUG_REPORTS.to_owned(), Alarm::on_bug_reports(3));
        },
        script,
        ends_on: V1,
        ends_on_in_weather: EITHER,
        judge,
        drawn: None,
    }
}

/// Every report is mailed, and each only as often as functions died beside it.
fn all_mailed(world: &World) -> Vec<String> {
    let (mails, reports) = (world.reported.mails(), world.reported.subjects().len());
    if mails >= reports { Vec::new() } else { vec![format!("{reports} reports, and {mails} mails")] }
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
                    if rolled_back && told { vec!["two reports took a release back".to_owned()] } else { Vec::new() }
                },
                vec![(When::In("baking", 60), reports(2))],
            )
        },
    ]
}

//! The contract: replacements in the table, beside deployments.

use serde_json::json;
use signalbox_domain::decision::Entry;
use signalbox_domain::record::Operation;
use signalbox_domain::replacement::{Because, Phase, Replacement, Sickness};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::InstanceId;
use signalbox_reconciler::ports::{Clock, OperationItem, Save, Saved, Store};

use crate::Place;
use crate::behaviours::{record, save};

/// A replacement in this phase, with a line for it in its timeline.
pub(crate) fn replacement(place: &impl Place, id: &str, phase: Phase) -> OperationItem {
    let now = place.ports().now();
    let instance: InstanceId = "i-0a1b2c3d4e5f60718".parse().unwrap();
    let because = Because::Sick { sickness: Sickness::FailsCheck };
    let operation = Operation::Replacement(Replacement {
        before: [instance.clone()].into(),
        phase,
        ..Replacement::of(instance, Slot::Blue, because, id.parse().unwrap(), now)
    });
    let entry = Entry {
        at: now,
        phase: operation.phase().to_owned(),
        what: "it moved".to_owned(),
        weights: BySlot { blue: 100, green: 0 },
        healthy: BySlot { blue: 1, green: 0 },
    };
    OperationItem { operation, timeline: vec![entry] }
}

/// A deployment that has succeeded.
pub(crate) fn deployment(place: &impl Place, id: &str) -> OperationItem {
    let now = place.ports().now();
    let document = json!({
        "kind": "deployment", "id": id, "release": "v2", "slot": "green", "from": "v1", "purpose": "forward",
        "steps": [], "on_failure": "auto", "requested_by": null, "began": now, "size": 1,
        "capacity": {"min": 1, "desired": 1, "max": 2}, "ignored_alarms": [], "paused_since": null,
        "paused_before": "PT0S", "short_since": null, "asking": null, "carried": true, "since": now,
        "phase": "succeeded", "timeline": [],
    });
    serde_json::from_value(document).unwrap()
}

async fn read(place: &impl Place, item: &OperationItem) -> Option<OperationItem> {
    let name = place.definition().name;
    place.ports().operation(&name, item.operation.kind(), item.operation.id()).await.unwrap()
}

pub(crate) async fn a_replacement_reads_back_as_it_was_written_and_as_it_went_on<P: Place>(place: &P) {
    let ended = replacement(place, "i-1.1", Phase::Held { why: "too many".to_owned() });
    let begun = replacement(place, "i-2.1", Phase::Confirming);
    let deployed = deployment(place, "d-1");
    let mut first = record(place, Slot::Blue);
    first.operation = Some(begun.operation.clone());
    let operations = vec![ended.clone(), begun.clone(), deployed.clone()];
    let saved = place.ports().save(&Save { operations, ..save(place, first.clone(), None) }).await.unwrap();
    assert_eq!(saved, Saved::Done);
    for item in [&ended, &begun, &deployed] {
        assert_eq!(read(place, item).await.as_ref(), Some(item));
    }
    let loaded = place.ports().load(&place.definition().name, None).await.unwrap();
    assert_eq!(loaded.record, Some((first, 1)));
    let went_on = replacement(place, "i-2.1", Phase::Removing { gone_since: Some(place.ports().now()) });
    let operations = vec![went_on.clone()];
    let next = Save { operations, ..save(place, record(place, Slot::Blue), Some(1)) };
    assert_eq!(place.ports().save(&next).await.unwrap(), Saved::Done);
    assert_eq!(read(place, &begun).await, Some(went_on));
}

pub(crate) async fn operations_that_lose_the_race_are_not_written<P: Place>(place: &P) {
    place.ports().save(&save(place, record(place, Slot::Blue), None)).await.unwrap();
    let late = replacement(place, "i-1.1", Phase::Surging);
    let operations = vec![late.clone()];
    let lost = Save { operations, ..save(place, record(place, Slot::Blue), Some(7)) };
    assert_eq!(place.ports().save(&lost).await.unwrap(), Saved::Lost);
    assert_eq!(read(place, &late).await, None);
}

//! The table, and its index that is a little behind.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signalbox_domain::record::Record;
use signalbox_reconciler::ports::{DecisionItem, OperationItem, Save, Saved, next_version};

use crate::checkers::{self, Invariant};
use crate::faults::Tampering;
use crate::world::World;

/// The table.
#[derive(Debug, Default)]
pub struct Table {
    /// Definitions by service.
    pub definitions: BTreeMap<String, String>,
    /// Records with their version and their last writer's mark.
    pub records: BTreeMap<String, (Record, u64, u128)>,
    /// Operations by service and id.
    pub operations: BTreeMap<(String, String), OperationItem>,
    /// Decisions in the order of their saves.
    pub decisions: Vec<(String, DecisionItem)>,
    /// Accepted requests by service and id, with the operation they belong to.
    pub requests: BTreeMap<(String, String), String>,
    /// The phases each operation went through, as they were saved.
    pub phases: BTreeMap<String, Vec<&'static str>>,
    /// The busy services, as they were from each time on.
    busy: Vec<(Timestamp, BTreeSet<String>)>,
}

impl World {
    /// Saves all of it or nothing.
    pub(crate) fn save(&mut self, save: &Save) -> Saved {
        let service = save.service.to_string();
        let tampering = self.faults.tampering;
        type Written = (Option<(Record, Option<u64>)>, Vec<OperationItem>);
        let Some((record, operations)) = read_back::<Written>((&save.record, &save.operations)) else {
            self.violate(Invariant::Terminates, "something was written that nobody can read");
            return Saved::Done;
        };
        let table = &mut self.table;
        if let Some((record, expected)) = record {
            let stored = table.records.get(&service).map(|(_, version, _)| *version);
            let lost = stored != expected;
            if lost && tampering == Some(Tampering::ActBeforeSave) {
                return Saved::Done;
            }
            if lost && tampering != Some(Tampering::IgnoreVersion) {
                return Saved::Lost;
            }
            let version = next_version(stored);
            table.records.insert(service.clone(), (record, version, save.nonce));
            table.index(self.now);
        }
        if let Some((request, operation)) = &save.accepted {
            table.requests.insert((service.clone(), request.to_string()), operation.to_string());
        }
        for item in operations {
            let id = item.operation.id().to_string();
            let phases = table.phases.entry(id.clone()).or_default();
            if phases.last() != Some(&item.operation.phase()) {
                phases.push(item.operation.phase());
            }
            table.operations.insert((service.clone(), id), item);
        }
        if let Some(decision) = &save.decision {
            table.decisions.push((service, decision.clone()));
        }
        checkers::after_save(self);
        Saved::Done
    }
}

/// What is read of what was written: the table holds text.
fn read_back<T: DeserializeOwned>(written: impl Serialize) -> Option<T> {
    serde_json::from_str(&serde_json::to_string(&written).ok()?).ok()
}

impl Table {
    fn index(&mut self, now: Timestamp) {
        let busy = self.records.iter().filter(|(_, (record, _, _))| record.is_busy());
        let busy = busy.map(|(name, _)| name.clone()).collect();
        if self.busy.last().is_none_or(|(_, last)| *last != busy) {
            self.busy.push((now, busy));
        }
    }

    /// The busy services as a global index shows them: it is only eventually consistent
    /// ([indexes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html)).
    #[must_use]
    pub fn busy(&self, now: Timestamp, behind: SignedDuration) -> BTreeSet<String> {
        let then = now - behind;
        let known = self.busy.iter().rev().find(|(from, _)| *from <= then);
        known.map(|(_, busy)| busy.clone()).unwrap_or_default()
    }

    /// The operations that have not ended, by id and phase.
    pub(crate) fn under_way(&self) -> Vec<&String> {
        let ended = |phases: &Vec<&'static str>| {
            matches!(phases.last(), Some(&("succeeded" | "rolled_back" | "replaced" | "stood_down" | "held")))
        };
        self.phases.iter().filter(|(_, phases)| !ended(phases)).map(|(id, _)| id).collect()
    }
}

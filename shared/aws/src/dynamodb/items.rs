//! Items as the table holds them. Pure.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use signalbox_domain::billing::{Month, MonthName};
use signalbox_domain::record::{OperationKind, Record, SCHEMA};
use signalbox_domain::report::Fingerprint;
use signalbox_domain::text::{RequestId, ServiceName};
use signalbox_reconciler::ports::{DecisionItem, OperationItem};

use super::ulid::ulid;

/// An item, by attribute.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The partition of the definitions.
pub(super) const SERVICES: &str = "SERVICES";
/// The sort key of a record.
pub(super) const RECORD: &str = "RECORD";
/// What a service's partition begins with.
const SERVICE: &str = "SERVICE#";
/// What a decision's sort key begins with.
pub(super) const DECISION: &str = "DECISION#";
/// What an accepted request's sort key begins with.
const REQUEST: &str = "REQUEST#";
/// The partition of what belongs to no service.
const ACCOUNT: &str = "ACCOUNT";
/// What the sort keys of the billing plan and of the months begin with.
const BILLING: &str = "BILLING#";
/// The schema of a month that this version writes. What is newer it does not understand.
const MONTH_SCHEMA: u32 = 1;
/// What the partition of a thread of reports, of a report and of the desk begins with.
const REPORT: &str = "REPORT";
/// The schema of all three that this version writes.
const REPORT_SCHEMA: u32 = 1;

/// What the sort key of an operation of this kind begins with.
pub(super) fn operations(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Deployment => "DEPLOYMENT#",
        OperationKind::Replacement => "REPLACEMENT#",
    }
}

/// The key of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    pub(super) fn definition(service: &ServiceName) -> Key {
        Key { pk: SERVICES.to_owned(), sk: service.to_string() }
    }

    pub(super) fn record(service: &ServiceName) -> Key {
        Key { pk: partition(service), sk: RECORD.to_owned() }
    }

    pub(super) fn operation(service: &ServiceName, kind: OperationKind, id: &RequestId) -> Key {
        Key { pk: partition(service), sk: format!("{}{id}", operations(kind)) }
    }

    pub(super) fn request(service: &ServiceName, id: &RequestId) -> Key {
        Key { pk: partition(service), sk: format!("{REQUEST}{id}") }
    }

    pub(super) fn decision(service: &ServiceName, decision: &DecisionItem, nonce: u128) -> Key {
        Key { pk: partition(service), sk: format!("{DECISION}{}", ulid(decision.at, nonce)) }
    }

    pub(super) fn plan() -> Key {
        Key { pk: ACCOUNT.to_owned(), sk: format!("{BILLING}PLAN") }
    }

    pub(super) fn month(month: MonthName) -> Key {
        Key { pk: ACCOUNT.to_owned(), sk: format!("{BILLING}{month}") }
    }

    pub(super) fn thread(thread: &Fingerprint) -> Key {
        Key { pk: format!("{REPORT}#{thread}"), sk: REPORT.to_owned() }
    }

    pub(super) fn desk() -> Key {
        Key { pk: format!("{REPORT}#DESK"), sk: "DESK".to_owned() }
    }

    pub(super) fn report(id: &str) -> Key {
        Key { pk: format!("{REPORT}#ID#{id}"), sk: "ENTRY".to_owned() }
    }

    /// The key that an item has; empty where it has none.
    pub(super) fn of(item: &Item) -> Key {
        let part = |name| text(item, name).cloned().unwrap_or_default();
        Key { pk: part("pk"), sk: part("sk") }
    }

    /// Whether `item` is the one of this key.
    pub(super) fn is_of(&self, item: &Item) -> bool {
        text(item, "pk") == Some(&self.pk) && text(item, "sk") == Some(&self.sk)
    }

    pub(super) fn item(&self) -> Item {
        Item::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.pk, self.sk)
    }
}

/// The partition of a service.
pub(super) fn partition(service: &ServiceName) -> String {
    format!("{SERVICE}{service}")
}

/// The service whose partition this is.
pub(super) fn service_of(pk: &str) -> Option<ServiceName> {
    pk.strip_prefix(SERVICE)?.parse().ok()
}

/// What a remembered request says.
#[derive(Serialize, Deserialize)]
struct Request {
    operation: RequestId,
}

/// The attribute of this name, if it is text.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

fn number(item: &Item, name: &str) -> Result<u64, String> {
    let number = item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("{name} is no number"))
}

/// The content of an item. What it holds is not repeated in the error.
pub(super) fn doc<T: DeserializeOwned>(item: &Item) -> Result<T, String> {
    let doc = text(item, "doc").ok_or_else(|| "doc is missing".to_owned())?;
    serde_json::from_str(doc)
        .map_err(|error| format!("doc cannot be read (line {}, column {})", error.line(), error.column()))
}

/// The record with its version; `None`: a newer version of Signalbox wrote it.
pub(super) fn read_record(item: &Item) -> Result<Option<(Record, u64)>, String> {
    if number(item, "schema")? > u64::from(SCHEMA) {
        return Ok(None);
    }
    Ok(Some((doc(item)?, number(item, "version")?)))
}

pub(super) fn read_request(item: &Item) -> Result<RequestId, String> {
    doc::<Request>(item).map(|request| request.operation)
}

/// An item with a key, its content and the writer's mark.
fn write(key: &Key, doc: &impl Serialize, nonce: u128) -> Result<Item, String> {
    let doc = serde_json::to_string(doc).map_err(|error| format!("cannot be written as JSON: {error}"))?;
    let mut item = key.item();
    item.insert("doc".to_owned(), AttributeValue::S(doc));
    item.insert(WRITER.to_owned(), mark(nonce));
    Ok(item)
}

/// The attribute that holds the writer's mark.
pub(super) const WRITER: &str = "writer";

/// The writer's mark: 32 hexadecimal digits.
pub(super) fn mark(nonce: u128) -> AttributeValue {
    AttributeValue::S(format!("{nonce:032x}"))
}

/// An item that is changed by compare-and-set.
fn write_versioned(key: &Key, doc: &impl Serialize, schema: u32, version: u64, nonce: u128) -> Result<Item, String> {
    let mut item = write(key, doc, nonce)?;
    item.insert("version".to_owned(), AttributeValue::N(version.to_string()));
    item.insert("schema".to_owned(), AttributeValue::N(schema.to_string()));
    Ok(item)
}

pub(super) fn write_record(key: &Key, record: &Record, version: u64, nonce: u128) -> Result<Item, String> {
    let mut item = write_versioned(key, record, SCHEMA, version, nonce)?;
    if record.is_busy() {
        item.insert("busy".to_owned(), AttributeValue::S("1".to_owned()));
    }
    Ok(item)
}

pub(super) fn write_month(key: &Key, month: &Month, version: u64, nonce: u128) -> Result<Item, String> {
    write_versioned(key, month, MONTH_SCHEMA, version, nonce)
}

/// The content of an item with its version. One that a newer version of Signalbox wrote is an error: who does not
/// understand it must write nothing over it.
fn read_versioned<T: DeserializeOwned>(item: &Item, known: u32) -> Result<(T, u64), String> {
    let schema = number(item, "schema")?;
    if schema > u64::from(known) {
        return Err(format!("a newer Signalbox wrote it (schema {schema}, this one knows {known}): update this one"));
    }
    Ok((doc(item)?, number(item, "version")?))
}

/// A month with its version.
pub(super) fn read_month(item: &Item, month: MonthName) -> Result<(Month, u64), String> {
    let (read, version): (Month, u64) = read_versioned(item, MONTH_SCHEMA)?;
    if read.month != month {
        return Err(format!("it holds {}", read.month));
    }
    Ok((read, version))
}

/// A part of what is kept of reports. It expires where it is of one thread or one report.
pub(super) fn write_of_report(
    key: &Key,
    part: &impl Serialize,
    expires_at: Option<Timestamp>,
    version: u64,
    nonce: u128,
) -> Result<Item, String> {
    let mut item = write_versioned(key, part, REPORT_SCHEMA, version, nonce)?;
    item.extend(expires_at.map(|at| ("expires_at".to_owned(), AttributeValue::N(at.as_second().to_string()))));
    Ok(item)
}

/// A part of what is kept of reports, with its version.
pub(super) fn read_of_report<T: DeserializeOwned>(item: &Item) -> Result<(T, u64), String> {
    read_versioned(item, REPORT_SCHEMA)
}

pub(super) fn write_operation(key: &Key, operation: &OperationItem, nonce: u128) -> Result<Item, String> {
    write(key, operation, nonce)
}

pub(super) fn write_decision(key: &Key, decision: &DecisionItem, nonce: u128) -> Result<Item, String> {
    let mut item = write(key, decision, nonce)?;
    let expires = decision.at.as_second().saturating_add(DecisionItem::KEPT.as_secs());
    item.insert("expires_at".to_owned(), AttributeValue::N(expires.to_string()));
    Ok(item)
}

pub(super) fn write_request(key: &Key, operation: &RequestId, nonce: u128) -> Result<Item, String> {
    write(key, &Request { operation: operation.clone() }, nonce)
}

#[cfg(test)]
mod tests {
    use signalbox_domain::decision::Entry;
    use signalbox_domain::record::Operation;
    use signalbox_domain::replacement::{Because, Phase, Replacement, Sickness};
    use signalbox_domain::slot::{BySlot, Slot, Split};
    use signalbox_domain::trigger::ReportCause;

    use super::*;

    fn record() -> Record {
        let releases = BySlot { blue: Some("v1".parse().unwrap()), green: None };
        Record::at_rest(Slot::Blue, releases, Split::all_to(Slot::Blue), "2026-11-23T01:30:00Z".parse().unwrap())
    }

    fn item(record: &Record) -> Item {
        write_record(&Key::record(&"shop".parse().unwrap()), record, 7, 0xab).unwrap()
    }

    #[test]
    fn a_record_reads_back_with_its_version() {
        let item = item(&record());
        assert_eq!(text(&item, "pk").unwrap(), "SERVICE#shop");
        assert_eq!(text(&item, "sk").unwrap(), "RECORD");
        assert_eq!(text(&item, "writer").unwrap(), "000000000000000000000000000000ab");
        assert_eq!(read_record(&item), Ok(Some((record(), 7))));
    }

    #[test]
    fn only_a_busy_record_is_in_the_index() {
        let mut record = record();
        assert!(!item(&record).contains_key("busy"));
        record.outbox.push(signalbox_domain::notice::Notice {
            id: "n".to_owned(),
            kind: signalbox_domain::notice::Kind::Adopted,
            severity: signalbox_domain::notice::Severity::Info,
            operation: None,
            text: "untold".to_owned(),
            at: record.last_look,
        });
        assert_eq!(text(&item(&record), "busy").unwrap(), "1");
    }

    #[test]
    fn a_newer_schema_is_not_parsed() {
        let mut item = item(&record());
        item.insert("schema".to_owned(), AttributeValue::N((SCHEMA + 1).to_string()));
        item.insert("doc".to_owned(), AttributeValue::S("{\"of\":\"the future\"}".to_owned()));
        assert_eq!(read_record(&item), Ok(None));
    }

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        let mut item = item(&record());
        item.insert("doc".to_owned(), AttributeValue::S("{\"live\":\"hunter2\"}".to_owned()));
        let problem = read_record(&item).unwrap_err();
        assert!(!problem.contains("hunter2"), "{problem}");
    }

    fn replacement(because: Because, phase: Phase) -> OperationItem {
        let at = "2026-11-23T01:30:00.123456789Z".parse().unwrap();
        let instance = |id: &str| id.parse().unwrap();
        let id = "i-0a1-1795397400".parse().unwrap();
        let operation = Operation::Replacement(Replacement {
            before: [instance("i-0a1"), instance("i-0b2")].into(),
            launched: [instance("i-0c3"), instance("i-0d4")].into(),
            lost: [instance("i-0d4")].into(),
            proved: Some((instance("i-0c3"), at)),
            surged: Some(at),
            raised_since: Some(at),
            well_since: Some(at),
            overdue_told: true,
            phase,
            ..Replacement::of(instance("i-0a1"), Slot::Blue, because, id, at)
        });
        let (weights, healthy) = (BySlot { blue: 100, green: 0 }, BySlot { blue: 2, green: 0 });
        let entry = Entry { at, phase: operation.phase().to_owned(), what: "it moved".to_owned(), weights, healthy };
        OperationItem { operation, timeline: vec![entry] }
    }

    fn reads_back(written: &OperationItem) {
        let key = Key::operation(&"shop".parse().unwrap(), written.operation.kind(), written.operation.id());
        assert_eq!(key.sk, "REPLACEMENT#i-0a1-1795397400");
        let item = write_operation(&key, written, 1).unwrap();
        assert!(text(&item, "doc").unwrap().starts_with("{\"kind\":\"replacement\","), "{item:?}");
        assert_eq!(doc::<OperationItem>(&item).as_ref(), Ok(written));
        let mut busy = record();
        busy.operation = Some(written.operation.clone());
        assert_eq!(read_record(&self::item(&busy)), Ok(Some((busy, 7))));
    }

    #[test]
    fn a_replacement_reads_back_in_every_phase_and_for_every_cause() {
        let why = || "its words: \"no\"".to_owned();
        let at = Some("2026-11-23T01:35:00Z".parse().unwrap());
        let sick = Because::Sick { sickness: Sickness::FailsCheck };
        for phase in [
            Phase::Confirming,
            Phase::Surging,
            Phase::Removing { gone_since: at },
            Phase::Removing { gone_since: None },
            Phase::StandingDown { why: why(), still_since: at, back_since: None },
            Phase::StandingDown { why: why(), still_since: None, back_since: at },
            Phase::Replaced,
            Phase::StoodDown { why: why() },
            Phase::Held { why: why() },
        ] {
            reads_back(&replacement(sick.clone(), phase));
        }
        for because in [
            Because::Sick { sickness: Sickness::Stopped },
            Because::Sick { sickness: Sickness::Condemned },
            Because::Announced { cause: ReportCause::ScheduledChange, ends: at },
            Because::Announced { cause: ReportCause::SpotInterruption, ends: None },
            Because::Requested { reason: why() },
        ] {
            reads_back(&replacement(because, Phase::Surging));
        }
    }

    fn november() -> Month {
        Month::new("2026-11".parse().unwrap(), None, "2026-11-23T01:30:00Z".parse().unwrap())
    }

    #[test]
    fn a_month_reads_back_with_its_version_and_never_expires() {
        let month = november();
        let item = write_month(&Key::month(month.month), &month, 3, 0xab).unwrap();
        assert_eq!(
            (text(&item, "pk").unwrap().as_str(), text(&item, "sk").unwrap().as_str()),
            ("ACCOUNT", "BILLING#2026-11")
        );
        assert_eq!(text(&item, "writer").unwrap(), "000000000000000000000000000000ab");
        let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["doc", "pk", "schema", "sk", "version", "writer"]);
        assert_eq!(read_month(&item, month.month), Ok((month, 3)));
    }

    #[test]
    fn a_month_that_is_not_understood_is_an_error() {
        let month = november();
        let mut item = write_month(&Key::month(month.month), &month, 3, 0xab).unwrap();
        assert!(read_month(&item, "2026-10".parse().unwrap()).unwrap_err().contains("2026-11"));
        item.insert("schema".to_owned(), AttributeValue::N((MONTH_SCHEMA + 1).to_string()));
        item.insert("doc".to_owned(), AttributeValue::S("{\"of\":\"the future\"}".to_owned()));
        assert!(read_month(&item, month.month).unwrap_err().contains("schema 2"));
    }

    #[test]
    fn a_decision_expires_and_sorts_by_time() {
        let decision = DecisionItem {
            at: "2026-11-23T01:30:00Z".parse().unwrap(),
            trigger: "heartbeat".to_owned(),
            request: None,
            outcome: signalbox_domain::decision::Outcome::Idle,
            reason: "nothing to do".to_owned(),
            operation: None,
            phase: None,
            actions: Vec::new(),
        };
        let key = Key::decision(&"shop".parse().unwrap(), &decision, 1);
        let item = write_decision(&key, &decision, 1).unwrap();
        assert!(key.sk.starts_with("DECISION#01"));
        let kept = 90 * 24 * 3_600;
        assert_eq!(number(&item, "expires_at").unwrap(), u64::try_from(decision.at.as_second() + kept).unwrap());
    }

    #[test]
    fn a_partition_tells_its_service() {
        assert_eq!(service_of("SERVICE#shop"), Some("shop".parse().unwrap()));
        assert_eq!(service_of("SERVICES"), None);
    }
}

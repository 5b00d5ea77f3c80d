//! Bug reports: each report, its thread, and what all of them share.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use signalbox_domain::report::{Desk, Entry, Fingerprint};
use signalbox_reconciler::ports::{CloudError, KeptReport, SaveReport, Saved, next_version};

use super::Table;
use super::items::{Key, read_of_report, write_of_report};
use super::load::BATCH_GET;
use super::save::{CALL, Writes, put};
use crate::errors::{OrFailed, unusable};

/// What a failed save, or a failed scan, is about.
const ABOUT: &str = "reports";
const SCAN: &str = "Scan";

impl Table {
    /// A report, its thread and the desk, strongly consistent.
    ///
    /// # Errors
    /// When they cannot be read, or a newer version of Signalbox wrote one of them.
    pub async fn load_report(&self, id: &str, thread: &Fingerprint) -> Result<KeptReport, CloudError> {
        let (entry, thread, desk) = (Key::report(id), Key::thread(thread), Key::desk());
        let keys = [&entry, &thread, &desk].map(Key::item).to_vec();
        let mut kept = KeptReport::default();
        for item in self.batch(keys, &entry).await? {
            let wrong = |key: &Key, problem: String| unusable(BATCH_GET, key, problem);
            if entry.is_of(&item) {
                kept.entry = Some(read_of_report(&item).map_err(|problem| wrong(&entry, problem))?);
            } else if thread.is_of(&item) {
                kept.thread = Some(read_of_report(&item).map_err(|problem| wrong(&thread, problem))?);
            } else if desk.is_of(&item) {
                kept.desk = Some(read_of_report(&item).map_err(|problem| wrong(&desk, problem))?);
            }
        }
        Ok(kept)
    }

    /// A report alone, strongly consistent.
    ///
    /// # Errors
    /// When it cannot be read, or a newer version of Signalbox wrote it.
    pub async fn load_entry(&self, id: &str) -> Result<Option<(Entry, u64)>, CloudError> {
        self.read_part(&Key::report(id)).await
    }

    /// The desk alone, strongly consistent.
    ///
    /// # Errors
    /// When it cannot be read, or a newer version of Signalbox wrote it.
    pub async fn load_desk(&self) -> Result<Option<(Desk, u64)>, CloudError> {
        self.read_part(&Key::desk()).await
    }

    /// Every report that is kept, in no order.
    ///
    /// It scans the whole table, strongly consistent: no index holds reports, since only a person asks for all of them,
    /// and seldom. Functions look reports up by their ids.
    ///
    /// # Errors
    /// When they cannot be read, or a newer version of Signalbox wrote one of them.
    pub async fn entries(&self) -> Result<Vec<Entry>, CloudError> {
        let pages = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression("begins_with(#pk, :report)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_values(":report", AttributeValue::S(Key::report("").pk));
        let mut entries = Vec::new();
        let mut start = None;
        loop {
            let page = pages.clone().set_exclusive_start_key(start).send().await.or_failed(SCAN, &ABOUT)?;
            for item in page.items.unwrap_or_default() {
                let read = read_of_report(&item).map_err(|problem| unusable(SCAN, &Key::of(&item), problem));
                entries.push(read?.0);
            }
            // A page may be empty and yet not the last: the filter comes after the reading.
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(entries);
            }
        }
    }

    async fn read_part<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<(T, u64)>, CloudError> {
        let item = self.get(key).await?;
        item.map(|item| read_of_report(&item).map_err(|problem| unusable("GetItem", key, problem))).transpose()
    }

    /// Saves all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written, or nobody knows whether it was.
    pub async fn save_report(&self, save: &SaveReport) -> Result<Saved, CloudError> {
        let writes = self.writes(save).map_err(|problem| unusable(CALL, &ABOUT, problem))?;
        self.write(writes, save.nonce, &ABOUT).await
    }

    fn writes(&self, save: &SaveReport) -> Result<Writes, String> {
        let mut writes = Writes::default();
        // The report first: nobody else writes it, so a save that was done is known by its mark.
        if let Some((entry, expected)) = &save.entry {
            self.add(&mut writes, Key::report(&entry.id), entry, Some(entry.expires_at()), *expected, save.nonce)?;
        }
        if let Some((thread, expected)) = &save.thread {
            let key = Key::thread(&thread.fingerprint);
            self.add(&mut writes, key, thread, Some(thread.expires_at()), *expected, save.nonce)?;
        }
        if let Some((desk, expected)) = &save.desk {
            self.add(&mut writes, Key::desk(), desk, None, *expected, save.nonce)?;
        }
        Ok(writes)
    }

    fn add(
        &self,
        writes: &mut Writes,
        key: Key,
        part: &impl Serialize,
        expires_at: Option<Timestamp>,
        expected: Option<u64>,
        nonce: u128,
    ) -> Result<(), String> {
        let item = write_of_report(&key, part, expires_at, next_version(expected), nonce)?;
        writes.add_as_read(key, put(&self.name, item), expected)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use signalbox_domain::report::{Context, Document, Known, Received, Rules, Saved as Kept, Thread, decide};
    use signalbox_reconciler::ports::ErrorClass;

    use super::*;
    use crate::dynamodb::save::{AS_READ, NOT_THERE};
    use crate::replay::{Given, Replay};

    const NONCE: u128 = 0xab;

    /// What the first report of all leads to.
    fn first() -> (Entry, Thread, Desk) {
        let document = json!({ "type": "bug", "email": "ada@example.com", "message": "it fails" });
        let report = Document::from_value(&document).and_then(|document| document.report()).unwrap();
        let received = Received { id: "m-1".to_owned(), report };
        let now = "2026-11-23T01:30:00Z".parse().unwrap();
        let Kept::All { entry, thread, desk } =
            decide(&received, Known::default(), &Context::default(), &Rules::default(), now).saved
        else {
            panic!("all of it is new");
        };
        (*entry, *thread, *desk)
    }

    fn table(answers: Vec<Given>) -> (Table, Replay) {
        let replay = Replay::of(answers);
        (Table::new(&replay.config(), "signalbox".to_owned()), replay)
    }

    fn item(key: &Key, part: &impl Serialize, version: u64, nonce: u128) -> Value {
        let wire = |value: &AttributeValue| match value.as_n() {
            Ok(number) => json!({ "N": number }),
            Err(text) => json!({ "S": text.as_s().unwrap() }),
        };
        let item = write_of_report(key, part, None, version, nonce).unwrap();
        item.iter().map(|(name, value)| (name.clone(), wire(value))).collect()
    }

    #[tokio::test]
    async fn all_three_are_read_at_once_and_consistently() {
        let (entry, thread, desk) = first();
        let items = [
            item(&Key::desk(), &desk, 7, 1),
            item(&Key::report("m-1"), &entry, 1, 1),
            item(&Key::thread(&thread.fingerprint), &thread, 3, 1),
        ];
        let (table, replay) = table(vec![Given::json(200, &json!({ "Responses": { "signalbox": items } }))]);
        let kept = table.load_report("m-1", &thread.fingerprint).await.unwrap();
        assert_eq!((kept.entry, kept.thread, kept.desk), (Some((entry, 1)), Some((thread, 3)), Some((desk, 7))));
        let asked: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        assert_eq!(asked["RequestItems"]["signalbox"]["ConsistentRead"], true);
    }

    #[tokio::test]
    async fn each_part_is_written_over_the_version_it_was_read_at_and_expires_where_it_may() {
        let (entry, thread, desk) = first();
        let (table, replay) = table(vec![Given::json(200, &json!({}))]);
        let save = SaveReport {
            entry: Some((entry, None)),
            thread: Some((thread.clone(), Some(3))),
            desk: Some((desk, Some(7))),
            nonce: NONCE,
        };
        assert_eq!(table.save_report(&save).await.unwrap(), Saved::Done);
        let asked: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        let puts: Vec<&Value> = asked["TransactItems"].as_array().unwrap().iter().map(|item| &item["Put"]).collect();
        let thread = format!("REPORT#{}", thread.fingerprint);
        let expected = [
            ("REPORT#ID#m-1", "ENTRY", NOT_THERE, Value::Null, "1", true),
            (&thread, "REPORT", AS_READ, json!("3"), "4", true),
            ("REPORT#DESK", "DESK", AS_READ, json!("7"), "8", false),
        ];
        assert_eq!(puts.len(), expected.len());
        for (put, (pk, sk, condition, before, version, expires)) in puts.into_iter().zip(expected) {
            let item = &put["Item"];
            assert_eq!((&item["pk"]["S"], &item["sk"]["S"]), (&json!(pk), &json!(sk)));
            assert_eq!(put["ConditionExpression"], condition, "{pk}");
            assert_eq!(put["ExpressionAttributeValues"][":expected"]["N"], before, "{pk}");
            assert_eq!((&item["version"]["N"], &item["schema"]["N"]), (&json!(version), &json!("1")), "{pk}");
            let in_90_days = expires.then_some(json!("1803173400"));
            assert_eq!(item.get("expires_at").map(|at| at["N"].clone()), in_90_days, "{pk}");
        }
    }

    #[tokio::test]
    async fn a_save_whose_answer_was_lost_is_known_by_the_mark_of_the_report_and_another_has_lost() {
        let (entry, thread, _) = first();
        let refused = || {
            let reasons = json!([{ "Code": "ConditionalCheckFailed" }, { "Code": "None" }]);
            let cancelled = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
            Given::json(400, &json!({ "__type": cancelled, "CancellationReasons": reasons }))
        };
        for (answer, writer, outcome) in
            [(refused(), NONCE, Saved::Done), (Given::Nothing, NONCE, Saved::Done), (refused(), NONCE + 1, Saved::Lost)]
        {
            let theirs = json!({ "Item": item(&Key::report("m-1"), &entry, 1, writer) });
            let (table, replay) = table(vec![answer, Given::json(200, &theirs)]);
            let (entry, thread) = (Some((entry.clone(), None)), Some((thread.clone(), None)));
            let save = SaveReport { entry, thread, desk: None, nonce: NONCE };
            assert_eq!(table.save_report(&save).await.unwrap(), outcome);
            assert!(replay.asked()[1].body.contains("REPORT#ID#m-1"), "{:?}", replay.asked());
        }
    }

    #[tokio::test]
    async fn all_reports_are_read_over_empty_pages_to_the_last() {
        let (entry, _, _) = first();
        let another = Entry { id: "m-2".to_owned(), ..entry.clone() };
        let page = |items: Value, last: Option<&str>| {
            let last = last.map(|id| json!({ "pk": { "S": Key::report(id).pk }, "sk": { "S": "ENTRY" } }));
            Given::json(200, &json!({ "Items": items, "LastEvaluatedKey": last.unwrap_or_else(|| json!({})) }))
        };
        let of = |entry: &Entry| json!([item(&Key::report(&entry.id), entry, 1, 1)]);
        let pages = vec![page(of(&entry), Some("m-1")), page(json!([]), Some("m-1b")), page(of(&another), None)];
        let (table, replay) = table(pages);
        assert_eq!(table.entries().await.unwrap(), [entry, another]);
        let asked: Vec<Value> = replay.asked().iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect();
        assert_eq!(asked.len(), 3);
        assert_eq!(asked[0]["ExpressionAttributeValues"][":report"]["S"], "REPORT#ID#");
        assert_eq!(asked[2]["ExclusiveStartKey"]["pk"]["S"], "REPORT#ID#m-1b");
    }

    #[tokio::test]
    async fn what_a_newer_version_wrote_is_an_error_that_says_so() {
        let (entry, _, desk) = first();
        let mut unknown = item(&Key::report("m-1"), &entry, 1, 1);
        unknown["schema"] = json!({ "N": "9" });
        let (scanned, _) = table(vec![Given::json(200, &json!({ "Items": [unknown] }))]);
        let error = scanned.entries().await.unwrap_err().to_string();
        assert!(error.contains("REPORT#ID#m-1/ENTRY") && error.contains("newer"), "{error}");
        let mut newer = item(&Key::desk(), &desk, 7, 1);
        newer["schema"] = json!({ "N": "9" });
        let (table, _) = table(vec![Given::json(200, &json!({ "Item": newer }))]);
        let error = table.load_desk().await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(error.to_string().contains("REPORT#DESK/DESK") && error.to_string().contains("newer"), "{error}");
    }
}

//! Writing the table: one transaction, by compare-and-set.

use std::fmt::Display;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};
use signalbox_reconciler::ports::{CloudError, ErrorClass, Save, Saved, next_version};

use super::Table;
use super::items::{self, Item, Key, WRITER};
use crate::errors::{failed, unusable};

pub(super) const CALL: &str = "TransactWriteItems";
/// The condition of an item that must be new.
pub(super) const NOT_THERE: &str = "attribute_not_exists(pk)";
/// The condition of an item that must still be as it was read.
pub(super) const AS_READ: &str = "#version = :expected";

impl Table {
    /// Saves all of it or nothing.
    pub(super) async fn transact(&self, save: &Save) -> Result<Saved, CloudError> {
        let writes = Writes::of(save, &self.name).map_err(|problem| unusable(CALL, &save.service, problem))?;
        self.write(writes, save.nonce, &save.service).await
    }

    /// Writes all of it or nothing.
    pub(super) async fn write(
        &self,
        writes: Writes,
        nonce: u128,
        about: &(dyn Display + Sync),
    ) -> Result<Saved, CloudError> {
        if writes.puts.is_empty() {
            return Ok(Saved::Done);
        }
        let answer = self
            .client
            .transact_write_items()
            // DynamoDB's own way to know a repeated try, for ten minutes.
            .client_request_token(format!("{nonce:032x}"))
            .set_transact_items(Some(writes.puts))
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Saved::Done);
        };
        let refused = error.as_service_error().is_some_and(was_refused);
        let failure = failed(CALL, &about, &error);
        self.became_of(writes.marked.as_ref(), nonce, refused, failure).await
    }

    /// What became of a save that was not answered with a yes; `marked` is the item that bears its mark.
    ///
    /// A save may have been done although no answer came, or the answer to the first try may have been
    /// lost and the second one refused. So a refusal is only believed after a look at whose mark the
    /// item bears.
    pub(super) async fn became_of(
        &self,
        marked: Option<&Key>,
        nonce: u128,
        refused: bool,
        failure: CloudError,
    ) -> Result<Saved, CloudError> {
        if !refused && failure.class == ErrorClass::Permanent {
            return Err(failure);
        }
        let done = match marked {
            Some(key) => self.bears_mark(key, nonce).await?,
            None => false,
        };
        match (done, refused) {
            (true, true | false) => Ok(Saved::Done),
            (false, true) => Ok(Saved::Lost),
            (false, false) => Err(failure),
        }
    }

    async fn bears_mark(&self, key: &Key, nonce: u128) -> Result<bool, CloudError> {
        let item = self.get(key).await?;
        Ok(item.is_some_and(|item| item.get(WRITER) == Some(&items::mark(nonce))))
    }
}

/// The puts of one transaction.
#[derive(Default)]
pub(super) struct Writes {
    puts: Vec<TransactWriteItem>,
    /// The item by whose mark a done save is known.
    marked: Option<Key>,
}

impl Writes {
    fn of(save: &Save, table: &str) -> Result<Writes, String> {
        let (service, nonce) = (&save.service, save.nonce);
        let mut writes = Writes::default();
        if let Some((record, expected)) = &save.record {
            let key = Key::record(service);
            let version = next_version(*expected);
            let item = items::write_record(&key, record, version, nonce)?;
            writes.add_as_read(key, put(table, item), *expected)?;
        }
        if let Some((request, operation)) = &save.accepted {
            let key = Key::request(service, request);
            let put = put(table, items::write_request(&key, operation, nonce)?);
            writes.add(key, put.condition_expression(NOT_THERE))?;
        }
        for item in &save.operations {
            let id = item.operation.id();
            let key = Key::operation(service, item.operation.kind(), id);
            let put = put(table, items::write_operation(&key, item, nonce)?);
            // The request that an operation has its id from begins it; nobody has seen it before.
            let begins = save.accepted.as_ref().is_some_and(|(request, accepted)| request == id && accepted == id);
            writes.add(key, if begins { put.condition_expression(NOT_THERE) } else { put })?;
        }
        if let Some(decision) = &save.decision {
            let key = Key::decision(service, decision, nonce);
            let put = put(table, items::write_decision(&key, decision, nonce)?);
            writes.add(key, put)?;
        }
        Ok(writes)
    }

    /// Adds an item that must still have this version; `None`: it must not exist.
    pub(super) fn add_as_read(&mut self, key: Key, put: PutBuilder, expected: Option<u64>) -> Result<(), String> {
        let put = match expected {
            None => put.condition_expression(NOT_THERE),
            Some(expected) => put
                .condition_expression(AS_READ)
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", AttributeValue::N(expected.to_string())),
        };
        self.add(key, put)
    }

    fn add(&mut self, key: Key, put: PutBuilder) -> Result<(), String> {
        let put = put.build().map_err(|error| error.to_string())?;
        self.puts.push(TransactWriteItem::builder().put(put).build());
        self.marked.get_or_insert(key);
        Ok(())
    }
}

pub(super) fn put(table: &str, item: Item) -> PutBuilder {
    Put::builder().table_name(table).set_item(Some(item))
}

/// Whether somebody else was first: a condition did not hold, or another transaction has the item
/// ([cancellation reasons](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)).
fn was_refused(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return false;
    };
    cancelled
        .cancellation_reasons()
        .iter()
        .filter_map(CancellationReason::code)
        .any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
}

#[cfg(test)]
mod tests {

    use aws_sdk_dynamodb::types::error::{TransactionCanceledException, TransactionInProgressException};
    use signalbox_domain::record::{Operation, Record};
    use signalbox_domain::replacement::{Because, Replacement};
    use signalbox_domain::slot::{BySlot, Slot, Split};
    use signalbox_reconciler::ports::OperationItem;

    use super::*;

    fn cancelled(codes: &[&str]) -> TransactWriteItemsError {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        let exception = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
        TransactWriteItemsError::TransactionCanceledException(exception)
    }

    fn save(expected: Option<u64>) -> Save {
        let (releases, now) = (BySlot { blue: None, green: None }, "2026-11-23T01:30:00Z".parse().unwrap());
        let record = Record::at_rest(Slot::Blue, releases, Split::all_to(Slot::Blue), now);
        Save {
            service: "shop".parse().unwrap(),
            record: Some((record, expected)),
            operations: Vec::new(),
            decision: None,
            accepted: Some(("r-1".parse().unwrap(), "d-1".parse().unwrap())),
            nonce: 7,
        }
    }

    fn replacement(id: &str) -> OperationItem {
        let now = "2026-11-23T01:30:00Z".parse().unwrap();
        let because = Because::Requested { reason: "tried".to_owned() };
        let own = Replacement::of("i-1".parse().unwrap(), Slot::Blue, because, id.parse().unwrap(), now);
        let operation = Operation::Replacement(own);
        OperationItem { operation, timeline: Vec::new() }
    }

    fn puts(save: &Save) -> Vec<(String, Option<String>)> {
        let writes = Writes::of(save, "table").unwrap();
        assert_eq!(writes.marked, Some(Key::record(&save.service)), "the record tells whose save was done");
        let puts = writes.puts.into_iter().filter_map(|write| write.put);
        puts.map(|put| (items::text(put.item(), "sk").unwrap().clone(), put.condition_expression)).collect()
    }

    #[test]
    fn only_a_lost_race_is_a_refusal() {
        assert!(was_refused(&cancelled(&["None", "ConditionalCheckFailed"])));
        assert!(was_refused(&cancelled(&["TransactionConflict"])));
        assert!(!was_refused(&cancelled(&["None", "ThrottlingError"])));
        let busy = TransactionInProgressException::builder().build();
        assert!(!was_refused(&TransactWriteItemsError::TransactionInProgressException(busy)));
    }

    #[test]
    fn a_record_is_written_over_the_version_it_was_read_at_and_a_request_only_once() {
        let request = ("REQUEST#r-1".to_owned(), Some(NOT_THERE.to_owned()));
        let first = ("RECORD".to_owned(), Some(NOT_THERE.to_owned()));
        assert_eq!(puts(&save(None)), [first, request.clone()]);
        let next = ("RECORD".to_owned(), Some("#version = :expected".to_owned()));
        assert_eq!(puts(&save(Some(6))), [next, request]);
    }

    #[test]
    fn all_operations_are_written_at_once_and_only_the_one_that_begins_must_be_new() {
        let operations = vec![replacement("d-0"), replacement("d-1")];
        let accepted = Some(("d-1".parse().unwrap(), "d-1".parse().unwrap()));
        let puts = puts(&Save { operations, accepted, ..save(Some(6)) });
        let moved = ("REPLACEMENT#d-0".to_owned(), None);
        let begun = ("REPLACEMENT#d-1".to_owned(), Some(NOT_THERE.to_owned()));
        assert_eq!(puts[2..], [moved, begun]);
    }
}

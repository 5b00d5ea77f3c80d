//! Reading the table.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use signalbox_domain::record::{Operation, OperationKind};
use signalbox_domain::text::{RequestId, ServiceName};
use signalbox_reconciler::ports::{CloudError, DecisionItem, Loaded, OperationItem};

use super::Table;
use super::items::{
    DECISION, Item, Key, SERVICES, doc, operations, partition, read_record, read_request, service_of, text,
};
use crate::errors::{OrFailed, unfinished, unusable};

const QUERY: &str = "Query";
pub(super) const BATCH_GET: &str = "BatchGetItem";
/// How often the rest of a batch is asked for before the caller has to come back.
const MOST_BATCHES: u32 = 5;
/// The wait before the rest of a batch is asked for; it doubles each time.
const BATCH_PAUSE: Duration = Duration::from_millis(50);

impl Table {
    /// A service's definition and record, strongly consistent, and whether this request is known.
    pub(super) async fn read_service(
        &self,
        service: &ServiceName,
        request: Option<&RequestId>,
    ) -> Result<Loaded, CloudError> {
        let (definition, record) = (Key::definition(service), Key::record(service));
        let request = request.map(|id| Key::request(service, id));
        let keys: Vec<Item> = [&definition, &record].into_iter().chain(&request).map(Key::item).collect();
        let mut loaded = Loaded::default();
        for item in self.batch(keys, service).await? {
            let wrong = |key: &Key, problem: String| unusable(BATCH_GET, key, problem);
            if definition.is_of(&item) {
                let doc = text(&item, "doc").ok_or_else(|| wrong(&definition, "doc is missing".to_owned()))?;
                loaded.definition = Some(doc.clone());
            } else if record.is_of(&item) {
                loaded.record = read_record(&item).map_err(|problem| wrong(&record, problem))?;
                loaded.newer_schema = loaded.record.is_none();
            } else if let Some(key) = request.as_ref().filter(|key| key.is_of(&item)) {
                loaded.known_request = Some(read_request(&item).map_err(|problem| wrong(key, problem))?);
            }
        }
        Ok(loaded)
    }

    /// What a batch leaves out is asked for again
    /// ([BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)).
    #[expect(clippy::disallowed_methods, reason = "a wait for DynamoDB's sake, of which the reconciler need not know")]
    pub(super) async fn batch(
        &self,
        keys: Vec<Item>,
        about: &(dyn std::fmt::Display + Sync),
    ) -> Result<Vec<Item>, CloudError> {
        let wanted = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys)).build();
        let wanted = wanted.map_err(|error| unusable(BATCH_GET, &about, error.to_string()))?;
        let mut left = HashMap::from([(self.name.clone(), wanted)]);
        let mut items = Vec::new();
        for attempt in 0..MOST_BATCHES {
            if attempt > 0 {
                tokio::time::sleep(BATCH_PAUSE * 2u32.pow(attempt - 1)).await;
            }
            let answer =
                self.client.batch_get_item().set_request_items(Some(left)).send().await.or_failed(BATCH_GET, &about)?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            left = answer.unprocessed_keys.unwrap_or_default();
            if left.is_empty() {
                return Ok(items);
            }
        }
        Err(unfinished(BATCH_GET, &about, "the table did not answer for all items"))
    }

    /// An operation with its timeline.
    pub(super) async fn read_operation(
        &self,
        service: &ServiceName,
        kind: OperationKind,
        id: &RequestId,
    ) -> Result<Option<OperationItem>, CloudError> {
        let key = Key::operation(service, kind, id);
        let item = self.get(&key).await?;
        item.map(|item| doc(&item).map_err(|problem| unusable("GetItem", &key, problem))).transpose()
    }

    /// One item, strongly consistent.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, CloudError> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true).set_key(Some(key.item()));
        get.send().await.map(|answer| answer.item).or_failed("GetItem", key)
    }

    /// The definitions of all services, as text by name.
    pub(super) async fn read_definitions(&self) -> Result<Vec<(String, String)>, CloudError> {
        let query = self.of_partition(SERVICES);
        let items = self.pages(query, &SERVICES, None).await?;
        Ok(items.iter().filter_map(|item| Some((text(item, "sk")?.clone(), text(item, "doc")?.clone()))).collect())
    }

    /// The services that the index nominates.
    pub(super) async fn read_busy(&self) -> Result<Vec<ServiceName>, CloudError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(super::setup::BUSY_INDEX)
            .key_condition_expression("#busy = :busy")
            .projection_expression("#pk")
            .expression_attribute_names("#busy", "busy")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_values(":busy", AttributeValue::S("1".to_owned()));
        let items = self.pages(query, &super::setup::BUSY_INDEX, None).await?;
        let partitions = items.iter().filter_map(|item| text(item, "pk"));
        Ok(partitions
            .filter_map(|pk| {
                let service = service_of(pk);
                if service.is_none() {
                    tracing::error!(pk, "an item in the index belongs to no service");
                }
                service
            })
            .collect())
    }

    /// The newest decisions about a service, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn decisions(&self, service: &ServiceName, limit: usize) -> Result<Vec<DecisionItem>, CloudError> {
        self.beginning(service, DECISION, Some(limit)).await
    }

    /// Every operation of a service, of either kind, the one that began last first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn operations(&self, service: &ServiceName) -> Result<Vec<OperationItem>, CloudError> {
        let of_kind = |kind| self.beginning(service, operations(kind), None);
        let both = try_join(of_kind(OperationKind::Deployment), of_kind(OperationKind::Replacement));
        let (mut all, replacements) = both.await?;
        all.extend(replacements);
        all.sort_by_key(|item| Reverse(began(item)));
        Ok(all)
    }

    /// A service's items whose sort key begins like this, last first. One that cannot be read is
    /// logged and left out: the others are still worth reading.
    async fn beginning<T: DeserializeOwned>(
        &self,
        service: &ServiceName,
        prefix: &str,
        limit: Option<usize>,
    ) -> Result<Vec<T>, CloudError> {
        let query = self
            .of_partition(&partition(service))
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .scan_index_forward(false);
        let items = self.pages(query, service, limit).await?;
        let read = |item: &Item| {
            doc(item).inspect_err(|problem| tracing::error!(%service, sk = text(item, "sk"), problem, "left out")).ok()
        };
        Ok(items.iter().filter_map(read).collect())
    }

    fn of_partition(&self, pk: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .key_condition_expression("#pk = :pk")
            .projection_expression("#sk, #doc")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_names("#doc", "doc")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
    }

    /// All pages of a query, or as many as hold `limit` items.
    async fn pages(
        &self,
        query: QueryFluentBuilder,
        resource: &(dyn std::fmt::Display + Sync),
        limit: Option<usize>,
    ) -> Result<Vec<Item>, CloudError> {
        let mut items: Vec<Item> = Vec::new();
        let mut start = None;
        loop {
            let missing = limit.map(|limit| limit.saturating_sub(items.len()));
            if missing == Some(0) {
                return Ok(items);
            }
            let page = query
                .clone()
                .set_limit(missing.map(|missing| i32::try_from(missing).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .or_failed(QUERY, &resource)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

fn began(item: &OperationItem) -> Timestamp {
    match &item.operation {
        Operation::Deployment(own) => own.began,
        Operation::Replacement(own) => own.began,
    }
}

//! The table itself, and the definitions in it.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TableStatus, TimeToLiveSpecification,
};
use signalbox_domain::text::ServiceName;
use signalbox_reconciler::ports::{CloudError, ErrorClass};

use super::Table;
use super::items::Key;
use crate::errors::{OrFailed, unfinished, unusable};

/// The index of those services that the heartbeat must come back to.
pub(super) const BUSY_INDEX: &str = "busy-index";

const CREATE: &str = "CreateTable";
/// How often a new table is looked at until it can be used.
const MOST_LOOKS: u32 = 60;
/// The wait between two looks at a new table.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

impl Table {
    /// Writes a service's definition, as it is. Whoever calls this has read it before, with
    /// [`Definition::read`](signalbox_domain::definition::Definition::read).
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn put_definition(&self, service: &ServiceName, doc: &str) -> Result<(), CloudError> {
        let key = Key::definition(service);
        let mut item = key.item();
        item.insert("doc".to_owned(), AttributeValue::S(doc.to_owned()));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(drop).or_failed("PutItem", &key)
    }
}

/// Creates the suite's table and waits until it can be used; one that exists is left as it is. It
/// mirrors what the Terraform module creates: a change there belongs here too.
///
/// # Errors
/// When it cannot be created.
#[expect(clippy::disallowed_methods, reason = "a wait for DynamoDB's sake, of which the reconciler need not know")]
pub async fn create_table(client: &Client, name: &str) -> Result<(), CloudError> {
    let wrong = |error: aws_sdk_dynamodb::error::BuildError| unusable(CREATE, &name, error.to_string());
    let (pk, sk) = (key("pk", KeyType::Hash).map_err(wrong)?, key("sk", KeyType::Range).map_err(wrong)?);
    let index = GlobalSecondaryIndex::builder()
        .index_name(BUSY_INDEX)
        .key_schema(key("busy", KeyType::Hash).map_err(wrong)?)
        .key_schema(key("pk", KeyType::Range).map_err(wrong)?)
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .map_err(wrong)?;
    let created = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(string("pk").map_err(wrong)?)
        .attribute_definitions(string("sk").map_err(wrong)?)
        .attribute_definitions(string("busy").map_err(wrong)?)
        .key_schema(pk)
        .key_schema(sk)
        .global_secondary_indexes(index)
        .send()
        .await
        .or_failed(CREATE, &name);
    match created {
        Ok(_) => {}
        Err(error) if error.class == ErrorClass::AlreadyDone => return Ok(()),
        Err(error) => return Err(error),
    }
    for _ in 0..MOST_LOOKS {
        let answer = client.describe_table().table_name(name).send().await.or_failed("DescribeTable", &name)?;
        if answer.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
            return expire(client, name).await;
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
    Err(unfinished(CREATE, &name, "the table is not active yet"))
}

/// Lets items go when their `expires_at` has come.
async fn expire(client: &Client, name: &str) -> Result<(), CloudError> {
    const CALL: &str = "UpdateTimeToLive";
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build();
    let ttl = ttl.map_err(|error| unusable(CALL, &name, error.to_string()))?;
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map(drop)
        .or_failed(CALL, &name)
}

fn key(name: &str, of: KeyType) -> Result<KeySchemaElement, aws_sdk_dynamodb::error::BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(of).build()
}

fn string(name: &str) -> Result<AttributeDefinition, aws_sdk_dynamodb::error::BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}

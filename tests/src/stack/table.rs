//! The table: keys, index and items, as the contract has them.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use serde_json::Value;

use super::Stack;

/// Makes the table.
pub(super) async fn create(client: &Client, table: &str) {
    let projection = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name("busy-index")
        .set_key_schema(Some(keys("busy", "pk")))
        .projection(projection);
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["pk", "sk", "busy"].map(text_attribute).to_vec()))
        .set_key_schema(Some(keys("pk", "sk")))
        .global_secondary_indexes(index.build().expect("a whole index"))
        .send()
        .await
        .expect("CreateTable");
    let expiry = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true);
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(expiry.build().expect("a whole setting"))
        .send()
        .await
        .expect("UpdateTimeToLive");
}

fn keys(partition: &str, sort: &str) -> Vec<KeySchemaElement> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .map(|(name, kind)| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a whole key")
        })
        .to_vec()
}

fn text_attribute(name: &str) -> AttributeDefinition {
    let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
    definition.build().expect("a whole attribute")
}

impl Stack {
    /// Writes an item that is only its document.
    pub async fn put_doc(&self, pk: &str, sk: &str, doc: &Value) {
        self.put_item(pk, sk, doc, &[]).await;
    }

    /// Writes an item with more attributes besides its document: numbers as numbers, the rest as text.
    pub async fn put_item(&self, pk: &str, sk: &str, doc: &Value, more: &[(&str, Value)]) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let value = |value: &Value| match value.as_number() {
            Some(number) => AttributeValue::N(number.to_string()),
            None => text(value.as_str().expect("a number or a text")),
        };
        let mut item: HashMap<String, AttributeValue> =
            more.iter().map(|(name, given)| ((*name).to_owned(), value(given))).collect();
        item.extend(
            [("pk", text(pk)), ("sk", text(sk)), ("doc", text(&doc.to_string()))].map(|(k, v)| (k.to_owned(), v)),
        );
        self.aws.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await.expect("PutItem");
    }
}

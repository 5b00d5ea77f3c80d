//! The billing plan, and what is remembered of each month.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use signalbox_domain::billing::{Month, MonthName};
use signalbox_reconciler::ports::{CloudError, LoadedMonth, Saved, next_version};

use super::Table;
use super::items::{self, Key, read_month, text};
use super::load::BATCH_GET;
use super::save::{AS_READ, NOT_THERE};
use crate::errors::{OrFailed, failed, unusable};

const PUT: &str = "PutItem";

impl Table {
    /// The billing plan, this month and the one before, strongly consistent.
    ///
    /// # Errors
    /// When they cannot be read, or a newer version of Signalbox wrote one of them.
    pub async fn load_month(&self, month: MonthName) -> Result<LoadedMonth, CloudError> {
        let (plan, own, last) = (Key::plan(), Key::month(month), Key::month(month.before()));
        let keys = [&plan, &own, &last].map(Key::item).to_vec();
        let mut loaded = LoadedMonth::default();
        for item in self.batch(keys, &own).await? {
            let wrong = |key: &Key, problem: String| unusable(BATCH_GET, key, problem);
            if plan.is_of(&item) {
                let doc = text(&item, "doc").ok_or_else(|| wrong(&plan, "doc is missing".to_owned()))?;
                loaded.plan = Some(doc.clone());
            } else if own.is_of(&item) {
                loaded.month = Some(read_month(&item, month).map_err(|problem| wrong(&own, problem))?);
            } else if last.is_of(&item) {
                let (before, _) = read_month(&item, month.before()).map_err(|problem| wrong(&last, problem))?;
                loaded.last = Some(before);
            }
        }
        Ok(loaded)
    }

    /// Saves a month that must still have this version; `None`: it must not exist.
    ///
    /// # Errors
    /// When it cannot be written, or nobody knows whether it was.
    pub async fn save_month(&self, month: &Month, version: Option<u64>, nonce: u128) -> Result<Saved, CloudError> {
        let key = Key::month(month.month);
        let item = items::write_month(&key, month, next_version(version), nonce);
        let item = item.map_err(|problem| unusable(PUT, &key, problem))?;
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = match version {
            None => put.condition_expression(NOT_THERE),
            Some(expected) => put
                .condition_expression(AS_READ)
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", AttributeValue::N(expected.to_string())),
        };
        let Err(error) = put.send().await else {
            return Ok(Saved::Done);
        };
        let refused = error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception);
        self.became_of(Some(&key), nonce, refused, failed(PUT, &key, &error)).await
    }

    /// Writes the billing plan, as it is. Whoever calls this has read it before, with
    /// [`Plan::read`](signalbox_domain::billing::plan::Plan::read).
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn put_plan(&self, doc: &str) -> Result<(), CloudError> {
        let key = Key::plan();
        let mut item = key.item();
        item.insert("doc".to_owned(), AttributeValue::S(doc.to_owned()));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(drop).or_failed(PUT, &key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use signalbox_reconciler::ports::ErrorClass;

    use super::*;
    use crate::replay::{Given, Replay};

    const NONCE: u128 = 0xab;

    fn november() -> Month {
        Month::new("2026-11".parse().unwrap(), None, "2026-11-23T01:30:00Z".parse().unwrap())
    }

    fn table(answers: Vec<Given>) -> (Table, Replay) {
        let replay = Replay::of(answers);
        (Table::new(&replay.config(), "signalbox".to_owned()), replay)
    }

    fn item(month: &Month, version: u64, nonce: u128) -> Value {
        let item = items::write_month(&Key::month(month.month), month, version, nonce).unwrap();
        let wire = |value: &AttributeValue| match value.as_n() {
            Ok(number) => json!({ "N": number }),
            Err(text) => json!({ "S": text.as_s().unwrap() }),
        };
        item.iter().map(|(name, value)| (name.clone(), wire(value))).collect()
    }

    fn refusal() -> Given {
        Given::json(400, &json!({ "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException" }))
    }

    #[tokio::test]
    async fn plan_and_months_are_read_at_once_and_consistently() {
        let (october, november) = (Month { month: "2026-10".parse().unwrap(), ..november() }, november());
        let plan = json!({ "pk": { "S": "ACCOUNT" }, "sk": { "S": "BILLING#PLAN" }, "doc": { "S": "{}" } });
        let items = [item(&november, 7, 1), plan, item(&october, 90, 1)];
        let (table, replay) = table(vec![Given::json(200, &json!({ "Responses": { "signalbox": items } }))]);
        let loaded = table.load_month(november.month).await.unwrap();
        assert_eq!(loaded.plan.as_deref(), Some("{}"));
        assert_eq!((loaded.month, loaded.last), (Some((november, 7)), Some(october)));
        let asked: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        let asked = &asked["RequestItems"]["signalbox"];
        assert_eq!(asked["ConsistentRead"], true);
        let keys: Vec<_> =
            asked["Keys"].as_array().unwrap().iter().map(|key| key["sk"]["S"].as_str().unwrap()).collect();
        assert_eq!(keys, ["BILLING#PLAN", "BILLING#2026-11", "BILLING#2026-10"]);
    }

    #[tokio::test]
    async fn a_month_of_a_newer_version_is_an_error_that_says_so() {
        let mut newer = item(&november(), 7, 1);
        newer["schema"] = json!({ "N": "9" });
        let (table, _) = table(vec![Given::json(200, &json!({ "Responses": { "signalbox": [newer] } }))]);
        let error = table.load_month(november().month).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(
            error.to_string().contains("ACCOUNT/BILLING#2026-11") && error.to_string().contains("newer"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_month_is_written_over_the_version_it_was_read_at_and_a_first_one_only_once() {
        let (table, replay) = table(vec![Given::json(200, &json!({})), Given::json(200, &json!({}))]);
        assert_eq!(table.save_month(&november(), None, NONCE).await.unwrap(), Saved::Done);
        assert_eq!(table.save_month(&november(), Some(6), NONCE).await.unwrap(), Saved::Done);
        let asked: Vec<Value> = replay.asked().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect();
        assert_eq!(
            (&asked[0]["ConditionExpression"], &asked[0]["Item"]["version"]["N"]),
            (&json!(NOT_THERE), &json!("1"))
        );
        assert_eq!(
            (&asked[1]["ConditionExpression"], &asked[1]["Item"]["version"]["N"]),
            (&json!(AS_READ), &json!("7"))
        );
        assert_eq!(asked[1]["ExpressionAttributeValues"][":expected"]["N"], "6");
    }

    #[tokio::test]
    async fn who_was_second_has_lost() {
        let theirs = json!({ "Item": item(&november(), 7, NONCE + 1) });
        let (table, replay) = table(vec![refusal(), Given::json(200, &theirs)]);
        assert_eq!(table.save_month(&november(), Some(6), NONCE).await.unwrap(), Saved::Lost);
        assert_eq!(replay.asked().len(), 2);
    }

    #[tokio::test]
    async fn a_save_whose_answer_was_lost_is_known_by_its_mark() {
        let ours = || Given::json(200, &json!({ "Item": item(&november(), 7, NONCE) }));
        for lost in [refusal(), Given::Nothing, Given::json(500, &json!({ "__type": "InternalServerError" }))] {
            let (table, _) = table(vec![lost, ours()]);
            assert_eq!(table.save_month(&november(), Some(6), NONCE).await.unwrap(), Saved::Done);
        }
        let (table, _) = table(vec![Given::Nothing, Given::json(200, &json!({}))]);
        let error = table.save_month(&november(), None, NONCE).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Retry, "it was not done");
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_call_itself_is_no_lost_race() {
        let denied = Given::json(400, &json!({ "__type": "com.amazon.coral.service#AccessDeniedException" }));
        let (table, replay) = table(vec![denied]);
        let error = table.save_month(&november(), None, NONCE).await.unwrap_err();
        assert_eq!((error.class, replay.asked().len()), (ErrorClass::Permanent, 1));
    }
}

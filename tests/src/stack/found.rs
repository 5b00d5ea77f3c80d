//! A stack that somebody else made: all that is known of it is its definition in the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::sdk::Clients;
use super::{BySlot, Slot, Stack, read};
use crate::moto::Moto;

impl Stack {
    /// The stack of a service that is defined in `table`, whose functions tell `alerts_topic_arn`.
    pub async fn found(moto: &Moto, table: &str, service: &str, alerts_topic_arn: &str) -> Stack {
        let aws = Clients::new(moto);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let key = HashMap::from([("pk".to_owned(), text("SERVICES")), ("sk".to_owned(), text(service))]);
        let answer = aws.dynamodb.get_item().table_name(table).set_key(Some(key)).send().await.expect("GetItem");
        let item = answer.item.unwrap_or_else(|| panic!("{service} is not defined in {table}"));
        let definition = read::item(item).doc;
        let word = |value: &Value| value.as_str().unwrap_or_else(|| panic!("not all is in {definition:#}")).to_owned();
        let of_slots = |field: &str| BySlot {
            blue: word(&definition["slots"][Slot::Blue.name()][field]),
            green: word(&definition["slots"][Slot::Green.name()][field]),
        };
        let listener_arn = word(&definition["listener_arn"]);
        let answer = aws.elb.describe_listeners().listener_arns(&listener_arn).send().await;
        let listeners = answer.expect("DescribeListeners").listeners.unwrap_or_default();
        Stack {
            name: service.to_owned(),
            table: table.to_owned(),
            load_balancer_arn: listeners[0].load_balancer_arn.clone().expect("the load balancer's ARN"),
            listener_arn,
            target_groups: of_slots("target_group_arn"),
            groups: of_slots("asg"),
            alarm: word(&definition["guard"]["alarms"][0]),
            alerts_topic_arn: alerts_topic_arn.to_owned(),
            aws,
            moto: moto.clone(),
            definition,
        }
    }
}

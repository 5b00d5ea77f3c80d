//! The AWS adapters against the emulator.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::config::Region;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use signalbox_aws::Aws;
use signalbox_domain::billing::MonthName;
use signalbox_domain::definition::Definition;
use signalbox_domain::replacement::Phase;
use signalbox_domain::slot::Slot;
use signalbox_reconciler::ports::{OperationItem, Save, Saved, Store};
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Stack, sdk_config};

use crate::Place;
use crate::behaviours::{record, save};
use crate::billing::Charged;
use crate::replacements::{deployment, replacement};

pub(crate) struct Emulator {
    stack: Stack,
    definition: Definition,
}

impl Emulator {
    pub(crate) async fn create() -> Emulator {
        let stack = Stack::create(&Moto::shared()).await;
        stack.define(json!({"guard": {"alarms": [stack.alarm, "not-there"]}})).await;
        let item = stack.item("SERVICES", &stack.name).await.expect("it was just written");
        let definition = Definition::read(&item.doc.to_string()).expect("the harness writes what is right");
        Emulator { stack, definition }
    }
}

impl Place for Emulator {
    type Ports = Aws;
    const DRAINS: bool = false;
    const BOOTS: bool = false;
    const ZONES: &[&str] = &["eu-west-1a", "eu-west-1b", "eu-west-1c"];

    fn ports(&self) -> Aws {
        let topic = Some(self.stack.alerts_topic_arn.clone());
        Aws::new(&sdk_config(self.stack.moto()), self.stack.table.clone(), topic, None)
    }

    fn definition(&self) -> Definition {
        self.definition.clone()
    }

    async fn heal_by_itself(&self, slot: Slot, grace: SignedDuration) {
        let client = aws_sdk_autoscaling::Client::new(&sdk_config(self.stack.moto()));
        client
            .update_auto_scaling_group()
            .auto_scaling_group_name(self.definition.slots[slot].asg.as_str())
            .health_check_type("EC2,ELB")
            .health_check_grace_period(grace.as_secs().try_into().unwrap())
            .send()
            .await
            .unwrap();
    }

    async fn pass(&self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Charged for Emulator {
    /// The emulator's readings are everybody's, so nobody gets the same month, nor the one before it.
    fn month(&self) -> MonthName {
        static GIVEN: AtomicI64 = AtomicI64::new(0);
        let days = 90 * GIVEN.fetch_add(1, Ordering::Relaxed);
        MonthName::of("2024-11-23T01:30:00Z".parse::<Timestamp>().unwrap() - SignedDuration::from_hours(24 * days))
    }

    async fn put_reading(&self, of: Option<&str>, at: Timestamp, dollars: f64) {
        let config = sdk_config(self.stack.moto());
        let client = |region: &'static str| {
            let config = aws_sdk_cloudwatch::config::Builder::from(&config).region(Region::from_static(region));
            aws_sdk_cloudwatch::Client::from_conf(config.build())
        };
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let datum = |dollars: f64| {
            let datum = MetricDatum::builder().metric_name("EstimatedCharges").value(dollars);
            let datum = datum.timestamp(SystemTime::from(at).into()).dimensions(dimension("Currency", "USD"));
            of.iter().fold(datum, |datum, service| datum.dimensions(dimension("ServiceName", service))).build()
        };
        // The functions' own region has a metric of that name as well, put there by somebody who means well.
        for (region, dollars) in [("us-east-1", dollars), ("eu-west-1", dollars * 1_000.0)] {
            let put = client(region).put_metric_data().namespace("AWS/Billing").metric_data(datum(dollars));
            put.send().await.unwrap();
        }
    }

    async fn put_plan(&self, text: &str) {
        self.ports().table().put_plan(text).await.unwrap();
    }
}

#[tokio::test]
async fn every_operation_of_a_service_is_listed_the_last_one_first() {
    let place = Emulator::create().await;
    let mut began = Vec::new();
    let items: [fn(&Emulator) -> OperationItem; 4] = [
        |place| replacement(place, "i-9.1", Phase::Replaced),
        |place| deployment(place, "d-5"),
        |place| replacement(place, "i-1.1", Phase::Replaced),
        |place| deployment(place, "d-1"),
    ];
    for (item, version) in items.iter().zip([None, Some(1), Some(2), Some(3)]) {
        let item = item(&place);
        let operations = vec![item.clone()];
        let saved = place.ports().save(&Save { operations, ..save(&place, record(&place, Slot::Blue), version) }).await;
        assert_eq!(saved.unwrap(), Saved::Done);
        began.insert(0, item);
    }
    let listed = place.ports().table().operations(&place.definition().name).await.unwrap();
    assert_eq!(listed, began);
}

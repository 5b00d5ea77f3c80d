//! The AWS adapters against the emulator.

use std::time::Duration;

use serde_json::json;
use signalbox_aws::Aws;
use signalbox_domain::definition::Definition;
use signalbox_tests::moto::Moto;
use signalbox_tests::stack::{Stack, sdk_config};

use crate::Place;

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

    fn ports(&self) -> Aws {
        let topic = Some(self.stack.alerts_topic_arn.clone());
        Aws::new(&sdk_config(self.stack.moto()), self.stack.table.clone(), topic, None)
    }

    fn definition(&self) -> Definition {
        self.definition.clone()
    }

    async fn pass(&self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

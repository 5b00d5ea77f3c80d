//! Reading strictly, with every mistake named by its path.

use serde::de::DeserializeOwned;
use serde_json::Value;
use signalbox_domain::mistake::{self, Mistake};

/// Reads `value`, whose mistakes are named by their path in it.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Mistake> {
    mistake::read_value(value.clone())
}

/// `event` without the context that a CloudWatch dashboard adds to every call of a custom
/// widget ([custom widgets](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html)).
pub(crate) fn without_widget_context(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(fields) = event.as_object_mut() {
        fields.remove("widgetContext");
    }
    event
}

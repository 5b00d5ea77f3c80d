//! Parameter Store: the release of each slot, as its instances read it at boot.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use aws_types::SdkConfig;
use signalbox_domain::definition::Definition;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{Malformed, Release};
use signalbox_reconciler::ports::CloudError;

use crate::errors::{OrFailed, unusable};

const GET: &str = "GetParameters";
/// The word for no release.
const NONE: &str = "none";

/// Parameter Store.
#[derive(Clone, Debug)]
pub struct ParameterStore {
    client: Client,
}

impl ParameterStore {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        ParameterStore { client: Client::new(config) }
    }

    /// Both slots' releases, in one call; none where launch templates hold them.
    ///
    /// # Errors
    /// When they cannot be read, or one is not a release.
    pub async fn releases(&self, of: &Definition) -> Result<BySlot<Option<Release>>, CloudError> {
        let BySlot { blue: Some(blue), green: Some(green) } = BySlot::from_fn(|slot| of.release.parameter(slot)) else {
            return Ok(BySlot { blue: None, green: None });
        };
        let answer = self
            .client
            .get_parameters()
            .names(&blue)
            .names(&green)
            .send()
            .await
            .or_failed(GET, &format_args!("{blue} and {green}"))?;
        Ok(BySlot { blue: release(answer.parameters(), &blue)?, green: release(answer.parameters(), &green)? })
    }

    /// Writes a slot's release.
    ///
    /// # Errors
    /// When it cannot be written, or this service does not keep its releases here.
    pub async fn write(&self, of: &Definition, slot: Slot, release: &Release) -> Result<(), CloudError> {
        const PUT: &str = "PutParameter";
        let name = of
            .release
            .parameter(slot)
            .ok_or_else(|| unusable(PUT, &of.name, "this service keeps its releases in launch templates"))?;
        self.client
            .put_parameter()
            .name(&name)
            .value(release.as_str())
            .r#type(ParameterType::String)
            .overwrite(true)
            .send()
            .await
            .map(drop)
            .or_failed(PUT, &name)
    }
}

/// The release in the parameter of this name. What it holds is not repeated in the error: somebody
/// may have written a secret into the wrong parameter.
fn release(parameters: &[Parameter], name: &str) -> Result<Option<Release>, CloudError> {
    let value = parameters.iter().find(|parameter| parameter.name() == Some(name)).and_then(Parameter::value);
    match value.map(str::trim) {
        None | Some(NONE) => Ok(None),
        Some(value) => {
            value.parse().map(Some).map_err(|malformed: Malformed| unusable(GET, &name, malformed.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(value: &str) -> Vec<Parameter> {
        vec![Parameter::builder().name("/shop/blue/release").value(value).build()]
    }

    #[test]
    fn none_and_nothing_are_no_release() {
        assert_eq!(release(&parameter("none"), "/shop/blue/release").unwrap(), None);
        assert_eq!(release(&[], "/shop/blue/release").unwrap(), None);
        assert_eq!(release(&parameter("v1\n"), "/shop/blue/release").unwrap(), Some("v1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_release_is_refused_without_being_repeated() {
        let error = release(&parameter("hunter2 \"secret\""), "/shop/blue/release").unwrap_err().to_string();
        assert!(error.contains("/shop/blue/release"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

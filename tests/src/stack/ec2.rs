//! The few EC2 calls that a stack needs, as raw requests: the SDK's EC2 crate is larger than all
//! the others together.

use hyper::Method;

use crate::http;
use crate::moto::Moto;
use crate::runtime::REGION;

/// A subnet, and the network it is in.
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) vpc: String,
}

/// The subnets of the default network.
pub(super) async fn subnets(moto: &Moto) -> Vec<Subnet> {
    let answer = call(moto, "DescribeSubnets", &[]).await;
    let (ids, vpcs) = (elements(&answer, "subnetId"), elements(&answer, "vpcId"));
    ids.into_iter().zip(vpcs).map(|(id, vpc)| Subnet { id, vpc }).collect()
}

/// Makes a launch template; returns its id.
pub(super) async fn create_launch_template(moto: &Moto, name: &str) -> String {
    let parameters = [
        ("LaunchTemplateName", name),
        ("LaunchTemplateData.ImageId", "ami-1"),
        ("LaunchTemplateData.InstanceType", "t3.small"),
    ];
    let answer = call(moto, "CreateLaunchTemplate", &parameters).await;
    elements(&answer, "launchTemplateId").into_iter().next().unwrap_or_else(|| panic!("no template in {answer}"))
}

/// Calls an operation that takes a list of instances: `TerminateInstances`, `StopInstances`.
pub(super) async fn on_instances(moto: &Moto, operation: &str, instances: &[String]) {
    let names: Vec<String> = (1..=instances.len()).map(|number| format!("InstanceId.{number}")).collect();
    let parameters: Vec<(&str, &str)> =
        names.iter().zip(instances).map(|(name, id)| (name.as_str(), id.as_str())).collect();
    call(moto, operation, &parameters).await;
}

/// Gives an instance a tag.
pub(super) async fn tag_instance(moto: &Moto, instance: &str, key: &str, value: &str) {
    let parameters = [("ResourceId.1", instance), ("Tag.1.Key", key), ("Tag.1.Value", value)];
    call(moto, "CreateTags", &parameters).await;
}

/// Takes a tag from an instance.
pub(super) async fn untag_instance(moto: &Moto, instance: &str, key: &str) {
    call(moto, "DeleteTags", &[("ResourceId.1", instance), ("Tag.1.Key", key)]).await;
}

async fn call(moto: &Moto, operation: &str, parameters: &[(&str, &str)]) -> String {
    // All values are plain words: nothing to escape.
    let more: String = parameters.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    let body = format!("Action={operation}&Version=2016-11-15{more}");
    let scope =
        format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=0");
    let headers = [("authorization", scope.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let answer = http::send(moto.endpoint(), Method::POST, "/", &headers, body).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
    answer.text()
}

/// The texts of all elements of this name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn elements_are_found_wherever_they_are() {
        assert_eq!(elements("<a><id>1</id></a><id>2</id><ids>3</ids>", "id"), ["1", "2"]);
    }
}

//! Single instances: whose they are, and what is done to them.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::config::Builder;
use aws_sdk_autoscaling::config::retry::RetryConfig;
use aws_sdk_autoscaling::types::AutoScalingInstanceDetails;
use signalbox_domain::text::{GroupName, InstanceId};
use signalbox_reconciler::ports::{CloudError, ErrorClass};

use super::AutoScaling;
use crate::errors::OrFailed;

const DESCRIBE: &str = "DescribeAutoScalingInstances";
/// More instances are not described at once
/// ([DescribeAutoScalingInstances](https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingInstances.html)).
const MOST_DESCRIBED: usize = 50;

impl AutoScaling {
    /// The groups that these instances are in, whatever they do there. Who is in none, or does not exist, is
    /// left out.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn owners(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, GroupName>, CloudError> {
        let mut owners = BTreeMap::new();
        // No chunk is empty: AWS would take that for all instances of the account.
        for chunk in instances.chunks(MOST_DESCRIBED) {
            let ids = chunk.iter().map(ToString::to_string).collect();
            let request = self.client.describe_auto_scaling_instances().set_instance_ids(Some(ids));
            let mut pages = request.into_paginator().items().send();
            while let Some(instance) = pages.next().await {
                let instance = instance.or_failed(DESCRIBE, &format_args!("{} instances", chunk.len()))?;
                owners.extend(owner(&instance));
            }
        }
        Ok(owners)
    }

    /// Terminates an instance and takes one off the desired size of its group. One that is in no group any
    /// more is terminated already.
    ///
    /// The call is made once: were its answer lost, a second one could take another one off the desired size.
    ///
    /// # Errors
    /// When it cannot be terminated, or the group would be smaller than its minimum.
    pub async fn terminate(&self, instance: &InstanceId) -> Result<(), CloudError> {
        let once = Builder::new().retry_config(RetryConfig::disabled());
        let answer = self
            .client
            .terminate_instance_in_auto_scaling_group()
            .instance_id(instance.as_str())
            .should_decrement_desired_capacity(true)
            .customize()
            .config_override(once)
            .send()
            .await;
        unless_done(answer.map(drop).or_failed("TerminateInstanceInAutoScalingGroup", instance))
    }

    /// Lets an instance go on from a lifecycle hook. One that does not wait there any more has gone on already.
    ///
    /// # Errors
    /// When the hook cannot be told.
    pub async fn complete(&self, group: &GroupName, instance: &InstanceId, hook: &str) -> Result<(), CloudError> {
        let answer = self
            .client
            .complete_lifecycle_action()
            .auto_scaling_group_name(group.as_str())
            .lifecycle_hook_name(hook)
            .instance_id(instance.as_str())
            .lifecycle_action_result("CONTINUE")
            .send()
            .await;
        unless_done(answer.map(drop).or_failed("CompleteLifecycleAction", &format_args!("{instance} at {hook}")))
    }

    /// Lets an instance wait at a lifecycle hook for as long again as the hook gives it; one that does not wait
    /// there any more cannot.
    ///
    /// # Errors
    /// When the hook cannot be told.
    pub async fn prolong(&self, group: &GroupName, instance: &InstanceId, hook: &str) -> Result<(), CloudError> {
        let answer = self
            .client
            .record_lifecycle_action_heartbeat()
            .auto_scaling_group_name(group.as_str())
            .lifecycle_hook_name(hook)
            .instance_id(instance.as_str())
            .send()
            .await;
        unless_done(answer.map(drop).or_failed("RecordLifecycleActionHeartbeat", &format_args!("{instance} at {hook}")))
    }
}

/// A group whose name we could not even hold is none of ours.
fn owner(instance: &AutoScalingInstanceDetails) -> Option<(InstanceId, GroupName)> {
    Some((instance.instance_id()?.parse().ok()?, instance.auto_scaling_group_name()?.parse().ok()?))
}

/// What was done before is done.
fn unless_done(done: Result<(), CloudError>) -> Result<(), CloudError> {
    match done {
        Err(error) if error.class == ErrorClass::AlreadyDone => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use aws_sdk_autoscaling::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
    use aws_types::SdkConfig;
    use axum::Router;
    use axum::http::StatusCode;
    use tokio::net::TcpListener;

    use super::*;

    /// An Auto Scaling that gives these answers in turn, the last one for ever, and keeps what it was asked.
    async fn answering(answers: &[(u16, String)]) -> (AutoScaling, Arc<Mutex<Vec<String>>>) {
        let (asked, answers) = (Arc::new(Mutex::new(Vec::new())), answers.to_vec());
        let log = Arc::clone(&asked);
        let app = Router::new().fallback(async move |body: String| {
            let mut log = log.lock().unwrap();
            let (status, text) = answers[log.len().min(answers.len() - 1)].clone();
            log.push(body);
            (StatusCode::from_u16(status).unwrap(), [("content-type", "text/xml")], text)
        });
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, app).await.unwrap() });
        let credentials = Credentials::new("test", "test", None, None, "tests");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1)))
            .build();
        (AutoScaling::new(&config), asked)
    }

    fn refused(code: &str, message: &str) -> String {
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
    }

    fn described(next: &str, members: &[(&str, &str)]) -> String {
        let one = |(id, group)| {
            format!(
                "<member><InstanceId>{id}</InstanceId><AutoScalingGroupName>{group}</AutoScalingGroupName></member>"
            )
        };
        let members: String = members.iter().copied().map(one).collect();
        format!(
            "<DescribeAutoScalingInstancesResponse><DescribeAutoScalingInstancesResult><AutoScalingInstances>\
             {members}</AutoScalingInstances>{next}</DescribeAutoScalingInstancesResult>\
             </DescribeAutoScalingInstancesResponse>"
        )
    }

    fn id(number: usize) -> InstanceId {
        format!("i-{number:017x}").parse().unwrap()
    }

    #[tokio::test]
    async fn a_termination_is_asked_for_once_whatever_becomes_of_it() {
        let (cloud, asked) = answering(&[(500, refused("InternalFailure", "an error on our side"))]).await;
        assert_eq!(cloud.terminate(&id(1)).await.unwrap_err().class, ErrorClass::Retry);
        let once = format!(
            "Action=TerminateInstanceInAutoScalingGroup&Version=2011-01-01&InstanceId={}\
             &ShouldDecrementDesiredCapacity=true",
            id(1)
        );
        assert_eq!(*asked.lock().unwrap(), [once]);
        let group = "shop-blue".parse().unwrap();
        cloud.complete(&group, &id(1), "booted").await.unwrap_err();
        assert_eq!(asked.lock().unwrap().len(), 3, "this one may be asked for twice");
    }

    #[tokio::test]
    async fn what_is_gone_already_is_terminated() {
        let gone = "Instance Id not found - No managed instance found for instance ID: i-1";
        let (cloud, _) = answering(&[(400, refused("ValidationError", gone))]).await;
        cloud.terminate(&id(1)).await.unwrap();
        let too_small = "Currently, desiredSize equals minSize (2). Terminating instance without replacement will \
                         violate group's min size constraint.";
        let (cloud, _) = answering(&[(400, refused("ValidationError", too_small))]).await;
        assert_eq!(cloud.terminate(&id(1)).await.unwrap_err().class, ErrorClass::Permanent);
    }

    #[tokio::test]
    async fn who_waits_at_no_hook_has_gone_on_already() {
        let gone_on = "No active Lifecycle Action found with instance ID i-1";
        let (cloud, asked) = answering(&[(400, refused("ValidationError", gone_on))]).await;
        let group = "shop-blue".parse().unwrap();
        cloud.complete(&group, &id(1), "booted").await.unwrap();
        cloud.prolong(&group, &id(1), "booted").await.unwrap();
        let asked = asked.lock().unwrap();
        assert!(asked[0].contains("Action=CompleteLifecycleAction") && asked[0].contains("CONTINUE"), "{asked:?}");
        assert!(asked[1].contains("Action=RecordLifecycleActionHeartbeat"), "{asked:?}");
    }

    #[tokio::test]
    async fn owners_are_asked_for_fifty_at_a_time_and_page_by_page() {
        let next = "<NextToken>more</NextToken>";
        let (one, two, last) = (id(0).to_string(), id(1).to_string(), id(50).to_string());
        let (cloud, asked) = answering(&[
            (200, described(next, &[(&one, "shop-blue")])),
            (200, described("", &[(&two, "shop-green")])),
            (200, described("", &[(&last, "shop-blue")])),
        ])
        .await;
        let owners = cloud.owners(&(0..51).map(id).collect::<Vec<_>>()).await.unwrap();
        let expected = [(id(0), "shop-blue"), (id(1), "shop-green"), (id(50), "shop-blue")];
        assert_eq!(owners, expected.map(|(id, group)| (id, group.parse().unwrap())).into());
        let asked = asked.lock().unwrap();
        let ids = |asked: &str| asked.matches("InstanceIds.member").count();
        assert_eq!(asked.iter().map(|asked| ids(asked)).collect::<Vec<_>>(), [50, 50, 1]);
        assert!(asked[1].contains("NextToken=more"), "{}", asked[1]);
    }

    #[tokio::test]
    async fn nobody_is_not_asked_for() {
        let (cloud, asked) = answering(&[(500, String::new())]).await;
        assert_eq!(cloud.owners(&[]).await.unwrap(), BTreeMap::new());
        assert!(asked.lock().unwrap().is_empty());
    }
}

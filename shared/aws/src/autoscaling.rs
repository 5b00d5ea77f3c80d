//! Auto Scaling: the groups, and what is done to them.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, InstanceRefreshStatus, LaunchTemplateSpecification, LifecycleState,
};
use aws_types::SdkConfig;
use futures_util::future::try_join;
use signalbox_domain::definition::{Capacity, Definition};
use signalbox_domain::observation::Process;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{GroupName, Release};
use signalbox_reconciler::ports::{CloudError, GroupSeen, Member};

use crate::errors::{OrFailed, unusable};

const DESCRIBE: &str = "DescribeAutoScalingGroups";
const UPDATE: &str = "UpdateAutoScalingGroup";

/// Auto Scaling.
#[derive(Clone, Debug)]
pub struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    /// One for the life of the process.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        AutoScaling { client: Client::new(config) }
    }

    /// Both groups of a service, in one call.
    ///
    /// # Errors
    /// When they cannot be read, or one does not exist.
    pub async fn groups(&self, of: &Definition) -> Result<BySlot<GroupSeen>, CloudError> {
        let names = BySlot::from_fn(|slot| &of.slots[slot].asg);
        let answer = self
            .client
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(names.blue.as_str())
            .auto_scaling_group_names(names.green.as_str())
            .send()
            .await
            .or_failed(DESCRIBE, &format_args!("{} and {}", names.blue, names.green))?;
        let find = |name: &GroupName| {
            let group = named(answer.auto_scaling_groups(), name)?;
            seen(group).map_err(|problem| unusable(DESCRIBE, name, problem))
        };
        Ok(BySlot { blue: find(names.blue)?, green: find(names.green)? })
    }

    /// The slots whose group has an instance refresh under way.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn refreshing(&self, of: &Definition) -> Result<Vec<Slot>, CloudError> {
        let (blue, green) = try_join(self.refreshes(of, Slot::Blue), self.refreshes(of, Slot::Green)).await?;
        let refreshes = BySlot { blue, green };
        Ok(Slot::BOTH.into_iter().filter(|slot| refreshes[*slot]).collect())
    }

    async fn refreshes(&self, of: &Definition, slot: Slot) -> Result<bool, CloudError> {
        let name = &of.slots[slot].asg;
        let answer = self
            .client
            .describe_instance_refreshes()
            .auto_scaling_group_name(name.as_str())
            .send()
            .await
            .or_failed("DescribeInstanceRefreshes", name)?;
        Ok(answer.instance_refreshes().iter().filter_map(|refresh| refresh.status()).any(is_under_way))
    }

    /// Sets min, desired and max in one update, so that none of them is ever out of the others' range.
    ///
    /// # Errors
    /// When the group cannot be updated.
    pub async fn resize(&self, group: &GroupName, to: Capacity) -> Result<(), CloudError> {
        let size =
            |size: u32| i32::try_from(size).map_err(|_| unusable(UPDATE, group, "a size beyond what AWS can hold"));
        self.client
            .update_auto_scaling_group()
            .auto_scaling_group_name(group.as_str())
            .min_size(size(to.min)?)
            .desired_capacity(size(to.desired)?)
            .max_size(size(to.max)?)
            .send()
            .await
            .map(drop)
            .or_failed(UPDATE, group)
    }

    /// Suspends these processes. None means none: AWS would take an empty list for all of them
    /// ([SuspendProcesses](https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html)).
    ///
    /// # Errors
    /// When they cannot be suspended.
    pub async fn suspend(&self, group: &GroupName, processes: &BTreeSet<Process>) -> Result<(), CloudError> {
        if processes.is_empty() {
            return Ok(());
        }
        self.client
            .suspend_processes()
            .auto_scaling_group_name(group.as_str())
            .set_scaling_processes(Some(names(processes)))
            .send()
            .await
            .map(drop)
            .or_failed("SuspendProcesses", group)
    }

    /// Resumes these processes; none means none, as in [`AutoScaling::suspend`].
    ///
    /// # Errors
    /// When they cannot be resumed.
    pub async fn resume(&self, group: &GroupName, processes: &BTreeSet<Process>) -> Result<(), CloudError> {
        if processes.is_empty() {
            return Ok(());
        }
        self.client
            .resume_processes()
            .auto_scaling_group_name(group.as_str())
            .set_scaling_processes(Some(names(processes)))
            .send()
            .await
            .map(drop)
            .or_failed("ResumeProcesses", group)
    }

    /// Sets the version of the group's launch template, wherever the group holds one: by itself or in
    /// its mixed-instances policy, which goes back whole.
    ///
    /// # Errors
    /// When the group cannot be read or updated, or has no launch template.
    pub async fn set_template_version(&self, name: &GroupName, version: &Release) -> Result<(), CloudError> {
        let answer = self
            .client
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(name.as_str())
            .send()
            .await
            .or_failed(DESCRIBE, name)?;
        let group = named(answer.auto_scaling_groups(), name)?;
        let current = template(group).ok_or_else(|| unusable(UPDATE, name, "the group has no launch template"))?;
        if current.version() == Some(version.as_str()) {
            return Ok(());
        }
        let wanted = at_version(current, version);
        let update = self.client.update_auto_scaling_group().auto_scaling_group_name(name.as_str());
        let update = match group.mixed_instances_policy.clone() {
            Some(mut policy) => {
                if let Some(template) = policy.launch_template.as_mut() {
                    template.launch_template_specification = Some(wanted);
                }
                update.mixed_instances_policy(policy)
            }
            None => update.launch_template(wanted),
        };
        update.send().await.map(drop).or_failed(UPDATE, name)
    }
}

fn named<'a>(groups: &'a [AutoScalingGroup], name: &GroupName) -> Result<&'a AutoScalingGroup, CloudError> {
    groups
        .iter()
        .find(|group| group.auto_scaling_group_name() == Some(name.as_str()))
        .ok_or_else(|| unusable(DESCRIBE, name, "no Auto Scaling group of this name exists"))
}

fn names(processes: &BTreeSet<Process>) -> Vec<String> {
    processes.iter().map(|process| process.name().to_owned()).collect()
}

fn seen(group: &AutoScalingGroup) -> Result<GroupSeen, String> {
    let size = |size: Option<i32>, what: &str| {
        size.and_then(|size| u32::try_from(size).ok()).ok_or_else(|| format!("the group has no {what}"))
    };
    let capacity = Capacity {
        min: size(group.min_size(), "min size")?,
        desired: size(group.desired_capacity(), "desired capacity")?,
        max: size(group.max_size(), "max size")?,
    };
    let members = group
        .instances()
        .iter()
        .filter_map(|instance| {
            let state = instance.lifecycle_state()?;
            Some(Member {
                id: instance.instance_id()?.parse().ok()?,
                in_service: *state == LifecycleState::InService,
                leaving: is_leaving(state),
            })
        })
        .collect();
    let is_suspended = |process: &Process| {
        group.suspended_processes().iter().any(|suspended| suspended.process_name() == Some(process.name()))
    };
    let version = template(group).and_then(LaunchTemplateSpecification::version);
    Ok(GroupSeen {
        capacity,
        members,
        suspended: Process::ALL.into_iter().filter(is_suspended).collect(),
        // `$Latest` and `$Default` say nothing of what the instances run.
        template_version: version
            .filter(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|version| version.parse().ok()),
    })
}

/// `Terminating` with its waits, `Terminated`, `Detaching` and `Detached`
/// ([lifecycle](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html)).
fn is_leaving(state: &LifecycleState) -> bool {
    state.as_str().starts_with("Terminat") || state.as_str().starts_with("Detach")
}

/// Every state in which AWS still replaces instances, or may yet do so, by itself
/// ([InstanceRefresh](https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html)).
fn is_under_way(status: &InstanceRefreshStatus) -> bool {
    matches!(
        status,
        InstanceRefreshStatus::Pending
            | InstanceRefreshStatus::InProgress
            | InstanceRefreshStatus::Baking
            | InstanceRefreshStatus::Cancelling
            | InstanceRefreshStatus::RollbackInProgress
    )
}

fn template(group: &AutoScalingGroup) -> Option<&LaunchTemplateSpecification> {
    let mixed = || group.mixed_instances_policy()?.launch_template()?.launch_template_specification();
    group.launch_template().or_else(mixed)
}

/// The same template at another version. AWS describes it by id and by name, and takes only one.
fn at_version(current: &LaunchTemplateSpecification, version: &Release) -> LaunchTemplateSpecification {
    let mut wanted = current.clone();
    wanted.version = Some(version.to_string());
    if wanted.launch_template_id.is_some() {
        wanted.launch_template_name = None;
    }
    wanted
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::builders::AutoScalingGroupBuilder;
    use aws_sdk_autoscaling::types::{Instance, LaunchTemplate, MixedInstancesPolicy, SuspendedProcess};

    use super::*;

    fn group() -> AutoScalingGroupBuilder {
        AutoScalingGroup::builder().auto_scaling_group_name("shop-blue").min_size(1).desired_capacity(2).max_size(3)
    }

    fn specification(version: &str) -> LaunchTemplateSpecification {
        LaunchTemplateSpecification::builder()
            .launch_template_id("lt-1")
            .launch_template_name("shop")
            .version(version)
            .build()
    }

    #[test]
    fn members_are_in_service_or_leaving_or_neither() {
        let expected = [
            ("InService", true, false),
            ("Pending", false, false),
            ("Pending:Wait", false, false),
            ("EnteringStandby", false, false),
            ("Standby", false, false),
            ("Terminating", false, true),
            ("Terminating:Wait", false, true),
            ("Terminating:Proceed", false, true),
            ("Terminated", false, true),
            ("Detaching", false, true),
            ("Detached", false, true),
        ];
        for (state, in_service, leaving) in expected {
            let instance = Instance::builder().instance_id("i-1").lifecycle_state(state.into()).build();
            let member = seen(&group().instances(instance).build()).unwrap().members.remove(0);
            assert_eq!((member.in_service, member.leaving), (in_service, leaving), "{state}");
        }
    }

    #[test]
    fn only_the_processes_we_know_are_told_of() {
        let suspended = |name: &str| SuspendedProcess::builder().process_name(name).build();
        let group =
            group().suspended_processes(suspended("Launch")).suspended_processes(suspended("AZRebalance")).build();
        assert_eq!(seen(&group).unwrap().suspended, BTreeSet::from([Process::AZRebalance]));
    }

    #[test]
    fn a_template_version_is_a_number_or_nothing_known() {
        for (version, known) in [("7", Some("7")), ("$Latest", None), ("$Default", None)] {
            let group = group().launch_template(specification(version)).build();
            let seen = seen(&group).unwrap().template_version;
            assert_eq!(seen.as_ref().map(Release::as_str), known, "{version}");
        }
    }

    #[test]
    fn the_template_of_a_mixed_group_is_found() {
        let template = LaunchTemplate::builder().launch_template_specification(specification("7")).build();
        let policy = MixedInstancesPolicy::builder().launch_template(template).build();
        let seen = seen(&group().mixed_instances_policy(policy).build()).unwrap();
        assert_eq!(seen.template_version, Some("7".parse().unwrap()));
    }

    #[test]
    fn a_template_is_named_by_its_id_alone() {
        let wanted = at_version(&specification("7"), &"8".parse().unwrap());
        assert_eq!((wanted.launch_template_id(), wanted.launch_template_name()), (Some("lt-1"), None));
        assert_eq!(wanted.version(), Some("8"));
    }
}

//! The groups: what they are, and what is set on them.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AutoScalingGroup, InstanceRefreshStatus, LaunchTemplateSpecification};
use futures_util::future::try_join;
use signalbox_domain::definition::{Capacity, Definition};
use signalbox_domain::observation::Process;
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{GroupName, Release};
use signalbox_reconciler::ports::{CloudError, GroupSeen};

use super::AutoScaling;
use super::seen::{seen, template};
use crate::errors::{OrFailed, unfinished, unusable};

const DESCRIBE: &str = "DescribeAutoScalingGroups";
const UPDATE: &str = "UpdateAutoScalingGroup";

impl AutoScaling {
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
        let size = |size: u32| whole(group, size);
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

    /// Sets min and max, and leaves the size as it is: a group that has grown beyond the maximum meanwhile is left alone,
    /// since a maximum below its size would take instances away
    /// ([UpdateAutoScalingGroup](https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html)).
    ///
    /// # Errors
    /// When the group cannot be updated.
    pub async fn bound(&self, group: &GroupName, min: u32, max: u32) -> Result<(), CloudError> {
        let read = self.client.describe_auto_scaling_groups().auto_scaling_group_names(group.as_str());
        let answer = read.send().await.or_failed(DESCRIBE, group)?;
        let desired = named(answer.auto_scaling_groups(), group)?.desired_capacity().unwrap_or_default();
        if desired > whole(group, max)? {
            return Err(unfinished(UPDATE, group, format!("it has grown to {desired} meanwhile")));
        }
        let update = self.client.update_auto_scaling_group().auto_scaling_group_name(group.as_str());
        let update = update.min_size(whole(group, min)?).max_size(whole(group, max)?);
        update.send().await.map(drop).or_failed(UPDATE, group)
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

fn whole(group: &GroupName, size: u32) -> Result<i32, CloudError> {
    i32::try_from(size).map_err(|_| unusable(UPDATE, group, "a size beyond what AWS can hold"))
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
    use super::*;

    #[test]
    fn a_template_is_named_by_its_id_alone() {
        let both = LaunchTemplateSpecification::builder().launch_template_id("lt-1").launch_template_name("shop");
        let wanted = at_version(&both.version("7").build(), &"8".parse().unwrap());
        assert_eq!((wanted.launch_template_id(), wanted.launch_template_name()), (Some("lt-1"), None));
        assert_eq!(wanted.version(), Some("8"));
    }
}

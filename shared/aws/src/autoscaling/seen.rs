//! A group as it describes itself. Pure.

use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LaunchTemplateSpecification, LifecycleState};
use jiff::SignedDuration;
use signalbox_domain::definition::Capacity;
use signalbox_domain::observation::{Lifecycle, Process};
use signalbox_reconciler::ports::{GroupSeen, Member};

/// What a group says of itself, or what it does not say.
pub(super) fn seen(group: &AutoScalingGroup) -> Result<GroupSeen, String> {
    let size = |size: Option<i32>, what: &str| {
        size.and_then(|size| u32::try_from(size).ok()).ok_or_else(|| format!("the group has no {what}"))
    };
    let capacity = Capacity {
        min: size(group.min_size(), "min size")?,
        desired: size(group.desired_capacity(), "desired capacity")?,
        max: size(group.max_size(), "max size")?,
    };
    let is_suspended = |process: &Process| {
        group.suspended_processes().iter().any(|suspended| suspended.process_name() == Some(process.name()))
    };
    let version = template(group).and_then(LaunchTemplateSpecification::version);
    Ok(GroupSeen {
        capacity,
        members: group.instances().iter().filter_map(member).collect(),
        suspended: Process::ALL.into_iter().filter(is_suspended).collect(),
        // `$Latest` and `$Default` say nothing of what the instances run.
        template_version: version
            .filter(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|version| version.parse().ok()),
        heals_itself: judges_by_load_balancer(group.health_check_type().unwrap_or_default()),
        grace: SignedDuration::from_secs(group.health_check_grace_period().unwrap_or_default().max(0).into()),
    })
}

/// The launch template, by itself or in the mixed-instances policy.
pub(super) fn template(group: &AutoScalingGroup) -> Option<&LaunchTemplateSpecification> {
    let mixed = || group.mixed_instances_policy()?.launch_template()?.launch_template_specification();
    group.launch_template().or_else(mixed)
}

fn member(instance: &Instance) -> Option<Member> {
    Some(Member {
        id: instance.instance_id()?.parse().ok()?,
        zone: instance.availability_zone().unwrap_or_default().to_owned(),
        lifecycle: lifecycle(instance.lifecycle_state()?),
        condemned: instance.health_status().is_some_and(|status| status.eq_ignore_ascii_case("Unhealthy")),
        protected: instance.protected_from_scale_in().unwrap_or_default(),
    })
}

/// Where an instance is on its way
/// ([lifecycle](https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html)).
///
/// A retained one (`Terminating:Retained`) still runs and no longer counts
/// ([retained](https://docs.aws.amazon.com/autoscaling/ec2/userguide/manage-retained-instances.html)): it leaves.
/// Whatever else is not in service, such as `Warmed:*` and `ReplacingRootVolume*`, may yet come into it.
fn lifecycle(state: &LifecycleState) -> Lifecycle {
    match state.as_str() {
        "InService" => Lifecycle::InService,
        "EnteringStandby" | "Standby" => Lifecycle::Standby,
        "Pending:Wait" => Lifecycle::ComingHeld,
        "Terminating:Wait" => Lifecycle::LeavingHeld,
        leaving if leaving.starts_with("Terminat") || leaving.starts_with("Detach") => Lifecycle::Leaving,
        _ => Lifecycle::Coming,
    }
}

/// Whether a health-check type, which may be a list such as `EC2,ELB`, has the load balancer's check in it
/// ([HealthCheckType](https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html)).
fn judges_by_load_balancer(health_check_type: &str) -> bool {
    health_check_type.split(',').any(|one| one.trim().eq_ignore_ascii_case("ELB"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_autoscaling::types::builders::AutoScalingGroupBuilder;
    use aws_sdk_autoscaling::types::{LaunchTemplate, MixedInstancesPolicy, SuspendedProcess};
    use signalbox_domain::text::Release;

    use super::*;

    fn group() -> AutoScalingGroupBuilder {
        AutoScalingGroup::builder().auto_scaling_group_name("shop-blue").min_size(1).desired_capacity(2).max_size(3)
    }

    fn specification(version: &str) -> LaunchTemplateSpecification {
        LaunchTemplateSpecification::builder().launch_template_id("lt-1").version(version).build()
    }

    fn only_member(state: &str, status: &str, protected: bool) -> Member {
        let instance = Instance::builder()
            .instance_id("i-1")
            .availability_zone("eu-west-1b")
            .lifecycle_state(state.into())
            .health_status(status)
            .protected_from_scale_in(protected)
            .build();
        seen(&group().instances(instance).build()).unwrap().members.remove(0)
    }

    #[test]
    fn every_state_that_aws_knows_is_a_place_on_the_way() {
        for state in LifecycleState::values() {
            let expected = match *state {
                "InService" => Lifecycle::InService,
                "EnteringStandby" | "Standby" => Lifecycle::Standby,
                "Pending:Wait" => Lifecycle::ComingHeld,
                "Terminating:Wait" => Lifecycle::LeavingHeld,
                "Terminating"
                | "Terminating:Proceed"
                | "Terminating:Retained"
                | "Terminated"
                | "Detaching"
                | "Detached" => Lifecycle::Leaving,
                "Pending" | "Pending:Proceed" | "Quarantined" | "RootVolumeReplaced" => Lifecycle::Coming,
                state if state.starts_with("Warmed:") || state.starts_with("ReplacingRootVolume") => Lifecycle::Coming,
                unheard_of => panic!("where does {unheard_of} belong?"),
            };
            assert_eq!(only_member(state, "Healthy", false).lifecycle, expected, "{state}");
        }
    }

    #[test]
    fn a_state_that_nobody_knows_yet_is_not_in_service() {
        assert_eq!(only_member("Rebooting", "Healthy", false).lifecycle, Lifecycle::Coming);
        assert_eq!(only_member("Terminating:Later", "Healthy", false).lifecycle, Lifecycle::Leaving);
    }

    #[test]
    fn a_member_is_condemned_and_protected_as_its_group_says() {
        let member = only_member("InService", "UNHEALTHY", true);
        assert_eq!((member.zone.as_str(), member.condemned, member.protected), ("eu-west-1b", true, true));
        let member = only_member("InService", "Healthy", false);
        assert_eq!((member.condemned, member.protected), (false, false));
    }

    #[test]
    fn a_group_heals_itself_when_the_load_balancer_is_among_its_checks() {
        for (checks, heals) in
            [("EC2", false), ("ELB", true), ("EC2,ELB", true), ("EBS, elb", true), ("EC2,VPC_LATTICE,EBS", false)]
        {
            let group = group().health_check_type(checks).build();
            assert_eq!(seen(&group).unwrap().heals_itself, heals, "{checks}");
        }
        assert!(!seen(&group().build()).unwrap().heals_itself);
    }

    #[test]
    fn a_grace_period_that_makes_no_sense_is_none() {
        for (seconds, grace) in [(Some(90), 90), (Some(0), 0), (Some(-1), 0), (None, 0)] {
            let group = group().set_health_check_grace_period(seconds).build();
            assert_eq!(seen(&group).unwrap().grace, SignedDuration::from_secs(grace), "{seconds:?}");
        }
    }

    #[test]
    fn only_the_processes_we_know_are_told_of() {
        let suspended = |name: &str| SuspendedProcess::builder().process_name(name).build();
        let group = group()
            .suspended_processes(suspended("AlarmNotification"))
            .suspended_processes(suspended("AZRebalance"))
            .suspended_processes(suspended("Launch"));
        let known = BTreeSet::from([Process::AZRebalance, Process::Launch]);
        assert_eq!(seen(&group.build()).unwrap().suspended, known);
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
}

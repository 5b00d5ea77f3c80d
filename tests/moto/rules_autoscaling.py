"""Auto Scaling: the limits and side effects that moto leaves out.

Requests are checked where they enter (the response class), because moto calls
its own backend for purposes of its own, such as emptying a group it deletes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
    autoscaling_backends,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance

HEALTH_TAG = "signalbox:health"
BOOT_TAG = "signalbox:boot-seconds"

# Operations that AWS refuses for a group it does not know; moto answers 500.
# (Those with a check of their own below are not repeated here.)
_NEEDS_GROUP = (
    "attach_instances",
    "attach_load_balancer_target_groups",
    "detach_load_balancer_target_groups",
    "describe_load_balancer_target_groups",
    "exit_standby",
    "suspend_processes",
    "resume_processes",
    "set_instance_protection",
    "put_warm_pool",
    "describe_warm_pool",
)


def restore() -> None:
    _describe_instance_refreshes()
    _answer_lifecycle_actions()
    _check_requests()
    _keep_target_groups_in_step()
    _keep_mixed_instances_policy()
    _spread_launches()
    _stamp_launches()


def group_of(account_id: str, region: str, instance_id: str) -> Any | None:
    """The group that the instance is in at present."""
    for group in autoscaling_backends[account_id][region].autoscaling_groups.values():
        if any(state.instance.id == instance_id for state in group.instance_states):
            return group
    return None


def tag_of(group: FakeAutoScalingGroup, key: str) -> str | None:
    return next((tag.get("Value") for tag in group.tags if tag["Key"] == key), None)


def still_booting(group: FakeAutoScalingGroup, instance: Instance) -> bool:
    """Whether the group's boot delay has not yet passed for this instance."""
    launched = getattr(instance, "signalbox_launched", None)
    seconds = tag_of(group, BOOT_TAG)
    if launched is None or not seconds:
        return False
    return bool(time.monotonic() - launched < float(seconds))


def _describe_instance_refreshes() -> None:
    """The operation exists. moto can start no refresh, so there is never one."""

    def describe_instance_refreshes(self: AutoScalingResponse) -> ActionResult:
        _find_group(self)
        return ActionResult({"InstanceRefreshes": []})

    response: Any = AutoScalingResponse
    response.describe_instance_refreshes = describe_instance_refreshes


def _answer_lifecycle_actions() -> None:
    """The operations exist. moto's hooks hold nobody, so there is never a wait to end."""

    def no_wait(self: AutoScalingResponse) -> ActionResult:
        _find_group(self)
        instance_id = self._get_param("InstanceId")
        raise ValidationError(
            f"No active Lifecycle Action found with instance ID {instance_id}"
        )

    response: Any = AutoScalingResponse
    response.complete_lifecycle_action = no_wait
    response.record_lifecycle_action_heartbeat = no_wait


# --- what AWS refuses ---------------------------------------------------------


def _check_requests() -> None:
    for name in _NEEDS_GROUP:
        _before(name, _find_group)
    _before("create_or_update_tags", _check_tags)
    _before("delete_tags", _check_tags)
    _before("create_auto_scaling_group", _check_create)
    _before("update_auto_scaling_group", _check_update)
    _before("set_desired_capacity", _check_desired)
    _before("terminate_instance_in_auto_scaling_group", _check_terminate)
    _before("set_instance_health", _find_group_of_instance)
    _before("detach_instances", _check_leaving("detach"))
    _before("enter_standby", _check_leaving("place into standby"))


def _before(name: str, check: Callable[[AutoScalingResponse], Any]) -> None:
    original = getattr(AutoScalingResponse, name)

    @wraps(original)
    def checked(self: AutoScalingResponse) -> Any:
        check(self)
        return original(self)

    setattr(AutoScalingResponse, name, checked)


def _find_group(request: AutoScalingResponse) -> Any:
    name = request._get_param("AutoScalingGroupName")
    group = request.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(
            f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
        )
    return group


def _find_group_of_instance(request: AutoScalingResponse) -> Any:
    """An instance in no group is a ValidationError, also when it is long gone."""
    instance_id = request._get_param("InstanceId")
    backend = request.autoscaling_backend
    group = group_of(backend.account_id, backend.region_name, instance_id)
    if group is None:
        raise ValidationError(
            "Instance Id not found - "
            f"No managed instance found for instance ID: {instance_id}"
        )
    return group


def _check_tags(request: AutoScalingResponse) -> None:
    """Tags of a group that does not exist are refused, all of them at once."""
    for tag in request._get_param("Tags", []):
        name = tag.get("ResourceId")
        if name not in request.autoscaling_backend.autoscaling_groups:
            raise ValidationError(
                f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
            )


def _check_sizes(minimum: int, maximum: int, desired: int | None) -> None:
    if minimum > maximum:
        raise ValidationError(
            f"Max bound, {maximum}, must be greater than or equal to "
            f"min bound, {minimum}"
        )
    if desired is not None and not minimum <= desired <= maximum:
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified "
            f"min size:{minimum} and max size:{maximum}"
        )


def _check_create(request: AutoScalingResponse) -> None:
    """The desired capacity, if given, lies within the group's limits."""
    minimum: int | None = request._get_int_param("MinSize")
    maximum: int | None = request._get_int_param("MaxSize")
    if minimum is not None and maximum is not None:
        _check_sizes(minimum, maximum, request._get_int_param("DesiredCapacity"))


def _check_update(request: AutoScalingResponse) -> None:
    """Contradicting sizes are refused; new limits move a desired capacity not given."""
    group = _find_group(request)
    minimum: int = request._get_int_param("MinSize", group.min_size)
    maximum: int = request._get_int_param("MaxSize", group.max_size)
    desired = request._get_int_param("DesiredCapacity")
    _check_sizes(minimum, maximum, desired)
    if desired is None:
        moved = min(max(group.desired_capacity, minimum), maximum)
        if moved != group.desired_capacity:
            request.params["DesiredCapacity"] = moved


def _check_desired(request: AutoScalingResponse) -> None:
    """SetDesiredCapacity stays within the group's limits."""
    group = _find_group(request)
    desired = request._get_int_param("DesiredCapacity")
    if desired > group.max_size:
        bound = f"above max value {group.max_size}"
    elif desired < group.min_size:
        bound = f"below min value {group.min_size}"
    else:
        return
    raise ValidationError(
        f"New SetDesiredCapacity value {desired} is {bound} for the AutoScalingGroup."
    )


def _check_terminate(request: AutoScalingResponse) -> None:
    """Terminating without replacement may not take the group below its minimum."""
    group = _find_group_of_instance(request)
    decrement = request._get_bool_param("ShouldDecrementDesiredCapacity", False)
    if decrement and group.desired_capacity <= group.min_size:
        raise ValidationError(
            f"Currently, desiredSize equals minSize ({group.min_size}). Terminating "
            "instance without replacement will violate group's min size constraint. "
            "Please either set shouldDecrement flag to false or lower group's min size."
        )


def _check_leaving(verb: str) -> Callable[[AutoScalingResponse], None]:
    def check(request: AutoScalingResponse) -> None:
        """Instances leave only a group they are in, and not below its minimum."""
        group = _find_group(request)
        leaving = request._get_param("InstanceIds", [])
        members = {state.instance.id for state in group.instance_states}
        for instance_id in leaving:
            if instance_id not in members:
                raise ValidationError(
                    f"The instance {instance_id} is not part of "
                    f"Auto Scaling group {group.name}."
                )
        decrement = request._get_bool_param("ShouldDecrementDesiredCapacity", False)
        if decrement and group.desired_capacity - len(leaving) < group.min_size:
            raise ValidationError(
                f"AutoScalingGroup {group.name} has min-size={group.min_size}, "
                f"max-size={group.max_size}, and desired-size={group.desired_capacity}. "
                f"To {verb} {len(leaving)} instances, please update the "
                "AutoScalingGroup sizes appropriately."
            )

    return check


# --- what AWS does as well ------------------------------------------------------


def _keep_target_groups_in_step() -> None:
    """An instance is a target from when it is in service until it leaves the group.

    moto registers and never deregisters. It ends every change of a group's size
    here, so here is where targets that left (scale-in, terminate, detach, standby)
    are taken out, and those that came are put in.
    """

    def update_attached_target_groups(
        self: AutoScalingBackend, group_name: str
    ) -> None:
        group = self.autoscaling_groups[group_name]
        in_service = {state.instance.id for state in group.active_instances()}
        registered: dict[str, set[str]] = group.__dict__.setdefault(
            "signalbox_registered", {}
        )
        for arn in group.target_group_arns:
            target_group = self.elbv2_backend.target_groups.get(arn)
            if target_group is None:
                continue
            for instance_id in registered.get(arn, set()) - in_service:
                if instance_id in target_group.targets:
                    target_group.deregister([{"Id": instance_id}])
            coming = in_service - registered.get(arn, set())
            target_group.register(
                [{"Id": i, "Port": target_group.port} for i in sorted(coming)]
            )
            registered[arn] = in_service

    def detach_load_balancer_target_groups(
        self: AutoScalingBackend, group_name: str, target_group_arns: list[str]
    ) -> None:
        group = self.autoscaling_groups[group_name]
        kept = [arn for arn in group.target_group_arns if arn not in target_group_arns]
        group.target_group_arns = kept
        registered = group.__dict__.get("signalbox_registered", {})
        for arn in target_group_arns:
            target_group = self.elbv2_backend.target_groups.get(arn)
            for instance_id in registered.pop(arn, set()):
                if target_group and instance_id in target_group.targets:
                    target_group.deregister([{"Id": instance_id}])

    notify = AutoScalingBackend.notify_terminate_instances

    @wraps(notify)
    def notify_terminate_instances(
        self: AutoScalingBackend, instance_ids: list[str]
    ) -> None:
        """EC2 terminated instances: their replacements become targets, too."""
        notify(self, instance_ids)
        for name in self.autoscaling_groups:
            self.update_attached_target_groups(name)

    backend: Any = AutoScalingBackend
    backend.update_attached_target_groups = update_attached_target_groups
    backend.detach_load_balancer_target_groups = detach_load_balancer_target_groups
    backend.notify_terminate_instances = notify_terminate_instances


def _keep_mixed_instances_policy() -> None:
    """An update changes only what it names; moto erases a policy not named.

    A launch template or configuration does take the policy's place.
    """
    update = FakeAutoScalingGroup.update

    @wraps(update)
    def keeping(self: FakeAutoScalingGroup, **changes: Any) -> None:
        policy = self.mixed_instances_policy
        update(self, **changes)
        named = ("launch_template", "launch_config_name", "mixed_instances_policy")
        if not any(changes.get(name) for name in named):
            self.mixed_instances_policy = policy

    group: Any = FakeAutoScalingGroup
    group.update = keeping


def _spread_launches() -> None:
    """Each instance is launched in the subnet with the fewest; moto takes the first.

    None is while launching is suspended; what is missing is launched afterwards.
    """
    launch = FakeAutoScalingGroup.replace_autoscaling_group_instances

    @wraps(launch)
    def spread(self: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        if "Launch" in self._suspended_processes:
            return
        configured = self.vpc_zone_identifier
        subnets = configured.split(",") if configured else []
        try:
            for _ in range(count_needed):
                held = [state.instance.subnet_id for state in self.instance_states]
                if subnets:
                    self.vpc_zone_identifier = min(subnets, key=held.count)
                launch(self, 1, propagated_tags)
        finally:
            self.vpc_zone_identifier = configured

    resume = AutoScalingBackend.resume_processes

    @wraps(resume)
    def resume_processes(
        self: AutoScalingBackend, group_name: str, scaling_processes: list[str]
    ) -> None:
        resume(self, group_name, scaling_processes)
        resumed = self.autoscaling_groups[group_name]
        resumed.set_desired_capacity(resumed.desired_capacity)

    group: Any = FakeAutoScalingGroup
    group.replace_autoscaling_group_instances = spread
    backend: Any = AutoScalingBackend
    backend.resume_processes = resume_processes


def _stamp_launches() -> None:
    """Remember when a group launched an instance, for the boot delay.

    Also keeps the suspended processes in a fixed order, so that two readings of
    an unchanged group are equal.
    """
    launch = FakeAutoScalingGroup.replace_autoscaling_group_instances

    @wraps(launch)
    def stamped(self: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        known: list[InstanceState] = list(self.instance_states)
        launch(self, count_needed, propagated_tags)
        for state in self.instance_states:
            if state not in known:
                state.instance.signalbox_launched = time.monotonic()

    def suspended_processes(self: Any) -> list[dict[str, str]]:
        return [
            {"ProcessName": name, "SuspensionReason": "User suspended at the request"}
            for name in sorted(self._suspended_processes)
        ]

    group: Any = FakeAutoScalingGroup
    group.replace_autoscaling_group_instances = stamped
    setter = group.suspended_processes.fset
    group.suspended_processes = property(suspended_processes, setter)

"""Elastic Load Balancing: limits of forward actions, and target health."""

from __future__ import annotations

from functools import wraps
from typing import Any

from moto.elbv2.exceptions import ValidationError
from moto.elbv2.models import ELBv2Backend, FakeAction, FakeHealthStatus
from moto.elbv2.responses import ELBV2Response

from rules_autoscaling import HEALTH_TAG, group_of, still_booting, tag_of

MAX_TARGET_GROUPS = 5
MAX_WEIGHT = 999

_UNHEALTHY = (
    "unhealthy",
    "Target.ResponseCodeMismatch",
    "Health checks failed with these codes: [503]",
)
_INITIAL = (
    "initial",
    "Elb.InitialHealthChecking",
    "Initial health checks in progress",
)
_NOT_IN_USE = (
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)


def restore() -> None:
    _check_actions()
    _report_health()


def _check_actions() -> None:
    for name, parameter in (
        ("create_listener", "DefaultActions"),
        ("modify_listener", "DefaultActions"),
        ("create_rule", "Actions"),
        ("modify_rule", "Actions"),
    ):
        _check_before(name, parameter)


def _check_before(name: str, parameter: str) -> None:
    original = getattr(ELBV2Response, name)

    @wraps(original)
    def checked(self: ELBV2Response) -> Any:
        actions = self._get_param(parameter, [])
        for action in actions:
            _check_forward(action.get("ForwardConfig") or {})
        # moto takes a ModifyListener that names target groups that do not exist.
        self.elbv2_backend._validate_actions([FakeAction(dict(a)) for a in actions])
        return original(self)

    setattr(ELBV2Response, name, checked)


def _check_forward(config: dict[str, Any]) -> None:
    """A forward action has at most five target groups, each weighing 0 to 999."""
    target_groups = config.get("TargetGroups", [])
    if len(target_groups) > MAX_TARGET_GROUPS:
        raise ValidationError(
            f"A forward action can have at most {MAX_TARGET_GROUPS} target groups, "
            f"but {len(target_groups)} were specified"
        )
    for target_group in target_groups:
        weight = target_group.get("Weight")
        if weight is not None and not 0 <= int(weight) <= MAX_WEIGHT:
            raise ValidationError(
                f"Weight '{weight}' must be between 0 and {MAX_WEIGHT} inclusive"
            )


def _report_health() -> None:
    """Say why a target gets no traffic; moto calls all that are registered healthy.

    In this order: a target group that nothing forwards to is not health-checked at
    all (a weight of 0 does count as forwarding); what moto itself knows (stopped,
    not registered) stands; then the test's word counts, an instance tag before its
    group's; and last the group's boot delay.
    """
    describe = ELBv2Backend.describe_target_health

    @wraps(describe)
    def describe_target_health(
        self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[FakeHealthStatus]:
        statuses = describe(self, target_group_arn, targets)
        in_use = target_group_arn in _forwarded_to(self)
        for status in statuses:
            if status.instance_id not in self.target_groups[target_group_arn].targets:
                continue
            if not in_use:
                _set(status, _NOT_IN_USE)
            elif status.status == "healthy":
                forced = _forced_health(self, status.instance_id)
                if forced:
                    _set(status, forced)
        return statuses

    backend: Any = ELBv2Backend
    backend.describe_target_health = describe_target_health


def _forwarded_to(backend: ELBv2Backend) -> set[str]:
    """The target groups that some listener or rule forwards to."""
    found: set[str] = set()
    for balancer in backend.load_balancers.values():
        for listener in balancer.listeners.values():
            for rule in listener.rules.values():
                for action in rule.actions:
                    config = action.data.get("ForwardConfig") or {}
                    named = [action.data, *config.get("TargetGroups", [])]
                    found |= {
                        x["TargetGroupArn"] for x in named if "TargetGroupArn" in x
                    }
    return found


def _forced_health(
    backend: ELBv2Backend, instance_id: str
) -> tuple[str, str, str] | None:
    instance = backend.ec2_backend.get_instance_by_id(instance_id)
    if instance is None:
        return None
    group = group_of(backend.account_id, backend.region_name, instance_id)
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    wanted = tags.get(HEALTH_TAG) or (tag_of(group, HEALTH_TAG) if group else None)
    if wanted == "unhealthy":
        return _UNHEALTHY
    if wanted == "initial" or (group and still_booting(group, instance)):
        return _INITIAL
    return None


def _set(status: FakeHealthStatus, health: tuple[str, str, str]) -> None:
    status.status, status.reason, status.description = health

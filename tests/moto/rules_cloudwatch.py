"""CloudWatch: composite alarms, alarm actions, percentiles, dimensions."""

from __future__ import annotations

import json
import math
from datetime import datetime
from functools import cache, wraps
from typing import Any

from botocore.loaders import Loader
from moto.cloudwatch.models import (
    Alarm,
    CloudWatchBackend,
    Dimension,
    MetricAggregatedDatum,
    Statistics,
)
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.sns import sns_backends


def restore() -> None:
    _composite_alarms()
    _alarm_actions()
    _percentiles()
    _dimension_order()


def _composite_alarms() -> None:
    """PutCompositeAlarm exists; DescribeAlarms honours AlarmTypes.

    Without AlarmTypes, CloudWatch lists metric alarms only. A state value narrows
    every other filter, where moto looks at one filter alone. Composite alarms are
    stored and can be set, but their rule is not evaluated.
    """
    describe = CloudWatchResponse.describe_alarms

    def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
        return self.put_metric_alarm()

    @wraps(describe)
    def describe_alarms(self: CloudWatchResponse) -> ActionResult:
        found: Any = describe(self).result
        types = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
        state = self._get_param("StateValue")

        def wanted(key: str, alarm_type: str) -> list[Alarm]:
            if alarm_type not in types:
                return []
            return [a for a in found[key] if state in (None, a.state_value)]

        return ActionResult(
            {
                "MetricAlarms": wanted("MetricAlarms", "MetricAlarm"),
                "CompositeAlarms": wanted("CompositeAlarms", "CompositeAlarm"),
            }
        )

    response: Any = CloudWatchResponse
    response.put_composite_alarm = put_composite_alarm
    response.describe_alarms = describe_alarms


def _alarm_actions() -> None:
    """An alarm that changes state publishes to the SNS topics of the new state."""
    set_state = CloudWatchBackend.set_alarm_state

    @wraps(set_state)
    def set_alarm_state(
        self: CloudWatchBackend,
        alarm_name: str,
        reason: str,
        reason_data: str,
        state_value: str,
    ) -> None:
        alarm = self.alarms.get(alarm_name)
        old_state = alarm.state_value if alarm else None
        set_state(self, alarm_name, reason, reason_data, state_value)
        if alarm and alarm.actions_enabled and state_value != old_state:
            _notify(self, alarm, str(old_state))

    backend: Any = CloudWatchBackend
    backend.set_alarm_state = set_alarm_state


def _notify(backend: CloudWatchBackend, alarm: Alarm, old_state: str) -> None:
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[alarm.state_value]
    place = _region_name(backend.region_name)
    subject = f'{alarm.state_value}: "{alarm.name}" in {place}'
    for arn in actions:
        parts = arn.split(":")
        if len(parts) != 6 or parts[2] != "sns":
            continue
        sns = sns_backends[parts[4]][parts[3]]
        if arn in sns.topics:  # CloudWatch gives up silently on a missing topic
            message = json.dumps(_message(backend, alarm, old_state, place))
            sns.publish(message, arn=arn, subject=subject[:100])


def _message(
    backend: CloudWatchBackend, alarm: Alarm, old_state: str, place: str
) -> dict[str, Any]:
    """The document CloudWatch sends to SNS."""
    message: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "AlarmConfigurationUpdatedTimestamp": _stamp(
            alarm.configuration_updated_timestamp
        ),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": _stamp(alarm.state_updated_timestamp),
        "Region": place,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old_state,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if alarm.rule is not None:
        message["AlarmRule"] = alarm.rule
    else:
        message["Trigger"] = _trigger(alarm)
    return message


def _trigger(alarm: Alarm) -> dict[str, Any]:
    evaluation = {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "",
        "EvaluateLowSampleCountPercentile": (
            alarm.evaluate_low_sample_count_percentile or ""
        ),
    }
    if alarm.metric_data_queries:
        return {**evaluation, "Metrics": [_query(q) for q in alarm.metric_data_queries]}
    if alarm.extended_statistic:
        statistic = {
            "StatisticType": "ExtendedStatistic",
            "ExtendedStatistic": alarm.extended_statistic,
        }
    else:
        names = {"SampleCount": "SAMPLE_COUNT"}
        statistic = {
            "StatisticType": "Statistic",
            "Statistic": names.get(alarm.statistic, str(alarm.statistic).upper()),
        }
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        **statistic,
        "Unit": alarm.unit,
        "Dimensions": [{"value": d.value, "name": d.name} for d in alarm.dimensions],
        "Period": alarm.period,
        **evaluation,
    }


def _query(query: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "Id": query.id,
        "ReturnData": query.return_data is not False,
    }
    if query.label:
        document["Label"] = query.label
    if query.expression:
        document["Expression"] = query.expression
    if query.metric_stat:
        metric = query.metric_stat.metric
        document["MetricStat"] = {
            "Metric": {
                "Dimensions": [
                    {"value": d.value, "name": d.name} for d in metric.dimensions
                ],
                "MetricName": metric.metric_name,
                "Namespace": metric.namespace,
            },
            "Period": query.metric_stat.period,
            "Stat": query.metric_stat.stat,
        }
    return document


def _stamp(moment: datetime) -> str:
    """A time as CloudWatch's messages have it: 2026-11-23T01:02:03.456+0000."""
    return (
        moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"
    )


@cache
def _region_name(region: str) -> str:
    """CloudWatch's name for a region; it still says EU where others say Europe."""
    for partition in Loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            name = str(partition["regions"][region]["description"])
            return name.replace("Europe (", "EU (")
    return region


def _percentiles() -> None:
    """GetMetricData answers p50, p99.9 and so on; moto fails on them with a 500."""
    plain = Statistics.get_statistics_for_type

    @wraps(plain)
    def get_statistics_for_type(self: Statistics, stat: str) -> Any:
        if not stat.startswith("p") or not stat[1:].replace(".", "", 1).isdigit():
            return plain(self, stat)
        values = sorted(self.metric_single_values_list)
        if not values:
            aggregates = [
                d for d in self.metric_data if isinstance(d, MetricAggregatedDatum)
            ]
            # Percentiles of statistic sets exist only where all values are equal.
            return max((d.max for d in aggregates), default=None)
        rank = float(stat[1:]) / 100 * (len(values) - 1)
        low, high = values[math.floor(rank)], values[math.ceil(rank)]
        return low + (high - low) * (rank - math.floor(rank))

    statistics: Any = Statistics
    statistics.get_statistics_for_type = get_statistics_for_type


def _dimension_order() -> None:
    """The order of a metric's dimensions carries no meaning; moto compares it."""

    def before(self: Dimension, other: Dimension) -> bool:
        return (self.name or "", self.value or "") < (
            other.name or "",
            other.value or "",
        )

    dimension: Any = Dimension
    dimension.__lt__ = before

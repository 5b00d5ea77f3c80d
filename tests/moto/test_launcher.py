"""Self-test of the emulator: `python -m unittest test_launcher` in this folder.

One launcher serves all tests; each test works with names of its own.
"""

from __future__ import annotations

import gzip
import http.client
import itertools
import json
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import cbor2
from botocore.config import Config
from botocore.exceptions import ClientError

LAUNCHER = Path(__file__).with_name("launcher.py")
REGION = "eu-west-1"
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/monitoring/"
    "aws4_request, SignedHeaders=host, Signature=0"
)
SERVER: subprocess.Popen[bytes]
URL: str
_names = itertools.count(1)


def launch(*arguments: str) -> tuple[subprocess.Popen[bytes], str]:
    process = subprocess.Popen(
        [sys.executable, str(LAUNCHER), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    word, url = process.stdout.readline().decode().split()
    assert word == "ready", word
    return process, url


def setUpModule() -> None:
    global SERVER, URL
    SERVER, URL = launch()


def tearDownModule() -> None:
    assert SERVER.stdin and SERVER.stdout
    SERVER.stdin.close()
    SERVER.wait(10)
    SERVER.stdout.close()


def name(prefix: str) -> str:
    return f"{prefix}-{next(_names)}"


def client(service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name=REGION,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )


def control(method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/signalbox/{path}", data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def cbor_call(
    operation: str, params: Any, zipped: bool = False
) -> tuple[int, Any, Any]:
    """One rpc-v2-cbor request; returns status, headers and decoded body."""
    data = cbor2.dumps(params)
    headers = {
        "smithy-protocol": "rpc-v2-cbor",
        "Content-Type": "application/cbor",
        "Accept": "application/cbor",
        "Authorization": AUTHORIZATION,
    }
    if zipped:
        data, headers["Content-Encoding"] = gzip.compress(data), "gzip"
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    request = urllib.request.Request(URL + path, data, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, _loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, _loads(error.read())


def _loads(body: bytes) -> Any:
    return cbor2.loads(body) if body else None


def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("condition not met in time")


class Case(unittest.TestCase):
    def refused(self, code: str, call: Callable[..., Any], **params: Any) -> str:
        with self.assertRaises(ClientError) as caught:
            call(**params)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return str(caught.exception)


class Stage:
    """A load balancer with a listener, a target group and an Auto Scaling group."""

    def __init__(self, minimum: int = 1, desired: int = 2, maximum: int = 4) -> None:
        self.ec2, self.elb = client("ec2"), client("elbv2")
        self.asg = client("autoscaling")
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self.ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=REGION + zone
            )["Subnet"]["SubnetId"]
            for i, zone in enumerate("ab")
        ]
        self.vpc = vpc
        self.target_group = self.new_target_group()
        self.balancer = self.elb.create_load_balancer(Name=name("lb"), Subnets=subnets)[
            "LoadBalancers"
        ][0]["LoadBalancerArn"]
        template = self.ec2.create_launch_template(
            LaunchTemplateName=name("lt"),
            LaunchTemplateData={"ImageId": "ami-1", "InstanceType": "t3.micro"},
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.group = name("asg")
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=self.group,
            MinSize=minimum,
            MaxSize=maximum,
            DesiredCapacity=desired,
            LaunchTemplate={"LaunchTemplateId": template},
            VPCZoneIdentifier=",".join(subnets),
            TargetGroupARNs=[self.target_group],
        )

    def new_target_group(self) -> str:
        answer = self.elb.create_target_group(
            Name=name("tg"), Protocol="HTTP", Port=80, VpcId=self.vpc
        )
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def listen(self, *weighted: tuple[str, int]) -> str:
        answer = self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[forward(*weighted)],
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    def describe(self) -> dict[str, Any]:
        answer = self.asg.describe_auto_scaling_groups(
            AutoScalingGroupNames=[self.group]
        )
        return dict(answer["AutoScalingGroups"][0])

    def instances(self) -> list[str]:
        return sorted(i["InstanceId"] for i in self.describe()["Instances"])

    def health(self) -> dict[str, tuple[str, str | None]]:
        answer = self.elb.describe_target_health(TargetGroupArn=self.target_group)
        return {
            d["Target"]["Id"]: (
                d["TargetHealth"]["State"],
                d["TargetHealth"].get("Reason"),
            )
            for d in answer["TargetHealthDescriptions"]
        }

    def states(self) -> set[str]:
        return {state for state, _ in self.health().values()}

    def tag(self, key: str, value: str) -> None:
        self.asg.create_or_update_tags(Tags=[{**self._tag(key), "Value": value}])

    def untag(self, key: str) -> None:
        self.asg.delete_tags(Tags=[self._tag(key)])

    def _tag(self, key: str) -> dict[str, Any]:
        return {
            "ResourceId": self.group,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "PropagateAtLaunch": False,
        }


def forward(*weighted: tuple[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weighted]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


class Process(Case):
    def test_exits_with_its_stdin(self) -> None:
        process, url = launch("--port", "0")
        assert process.stdin and process.stdout
        self.assertTrue(url.startswith("http://127.0.0.1:"))
        process.stdin.close()
        self.assertEqual(process.wait(5), 0)
        self.assertEqual(process.stdout.read(), b"", "one line on stdout only")
        process.stdout.close()


class Cbor(Case):
    def put_alarm(self, **more: Any) -> str:
        alarm = name("alarm")
        status, headers, body = cbor_call(
            "PutMetricAlarm",
            {
                "AlarmName": alarm,
                "Namespace": "N",
                "MetricName": "M",
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Period": 60,
                "Statistic": "Sum",
                "Threshold": 5.0,
                "Dimensions": [{"Name": "Service", "Value": "web"}],
                **more,
            },
        )
        self.assertEqual((status, body), (200, None))
        self.assertEqual(headers["smithy-protocol"], "rpc-v2-cbor")
        return alarm

    def describe(self, **params: Any) -> Any:
        status, headers, body = cbor_call("DescribeAlarms", params)
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/cbor")
        return body

    def test_metric_alarm(self) -> None:
        alarm = self.put_alarm()
        before = datetime.now(timezone.utc) - timedelta(seconds=2)
        params = {"AlarmName": alarm, "StateValue": "ALARM", "StateReason": "test"}
        self.assertEqual(cbor_call("SetAlarmState", params)[0], 200)
        found = self.describe(AlarmNames=[alarm])["MetricAlarms"][0]
        self.assertEqual(found["StateValue"], "ALARM")
        self.assertIsInstance(found["Threshold"], float)
        self.assertIsInstance(found["Period"], int)
        self.assertGreater(found["StateUpdatedTimestamp"], before)  # decoded from tag 1
        self.assertEqual(found["Dimensions"], [{"Name": "Service", "Value": "web"}])
        self.assertEqual(
            self.describe(AlarmNames=[alarm], StateValue="OK")["MetricAlarms"], []
        )
        self.assertEqual(cbor_call("DeleteAlarms", {"AlarmNames": [alarm]})[0], 200)
        self.assertEqual(self.describe(AlarmNames=[alarm])["MetricAlarms"], [])

    def test_composite_alarm(self) -> None:
        child, parent = self.put_alarm(), name("composite")
        params = {"AlarmName": parent, "AlarmRule": f"ALARM({child})"}
        self.assertEqual(cbor_call("PutCompositeAlarm", params)[0], 200)
        both = [child, parent]
        self.assertEqual(self.describe(AlarmNames=both)["CompositeAlarms"], [])
        found = self.describe(AlarmNames=both, AlarmTypes=["CompositeAlarm"])
        self.assertEqual(found["MetricAlarms"], [])
        self.assertEqual(found["CompositeAlarms"][0]["AlarmRule"], f"ALARM({child})")
        params = {"AlarmName": parent, "StateValue": "ALARM", "StateReason": "test"}
        self.assertEqual(cbor_call("SetAlarmState", params)[0], 200)
        kinds = ["CompositeAlarm", "MetricAlarm"]
        found = self.describe(AlarmNames=both, AlarmTypes=kinds)
        self.assertEqual(found["CompositeAlarms"][0]["StateValue"], "ALARM")
        self.assertEqual(len(found["MetricAlarms"]), 1)

    def test_metric_data(self) -> None:
        namespace = name("Namespace")
        now = datetime.now(timezone.utc)
        dimensions = [
            {"Name": "TargetGroup", "Value": "t"},
            {"Name": "LoadBalancer", "Value": "app/x"},
        ]
        data = [
            {
                "MetricName": "Latency",
                "Value": float(value),
                "Timestamp": now - timedelta(seconds=30),
                "Dimensions": dimensions,
            }
            for value in range(1, 102)
        ]
        params = {"Namespace": namespace, "MetricData": data}
        self.assertEqual(cbor_call("PutMetricData", params, zipped=True)[0], 200)

        def query(identity: str, stat: str) -> Any:
            metric = {
                "Namespace": namespace,
                "MetricName": "Latency",
                "Dimensions": dimensions[::-1],
            }
            return {
                "Id": identity,
                "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat},
            }

        status, _, body = cbor_call(
            "GetMetricData",
            {
                "StartTime": now - timedelta(seconds=200),
                "EndTime": now,
                "MetricDataQueries": [query("sum", "Sum"), query("p99", "p99")],
            },
        )
        self.assertEqual(status, 200)
        results = {r["Id"]: r for r in body["MetricDataResults"]}
        self.assertEqual(results["sum"]["Values"], [5151.0])
        self.assertIsInstance(results["sum"]["Values"][0], float)
        self.assertEqual(results["p99"]["Values"], [100.0])
        self.assertIsInstance(results["p99"]["Timestamps"][0], datetime)

    def test_errors(self) -> None:
        params = {"AlarmName": "missing", "StateValue": "OK", "StateReason": ""}
        status, headers, body = cbor_call("SetAlarmState", params)
        self.assertIn(status, (400, 404))
        self.assertEqual(body["__type"].rpartition("#")[2], "ResourceNotFound")
        self.assertIn("message", body)
        self.assertEqual(headers["smithy-protocol"], "rpc-v2-cbor")
        self.assertEqual(headers["x-amzn-query-error"], "ResourceNotFound;Sender")
        status, _, body = cbor_call("NoSuchOperation", {})
        self.assertEqual(
            (status, body["__type"].rpartition("#")[2]), (400, "InvalidAction")
        )


class AutoScaling(Case):
    def test_desired_capacity_stays_within_limits(self) -> None:
        stage = Stage(minimum=1, desired=2, maximum=4)
        for capacity in (0, 5):
            self.refused(
                "ValidationError",
                stage.asg.set_desired_capacity,
                AutoScalingGroupName=stage.group,
                DesiredCapacity=capacity,
            )
        self.assertEqual(stage.describe()["DesiredCapacity"], 2)
        text = self.refused(
            "ValidationError",
            stage.asg.set_desired_capacity,
            AutoScalingGroupName="missing",
            DesiredCapacity=1,
        )
        self.assertIn("not found", text)

    def test_there_is_never_an_instance_refresh(self) -> None:
        stage = Stage()
        answer = stage.asg.describe_instance_refreshes(AutoScalingGroupName=stage.group)
        self.assertEqual(answer["InstanceRefreshes"], [])
        self.refused(
            "ValidationError",
            stage.asg.describe_instance_refreshes,
            AutoScalingGroupName="missing",
        )

    def test_update_moves_or_refuses_desired_capacity(self) -> None:
        stage = Stage(minimum=1, desired=2, maximum=4)

        def update(**sizes: int) -> tuple[int, int, int, int]:
            stage.asg.update_auto_scaling_group(
                AutoScalingGroupName=stage.group, **sizes
            )
            group = stage.describe()
            sizes_now = (group["MinSize"], group["DesiredCapacity"], group["MaxSize"])
            return (*sizes_now, len(group["Instances"]))

        self.assertEqual(update(MinSize=3), (3, 3, 4, 3))
        self.assertEqual(update(MinSize=0, MaxSize=1), (0, 1, 1, 1))
        self.assertEqual(update(MinSize=2, MaxSize=6, DesiredCapacity=5), (2, 5, 6, 5))
        self.assertEqual(update(MaxSize=7), (2, 5, 7, 5))
        for sizes in (
            {"DesiredCapacity": 8},
            {"DesiredCapacity": 1},
            {"MinSize": 9},
            {"MinSize": 4, "MaxSize": 3},
            {"MaxSize": 4, "DesiredCapacity": 5},
        ):
            with self.subTest(sizes):
                self.refused(
                    "ValidationError",
                    stage.asg.update_auto_scaling_group,
                    AutoScalingGroupName=stage.group,
                    **sizes,
                )
        self.assertEqual(update(), (2, 5, 7, 5))

    def test_update_keeps_the_mixed_instances_policy(self) -> None:
        stage = Stage()
        template = stage.describe()["LaunchTemplate"]["LaunchTemplateId"]
        specification = {"LaunchTemplateId": template, "Version": "$Default"}
        policy = {"LaunchTemplate": {"LaunchTemplateSpecification": specification}}
        of_group = {"AutoScalingGroupName": stage.group}
        stage.asg.update_auto_scaling_group(**of_group, MixedInstancesPolicy=policy)
        before = stage.describe()["MixedInstancesPolicy"]
        stage.asg.update_auto_scaling_group(**of_group, MinSize=2)
        self.assertEqual(stage.describe()["MixedInstancesPolicy"], before)

    def test_terminate_in_group(self) -> None:
        stage = Stage(minimum=2, desired=2, maximum=4)
        terminate = stage.asg.terminate_instance_in_auto_scaling_group
        victim = stage.instances()[0]
        decrement = {"ShouldDecrementDesiredCapacity": True}
        self.refused("ValidationError", terminate, InstanceId=victim, **decrement)
        self.assertIn(victim, stage.instances())
        terminate(InstanceId=victim, ShouldDecrementDesiredCapacity=False)
        self.assertNotIn(victim, stage.instances())
        self.assertEqual(set(stage.instances()), set(stage.health()))
        self.refused("ValidationError", terminate, InstanceId=victim, **decrement)
        stage.asg.set_desired_capacity(
            AutoScalingGroupName=stage.group, DesiredCapacity=3
        )
        terminate(InstanceId=stage.instances()[0], **decrement)
        self.assertEqual(stage.describe()["DesiredCapacity"], 2)
        self.assertEqual(len(stage.health()), 2)

    def test_terminating_without_replacement(self) -> None:
        stage = Stage(minimum=1, desired=3, maximum=4)
        victim, *others = stage.instances()
        terminate = stage.asg.terminate_instance_in_auto_scaling_group
        terminate(InstanceId=victim, ShouldDecrementDesiredCapacity=True)
        self.assertEqual(stage.instances(), others)
        self.assertEqual(sorted(stage.health()), others)
        text = self.refused(
            "ValidationError",
            terminate,
            InstanceId=victim,
            ShouldDecrementDesiredCapacity=True,
        )
        self.assertIn("Instance Id not found - No managed instance found", text)
        self.assertEqual(stage.describe()["DesiredCapacity"], 2)
        owners = stage.asg.describe_auto_scaling_instances(
            InstanceIds=[victim, others[0]]
        )["AutoScalingInstances"]
        self.assertEqual(
            [(i["InstanceId"], i["AutoScalingGroupName"]) for i in owners],
            [(others[0], stage.group)],
        )

    def test_there_is_never_a_lifecycle_wait(self) -> None:
        stage = Stage(desired=1)
        one = {
            "AutoScalingGroupName": stage.group,
            "LifecycleHookName": "booted",
            "InstanceId": stage.instances()[0],
        }
        for call, more in (
            (stage.asg.complete_lifecycle_action, {"LifecycleActionResult": "CONTINUE"}),
            (stage.asg.record_lifecycle_action_heartbeat, {}),
        ):
            text = self.refused("ValidationError", call, **one, **more)
            self.assertIn("No active Lifecycle Action found with instance ID i-", text)

    def test_instances_are_spread_over_the_zones(self) -> None:
        stage = Stage(minimum=0, desired=3, maximum=6)

        def zones() -> list[str]:
            found = stage.describe()["Instances"]
            return sorted(i["AvailabilityZone"].removeprefix(REGION) for i in found)

        self.assertIn(zones(), (["a", "a", "b"], ["a", "b", "b"]))
        stage.asg.set_desired_capacity(
            AutoScalingGroupName=stage.group, DesiredCapacity=4
        )
        self.assertEqual(zones(), ["a", "a", "b", "b"])
        lonely = next(
            i["InstanceId"]
            for i in stage.describe()["Instances"]
            if i["AvailabilityZone"] == REGION + "b"
        )
        stage.ec2.terminate_instances(InstanceIds=[lonely])
        self.assertEqual(zones(), ["a", "a", "b", "b"])
        self.assertEqual(len(stage.describe()["VPCZoneIdentifier"].split(",")), 2)

    def test_suspended_processes_show(self) -> None:
        stage = Stage()

        def suspended() -> list[str]:
            return [p["ProcessName"] for p in stage.describe()["SuspendedProcesses"]]

        of_group = {"AutoScalingGroupName": stage.group}
        stage.asg.suspend_processes(
            **of_group, ScalingProcesses=["Terminate", "AZRebalance"]
        )
        self.assertEqual(suspended(), ["AZRebalance", "Terminate"])
        stage.asg.resume_processes(**of_group, ScalingProcesses=["Terminate"])
        self.assertEqual(suspended(), ["AZRebalance"])
        stage.asg.suspend_processes(**of_group)
        self.assertEqual(len(suspended()), 9)
        stage.asg.resume_processes(**of_group)
        self.assertEqual(suspended(), [])

    def test_nothing_is_launched_while_that_is_suspended(self) -> None:
        stage = Stage(minimum=0, desired=2, maximum=4)
        of_group = {"AutoScalingGroupName": stage.group}
        stage.asg.suspend_processes(**of_group, ScalingProcesses=["Launch"])
        stage.asg.set_desired_capacity(**of_group, DesiredCapacity=3)
        stage.ec2.terminate_instances(InstanceIds=[stage.instances()[0]])
        self.assertEqual(len(stage.instances()), 1)
        self.assertEqual(len(stage.health()), 1)
        stage.asg.resume_processes(**of_group, ScalingProcesses=["Launch"])
        self.assertEqual(len(stage.instances()), 3)
        self.assertEqual(set(stage.health()), set(stage.instances()))

    def test_leaving_instances_leave_the_target_group(self) -> None:
        stage = Stage(minimum=0, desired=4, maximum=6)
        of_group = {"AutoScalingGroupName": stage.group}

        def in_step(count: int) -> None:
            self.assertEqual(len(stage.health()), count)
            states = stage.describe()["Instances"]
            serving = {
                i["InstanceId"] for i in states if i["LifecycleState"] == "InService"
            }
            self.assertEqual(set(stage.health()), serving)

        in_step(4)
        stage.asg.set_desired_capacity(**of_group, DesiredCapacity=3)
        in_step(3)
        one = [stage.instances()[0]]
        stage.asg.detach_instances(
            **of_group, InstanceIds=one, ShouldDecrementDesiredCapacity=True
        )
        in_step(2)
        stage.asg.attach_instances(**of_group, InstanceIds=one)
        in_step(3)
        stage.asg.enter_standby(
            **of_group, InstanceIds=one, ShouldDecrementDesiredCapacity=True
        )
        in_step(2)
        stage.asg.exit_standby(**of_group, InstanceIds=one)
        in_step(3)
        stage.ec2.terminate_instances(InstanceIds=one)
        in_step(3)  # replaced, and the replacement is a target
        self.assertNotIn(one[0], stage.instances())
        stage.asg.detach_load_balancer_target_groups(
            **of_group, TargetGroupARNs=[stage.target_group]
        )
        self.assertEqual(stage.health(), {})


class LoadBalancing(Case):
    def test_actions_are_limited(self) -> None:
        stage = Stage()
        blue, green = stage.target_group, stage.new_target_group()
        too_many = [(stage.new_target_group(), 1) for _ in range(6)]
        listener = stage.listen((blue, 999), (green, 0))
        rule = stage.elb.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=[forward((blue, 1))],
        )["Rules"][0]["RuleArn"]
        bad = ([(blue, 1000), (green, 0)], [(blue, -1), (green, 1)], too_many)
        for weighted in bad:
            action = [forward(*weighted)]
            for call, params in (
                (
                    stage.elb.modify_listener,
                    {"ListenerArn": listener, "DefaultActions": action},
                ),
                (stage.elb.modify_rule, {"RuleArn": rule, "Actions": action}),
                (
                    stage.elb.create_listener,
                    {
                        "LoadBalancerArn": stage.balancer,
                        "Protocol": "HTTP",
                        "Port": 81,
                        "DefaultActions": action,
                    },
                ),
            ):
                with self.subTest(call=call.__name__, weighted=weighted):
                    self.refused("ValidationError", call, **params)
        self.refused(
            "TargetGroupNotFound",
            stage.elb.modify_listener,
            ListenerArn=listener,
            DefaultActions=[forward((blue + "0", 1))],
        )
        found = stage.elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]
        groups = found["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
        self.assertEqual([g["Weight"] for g in groups], [999, 0])
        stage.elb.modify_listener(
            ListenerArn=listener, DefaultActions=[forward((blue, 0), (green, 999))]
        )

    def test_unused_until_something_forwards(self) -> None:
        stage = Stage()
        other = stage.new_target_group()
        self.assertEqual(set(stage.health().values()), {("unused", "Target.NotInUse")})
        listener = stage.listen((other, 1))
        self.assertEqual(stage.states(), {"unused"})
        stage.elb.modify_listener(
            ListenerArn=listener,
            DefaultActions=[forward((other, 1), (stage.target_group, 0))],
        )
        self.assertEqual(stage.states(), {"healthy"})
        stage.elb.modify_listener(
            ListenerArn=listener, DefaultActions=[forward((other, 1))]
        )
        self.assertEqual(stage.states(), {"unused"})
        stage.elb.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": stage.target_group}],
        )
        self.assertEqual(stage.states(), {"healthy"})

    def test_forced_health(self) -> None:
        stage = Stage()
        stage.listen((stage.target_group, 1))
        first, second = stage.instances()
        tag = {"Key": "signalbox:health", "Value": "unhealthy"}
        stage.ec2.create_tags(Resources=[first], Tags=[tag])
        health = stage.health()
        self.assertEqual(health[first], ("unhealthy", "Target.ResponseCodeMismatch"))
        self.assertEqual(health[second], ("healthy", None))
        stage.ec2.create_tags(Resources=[first], Tags=[{**tag, "Value": "initial"}])
        self.assertEqual(
            stage.health()[first], ("initial", "Elb.InitialHealthChecking")
        )
        stage.ec2.delete_tags(Resources=[first], Tags=[{"Key": "signalbox:health"}])
        self.assertEqual(stage.states(), {"healthy"})

        stage.tag("signalbox:health", "unhealthy")
        stage.asg.set_desired_capacity(
            AutoScalingGroupName=stage.group, DesiredCapacity=3
        )
        self.assertEqual([s for s, _ in stage.health().values()], ["unhealthy"] * 3)
        stage.tag("signalbox:health", "initial")
        self.assertEqual(stage.states(), {"initial"})
        stage.untag("signalbox:health")
        self.assertEqual(stage.states(), {"healthy"})

    def test_boot_delay(self) -> None:
        stage = Stage(desired=1)
        stage.listen((stage.target_group, 1))
        old = stage.instances()[0]
        time.sleep(1)
        stage.tag("signalbox:boot-seconds", "1")
        stage.asg.set_desired_capacity(
            AutoScalingGroupName=stage.group, DesiredCapacity=2
        )
        health = stage.health()
        self.assertEqual(health.pop(old)[0], "healthy")
        self.assertEqual([s for s, _ in health.values()], ["initial"])
        until(lambda: stage.states() == {"healthy"})


class Alarms(Case):
    def test_state_change_reaches_sns(self) -> None:
        sns, sqs, cloudwatch = client("sns"), client("sqs"), client("cloudwatch")
        topic = sns.create_topic(Name=name("topic"))["TopicArn"]
        queue = sqs.create_queue(QueueName=name("queue"))["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(
            QueueUrl=queue, AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        alarm = name("alarm")
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            AlarmDescription="too slow",
            AlarmActions=[topic],
            OKActions=[topic],
            Namespace="N",
            MetricName="M",
            Dimensions=[{"Name": "Service", "Value": "web"}],
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=2,
            Period=60,
            Statistic="Average",
            Threshold=1.5,
        )

        def messages() -> list[dict[str, Any]]:
            kept = control("GET", "outbox")
            return [json.loads(m["message"]) for m in kept if m["topic_arn"] == topic]

        def set_state(state: str) -> None:
            cloudwatch.set_alarm_state(
                AlarmName=alarm, StateValue=state, StateReason="test"
            )

        set_state("OK")
        self.assertEqual(messages(), [], "no change of state, no action")
        set_state("ALARM")
        (message,) = messages()
        expected = {
            "AlarmName": alarm,
            "AlarmDescription": "too slow",
            "AWSAccountId": "123456789012",
            "NewStateValue": "ALARM",
            "NewStateReason": "test",
            "Region": "EU (Ireland)",
            "AlarmArn": f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{alarm}",
            "OldStateValue": "OK",
            "OKActions": [topic],
            "AlarmActions": [topic],
            "InsufficientDataActions": [],
        }
        self.assertEqual({k: message[k] for k in expected}, expected)
        self.assertRegex(
            message["StateChangeTime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$"
        )
        trigger = message["Trigger"]
        self.assertEqual(trigger["Statistic"], "AVERAGE")
        self.assertEqual(trigger["Dimensions"], [{"value": "web", "name": "Service"}])
        self.assertEqual(trigger["Threshold"], 1.5)
        delivered = json.loads(
            sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]
        )
        self.assertEqual(json.loads(delivered["Message"]), message)

        cloudwatch.disable_alarm_actions(AlarmNames=[alarm])
        set_state("OK")
        self.assertEqual(len(messages()), 1)
        cloudwatch.enable_alarm_actions(AlarmNames=[alarm])
        set_state("ALARM")
        set_state("OK")
        self.assertEqual(
            [m["NewStateValue"] for m in messages()], ["ALARM", "ALARM", "OK"]
        )

    def test_outbox_keeps_messages_as_sent(self) -> None:
        sns = client("sns")
        topic = sns.create_topic(Name=name("topic"))["TopicArn"]
        document = json.dumps({"default": "short", "email": "long"})
        sns.publish(
            TopicArn=topic,
            Message=document,
            MessageStructure="json",
            Subject="Subject",
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": "promoted"}
            },
        )
        (kept,) = [m for m in control("GET", "outbox") if m["topic_arn"] == topic]
        self.assertEqual(kept["message"], document)
        self.assertEqual(kept["message_structure"], "json")
        self.assertEqual(kept["subject"], "Subject")
        self.assertEqual(kept["attributes"]["kind"]["Value"], "promoted")


class Steering(Case):
    """The call log, holds, faults and delays."""

    def setUp(self) -> None:
        self.ssm = client("ssm")
        self.name = "/" + name("parameter")

    def put(self, value: str, **more: Any) -> Any:
        return self.ssm.put_parameter(
            Name=self.name, Value=value, Type="String", Overwrite=True, **more
        )

    def value(self) -> str | None:
        try:
            return str(self.ssm.get_parameter(Name=self.name)["Parameter"]["Value"])
        except self.ssm.exceptions.ParameterNotFound:
            return None

    def calls(self, operation: str) -> list[dict[str, Any]]:
        return [c for c in control("GET", "calls") if c["operation"] == operation]

    def hold(self, **more: Any) -> None:
        control("POST", "hold", {"operation": "PutParameter", **more})

    def held(self) -> bool:
        return bool(control("GET", "hold")["held"])

    def in_background(self, value: str) -> tuple[threading.Thread, list[Any]]:
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.append(self.put(value)["ResponseMetadata"]["HTTPStatusCode"])
            except ClientError as error:
                outcome.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

        thread = threading.Thread(target=run)
        thread.start()
        return thread, outcome

    def dying_client(self, value: str) -> http.client.HTTPConnection:
        """A raw request whose sender can vanish before it is answered."""
        connection = http.client.HTTPConnection(URL.removeprefix("http://"))
        params = {
            "Name": self.name,
            "Value": value,
            "Type": "String",
            "Overwrite": True,
        }
        headers = {
            "X-Amz-Target": "AmazonSSM.PutParameter",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": AUTHORIZATION.replace("monitoring", "ssm"),
        }
        connection.request("POST", "/", json.dumps(params), headers)
        return connection

    def test_call_log(self) -> None:
        control("DELETE", "calls")
        self.put("one")
        self.value()
        (put,), (get,) = self.calls("PutParameter"), self.calls("GetParameter")
        self.assertEqual(
            (put["service"], put["phase"], put["status"]), ("ssm", "done", 200)
        )
        self.assertEqual(put["params"]["Value"], "one")
        self.assertIsNone(get["params"])
        self.assertLess(put["seq"], get["seq"])
        self.assertLessEqual(put["at"], put["done_at"])

        stage = Stage()
        stage.listen((stage.target_group, 7))
        cbor_call("DeleteAlarms", {"AlarmNames": ["none"]})
        (listen,) = self.calls("CreateListener")
        config = listen["params"]["DefaultActions"][0]["ForwardConfig"]
        self.assertEqual(
            (listen["service"], config["TargetGroups"][0]["Weight"]), ("elbv2", 7)
        )
        (delete,) = self.calls("DeleteAlarms")
        self.assertEqual(delete["params"], {"AlarmNames": ["none"]})
        client("s3").list_buckets()
        self.assertEqual(self.calls("ListBuckets")[0]["service"], "s3")
        self.assertEqual(self.calls("RunInstances"), [], "groups launch on their own")

    def test_hold_before_then_process(self) -> None:
        self.hold(when="before", skip=1)
        self.put("skipped")
        self.assertTrue(control("GET", "hold")["armed"])
        thread, outcome = self.in_background("held")
        until(self.held)
        self.assertEqual(self.value(), "skipped", "others are served meanwhile")
        self.assertEqual(self.calls("PutParameter")[-1]["phase"], "begun")
        control("POST", "release", {"discard": False})
        thread.join(5)
        self.assertEqual((outcome, self.value()), ([200], "held"))
        self.assertFalse(self.held())

    def test_hold_before_then_discard(self) -> None:
        self.hold(when="before")
        thread, outcome = self.in_background("never")
        until(self.held)
        control("POST", "release", {"discard": True})
        thread.join(5)
        self.assertEqual((outcome, self.value()), ([500], None))
        self.assertEqual(self.calls("PutParameter")[-1]["outcome"], "discarded")

    def test_hold_before_of_a_dead_client_has_no_effect(self) -> None:
        self.hold(when="before")
        connection = self.dying_client("never")
        until(self.held)
        connection.close()
        control("POST", "release", {"discard": False})
        until(lambda: self.calls("PutParameter")[-1]["phase"] == "done")
        self.assertIsNone(self.value())
        last = self.calls("PutParameter")[-1]
        self.assertEqual((last["outcome"], last["processed"]), ("disconnected", False))

    def test_hold_after_has_its_effect(self) -> None:
        self.hold(when="after")
        connection = self.dying_client("effective")
        until(self.held)
        self.assertEqual(self.value(), "effective")
        connection.close()
        until(lambda: not self.held())
        self.assertEqual(self.calls("PutParameter")[-1]["processed"], True)
        self.assertEqual(self.value(), "effective")

        self.hold(when="after")
        thread, outcome = self.in_background("answered")
        until(self.held)
        self.assertEqual(outcome, [])
        control("POST", "release", {})
        thread.join(5)
        self.assertEqual(outcome, [200])

        self.hold(when="after")
        thread, outcome = self.in_background("lost answer")
        until(self.held)
        control("POST", "release", {"discard": True})
        thread.join(5)
        self.assertEqual((outcome, self.value()), ([500], "lost answer"))

    def test_hold_of_some_calls_only(self) -> None:
        self.hold(when="before", contains=self.name)
        self.ssm.put_parameter(Name="/" + name("other"), Value="x", Type="String")
        self.assertTrue(control("GET", "hold")["armed"])
        self.assertFalse(control("DELETE", "hold")["armed"])
        self.put("not held")

    def test_fail_in_every_protocol(self) -> None:
        calls: list[tuple[str, Callable[[], Any]]] = [
            ("PutParameter", lambda: self.put("x")),
            ("CreateTopic", lambda: client("sns").create_topic(Name="never")),
            ("CreateVpc", lambda: client("ec2").create_vpc(CidrBlock="10.9.0.0/16")),
            ("ListBuckets", lambda: client("s3").list_buckets()),
            ("ListFunctions", lambda: client("lambda").list_functions()),
        ]
        for operation, call in calls:
            with self.subTest(operation):
                fault = {"operation": operation, "times": 2, "code": "Throttling"}
                control("POST", "fail", {**fault, "status": 400})
                for _ in range(2):
                    text = self.refused("Throttling", call)
                    self.assertNotIn("Unknown", text)
        self.assertIsNone(self.value(), "a failed call has no effect")
        topics = client("sns").list_topics()["Topics"]
        self.assertFalse([t for t in topics if t["TopicArn"].endswith(":never")])
        self.put("third time")
        self.assertEqual(self.value(), "third time")

        fault = {
            "operation": "DescribeAlarms",
            "code": "InternalServiceFault",
            "status": 500,
        }
        control("POST", "fail", fault)
        status, _, body = cbor_call("DescribeAlarms", {})
        self.assertEqual(status, 500)
        self.assertTrue(body["__type"].endswith("#InternalServiceFault"))
        self.assertEqual(cbor_call("DescribeAlarms", {})[0], 200)

    def test_delay(self) -> None:
        delay = {"operation": "PutParameter", "seconds": 0.3, "times": 1}
        control("POST", "delay", delay)
        began = time.monotonic()
        self.put("slow")
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        began = time.monotonic()
        self.put("quick")
        self.assertLess(time.monotonic() - began, 0.3)

    def test_bad_control_requests(self) -> None:
        for path, body, status in (
            ("hold", {}, 400),
            ("hold", {"operation": "X", "when": "never"}, 400),
            ("delay", {"operation": "X"}, 400),
            ("release", [], 400),
            ("nonsense", {}, 404),
        ):
            with self.subTest(path=path, body=body):
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    control("POST", path, body)
                caught.exception.close()
                self.assertEqual(caught.exception.code, status)

    def test_concurrent_conditional_writes_have_one_winner(self) -> None:
        dynamodb, table = client("dynamodb"), name("table")
        dynamodb.create_table(
            TableName=table,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        won: list[int] = []

        def write(number: int) -> None:
            try:
                dynamodb.put_item(
                    TableName=table,
                    Item={"id": {"S": "lock"}, "owner": {"N": str(number)}},
                    ConditionExpression="attribute_not_exists(id)",
                )
                won.append(number)
            except dynamodb.exceptions.ConditionalCheckFailedException:
                pass

        threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        self.assertEqual(len(won), 1)


class Connections(Case):
    """What keeps the AWS SDK for Go from sending a call twice on a busy machine."""

    BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
    HEADERS = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": AUTHORIZATION.replace("monitoring", "sts"),
    }

    def setUp(self) -> None:
        self.connection = http.client.HTTPConnection(URL.removeprefix("http://"))
        self.addCleanup(self.connection.close)

    def test_a_connection_stays_open(self) -> None:
        sockets = set()
        for _ in range(3):
            self.connection.request("POST", "/", self.BODY, self.HEADERS)
            answer = self.connection.getresponse()
            self.assertIn(b"GetCallerIdentityResult", answer.read())
            sockets.add(self.connection.sock)
        self.assertEqual(len(sockets), 1)

    def test_an_answer_arrives_in_one_piece(self) -> None:
        self.connection.connect()
        fields = {"Host": "emulator", "Content-Length": len(self.BODY), **self.HEADERS}
        lines = [f"{name}: {value}" for name, value in fields.items()]
        head = "\r\n".join(["POST / HTTP/1.1", *lines, "", ""])
        for _ in range(20):
            self.connection.sock.sendall(head.encode() + self.BODY)
            self.assertIn(b"</GetCallerIdentityResponse>", self.connection.sock.recv(65536))

    def test_an_answer_without_a_body_does_not_disturb_the_next(self) -> None:
        s3, bucket = client("s3"), name("bucket")
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        s3.put_object(Bucket=bucket, Key="k", Body=b"12345")
        self.assertEqual(s3.head_object(Bucket=bucket, Key="k")["ContentLength"], 5)
        self.assertEqual(s3.get_object(Bucket=bucket, Key="k")["Body"].read(), b"12345")
        s3.delete_object(Bucket=bucket, Key="k")  # 204
        self.assertNotIn("Contents", s3.list_objects_v2(Bucket=bucket))

    def test_a_body_in_chunks_is_read_to_its_end(self) -> None:
        for _ in range(2):
            chunks = iter([self.BODY[:10], self.BODY[10:]])
            self.connection.request(
                "POST", "/", chunks, self.HEADERS, encode_chunked=True
            )
            answer = self.connection.getresponse()
            self.assertIn(b"GetCallerIdentityResult", answer.read())


class Policies(Case):
    def test_policies_that_aws_wrote_exist(self) -> None:
        arn = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"
        self.assertEqual(client("iam").get_policy(PolicyArn=arn)["Policy"]["Arn"], arn)


if __name__ == "__main__":
    unittest.main()

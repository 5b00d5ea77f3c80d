//! Events as AWS sends them, in every envelope that the functions accept.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::runtime::{REGION, unique_id};

const ACCOUNT: &str = "123456789012";

/// An event in EventBridge's envelope, with an id of its own and the present time.
#[derive(Clone, Debug)]
pub struct EventBridge {
    source: String,
    detail_type: String,
    id: String,
    time: Timestamp,
    detail: Value,
}

impl EventBridge {
    /// Any event.
    #[must_use]
    pub fn new(source: &str, detail_type: &str, detail: Value) -> EventBridge {
        EventBridge {
            source: source.to_owned(),
            detail_type: detail_type.to_owned(),
            id: unique_id(),
            time: Timestamp::now(),
            detail,
        }
    }

    /// With this event id.
    #[must_use]
    pub fn id(self, id: &str) -> EventBridge {
        EventBridge { id: id.to_owned(), ..self }
    }

    /// Put at this time.
    #[must_use]
    pub fn at(self, time: Timestamp) -> EventBridge {
        EventBridge { time, ..self }
    }

    /// With one more field in its detail, or another value in one.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> EventBridge {
        self.detail[field] = value.into();
        self
    }

    /// The event as it arrives.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": ACCOUNT,
            "time": seconds(self.time),
            "region": REGION,
            "resources": [],
            "detail": self.detail,
        })
    }
}

/// `Deployment Requested`, as a pipeline puts it.
#[must_use]
pub fn deployment_requested(service: &str, release: &str) -> EventBridge {
    EventBridge::new("signalbox.ci", "Deployment Requested", json!({"service": service, "release": release}))
}

/// `Rollback Requested`, as a pipeline puts it.
#[must_use]
pub fn rollback_requested(service: &str, reason: &str) -> EventBridge {
    EventBridge::new("signalbox.ci", "Rollback Requested", json!({"service": service, "reason": reason}))
}

/// `Scheduled Event`, the heartbeat of a rule.
#[must_use]
pub fn scheduled() -> EventBridge {
    EventBridge::new("aws.events", "Scheduled Event", json!({}))
}

/// The heartbeat of a schedule.
#[must_use]
pub fn heartbeat() -> Value {
    json!({"heartbeat": true})
}

/// An event of a group about one of its instances: `happened` is `Launch Successful`,
/// `Terminate Unsuccessful` and so on.
#[must_use]
pub fn group_event(happened: &str, group: &str, instance: &str) -> EventBridge {
    let now = Timestamp::now().to_string();
    let status = if happened.ends_with("Unsuccessful") { "Failed" } else { "InProgress" };
    let detail = json!({
        "StatusCode": status,
        "AutoScalingGroupName": group,
        "ActivityId": unique_id(),
        "RequestId": unique_id(),
        "EC2InstanceId": instance,
        "Details": {"Availability Zone": format!("{REGION}a"), "Subnet ID": "subnet-0a1b2c3d"},
        "StatusMessage": "",
        "Cause": "An instance was started in response to a difference between desired and actual capacity.",
        "Description": format!("EC2 instance: {instance}"),
        "StartTime": now,
        "EndTime": now,
    });
    EventBridge::new("aws.autoscaling", &format!("EC2 Instance {happened}"), detail)
}

/// What EC2 says of an instance: `EC2 Spot Instance Interruption Warning` and so on, with `with` for what else
/// such an event says.
#[must_use]
pub fn instance_event(detail_type: &str, instance: &str) -> EventBridge {
    EventBridge::new("aws.ec2", detail_type, json!({"instance-id": instance}))
}

/// An alarm's change of state, which arrives in one of three envelopes.
#[derive(Clone, Debug)]
pub struct AlarmChange {
    alarm: String,
    state: String,
    former: String,
    at: Timestamp,
    dimensions: Vec<(String, String)>,
}

impl AlarmChange {
    /// `alarm` is in `state` (`OK`, `ALARM`, `INSUFFICIENT_DATA`) as of now.
    #[must_use]
    pub fn new(alarm: &str, state: &str) -> AlarmChange {
        let former = if state == "OK" { "ALARM" } else { "OK" };
        AlarmChange {
            alarm: alarm.to_owned(),
            state: state.to_owned(),
            former: former.to_owned(),
            at: Timestamp::now(),
            dimensions: Vec::new(),
        }
    }

    /// On a metric with this dimension: `TargetGroup`, `AutoScalingGroupName`, `InstanceId`.
    #[must_use]
    pub fn about(mut self, dimension: &str, value: &str) -> AlarmChange {
        self.dimensions.push((dimension.to_owned(), value.to_owned()));
        self
    }

    /// As of this time.
    #[must_use]
    pub fn at(self, at: Timestamp) -> AlarmChange {
        AlarmChange { at, ..self }
    }

    /// EventBridge's `CloudWatch Alarm State Change`.
    #[must_use]
    pub fn eventbridge(&self) -> Value {
        let mut event =
            EventBridge::new("aws.cloudwatch", "CloudWatch Alarm State Change", self.data()).at(self.at).json();
        event["resources"] = json!([self.arn()]);
        event
    }

    /// The alarm's own Lambda action.
    #[must_use]
    pub fn direct(&self) -> Value {
        json!({
            "source": "aws.cloudwatch",
            "alarmArn": self.arn(),
            "accountId": ACCOUNT,
            "time": offset(self.at),
            "region": REGION,
            "alarmData": self.data(),
        })
    }

    /// The alarm's JSON text, through an SNS topic.
    #[must_use]
    pub fn sns(&self, topic_arn: &str) -> Value {
        let of_trigger = |(name, value): &(String, String)| json!({"name": name, "value": value});
        let message = json!({
            "AlarmName": self.alarm,
            "AlarmDescription": null,
            "AWSAccountId": ACCOUNT,
            "AlarmConfigurationUpdatedTimestamp": "2026-11-01T08:00:00.000+0000",
            "NewStateValue": self.state,
            "NewStateReason": self.reason(),
            "StateChangeTime": offset(self.at),
            "Region": "EU (Ireland)",
            "AlarmArn": self.arn(),
            "OldStateValue": self.former,
            "OKActions": [],
            "AlarmActions": [topic_arn],
            "InsufficientDataActions": [],
            "Trigger": {
                "MetricName": "HTTPCode_Target_5XX_Count",
                "Namespace": "AWS/ApplicationELB",
                "Dimensions": self.dimensions.iter().map(of_trigger).collect::<Value>(),
            },
        });
        sns(topic_arn, &message.to_string())
    }

    fn data(&self) -> Value {
        let state = |value: &str| json!({"value": value, "reason": self.reason(), "timestamp": offset(self.at)});
        json!({
            "alarmName": self.alarm,
            "state": state(&self.state),
            "previousState": state(&self.former),
            "configuration": {"metrics": self.metrics()},
        })
    }

    fn metrics(&self) -> Value {
        if self.dimensions.is_empty() {
            return json!([]);
        }
        let dimensions: Value = self.dimensions.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let metric = json!({"namespace": "AWS/ApplicationELB", "name": "Metric", "dimensions": dimensions});
        json!([{"id": "m1", "metricStat": {"metric": metric, "period": 60, "stat": "Maximum"}, "returnData": true}])
    }

    fn reason(&self) -> String {
        format!("Threshold Crossed: the test set {}.", self.state)
    }

    fn arn(&self) -> String {
        format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{}", self.alarm)
    }
}

/// Any message in the envelope in which SNS invokes a function.
#[must_use]
pub fn sns(topic_arn: &str, message: &str) -> Value {
    json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic_arn}:{}", unique_id()),
        "Sns": {
            "Type": "Notification",
            "MessageId": unique_id(),
            "TopicArn": topic_arn,
            "Subject": null,
            "Message": message,
            "Timestamp": Timestamp::now().to_string(),
            "SignatureVersion": "1",
            "Signature": "c2lnbmF0dXJl",
            "SigningCertUrl": format!("https://sns.{REGION}.amazonaws.com/SimpleNotificationService-0000.pem"),
            "UnsubscribeUrl": format!("https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe"),
            "MessageAttributes": {},
        },
    }]})
}

/// `2026-11-23T01:12:07Z`, as EventBridge writes times.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-23T01:12:07.421+0000`, as CloudWatch writes times.
fn offset(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::{AlarmChange, deployment_requested};
    use serde_json::{Value, json};

    #[test]
    fn times_are_written_as_aws_writes_them() {
        let at = "2026-11-23T01:12:07.421Z".parse().unwrap();
        let event = deployment_requested("web", "v2").id("e-1").at(at).with("rollback", "ask").json();
        assert_eq!(event["time"], "2026-11-23T01:12:07Z");
        assert_eq!(event["detail"], json!({"service": "web", "release": "v2", "rollback": "ask"}));
        let change = AlarmChange::new("web-5xx", "ALARM").at(at);
        assert_eq!(change.direct()["alarmData"]["state"]["timestamp"], "2026-11-23T01:12:07.421+0000");
        assert_eq!(change.eventbridge()["detail"], change.direct()["alarmData"]);
        let published = change.sns("arn:aws:sns:eu-west-1:123456789012:alerts");
        let message: Value = serde_json::from_str(published["Records"][0]["Sns"]["Message"].as_str().unwrap()).unwrap();
        assert_eq!(message["StateChangeTime"], "2026-11-23T01:12:07.421+0000");
        assert_eq!(message["OldStateValue"], "OK");
    }

    #[test]
    fn what_an_alarm_is_about_is_in_every_envelope() {
        let change = AlarmChange::new("web-sick", "ALARM").about("TargetGroup", "targetgroup/web/1");
        let metric = &change.eventbridge()["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"];
        assert_eq!(metric["dimensions"], json!({"TargetGroup": "targetgroup/web/1"}));
        let published = change.sns("arn:aws:sns:eu-west-1:123456789012:alerts");
        let message: Value = serde_json::from_str(published["Records"][0]["Sns"]["Message"].as_str().unwrap()).unwrap();
        assert_eq!(message["Trigger"]["Dimensions"], json!([{"name": "TargetGroup", "value": "targetgroup/web/1"}]));
    }
}

//! The parts of a definition, each with its defaults.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::slot::Slot;
use crate::text::{GroupName, Malformed, Release, Span};

/// An Amazon Resource Name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(String);

impl Arn {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is of `service` and its resource begins with `resource`; else what it should be.
    pub(super) fn expect(&self, service: &str, resource: &str) -> Result<(), String> {
        let mut parts = self.0.splitn(6, ':');
        let right = parts.nth(2) == Some(service)
            && parts.nth(2).is_some_and(|rest| rest.starts_with(resource) && rest.len() > resource.len());
        if right {
            Ok(())
        } else {
            Err(format!("must be an ARN like arn:aws:{service}:<region>:<account>:{resource}…"))
        }
    }
}

impl TryFrom<String> for Arn {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        let right = text.starts_with("arn:")
            && text.splitn(6, ':').count() == 6
            && text.len() <= 2_048
            && text.chars().all(|c| c.is_ascii_graphic());
        if right {
            Ok(Arn(text))
        } else {
            Err(Malformed("must be an ARN: arn:<partition>:<service>:<region>:<account>:<resource>".to_owned()))
        }
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> String {
        arn.0
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the forward action that splits the traffic lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoutesAt {
    /// In a listener's default actions.
    Listener(Arn),
    /// In a listener rule's actions.
    Rule(Arn),
}

impl RoutesAt {
    pub(super) fn of(listener: Option<Arn>, rule: Option<Arn>) -> Result<RoutesAt, Mistake> {
        let checked = |arn: &Arn, path: &str, resource: &str| {
            arn.expect("elasticloadbalancing", resource).map_err(|problem| Mistake::at(path, problem))
        };
        match (listener, rule) {
            (Some(listener), None) => {
                checked(&listener, "listener_arn", "listener/app/")?;
                Ok(RoutesAt::Listener(listener))
            }
            (None, Some(rule)) => {
                checked(&rule, "rule_arn", "listener-rule/app/")?;
                Ok(RoutesAt::Rule(rule))
            }
            (Some(_), Some(_)) => Err(Mistake::at("rule_arn", "give either listener_arn or rule_arn, not both")),
            (None, None) => Err(Mistake::at("listener_arn", "is missing: give listener_arn, or rule_arn")),
        }
    }

    /// The ARN of the listener that holds the forward action, or that the rule belongs to.
    #[must_use]
    pub fn listener_arn(&self) -> String {
        match self {
            RoutesAt::Listener(arn) => arn.as_str().to_owned(),
            // arn:…:listener-rule/app/<name>/<balancer>/<listener>/<rule>
            RoutesAt::Rule(arn) => match arn.as_str().rsplit_once('/') {
                Some((listener, _rule)) => listener.replacen(":listener-rule/", ":listener/", 1),
                None => arn.as_str().to_owned(),
            },
        }
    }
}

/// One slot: an Auto Scaling group and the target group it registers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotDefinition {
    /// The Auto Scaling group's name.
    pub asg: GroupName,
    /// The target group's ARN.
    pub target_group_arn: Arn,
}

/// The three sizes of an Auto Scaling group, in instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capacity {
    /// The smallest size scaling may choose.
    pub min: u32,
    /// The size wanted now.
    pub desired: u32,
    /// The largest size scaling may choose.
    pub max: u32,
}

impl Capacity {
    /// A retired group: 0/0/0.
    pub const NONE: Capacity = Capacity { min: 0, desired: 0, max: 0 };
}

impl Default for Capacity {
    fn default() -> Self {
        Capacity { min: 1, desired: 1, max: 2 }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.min, self.desired, self.max)
    }
}

/// Where the release of a slot is written, and so read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseSource {
    /// A Parameter Store name with `{slot}` in it; the instances of a slot read theirs at boot.
    Parameter(String),
    /// The launch-template version of the slot's group.
    LaunchTemplate,
}

impl ReleaseSource {
    /// The name of this slot's parameter; `None` where the launch template holds the release.
    #[must_use]
    pub fn parameter(&self, slot: Slot) -> Option<String> {
        match self {
            ReleaseSource::Parameter(pattern) => Some(pattern.replace("{slot}", &slot.to_string())),
            ReleaseSource::LaunchTemplate => None,
        }
    }

    /// Whether a release of this name can be written here.
    ///
    /// # Errors
    /// What a release must look like.
    pub fn accepts(&self, release: &Release) -> Result<(), String> {
        match self {
            ReleaseSource::Parameter(_) if release.as_str() == "none" => {
                Err("\"none\" is the word for no release".to_owned())
            }
            ReleaseSource::LaunchTemplate if !release.as_str().chars().all(|c| c.is_ascii_digit()) => {
                Err("a release of this service is the number of a launch-template version".to_owned())
            }
            ReleaseSource::Parameter(_) | ReleaseSource::LaunchTemplate => Ok(()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseDocument {
    #[serde(default)]
    parameter: Option<String>,
    #[serde(default)]
    launch_template: Option<bool>,
}

impl ReleaseDocument {
    pub(super) fn check(self) -> Result<ReleaseSource, Mistake> {
        match (self.parameter, self.launch_template) {
            (Some(pattern), None) => {
                let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
                if !pattern.contains("{slot}") {
                    Err(Mistake::at(
                        "release.parameter",
                        "must contain {slot}, so that each slot's instances read their own release",
                    ))
                } else if pattern.len() > 1_000 || !pattern.replace("{slot}", "green").chars().all(named) {
                    Err(Mistake::at(
                        "release.parameter",
                        "must be a Parameter Store name: letters, digits, '/', '.', '-' and '_'",
                    ))
                } else {
                    Ok(ReleaseSource::Parameter(pattern))
                }
            }
            (None, Some(true)) => Ok(ReleaseSource::LaunchTemplate),
            (None, Some(false)) => {
                Err(Mistake::at("release.launch_template", "can only be true; else give release.parameter"))
            }
            (Some(_), Some(_)) => Err(Mistake::at("release", "give either parameter or launch_template, not both")),
            (None, None) => {
                Err(Mistake::at("release", "give parameter (a name with {slot}) or launch_template (true)"))
            }
        }
    }
}

/// What happens to a deploy that arrives while another moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// It is refused.
    #[default]
    Reject,
    /// It waits its turn; only the newest waits.
    QueueLatest,
    /// The moving one is aborted, then the newest begins.
    Supersede,
}

/// When a new slot counts as healthy, and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// The time for launching and verifying together.
    pub within: Span,
    /// How long all targets must have been healthy.
    pub settle: Span,
    /// How many instances may go away without ever having been healthy.
    pub max_launch_failures: u32,
}

impl Default for Health {
    fn default() -> Self {
        Health { within: Span::seconds(900), settle: Span::seconds(30), max_launch_failures: 2 }
    }
}

impl Health {
    pub(super) fn check(&self) -> Result<(), Mistake> {
        if self.max_launch_failures > 20 {
            return Err(Mistake::at("health.max_launch_failures", "must be 0 to 20"));
        }
        if self.settle > self.within {
            return Err(Mistake::at("health.settle", "must not be longer than health.within"));
        }
        Ok(())
    }
}

/// How sick instances are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replacement {
    /// How long an instance must have been sick.
    pub confirm: Span,
    /// The time for one replacement.
    pub within: Span,
    /// How many replacements one window may have.
    pub max_in_window: u32,
    /// That window.
    pub window: Span,
    /// The share of a fleet of two or more that may be sick before nothing is replaced.
    pub hold_above_percent: u32,
}

impl Default for Replacement {
    fn default() -> Self {
        Replacement {
            confirm: Span::seconds(60),
            within: Span::seconds(900),
            max_in_window: 3,
            window: Span::seconds(3_600),
            hold_above_percent: 40,
        }
    }
}

impl Replacement {
    pub(super) fn check(&self) -> Result<(), Mistake> {
        if self.hold_above_percent > 100 {
            return Err(Mistake::at("replacement.hold_above_percent", "must be 0 to 100"));
        }
        Ok(())
    }
}

/// How an idle service is held to its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drift {
    /// How often it is looked at.
    pub every: Span,
    /// What happens to a difference that is not ours.
    pub on_external_change: OnExternalChange,
}

impl Default for Drift {
    fn default() -> Self {
        Drift { every: Span::seconds(300), on_external_change: OnExternalChange::default() }
    }
}

/// What happens, in steady state, to a difference that is not ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExternalChange {
    /// It is told.
    #[default]
    Alert,
    /// It is put right, at most twice an hour.
    Correct,
}

/// Whether Signalbox acts or only says what it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It acts.
    #[default]
    Act,
    /// Nothing is changed except by an explicit rollback.
    Observe,
}

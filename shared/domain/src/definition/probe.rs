//! Whom a deployment asks before it goes on: the new release itself, and functions of the team's own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::text::Span;

/// A request through the load balancer, by header route, to the slot that has no traffic yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// The address asked.
    pub url: String,
    /// The header that the listener's rules route by; `{slot}` in a value becomes the slot.
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// The HTTP status expected.
    #[serde(default = "ok_status")]
    pub status: u16,
    /// Text the body must contain; `{release}` becomes the release.
    #[serde(default)]
    pub contains: Option<String>,
    /// How often it is tried.
    #[serde(default = "three")]
    pub attempts: u32,
}

fn ok_status() -> u16 {
    200
}
fn three() -> u32 {
    3
}

impl Smoke {
    pub(super) fn check(&self) -> Result<(), Mistake> {
        if !(self.url.starts_with("http://") || self.url.starts_with("https://")) {
            return Err(Mistake::at("smoke.url", "must begin with http:// or https://"));
        }
        if !(100..=599).contains(&self.status) {
            return Err(Mistake::at("smoke.status", "must be an HTTP status, 100 to 599"));
        }
        if !(1..=20).contains(&self.attempts) {
            return Err(Mistake::at("smoke.attempts", "must be 1 to 20"));
        }
        Ok(())
    }
}

/// Lambda functions of the team's own that have a say before and after traffic moves. Each is asked
/// again at every look until it says yes or no, so it must not mind being asked twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// Asked when the new slot is verified and has no traffic yet: a function's name or ARN.
    #[serde(default)]
    pub before_traffic: Option<String>,
    /// Asked when the new slot has all traffic: a function's name or ARN.
    #[serde(default)]
    pub after_traffic: Option<String>,
    /// The time each of them has to say yes.
    #[serde(default = "ten_minutes")]
    pub within: Span,
}

fn ten_minutes() -> Span {
    Span::seconds(600)
}

impl Hooks {
    pub(super) fn check(&self) -> Result<(), Mistake> {
        if self.before_traffic.is_none() && self.after_traffic.is_none() {
            return Err(Mistake::at("hooks", "give before_traffic or after_traffic, or leave hooks out"));
        }
        for (field, function) in [("before_traffic", &self.before_traffic), ("after_traffic", &self.after_traffic)] {
            let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '$');
            if function.as_ref().is_some_and(|name| !(1..=170).contains(&name.len()) || !name.chars().all(named)) {
                return Err(Mistake::at(format!("hooks.{field}"), "must be the name or the ARN of a Lambda function"));
            }
        }
        Ok(())
    }
}

//! The guard: what takes a release back.

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::text::AlarmName;

/// What takes a release back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// CloudWatch alarms, metric or composite, that mean: back.
    pub alarms: Vec<AlarmName>,
    /// What a check without data means.
    pub on_no_data: OnNoData,
    /// Measurements of the new slot, alone and against the live one.
    pub checks: Vec<Check>,
}

impl Guard {
    pub(super) fn check(&self) -> Result<(), Mistake> {
        if self.alarms.len() > 100 {
            return Err(Mistake::at(
                "guard.alarms",
                "must be at most 100 names, as many as CloudWatch describes at once",
            ));
        }
        for (index, alarm) in self.alarms.iter().enumerate() {
            if self.alarms[..index].contains(alarm) {
                return Err(Mistake::at(format!("guard.alarms[{index}]"), "is named twice"));
            }
        }
        if self.checks.len() > 20 {
            return Err(Mistake::at("guard.checks", "must be at most 20"));
        }
        for (index, check) in self.checks.iter().enumerate() {
            check.check().map_err(|mistake| mistake.under(&format!("guard.checks[{index}]")))?;
        }
        Ok(())
    }
}

/// What a check without data means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNoData {
    /// Go on, and say so.
    #[default]
    Pass,
    /// Take the release back.
    Fail,
    /// Hold where it is.
    Pause,
}

/// One measurement of the new slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is measured.
    pub metric: CheckMetric,
    /// The most it may be, in percent of the requests.
    #[serde(default)]
    pub max_percent: Option<Limit>,
    /// The most it may be, in milliseconds.
    #[serde(default)]
    pub max_ms: Option<u32>,
    /// The most it may be, as a multiple of the live slot's over the same minutes.
    #[serde(default)]
    pub max_ratio_to_live: Option<Limit>,
    /// Fewer requests than this are no data.
    #[serde(default)]
    pub min_requests: u32,
    /// How many measurements of one step may fail before the release is taken back.
    #[serde(default)]
    pub failures_allowed: u32,
}

impl Check {
    fn check(&self) -> Result<(), Mistake> {
        let at = |field: &str, problem: &str| Err(Mistake::at(field, problem));
        if self.max_percent.is_some_and(|limit| !(0.0..=100.0).contains(&limit.0)) {
            return at("max_percent", "must be 0 to 100");
        }
        if self.max_ratio_to_live.is_some_and(|limit| !(1.0..=1_000.0).contains(&limit.0)) {
            return at("max_ratio_to_live", "must be 1.0 to 1000");
        }
        if self.max_percent.is_some() && self.metric != CheckMetric::ErrorRate {
            return at("max_percent", "is a limit of error_rate alone");
        }
        if self.max_ms.is_some() && self.metric != CheckMetric::LatencyP95Ms {
            return at("max_ms", "is a limit of latency_p95_ms alone");
        }
        let limited = self.max_ratio_to_live.is_some();
        match self.metric {
            CheckMetric::ErrorRate if !limited && self.max_percent.is_none() => {
                return at("max_percent", "is required, or max_ratio_to_live: without a limit nothing can fail");
            }
            CheckMetric::LatencyP95Ms if !limited && self.max_ms.is_none() => {
                return at("max_ms", "is required, or max_ratio_to_live: without a limit nothing can fail");
            }
            CheckMetric::Requests if limited => {
                return at("max_ratio_to_live", "does not limit requests, which take min_requests alone");
            }
            CheckMetric::Requests if self.min_requests == 0 => {
                return at("min_requests", "is required: how many requests there must have been");
            }
            CheckMetric::ErrorRate | CheckMetric::LatencyP95Ms | CheckMetric::Requests => {}
        }
        Ok(())
    }

    /// Whether it compares with the live slot and has no limit by itself.
    pub(crate) fn is_relative(&self) -> bool {
        self.max_ratio_to_live.is_some() && self.max_percent.is_none() && self.max_ms.is_none()
    }

    /// Fewer requests than this are no data; none at all never are any.
    #[must_use]
    pub fn least(&self) -> u64 {
        u64::from(self.min_requests.max(1))
    }
}

/// What a check measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckMetric {
    /// Requests that the targets failed or refused, in percent of those they got.
    ErrorRate,
    /// The 95th percentile of the response time, in milliseconds.
    LatencyP95Ms,
    /// That there were `min_requests` requests at all.
    Requests,
}

impl CheckMetric {
    /// Its name in a definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CheckMetric::ErrorRate => "error_rate",
            CheckMetric::LatencyP95Ms => "latency_p95_ms",
            CheckMetric::Requests => "requests",
        }
    }
}

/// A limit with decimals. Equal when the bits are, so that definitions can be compared.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limit(pub f64);

impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}
impl Eq for Limit {}

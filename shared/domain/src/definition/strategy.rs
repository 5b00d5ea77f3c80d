//! How traffic moves to a new release: a list of steps, whatever the strategy is called.

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::slot::Percent;
use crate::text::Span;

/// How traffic moves to a new release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StrategyDocument", into = "StrategyDocument")]
pub enum Strategy {
    /// Everything in one step.
    AllAtOnce,
    /// A first share, watched for a while, then everything.
    Canary {
        /// The first share, 1 to 99 percent.
        weight: Percent,
        /// How long it is watched.
        bake: Span,
    },
    /// Equal shares at equal intervals.
    Linear {
        /// The share added at each step, 1 to 99 percent.
        percent: Percent,
        /// How long each step is watched.
        every: Span,
    },
    /// Steps as written.
    Steps(Vec<Step>),
}

/// One step of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Give the new slot this share and watch it.
    Weight {
        /// The share, 1 to 100 percent.
        percent: Percent,
        /// How long it is watched before the next step.
        bake: Span,
    },
    /// Wait for a person.
    Approval {
        /// How long.
        within: Span,
        /// What happens when nobody answers.
        otherwise: Otherwise,
    },
}

/// What happens when nobody approves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The release is taken back.
    #[default]
    Rollback,
    /// The release goes on.
    Promote,
}

impl Strategy {
    /// The steps to go through; the last one gives the new slot everything.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let last = Step::Weight { percent: Percent::HUNDRED, bake: Span::seconds(0) };
        match self {
            Strategy::AllAtOnce => vec![last],
            Strategy::Canary { weight, bake } => vec![Step::Weight { percent: *weight, bake: *bake }, last],
            Strategy::Linear { percent, every } => (1u8..)
                .map(|step| percent.get().saturating_mul(step))
                .take_while(|weight| *weight < 100)
                .filter_map(|weight| Percent::try_from(weight).ok())
                .map(|percent| Step::Weight { percent, bake: *every })
                .chain([last])
                .collect(),
            Strategy::Steps(steps) => steps.clone(),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    AllAtOnce,
    Canary,
    Linear,
    Steps,
}

/// A strategy as it is written. One flat form for every kind, so that a mistake is found at
/// its own path and not at the whole object's.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StrategyDocument {
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bake: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<StepDocument>>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<Percent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bake: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalDocument>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalDocument {
    #[serde(default = "one_day")]
    within: Span,
    #[serde(default, rename = "else")]
    otherwise: Otherwise,
}

fn one_day() -> Span {
    Span::seconds(86_400)
}

impl StrategyDocument {
    pub(crate) fn check(self) -> Result<Strategy, Mistake> {
        self.refuse_foreign_fields()?;
        let share = |percent: Option<Percent>, path: &str, default: u8| {
            let percent = percent.map_or(default, Percent::get);
            match Percent::try_from(percent) {
                Ok(percent) if (1..100).contains(&percent.get()) => Ok(percent),
                Ok(_) | Err(_) => Err(Mistake::at(path, "must be 1 to 99; all_at_once moves everything in one step")),
            }
        };
        match self.kind {
            Kind::AllAtOnce => Ok(Strategy::AllAtOnce),
            Kind::Canary => Ok(Strategy::Canary {
                weight: share(self.weight, "weight", 10)?,
                bake: self.bake.unwrap_or(Span::seconds(300)),
            }),
            Kind::Linear => Ok(Strategy::Linear {
                percent: share(self.percent, "percent", 10)?,
                every: self.every.unwrap_or(Span::seconds(180)),
            }),
            Kind::Steps => check_steps(self.steps.unwrap_or_default()).map(Strategy::Steps),
        }
    }

    fn refuse_foreign_fields(&self) -> Result<(), Mistake> {
        let allowed: &[&str] = match self.kind {
            Kind::AllAtOnce => &[],
            Kind::Canary => &["weight", "bake"],
            Kind::Linear => &["percent", "every"],
            Kind::Steps => &["steps"],
        };
        let given = [
            ("weight", self.weight.is_some()),
            ("bake", self.bake.is_some()),
            ("percent", self.percent.is_some()),
            ("every", self.every.is_some()),
            ("steps", self.steps.is_some()),
        ];
        match given.into_iter().find(|(name, given)| *given && !allowed.contains(name)) {
            None => Ok(()),
            Some((name, _)) if allowed.is_empty() => {
                Err(Mistake::at(name, "does not belong to this kind of strategy, which has no other field"))
            }
            Some((name, _)) => Err(Mistake::at(
                name,
                format!("does not belong to this kind of strategy, which has {}", allowed.join(" and ")),
            )),
        }
    }
}

fn check_steps(documents: Vec<StepDocument>) -> Result<Vec<Step>, Mistake> {
    if documents.is_empty() || documents.len() > 50 {
        return Err(Mistake::at("steps", "must be 1 to 50 steps, the last one {\"weight\":100}"));
    }
    let mut steps = Vec::with_capacity(documents.len());
    let mut reached = 0;
    for (index, document) in documents.into_iter().enumerate() {
        let at = |field: &str, problem: &str| Mistake::at(format!("steps[{index}]{field}"), problem);
        steps.push(match (document.weight, document.approval) {
            (Some(percent), None) => {
                if percent.get() <= reached {
                    return Err(at(".weight", "must be above the weight of the step before, and above 0"));
                }
                reached = percent.get();
                if reached == 100 && document.bake.is_some() {
                    return Err(at(".bake", "does not belong to the last step: the definition's bake covers it"));
                }
                Step::Weight { percent, bake: document.bake.unwrap_or(Span::seconds(0)) }
            }
            (None, Some(approval)) if document.bake.is_none() => {
                Step::Approval { within: approval.within, otherwise: approval.otherwise }
            }
            (None, Some(_)) => return Err(at(".bake", "belongs to a weight, not to an approval")),
            (Some(_), Some(_)) | (None, None) => return Err(at("", "must have either weight or approval")),
        });
    }
    match steps.last() {
        Some(Step::Weight { percent, .. }) if percent.get() == 100 => Ok(steps),
        Some(Step::Weight { .. } | Step::Approval { .. }) | None => {
            Err(Mistake::at("steps", "must end with {\"weight\":100}"))
        }
    }
}

impl TryFrom<StrategyDocument> for Strategy {
    type Error = Mistake;
    fn try_from(document: StrategyDocument) -> Result<Self, Mistake> {
        document.check()
    }
}

impl From<Strategy> for StrategyDocument {
    fn from(strategy: Strategy) -> StrategyDocument {
        let blank = |kind| StrategyDocument { kind, weight: None, bake: None, percent: None, every: None, steps: None };
        match strategy {
            Strategy::AllAtOnce => blank(Kind::AllAtOnce),
            Strategy::Canary { weight, bake } => {
                StrategyDocument { weight: Some(weight), bake: Some(bake), ..blank(Kind::Canary) }
            }
            Strategy::Linear { percent, every } => {
                StrategyDocument { percent: Some(percent), every: Some(every), ..blank(Kind::Linear) }
            }
            Strategy::Steps(steps) => StrategyDocument {
                steps: Some(steps.into_iter().map(StepDocument::from).collect()),
                ..blank(Kind::Steps)
            },
        }
    }
}

impl From<Step> for StepDocument {
    fn from(step: Step) -> StepDocument {
        match step {
            Step::Weight { percent, bake } => StepDocument {
                weight: Some(percent),
                bake: (percent < Percent::HUNDRED).then_some(bake),
                approval: None,
            },
            Step::Approval { within, otherwise } => {
                StepDocument { weight: None, bake: None, approval: Some(ApprovalDocument { within, otherwise }) }
            }
        }
    }
}

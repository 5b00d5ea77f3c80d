//! What a service is and how it wants to be run: the document a team writes.
//!
//! A definition is read once, strictly. After [`Definition::read`] every value is one the rest
//! of the code can use without another check; each mistake is refused with its JSON path.

mod guard;
mod parts;
mod probe;
mod strategy;
#[cfg(test)]
mod tests;
mod window;

use serde::{Deserialize, Serialize};

pub use guard::{Check, CheckMetric, Guard, Limit, OnNoData};
pub use parts::{
    Arn, Arrival, Capacity, Drift, Health, Mode, OnExternalChange, ReleaseSource, Replacement, RoutesAt, SlotDefinition,
};
pub use probe::{Hooks, Smoke};
pub use strategy::{Otherwise, Step, Strategy};
pub use window::FreezeWindow;
pub(crate) use window::all_closed;

use crate::mistake::{self, Mistake};
use crate::slot::{BySlot, Slot};
use crate::text::{ServiceName, Span};

/// The definition of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The service's name.
    pub name: ServiceName,
    /// The listener or rule whose forward action splits the traffic.
    pub routes_at: RoutesAt,
    /// The two slots.
    pub slots: BySlot<SlotDefinition>,
    /// The size of the live group; `None`: as the live group is when an operation begins.
    pub capacity: Option<Capacity>,
    /// Where a slot's release is written.
    pub release: ReleaseSource,
    /// How traffic moves, unless a deploy says otherwise.
    pub strategy: Strategy,
    /// How long all traffic must have been on the new release before it has succeeded.
    pub bake: Span,
    /// How long the old slot stays warm after success.
    pub standby: Span,
    /// How long a slot must have had weight 0 and no request before it may be retired.
    pub route_settle: Span,
    /// How long the intended weights must have been seen before anything is torn down:
    /// longer than a function's timeout, so that a stalled function's late write shows.
    pub settle_guard: Span,
    /// What happens to a deploy that arrives while another moves.
    pub arrival: Arrival,
    /// Hours of the week in which no deployment begins.
    pub freeze_windows: Vec<FreezeWindow>,
    /// When a new slot counts as healthy, and when it is given up.
    pub health: Health,
    /// A request through the load balancer to the new slot before traffic moves.
    pub smoke: Option<Smoke>,
    /// Functions of the team's own that are asked before and after traffic moves.
    pub hooks: Option<Hooks>,
    /// What takes a release back.
    pub guard: Guard,
    /// How long a deployment may stand paused before it is rolled back.
    pub pause_limit: Span,
    /// How sick instances are replaced.
    pub replacement: Replacement,
    /// How often an idle service is compared with its record.
    pub drift: Drift,
    /// Whether Signalbox acts or only says what it would do.
    pub mode: Mode,
    /// Where this service's notices go; `None`: where the function's variable says.
    pub alerts_topic_arn: Option<Arn>,
}

/// The document as it is written, before its parts are held against each other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: ServiceName,
    #[serde(default)]
    listener_arn: Option<Arn>,
    #[serde(default)]
    rule_arn: Option<Arn>,
    slots: BySlot<SlotDefinition>,
    #[serde(default)]
    capacity: Option<Capacity>,
    release: parts::ReleaseDocument,
    #[serde(default)]
    strategy: Option<strategy::StrategyDocument>,
    #[serde(default = "ten_minutes")]
    bake: Span,
    #[serde(default = "thirty_minutes")]
    standby: Span,
    #[serde(default = "two_minutes")]
    route_settle: Span,
    #[serde(default = "one_minute")]
    settle_guard: Span,
    #[serde(default)]
    arrival: Arrival,
    #[serde(default)]
    freeze_windows: Vec<window::FreezeWindowDocument>,
    #[serde(default)]
    health: Health,
    #[serde(default)]
    smoke: Option<Smoke>,
    #[serde(default)]
    hooks: Option<Hooks>,
    #[serde(default)]
    guard: Guard,
    #[serde(default = "four_hours")]
    pause_limit: Span,
    #[serde(default)]
    replacement: Replacement,
    #[serde(default)]
    drift: Drift,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    alerts_topic_arn: Option<Arn>,
}

fn one_minute() -> Span {
    Span::seconds(60)
}
fn two_minutes() -> Span {
    Span::seconds(120)
}
fn ten_minutes() -> Span {
    Span::seconds(600)
}
fn thirty_minutes() -> Span {
    Span::seconds(1_800)
}
fn four_hours() -> Span {
    Span::seconds(14_400)
}

impl Definition {
    /// Reads a definition from its JSON text.
    ///
    /// # Errors
    /// The first mistake, with the path of the field and what would be right.
    pub fn read(text: &str) -> Result<Definition, Mistake> {
        let document: Document = mistake::read(text)?;
        let routes_at = RoutesAt::of(document.listener_arn, document.rule_arn)?;
        check_slots(&document.slots)?;
        if let Some(capacity) = document.capacity {
            check_capacity(capacity)?;
        }
        if let Some(topic) = &document.alerts_topic_arn {
            topic.expect("sns", "").map_err(|problem| Mistake::at("alerts_topic_arn", problem))?;
        }
        document.guard.check()?;
        document.health.check()?;
        if let Some(smoke) = &document.smoke {
            smoke.check()?;
        }
        if let Some(hooks) = &document.hooks {
            hooks.check()?;
        }
        document.replacement.check()?;
        Ok(Definition {
            name: document.name,
            routes_at,
            slots: document.slots,
            capacity: document.capacity,
            release: document.release.check()?,
            strategy: match document.strategy {
                Some(strategy) => strategy.check().map_err(|mistake| mistake.under("strategy"))?,
                None => Strategy::AllAtOnce,
            },
            bake: document.bake,
            standby: document.standby,
            route_settle: document.route_settle,
            settle_guard: document.settle_guard,
            arrival: document.arrival,
            freeze_windows: check_windows(document.freeze_windows)?,
            health: document.health,
            smoke: document.smoke,
            hooks: document.hooks,
            guard: document.guard,
            pause_limit: document.pause_limit,
            replacement: document.replacement,
            drift: document.drift,
            mode: document.mode,
            alerts_topic_arn: document.alerts_topic_arn,
        })
    }

    /// The slot whose group has this name, if one has.
    #[must_use]
    pub fn slot_of_group(&self, group: &str) -> Option<Slot> {
        Slot::BOTH.into_iter().find(|slot| self.slots[*slot].asg.as_str() == group)
    }

    /// Whether this alarm is one of the guard's.
    #[must_use]
    pub fn is_guarded_by(&self, alarm: &str) -> bool {
        self.guard.alarms.iter().any(|guard| guard.as_str() == alarm)
    }
}

fn check_slots(slots: &BySlot<SlotDefinition>) -> Result<(), Mistake> {
    for (slot, definition) in slots.iter() {
        definition
            .target_group_arn
            .expect("elasticloadbalancing", "targetgroup/")
            .map_err(|problem| Mistake::at(format!("slots.{slot}.target_group_arn"), problem))?;
    }
    if slots.blue.asg == slots.green.asg {
        return Err(Mistake::at("slots.green.asg", "is blue's group too: each slot needs a group of its own"));
    }
    if slots.blue.target_group_arn == slots.green.target_group_arn {
        return Err(Mistake::at(
            "slots.green.target_group_arn",
            "is blue's target group too: each slot needs one of its own",
        ));
    }
    Ok(())
}

fn check_windows(windows: Vec<window::FreezeWindowDocument>) -> Result<Vec<FreezeWindow>, Mistake> {
    if windows.len() > window::MOST {
        return Err(Mistake::at("freeze_windows", format!("must be at most {}", window::MOST)));
    }
    let under = |index| move |mistake: Mistake| mistake.under(&format!("freeze_windows[{index}]"));
    windows.into_iter().enumerate().map(|(index, window)| window.check().map_err(under(index))).collect()
}

fn check_capacity(capacity: Capacity) -> Result<(), Mistake> {
    if capacity.desired == 0 {
        return Err(Mistake::at("capacity.desired", "must be at least 1: a live slot without instances serves nobody"));
    }
    if capacity.min > capacity.desired {
        return Err(Mistake::at("capacity.min", "must not be above capacity.desired"));
    }
    if capacity.desired > capacity.max {
        return Err(Mistake::at("capacity.max", "must not be below capacity.desired"));
    }
    Ok(())
}

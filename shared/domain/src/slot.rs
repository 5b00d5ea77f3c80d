//! The two colours of a service, and how traffic is split between them.

use std::fmt;
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// One of the two colours: an Auto Scaling group with the target group in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// The blue slot.
    Blue,
    /// The green slot.
    Green,
}

impl Slot {
    /// Both slots, blue first.
    pub const BOTH: [Slot; 2] = [Slot::Blue, Slot::Green];

    /// The other colour.
    #[must_use]
    pub fn other(self) -> Slot {
        match self {
            Slot::Blue => Slot::Green,
            Slot::Green => Slot::Blue,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Slot::Blue => "blue",
            Slot::Green => "green",
        })
    }
}

/// One value for each slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BySlot<T> {
    /// Blue's value.
    pub blue: T,
    /// Green's value.
    pub green: T,
}

impl<T> BySlot<T> {
    /// Asks `value` for each slot's value, blue first.
    pub fn from_fn(mut value: impl FnMut(Slot) -> T) -> Self {
        BySlot { blue: value(Slot::Blue), green: value(Slot::Green) }
    }

    /// `of` for `slot`, `rest` for the other one.
    pub fn with(slot: Slot, of: T, rest: T) -> Self {
        match slot {
            Slot::Blue => BySlot { blue: of, green: rest },
            Slot::Green => BySlot { blue: rest, green: of },
        }
    }

    /// The same shape with every value turned into another.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> BySlot<U> {
        BySlot { blue: change(self.blue), green: change(self.green) }
    }

    /// Both values with their slots, blue first.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        [(Slot::Blue, &self.blue), (Slot::Green, &self.green)].into_iter()
    }
}

impl<T> Index<Slot> for BySlot<T> {
    type Output = T;
    fn index(&self, slot: Slot) -> &T {
        match slot {
            Slot::Blue => &self.blue,
            Slot::Green => &self.green,
        }
    }
}

impl<T> IndexMut<Slot> for BySlot<T> {
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        match slot {
            Slot::Blue => &mut self.blue,
            Slot::Green => &mut self.green,
        }
    }
}

/// How the load balancer is meant to split the traffic: whole percents that sum to 100,
/// or everything to one slot with the other not even named.
///
/// The second form exists because group-level stickiness beats weights: a client that holds
/// a cookie for a slot at weight 0 still reaches it, and renews the cookie each time. Only a
/// forward action that does not name the slot ends that
/// ([sticky sessions](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Both slots are named: blue gets this percentage (0 to 100), green the rest.
    Blue(Percent),
    /// Only this slot is named.
    Only(Slot),
}

impl Split {
    /// Both slots named, `percent` of the traffic to `slot`.
    #[must_use]
    pub fn give(slot: Slot, percent: Percent) -> Split {
        match slot {
            Slot::Blue => Split::Blue(percent),
            Slot::Green => Split::Blue(percent.rest()),
        }
    }

    /// Both slots named, all traffic to `slot`.
    #[must_use]
    pub fn all_to(slot: Slot) -> Split {
        Split::give(slot, Percent::HUNDRED)
    }

    /// The percentage that `slot` gets, 0 to 100.
    #[must_use]
    pub fn weight(self, slot: Slot) -> u8 {
        match (self, slot) {
            (Split::Blue(percent), Slot::Blue) => percent.get(),
            (Split::Blue(percent), Slot::Green) => percent.rest().get(),
            (Split::Only(named), slot) => {
                if named == slot {
                    100
                } else {
                    0
                }
            }
        }
    }

    /// The slot that gets everything, if one does.
    #[must_use]
    pub fn sole(self) -> Option<Slot> {
        Slot::BOTH.into_iter().find(|slot| self.weight(*slot) == 100)
    }

    /// Whether the forward action names `slot`.
    #[must_use]
    pub fn names(self, slot: Slot) -> bool {
        match self {
            Split::Blue(_) => true,
            Split::Only(named) => named == slot,
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Split::Blue(blue) => write!(f, "blue {blue} / green {}", blue.rest()),
            Split::Only(slot) => write!(f, "{slot} alone"),
        }
    }
}

/// A whole percentage, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Percent(u8);

impl Percent {
    /// Nothing.
    pub const ZERO: Percent = Percent(0);
    /// Everything.
    pub const HUNDRED: Percent = Percent(100);

    /// The number itself, 0 to 100.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }

    /// What is left to 100.
    #[must_use]
    pub fn rest(self) -> Percent {
        Percent(100 - self.0)
    }
}

impl TryFrom<u8> for Percent {
    type Error = String;
    fn try_from(value: u8) -> Result<Self, String> {
        if value <= 100 { Ok(Percent(value)) } else { Err("must be a whole percentage from 0 to 100".to_owned()) }
    }
}

impl From<Percent> for u8 {
    fn from(value: Percent) -> u8 {
        value.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

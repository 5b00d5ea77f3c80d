//! The load balancer: two nodes that follow the listener each in its own time, health checks, and who
//! gets a request.

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::slot::{BySlot, Slot};

use crate::autoscaling::{Instance, Zone};
use crate::world::{Happening, World};

/// The load balancer asks each target this often.
/// ([health checks](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html))
const INTERVAL: i64 = 10;
/// So many passed checks in a row make an unhealthy target healthy; a new one needs only one.
const HEALTHY_THRESHOLD: u32 = 2;
/// So many failed checks in a row make a target unhealthy, a booting one too.
const UNHEALTHY_THRESHOLD: u32 = 2;
/// How many of a second's requests come from clients with a cookie, where the forward action sticks.
const STICKY_CLIENTS: u32 = 3;

/// The weights of a forward action; `None`: it does not name the slot.
pub type Weights = BySlot<Option<u16>>;

/// The load balancer.
#[derive(Clone, Debug)]
pub struct Balancer {
    /// The forward action as the API tells it, at once.
    pub weights: Weights,
    /// The nodes, one in each zone. Each follows the API a little later, in its own time.
    pub nodes: [Node; 2],
    /// The nodes follow within so many seconds.
    pub follows_within: i64,
    /// How long a target drains.
    pub deregistration_delay: SignedDuration,
    /// Group-level stickiness, and for how long.
    pub sticky: Option<SignedDuration>,
    /// How many of the requests of a second come from clients that stick to each slot.
    pub stuck: BySlot<u32>,
    /// When a request last reached each slot.
    pub last_request: BySlot<Option<Timestamp>>,
    /// Since when a slot has no healthy target.
    pub dead_since: BySlot<Option<Timestamp>>,
    /// Since when no node sends a slot anything by weight.
    pub weightless_since: BySlot<Option<Timestamp>>,
}

/// One node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The weights it follows.
    pub weights: Weights,
    /// The weights it will follow, and from when.
    pub next: Option<(Timestamp, Weights)>,
}

impl Balancer {
    /// One that follows these weights already.
    #[must_use]
    pub fn following(weights: Weights, now: Timestamp) -> Balancer {
        let node = Node { weights, next: None };
        let weightless = |slot: Slot| weights[slot].unwrap_or(0) == 0;
        Balancer {
            weights,
            nodes: [node, node],
            follows_within: 5,
            deregistration_delay: SignedDuration::from_secs(60),
            sticky: None,
            stuck: BySlot { blue: 0, green: 0 },
            last_request: BySlot { blue: None, green: None },
            dead_since: BySlot { blue: None, green: None },
            weightless_since: BySlot::from_fn(|slot| weightless(slot).then_some(now - SignedDuration::from_hours(1))),
        }
    }

    /// All nodes follow these weights at once.
    pub fn jump_to(&mut self, weights: Weights) {
        self.weights = weights;
        self.nodes = [Node { weights, next: None }; 2];
    }
}

/// What health checks made of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its state.
    pub state: TargetState,
    /// Checks in a row that speak against the state.
    pub against: u32,
}

impl Check {
    /// It has not been checked yet.
    pub const NEW: Check = Check { state: TargetState::Initial, against: 0 };
    /// It passes.
    pub const HEALTHY: Check = Check { state: TargetState::Healthy, against: 0 };
}

/// The state of a target in a group that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetState {
    /// Being checked for the first time.
    Initial,
    /// Passing.
    Healthy,
    /// Failing.
    Unhealthy,
}

/// One second of the load balancer, before requests.
pub(crate) fn second(world: &mut World) {
    follow(world);
    for slot in Slot::BOTH {
        check_health(world, slot);
        let dead = world.healthy(slot) == 0;
        let since = world.balancer.dead_since[slot];
        world.balancer.dead_since[slot] = if dead { since.or(Some(world.now)) } else { None };
        let weightless = !world.carries(slot);
        let since = world.balancer.weightless_since[slot];
        world.balancer.weightless_since[slot] = if weightless { since.or(Some(world.now)) } else { None };
    }
    stick(world);
}

fn follow(world: &mut World) {
    let before = BySlot::from_fn(|slot| world.share(slot));
    let now = world.now;
    for node in &mut world.balancer.nodes {
        if let Some((at, weights)) = node.next
            && at <= now
        {
            *node = Node { weights, next: None };
        }
    }
    let after = BySlot::from_fn(|slot| world.share(slot));
    if before != after {
        world.chronicle.push((now, Happening::Weights(after)));
    }
}

fn check_health(world: &mut World, slot: Slot) {
    let in_use = world.in_use(slot);
    let (now, releases) = (world.now, &world.releases);
    for instance in &mut world.groups[slot].instances {
        if !in_use {
            // Nobody checks a group that no rule names; named again, its targets begin anew.
            instance.check = Check::NEW;
        } else if now.as_second() % INTERVAL == 0 {
            let nature = releases.get(&instance.release).copied().unwrap_or_default();
            instance.check = instance.check.after(instance.passes(now) && nature.healthy);
        }
    }
}

impl Check {
    fn after(self, passed: bool) -> Check {
        let against = self.against + 1;
        let (state, agrees, needed) = match self.state {
            // "it must pass one health check to be considered healthy"; failing it stays initial for a while.
            TargetState::Initial if passed => return Check::HEALTHY,
            TargetState::Initial | TargetState::Healthy => (TargetState::Unhealthy, passed, UNHEALTHY_THRESHOLD),
            TargetState::Unhealthy => (TargetState::Healthy, !passed, HEALTHY_THRESHOLD),
        };
        match (agrees, against >= needed) {
            (true, _) => Check { against: 0, ..self },
            (false, true) => Check { state, against: 0 },
            (false, false) => Check { against, ..self },
        }
    }
}

/// Clients that stick go to their slot as long as the forward action names it, whatever its weight, and
/// each request renews their cookie
/// ([sticky sessions](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html)).
fn stick(world: &mut World) {
    for slot in Slot::BOTH {
        let named = world.balancer.nodes.iter().any(|node| node.weights[slot].is_some());
        if world.balancer.sticky.is_none() || !named {
            world.balancer.stuck[slot] = 0;
        } else if world.carries(slot) {
            world.balancer.stuck[slot] = STICKY_CLIENTS;
        }
    }
}

impl World {
    /// Whether a rule names the slot's target group, for the API or for any node: else nobody checks it
    /// ([target groups](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html)).
    #[must_use]
    pub fn in_use(&self, slot: Slot) -> bool {
        let named = |weights: &Weights| weights[slot].is_some();
        named(&self.balancer.weights) || self.balancer.nodes.iter().any(|node| named(&node.weights))
    }

    /// Whether any node sends the slot requests by weight.
    #[must_use]
    pub fn carries(&self, slot: Slot) -> bool {
        self.balancer.nodes.iter().any(|node| node.weights[slot].is_some_and(|weight| weight > 0))
    }

    /// The share of traffic a slot gets by weight, in percent, over both nodes, rounded up.
    #[must_use]
    pub fn share(&self, slot: Slot) -> u8 {
        let of_node = |node: &Node| u32::from(percent(&node.weights, slot));
        let sum: u32 = self.balancer.nodes.iter().map(of_node).sum();
        u8::try_from(sum.div_ceil(2)).unwrap_or(100)
    }

    /// Healthy targets of a slot, as the load balancer counts them.
    #[must_use]
    pub fn healthy(&self, slot: Slot) -> u32 {
        let in_use = self.in_use(slot);
        let healthy = self.groups[slot].instances.iter().filter(|instance| is_healthy(instance, in_use));
        u32::try_from(healthy.count()).unwrap_or(u32::MAX)
    }

    /// How many targets of a slot can take requests and do: the healthy ones, or all where none is.
    pub(crate) fn serving(&self, slot: Slot) -> u32 {
        let in_use = self.in_use(slot);
        let open = self.healthy(slot) == 0;
        let serves = |instance: &&Instance| {
            instance.stays() && instance.answers(self.now) && (open || is_healthy(instance, in_use))
        };
        u32::try_from(self.groups[slot].instances.iter().filter(serves).count()).unwrap_or(u32::MAX)
    }

    /// Writes the forward action, as ModifyListener does. The API tells it at once; each node follows
    /// in its own time.
    pub(crate) fn modify_listener(&mut self, weights: Weights) {
        self.balancer.weights = weights;
        let most = self.balancer.follows_within;
        for node in &mut self.balancer.nodes {
            let delay = SignedDuration::from_secs(self.random.calls.i64(most / 2..=most));
            node.next = Some((self.now + delay, weights));
        }
    }

    /// Which slot a request goes to.
    pub(crate) fn pick_slot(&mut self, number: u32) -> Slot {
        let stuck = self.balancer.stuck;
        if number < stuck.blue {
            return Slot::Blue;
        }
        if number < stuck.blue + stuck.green {
            return Slot::Green;
        }
        let node = match self.random.requests.bool() {
            true => Zone::A as usize,
            false => Zone::B as usize,
        };
        let blue = percent(&self.balancer.nodes[node].weights, Slot::Blue);
        if self.random.requests.u8(0..100) < blue { Slot::Blue } else { Slot::Green }
    }

    /// Which target of a slot gets a request: any healthy one. A group with unhealthy targets alone
    /// fails open: any registered one
    /// ([fail open](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html)).
    pub(crate) fn pick_target(&mut self, slot: Slot) -> Option<usize> {
        let in_use = self.in_use(slot);
        let instances = &self.groups[slot].instances;
        let any_healthy = instances.iter().any(|instance| is_healthy(instance, in_use));
        let able = |index: &usize| match any_healthy {
            true => is_healthy(&instances[*index], in_use),
            false => instances[*index].stays(),
        };
        let count = (0..instances.len()).filter(able).count();
        let nth = if count < 2 { 0 } else { self.random.requests.usize(0..count) };
        (0..instances.len()).filter(able).nth(nth)
    }
}

/// The percentage a slot gets of one node's requests.
fn percent(weights: &Weights, slot: Slot) -> u8 {
    let of = |slot: Slot| u32::from(weights[slot].unwrap_or(0));
    let total = of(Slot::Blue) + of(Slot::Green);
    u8::try_from((of(slot) * 100).checked_div(total).unwrap_or(0)).unwrap_or(100)
}

/// A target counts only where a rule names its group, and not any more when it drains.
pub(crate) fn is_healthy(instance: &Instance, group_in_use: bool) -> bool {
    group_in_use && instance.stays() && instance.check.state == TargetState::Healthy
}

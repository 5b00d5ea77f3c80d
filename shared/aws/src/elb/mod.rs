//! Elastic Load Balancing: the weights, the health of the targets, and what else forwards to them.

mod balancer;
mod surroundings;
mod weights;

pub use balancer::{Balancer, Routes};

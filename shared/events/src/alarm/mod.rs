//! A CloudWatch alarm changed its state: one fact, three envelopes.

mod change;
mod dimensions;
pub(crate) mod direct;
pub(crate) mod eventbridge;
pub(crate) mod sns;

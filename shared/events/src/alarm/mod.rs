//! A CloudWatch alarm changed its state: one fact, three envelopes.

mod change;
mod charges;
mod dimensions;
pub(crate) mod direct;
pub(crate) mod eventbridge;
mod meaning;
pub(crate) mod sns;

pub(crate) use meaning::Alarm;

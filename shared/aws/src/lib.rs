//! The reconciler's [`World`](signalbox_reconciler::ports::World), [`Billing`](signalbox_reconciler::ports::Billing) and
//! [`Reports`](signalbox_reconciler::ports::Reports) on the AWS SDK.
//!
//! There is one adapter for each service, and [`Aws`] is all of them together. A function that needs
//! less takes the adapter it needs, and the linker leaves the rest out of its binary.
//!
//! - [`elb`]: the weights, the health of the targets, and what else forwards to them.
//! - [`autoscaling`]: the groups.
//! - [`ssm`]: the releases that instances read at boot.
//! - [`cloudwatch`]: the guard's alarms, whether a slot is quiet, what both slots do, and what AWS charges.
//! - [`smoke`]: the release itself, asked through the load balancer.
//! - [`lambda`]: the teams' own functions that have a say.
//! - [`dynamodb`]: the table.
//! - [`sns`]: how people are told.
//! - [`ses`]: how they are told by mail, of bug reports.
//! - [`clock`]: real time.
//! - [`errors`]: what each error code of all of them means.

pub mod autoscaling;
mod aws;
pub mod clock;
pub mod cloudwatch;
pub mod dynamodb;
pub mod elb;
pub mod errors;
pub mod lambda;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod samples;
pub mod ses;
pub mod smoke;
pub mod sns;
pub mod ssm;
mod words;

pub use aws::Aws;

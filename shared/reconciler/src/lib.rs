//! The imperative shell: load, observe, decide, save, act, announce. It has no choices of its own.
//!
//! A look at a service goes like this, whatever woke us:
//!
//! 1. **Load** the definition and the record, strongly consistent, in one call.
//! 2. **Observe** the world, all calls side by side.
//! 3. **Decide** with [`signalbox_domain::decide::decide`], and hold every action against
//!    [`signalbox_domain::interlock::permit`].
//! 4. **Save** the next record by compare-and-set, in one transaction with the operation's item and
//!    the decision. Whoever loses the race looks again from the start.
//! 5. **Act**, at most [`LATEST_START`] after the save; what comes later is left to the next look.
//! 6. **Announce** what waits in the outbox, then take it out.
//!
//! A crash between any two steps leaves a record that the next look completes.

mod announce;
mod billing;
mod budget;
mod concerned;
mod heartbeat;
mod look;
mod observe;
pub mod ports;
mod reports;

pub use billing::BillingError;
pub use heartbeat::{Heartbeat, HeartbeatError, Linger};
pub use look::{LATEST_START, LookError, Looked, Reconciler};
pub use reports::{ReportError, Reporter, Resent, Taken};

//! A bug report: from a user's form to the right person, safe in every sink.
//!
//! What is in a report was written by strangers. So nothing of it is kept, sent or logged before it went through
//! [`redact()`], and a [`Report`] is made in no other way; each sink escapes for itself; a report never names what is
//! acted on; and a flood of them sends no more mails than the [`Rules`] allow.
//!
//! ```text
//! body ─ Document ─ Report ──┐
//! thread, desk, entry ───────┼─ decide ─► entry (what is owed to whom), thread, desk, what is counted
//! context of the service ────┘                │
//!                                saved together, then Entry::deliveries, then Entry::delivered
//! ```
//!
//! - An [`Entry`] is one report, by the id that it came with. It is saved before anything is sent and knows what it
//!   still owes, so that a report that comes again sends nothing again, and what failed is sent without the rest.
//! - A [`Thread`] is what many people say in the same words, by its [`Fingerprint`].
//! - The [`Desk`] is what reports share: who wrote within the hour, and what the next digest says.

mod address;
mod answer;
mod context;
mod decide;
mod desk;
mod digest;
mod document;
mod entry;
mod fingerprint;
pub mod html;
pub mod normalise;
mod redact;
mod rules;
mod severity;
mod sinks;
mod tally;
mod thread;

pub use address::Address;
pub use answer::{Answer, Rejected};
pub use context::{Context, resolve};
pub use decide::{Counted, Decision, Known, Outcome, Received, Saved, decide};
pub use desk::{Desk, Limit};
pub use digest::Digest;
pub use document::{Document, Kind, LONGEST_BODY, LONGEST_MESSAGE, Report, ReportedAt};
pub use entry::{Entry, Sink};
pub use fingerprint::Fingerprint;
pub use redact::redact;
pub use rules::Rules;
pub use severity::severity;
pub use sinks::{Delivery, Mail, Published};
pub use thread::{AfterFlip, State, Thread};

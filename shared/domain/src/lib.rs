//! The decisions of Signalbox: what to do with a blue/green service, given what is remembered of
//! it, what is seen of it and why we look.
//!
//! Everything here is pure. There is no clock, no randomness, no network and no SDK, so that the
//! same code runs in the Lambda functions and in a simulated world, and a decision can be replayed
//! from what went in. Read it in this order:
//!
//! 1. [`definition`]: what a team writes about a service.
//! 2. [`record`]: what is remembered between two looks. The record is the interlock: whoever moves
//!    a service is the record's `operation`, and the record changes by compare-and-set alone.
//! 3. [`observation`]: what one look saw of the real world.
//! 4. [`trigger`]: why we look. An event is only a nudge to look again.
//! 5. [`decide::decide`]: the one way in. It gives a [`decision::Decision`]: the next record, the
//!    actions, the notices, the answer.
//! 6. [`deployment`]: the state machine that moves a release in and takes it back.
//! 7. [`replacement`]: the state machine that replaces a sick instance.
//! 8. [`billing`] and [`report`]: what AWS charges, and what users report, each with a decision of its own.
//! 9. [`interlock::permit`]: the second lock, which every action passes before it is done.
//!
//! ```text
//! record + observation + definition + trigger + now
//!          │
//!          ▼
//!   decide::decide ──► next record, actions, notices, answer
//!                          │
//!                          ▼
//!                 interlock::permit ──► done by the reconciler, after the record was saved
//! ```

pub mod billing;
pub mod cap;
pub mod chat;
pub mod decide;
pub mod decision;
pub mod definition;
pub mod deployment;
pub mod first_contact;
pub mod healing;
mod intent;
pub mod interlock;
mod look;
pub mod mistake;
pub mod money;
pub mod needs;
pub mod notice;
pub mod observation;
mod observe_mode;
pub mod record;
pub mod replacement;
pub mod report;
pub mod slot;
mod steady;
pub mod text;
pub mod trigger;

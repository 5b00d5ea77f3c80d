//! All integration tests, in one binary: linking the SDK once is slow enough.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code: a failed step is a failed test, at the line where it failed"
)]
#![allow(clippy::disallowed_methods, reason = "the bans keep the functions' clock and environment in one place")]

mod billing;
mod cli;
mod drive;
mod evidence;
mod fire;
mod flip;
mod form;
mod harness;
mod infra;
mod kills;
mod refusals;
mod replacer;
mod reporter;
mod rivals;
mod shell;
mod wiring;

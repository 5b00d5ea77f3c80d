//! The decisions as a whole: every phase against every input, what must always hold, and the
//! behaviours that people rely on by name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code: a failed step is a failed test, at the line where it failed"
)]

mod arrival;
mod behaviours;
mod bench;
mod billing;
mod billing_found;
mod cap;
mod definition;
mod evidence;
mod found;
mod hard_cases;
mod healing;
mod invented;
mod matrix;
mod plan;
mod properties;
mod redact_found;
mod replacement;
mod replacement_found;
mod reports;
mod reports_anything;
mod reports_found;
mod reports_read;
mod windows;

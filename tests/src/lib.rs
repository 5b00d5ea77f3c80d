//! The test harness: real function binaries, behind a Lambda Runtime API of our own, against
//! an AWS emulator.
//!
//! ```no_run
//! # use serde_json::json;
//! # use signalbox_tests::{moto::Moto, stack::Stack};
//! # async fn example() {
//! let stack = Stack::create(&Moto::shared()).await;
//! let deployer = stack.start("deployer").await;
//! let answer = deployer.invoke(json!({"command": "deploy", "service": stack.name, "release": "v2"})).await;
//! assert_eq!(answer.unwrap()["outcome"], "accepted");
//! assert_eq!(stack.record().await.unwrap().doc["operation"]["phase"], "provisioning");
//! # }
//! ```
//!
//! - [`moto`] starts the emulator and steers it: holds, faults, delays, the log of calls.
//! - [`stack`] makes a service of its own for every test, and reads the world back.
//! - [`build`] builds the binaries, [`runtime`] runs them as Lambda does.
//! - [`invoke_api`] puts Lambda's Invoke API in front of them, for the command line.
//! - [`function_url`] puts a function URL in front of one, and a site beside it, for [`browser`], a headless Chromium.
//! - [`events`] writes the events that AWS would send.
//! - [`terraform`] applies a configuration of `infra` to the emulator.
//!
//! The crate depends on none of Signalbox's own: what it expects is the contract, not the code.
//! A test that cannot run fails; only those that need Terraform or Chromium are ignored where there is none.
//! Every wait has a limit and says what it waited for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code: a failed step is a failed test, at the line where it failed"
)]
#![allow(clippy::disallowed_methods, reason = "the bans keep the functions' clock and environment in one place")]

pub mod browser;
pub mod build;
pub mod events;
pub mod function_url;
pub mod http;
pub mod invoke_api;
pub mod moto;
mod progress;
pub mod runtime;
pub mod stack;
pub mod terraform;
pub mod wait;
mod workspace;

//! Function binaries as Lambda runs them: one process, one event at a time, over the
//! [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
//!
//! Unlike Lambda, nothing is started again by itself: a test that kills a function says when
//! it comes back ([`Function::restart`]).

mod api;
mod function;
mod invocation;
mod launch;
mod logs;
mod sandbox;

pub use function::Function;
pub use invocation::{Invocation, InvokeError, unique_id};
pub use launch::{InitFailure, Launch, REGION};

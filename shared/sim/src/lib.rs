//! A small cloud in virtual time: two Auto Scaling groups behind a load balancer, alarms, people's
//! requests, a table, a post office. The production decisions and the production shell run in it
//! through the same traits as in the functions, and a day passes in a blink.
//!
//! - [`world`] is the cloud itself, second by second. Its rules follow the AWS pages they name.
//! - [`ports`] lets the reconciler act in it; every call takes a little (virtual) while.
//! - [`time`] runs invocations as tasks on virtual time, one at a time, so that a seed gives the same
//!   history each time.
//! - [`demo`] is a story in three acts on top of it.

pub mod checkers;
pub mod demo;
pub mod faults;
pub mod functions;
pub mod page;
pub mod ports;
mod rules;
pub mod run;
pub mod scenario;
pub mod time;
pub mod world;

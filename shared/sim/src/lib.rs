//! A small cloud in virtual time: two Auto Scaling groups behind a load balancer, alarms, people's
//! requests, a table, a post office. The production decisions and the production shell run in it
//! through the same traits as in the functions, and a day passes in a blink.
//!
//! - [`world`] is the cloud itself, second by second; [`autoscaling`], [`balancer`], [`traffic`],
//!   [`alarms`] and [`table`] are its parts, each with its rules and the AWS pages they follow. Where
//!   a behaviour can be had from the emulator too, the contract tests hold both to it.
//! - [`ports`] lets the reconciler act in it; every call takes a little (virtual) while.
//! - [`faults`] is what goes wrong on the way, [`checkers`] what must hold all the same.
//! - [`time`] runs invocations as tasks on virtual time, one at a time, so that a seed gives the same
//!   history each time.
//! - [`scenario`] says what happens to a service, [`mod@run`] lets it happen, [`mod@shrink`] makes a failing
//!   run as small as it gets.
//! - [`demo`] is a story in three acts on top of it.
//! - [`healing`] sets Signalbox beside a group that heals itself.
//! - [`invented`] stands beside it: minutes of invented releases, to try the rule of `guard.checks` on.

pub mod alarms;
pub mod autoscaling;
pub mod balancer;
pub mod billing;
pub mod checkers;
pub mod demo;
pub mod faults;
pub mod functions;
pub mod healing;
pub mod invented;
pub mod page;
pub mod ports;
pub mod reports;
pub mod run;
pub mod scenario;
pub mod shrink;
pub mod table;
pub mod time;
pub mod traffic;
pub mod world;

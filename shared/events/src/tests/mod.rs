//! The samples of the workspace's `events/` against the parsers.

mod accepted;
mod alarms;
mod billing_guard;
mod charges;
mod instances;
mod leaks;
mod malformed;
mod people;
mod reporter;
mod samples;
mod sns;
mod surprises;

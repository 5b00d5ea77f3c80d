//! The samples of the workspace's `events/` against the parsers.

mod accepted;
mod alarms;
mod instances;
mod leaks;
mod malformed;
mod people;
mod samples;
mod sns;
mod surprises;

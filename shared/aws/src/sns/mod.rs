//! SNS: how people are told.

mod chat;
mod message;
mod topics;

pub use topics::Topics;

//! What only the billing guard takes: mails of AWS Budgets, and its commands.

pub(crate) mod budget;
pub(crate) mod command;

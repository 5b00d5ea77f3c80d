//! Bug reports: through SNS, by HTTP, by direct invoke. The rules of a report are the domain's.

mod answer;
mod arrival;
pub(crate) mod command;
pub(crate) mod http;

pub use answer::{HttpAnswer, Origins, Told};
pub(crate) use arrival::parse_invoke;
pub use arrival::{Arrival, Arrived, Asked, ReportEvent};

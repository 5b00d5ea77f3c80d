//! What AWS charges, and what is done about it.
//!
//! The charges are an estimate that comes a few times a day, hours late, and has been wrong by orders of
//! magnitude. So nothing is done on a number that does not fit what was known before, nothing on a
//! forecast, and what is done is a constraint that services keep ([`crate::cap`]) and not an operation.

mod answer;
mod calendar;
mod charges;
mod decide;
mod forecast;
mod hear;
mod look;
mod month;
pub mod plan;
mod settle;
mod trigger;

pub use answer::{Answer, Previewed, Status, previews};
pub use calendar::MonthName;
pub use charges::{Charge, Confirmed, Judged, Standing, judge};
pub use decide::{Decision, decide};
pub use forecast::{Forecast, forecast};
pub use look::Seen;
pub use month::{Exemption, Fired, InForce, Month, Said, Stands};
pub use trigger::{BudgetAlert, BudgetReport, Trigger};

//! What every function's `main` needs, once: the environment, the SDK's configuration, logging,
//! metrics, and errors as Lambda reports them.
//!
//! ```no_run
//! # use signalbox_bootstrap::{Environment, EnvironmentError, Report, init_logging, sdk_config};
//! # async fn start() -> Result<(), EnvironmentError> {
//! init_logging();
//! let environment = Environment::from_process()?;
//! let report = Report::of("deployer");
//! let config = sdk_config().await;
//! # Ok(()) }
//! ```

mod environment;
mod logging;
mod metrics;
mod report;
mod sdk;

pub use environment::{Environment, EnvironmentError, Problem};
pub use logging::init_logging;
pub use report::Report;
pub use sdk::{https_client, sdk_config};

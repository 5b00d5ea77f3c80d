//! What every function needs, once: for its `main` the environment, the SDK's configuration, logging,
//! metrics, and errors as Lambda reports them; for its handler the [`Shell`], in which an event becomes
//! looks and an answer.
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
mod shell;

pub use environment::{Environment, EnvironmentError, MailRoute, Problem};
pub use logging::init_logging;
pub use report::Report;
pub use sdk::{https_client, sdk_config};
pub use shell::{Shell, ignored, to_json};

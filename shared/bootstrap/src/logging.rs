//! Logging: one JSON object a line, with the fields of the spans around it.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs to stderr from now on; stdout belongs to metrics and results. Each line has `timestamp`,
/// `level`, `message` and `target`, the event's own fields, and in `spans` those of the spans around
/// it, outermost first: the request id, and whatever service and operation are being looked at.
///
/// `RUST_LOG` says what is logged (`debug`, or `warn,signalbox_aws=debug`), else
/// `AWS_LAMBDA_LOG_LEVEL`, as Lambda's own controls set it
/// ([log level](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html)),
/// else it is `info`. A second call does nothing.
#[expect(clippy::disallowed_methods, reason = "logging begins before anything else can be read")]
pub fn init_logging() {
    let filter =
        filter(std::env::var("RUST_LOG").ok().as_deref(), std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().as_deref());
    // It fails only where somebody else has begun to log, as in tests.
    let _ = subscriber(filter, std::io::stderr).try_init();
}

fn subscriber<W>(filter: Targets, writer: W) -> impl SubscriberInitExt
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_writer(writer);
    tracing_subscriber::registry().with(filter).with(json)
}

/// The first of the two that says something we understand. A mistake in it must not silence us.
fn filter(rust_log: Option<&str>, lambda_level: Option<&str>) -> Targets {
    let understood = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        // Lambda's word for the worst there is, which we call an error.
        let text = if text == "fatal" { "error".to_owned() } else { text };
        if text.is_empty() { None } else { text.parse::<Targets>().ok() }
    };
    let default = || Targets::new().with_default(LevelFilter::INFO);
    rust_log.and_then(understood).or_else(|| lambda_level.and_then(understood)).unwrap_or_else(default)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing::Level;
    use tracing_subscriber::util::SubscriberInitExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl MakeWriter<'_> for Lines {
        type Writer = Lines;
        fn make_writer(&self) -> Lines {
            self.clone()
        }
    }

    #[test]
    fn a_line_is_json_with_the_fields_of_its_spans() {
        let lines = Lines::default();
        let guard = subscriber(filter(None, None), {
            let lines = lines.clone();
            move || lines.clone()
        })
        .set_default();
        let request = tracing::info_span!("invoke", requestId = "r-1").entered();
        let look = tracing::info_span!("look", service = "shop").entered();
        tracing::info!(operation = "d-1", "done");
        tracing::debug!("too quiet");
        drop((look, request, guard));
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"done".into()));
        assert_eq!(line["operation"], "d-1");
        assert_eq!(line["spans"][0]["requestId"], "r-1");
        assert_eq!(line["spans"][1]["service"], "shop");
    }

    #[test]
    fn the_level_is_rust_log_then_lambdas_then_info() {
        let logs = |rust_log, lambda, level| filter(rust_log, lambda).would_enable("signalbox_aws", &level);
        assert!(logs(None, None, Level::INFO) && !logs(None, None, Level::DEBUG));
        assert!(logs(None, Some("DEBUG"), Level::DEBUG));
        assert!(!logs(Some("warn"), Some("DEBUG"), Level::INFO));
        assert!(logs(Some("warn,signalbox_aws=debug"), None, Level::DEBUG));
        assert!(logs(None, Some("FATAL"), Level::ERROR) && !logs(None, Some("FATAL"), Level::WARN));
    }

    #[test]
    fn a_mistake_in_the_level_does_not_silence_us() {
        for (rust_log, lambda) in [(Some("a=b=c"), None), (Some(""), Some("")), (None, Some("=="))] {
            assert!(filter(rust_log, lambda).would_enable("signalbox_aws", &Level::INFO), "{rust_log:?} {lambda:?}");
        }
    }
}

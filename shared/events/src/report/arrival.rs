//! What arrives for the reporter.

use serde_json::Value;
use signalbox_domain::mistake::Mistake;
use signalbox_domain::report::{Document, Received};

use super::answer::Told;
use crate::incoming::Context;

/// What arrived for the reporter.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportEvent {
    /// Time has passed: a digest is due.
    Digest,
    /// What earlier reports still owe is to be sent.
    Resend,
    /// Records of SNS, in their order, or one report by direct invoke.
    Records(Vec<Arrival>),
    /// A request by HTTP.
    Http {
        /// The site that it came from, as the browser says; answered to, and not believed.
        origin: Option<String>,
        /// Whether a browser shows the answer itself: a form was posted without a script.
        to_be_shown: bool,
        /// What it asks for.
        asked: Asked,
    },
}

/// What a request by HTTP asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// It brings a report.
    Report(Arrival),
    /// It is answered without a report.
    Answer(Told),
}

/// One record, with an outcome of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// Which: `Records[0]`, or `.` where there is only one.
    pub record: String,
    /// What is in it.
    pub arrived: Arrived,
}

/// What is in a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrived {
    /// A report, redacted.
    Report(Box<Received>),
    /// A program filled the field that people do not see. It is told nothing of that.
    Trapped,
    /// Well-formed, but no report and nobody's mistake.
    Ignored {
        /// Why.
        reason: &'static str,
    },
    /// A report with a bad address, type or message, or none at all; nothing of its contents is in it.
    Rejected(Mistake),
}

impl Arrived {
    /// What is in `document`, which stands at `parent`; `.` for the event itself.
    pub(crate) fn of(id: &str, document: Result<Document, Mistake>, parent: &str) -> Arrived {
        match document.and_then(|document| document.report()) {
            Ok(report) => Arrived::Report(Box::new(Received { id: id.to_owned(), report })),
            Err(mistake) if parent == "." => Arrived::Rejected(mistake),
            Err(mistake) => Arrived::Rejected(mistake.under(parent)),
        }
    }
}

/// A report by direct invoke: Lambda keeps the invocation's id over its own retries.
pub(crate) fn parse_invoke(event: &Value, context: &Context<'_>) -> Result<ReportEvent, Mistake> {
    let arrived = Arrived::of(context.id()?.as_str(), Document::from_value(event), ".");
    Ok(ReportEvent::Records(vec![Arrival { record: ".".to_owned(), arrived }]))
}

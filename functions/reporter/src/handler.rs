//! What an event means to the reporter.

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::{Value, json};
use signalbox_bootstrap::{Environment, Report, ignored, to_json};
use signalbox_domain::report::{Answer, Outcome, Received};
use signalbox_events::{Arrival, Arrived, Asked, Context, HttpAnswer, ReportEvent, Told};
use signalbox_reconciler::ports::{Reports, World};
use signalbox_reconciler::{ReportError, Reporter, Resent, Taken};

/// The type of the error of an invocation that took its reports and could not tell everybody: the next try does.
const NOT_SENT: &str = "ReportNotSent";

/// Where reports come to.
pub(crate) struct Desk<W> {
    reporter: Reporter<W>,
    environment: Environment,
    report: Report,
}

impl<W: World + Reports> Desk<W> {
    pub(crate) fn new(reporter: Reporter<W>, environment: Environment, report: Report) -> Self {
        Desk { reporter, environment, report }
    }

    /// One invocation.
    pub(crate) async fn answer(&self, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
        let context =
            Context { request_id: &event.context.request_id, trusted_topics: &self.environment.trusted_topics };
        let read = signalbox_events::reporter(&event.payload, &context)
            .map_err(|error| self.report.failure(error.error_type(), &error))?;
        match read {
            ReportEvent::Digest => {
                // First: a way out that hangs takes its time from what is owed, which comes again in minutes.
                let sent = Box::pin(self.reporter.send_digest()).await.map_err(|error| self.failure(&error))?;
                self.resend().await?;
                Ok(json!({ "digest": sent }))
            }
            ReportEvent::Resend => {
                let resent = self.resend().await?;
                Ok(json!({ "resent": resent.reports, "owed": resent.owed }))
            }
            ReportEvent::Records(arrivals) => self.records(arrivals).await,
            ReportEvent::Http { origin, to_be_shown, asked } => {
                let told = self.told(asked).await?;
                to_json(&HttpAnswer::to(&told, origin.as_deref(), &self.environment.report_origins, to_be_shown))
            }
        }
    }

    /// Each record for itself: whatever becomes of one, the others are taken.
    async fn records(&self, arrivals: Vec<Arrival>) -> Result<Value, Diagnostic> {
        let (mut answer, mut trapped, mut not_ours) = (Answer::default(), 0, None);
        let mut failures = Vec::new();
        for Arrival { record, arrived } in arrivals {
            match arrived {
                Arrived::Report(received) => match self.take(&received).await {
                    Ok(taken) => {
                        answer.count(taken.outcome);
                        failures.extend(self.not_sent(&taken));
                    }
                    Err(failure) => failures.push(failure),
                },
                Arrived::Rejected(mistake) => answer.reject(&record, &mistake),
                Arrived::Trapped => trapped += 1,
                Arrived::Ignored { reason } => not_ours = Some(reason),
            }
        }
        // What comes again is counted then.
        if let Some(first) = failures.into_iter().next() {
            return Err(first);
        }
        self.refuse(answer.rejected.len() as u64, trapped).await?;
        match not_ours {
            Some(reason) if answer == Answer::default() => Ok(ignored(reason)),
            _ => to_json(&answer),
        }
    }

    async fn told(&self, asked: Asked) -> Result<Told, Diagnostic> {
        let Arrival { arrived, .. } = match asked {
            Asked::Answer(told) => return Ok(told),
            Asked::Report(arrival) => arrival,
        };
        Ok(match arrived {
            Arrived::Report(received) => {
                // The page can read no answer of Lambda's own.
                let Ok(taken) = self.take(&received).await else { return Ok(Told::NotKept) };
                match (self.not_sent(&taken), taken.outcome) {
                    (Some(_), _) => Told::Failed,
                    (None, Outcome::Limited(_)) => Told::Limited,
                    (None, Outcome::Accepted | Outcome::Duplicate) => Told::Accepted,
                }
            }
            Arrived::Rejected(mistake) => {
                // Where it is not counted that is logged, and whoever waits is answered all the same.
                drop(self.refuse(1, 0).await);
                Told::Rejected(mistake)
            }
            Arrived::Trapped => {
                drop(self.refuse(0, 1).await);
                Told::Accepted
            }
            Arrived::Ignored { .. } => Told::Accepted,
        })
    }

    async fn take(&self, received: &Received) -> Result<Taken, Diagnostic> {
        // On the heap: the SDK's calls nest deeper than the compiler likes to lay out in one piece.
        let taken = Box::pin(self.reporter.take(received)).await.map_err(|error| self.failure(&error))?;
        self.report.taken(received, &taken);
        Ok(taken)
    }

    /// What could not be sent of a report, if anything.
    fn not_sent(&self, taken: &Taken) -> Option<Diagnostic> {
        let (_, first) = taken.failed.first()?;
        Some(self.report.failure(NOT_SENT, first))
    }

    /// Sends what earlier reports owe. What fails again is counted as an error and no failure of the invocation: the
    /// next look tries it, and Lambda need not.
    async fn resend(&self) -> Result<Resent, Diagnostic> {
        let resent = Box::pin(self.reporter.resend()).await.map_err(|error| self.failure(&error))?;
        resent.failed.iter().for_each(|error| drop(self.report.failure(NOT_SENT, error)));
        Ok(resent)
    }

    async fn refuse(&self, rejected: u64, trapped: u64) -> Result<(), Diagnostic> {
        if rejected + trapped == 0 {
            return Ok(());
        }
        Box::pin(self.reporter.refuse(rejected, trapped)).await.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &ReportError) -> Diagnostic {
        self.report.failure(error.error_type(), error)
    }
}

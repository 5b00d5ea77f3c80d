//! Every error of AWS, sorted: the one place that knows what an error code means.
//!
//! What is kept of an error is the code and the message of the service, never what was asked: a
//! request may hold what does not belong in a log.

use std::error::Error;
use std::fmt::Display;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use signalbox_reconciler::ports::{CloudError, ErrorClass};

/// Longer messages are cut: they end up in log lines and answers.
const LONGEST_MESSAGE: usize = 500;

/// Codes that mean: a little later it may work. Throttling and faults common to all services
/// ([common errors](https://docs.aws.amazon.com/AutoScaling/latest/APIReference/CommonErrors.html),
/// [DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html)),
/// then the services' own words for "somebody is at it right now".
const RETRY: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "InternalServiceFault",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingError",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    // Auto Scaling: another activity is under way on the group.
    "ResourceContention",
    "ResourceInUse",
    "ScalingActivityInProgress",
    // DynamoDB: another transaction holds the item.
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
    // Parameter Store: two writers at once.
    "TooManyUpdates",
];

/// Codes that mean: it is already as it was asked for.
const ALREADY_DONE: &[&str] = &[
    // DynamoDB, to CreateTable: the table exists. Nothing else we call answers this.
    "ResourceInUseException",
];

/// Auto Scaling has one code for nearly all that is wrong with a call, and only its message tells what.
const INVALID: &str = "ValidationError";

/// How the messages of [`INVALID`] begin that mean the same, by the call that they answer. AWS does not
/// document them; they have been the same for years
/// ([one](https://github.com/yaybu/touchdown/issues/51), [two](https://github.com/convox/rack/issues/2432)).
const ALREADY_DONE_SAYS: &[(&str, &str)] = &[
    // The instance is in no group any more.
    ("TerminateInstanceInAutoScalingGroup", "Instance Id not found"),
    // The instance does not wait at this hook, or not any more.
    ("CompleteLifecycleAction", "No active Lifecycle Action found"),
    ("RecordLifecycleActionHeartbeat", "No active Lifecycle Action found"),
];

/// What AWS answered, or what became of the call on the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Answered {
    /// The service's error code; for a call without an answer, what became of it.
    pub code: String,
    /// The service's message.
    pub message: String,
}

/// What may be done about an error code.
#[must_use]
pub fn classify(code: &str) -> ErrorClass {
    if RETRY.contains(&code) {
        ErrorClass::Retry
    } else if ALREADY_DONE.contains(&code) {
        ErrorClass::AlreadyDone
    } else {
        ErrorClass::Permanent
    }
}

/// Whether the message says that it is already as it was asked for, where the code does not.
fn says_already_done(operation: &str, code: &str, message: &str) -> bool {
    let says = |(call, begins): &(&str, &str)| *call == operation && message.starts_with(begins);
    code == INVALID && ALREADY_DONE_SAYS.iter().any(says)
}

/// The error of one call, with what may be done about it. `operation` is the API's name of the
/// call, `resource` what it was about.
#[must_use]
pub fn failed<E>(operation: &'static str, resource: &dyn Display, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (class, code, message) = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let (code, message) = (error.code().unwrap_or("Unknown"), error.message().unwrap_or("no message"));
            // A code we know wins; of one we do not, the status tells whose fault it was.
            let class = match classify(code) {
                ErrorClass::Permanent if says_already_done(operation, code, message) => ErrorClass::AlreadyDone,
                ErrorClass::Permanent if status >= 500 || status == 429 => ErrorClass::Retry,
                class @ (ErrorClass::Retry | ErrorClass::Permanent | ErrorClass::AlreadyDone) => class,
            };
            (class, code.to_owned(), message.to_owned())
        }
        SdkError::TimeoutError(_) => (ErrorClass::Retry, "Timeout".to_owned(), "no answer in time".to_owned()),
        SdkError::DispatchFailure(_) => (ErrorClass::Retry, "DispatchFailure".to_owned(), chain(error)),
        SdkError::ResponseError(_) => (ErrorClass::Retry, "UnreadableAnswer".to_owned(), chain(error)),
        // A request that cannot even be built never can be.
        SdkError::ConstructionFailure(_) | _ => (ErrorClass::Permanent, "ConstructionFailure".to_owned(), chain(error)),
    };
    let message = cut(&message, LONGEST_MESSAGE).to_owned();
    CloudError { operation, resource: resource.to_string(), class, source: Box::new(Answered { code, message }) }
}

/// The error of an answer that arrived and cannot be used.
#[must_use]
pub fn unusable(operation: &'static str, resource: &dyn Display, problem: impl Into<String>) -> CloudError {
    own(operation, resource, ErrorClass::Permanent, "Unusable", problem.into())
}

/// The error of a call that may be made again.
#[must_use]
pub fn unfinished(operation: &'static str, resource: &dyn Display, problem: impl Into<String>) -> CloudError {
    own(operation, resource, ErrorClass::Retry, "Unfinished", problem.into())
}

fn own(operation: &'static str, resource: &dyn Display, class: ErrorClass, code: &str, message: String) -> CloudError {
    CloudError {
        operation,
        resource: resource.to_string(),
        class,
        source: Box::new(Answered { code: code.to_owned(), message }),
    }
}

/// `Result::or_failed`, so that a call and its name stand together.
pub(crate) trait OrFailed<T> {
    /// Turns the SDK's error into ours.
    fn or_failed(self, operation: &'static str, resource: &dyn Display) -> Result<T, CloudError>;
}

impl<T, E> OrFailed<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn or_failed(self, operation: &'static str, resource: &dyn Display) -> Result<T, CloudError> {
        self.map_err(|error| failed(operation, resource, &error))
    }
}

/// The causes of an error that has no code, outermost first.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// At most `bytes` of `text`, whole characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::http::HttpResponse;
    use aws_sdk_dynamodb::error::ErrorMetadata;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("answered")]
    struct Service(ErrorMetadata);
    impl ProvideErrorMetadata for Service {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn answered(code: &str, status: u16) -> CloudError {
        said("Call", code, "the service's words", status)
    }

    fn said(operation: &'static str, code: &str, message: &str, status: u16) -> CloudError {
        let meta = ErrorMetadata::builder().code(code).message(message).build();
        let raw = HttpResponse::new(status.try_into().unwrap(), "the secret body".into());
        failed(operation, &"thing", &SdkError::service_error(Service(meta), raw))
    }

    #[test]
    fn throttling_and_faults_may_be_tried_again() {
        for code in ["Throttling", "ThrottlingException", "ScalingActivityInProgress", "TransactionInProgressException"]
        {
            assert_eq!(answered(code, 400).class, ErrorClass::Retry, "{code}");
        }
        assert_eq!(answered("NeverHeardOf", 503).class, ErrorClass::Retry);
        assert_eq!(answered("NeverHeardOf", 429).class, ErrorClass::Retry);
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        for code in ["ValidationError", "AccessDenied", "ListenerNotFound", "ConditionalCheckFailedException"] {
            assert_eq!(answered(code, 400).class, ErrorClass::Permanent, "{code}");
        }
    }

    #[test]
    fn a_table_that_exists_is_what_was_asked_for() {
        assert_eq!(answered("ResourceInUseException", 400).class, ErrorClass::AlreadyDone);
    }

    #[test]
    fn a_message_tells_what_is_done_already_where_the_code_does_not() {
        let gone = "Instance Id not found - No managed instance found for instance ID: i-1";
        let gone_on = "No active Lifecycle Action found with instance ID i-1";
        let class = |operation, code, message| said(operation, code, message, 400).class;
        let terminate = "TerminateInstanceInAutoScalingGroup";
        assert_eq!(class(terminate, "ValidationError", gone), ErrorClass::AlreadyDone);
        for operation in ["CompleteLifecycleAction", "RecordLifecycleActionHeartbeat"] {
            assert_eq!(class(operation, "ValidationError", gone_on), ErrorClass::AlreadyDone);
            assert_eq!(class(operation, "ValidationError", gone), ErrorClass::Permanent, "an answer to another call");
        }
        assert_eq!(class("SetInstanceHealth", "ValidationError", gone), ErrorClass::Permanent);
        assert_eq!(class(terminate, "AccessDenied", gone), ErrorClass::Permanent);
        let quoted = "Currently, desiredSize equals minSize (2). Instance Id not found";
        assert_eq!(class(terminate, "ValidationError", quoted), ErrorClass::Permanent);
    }

    #[test]
    fn an_error_keeps_the_services_words_and_not_the_payload() {
        let text = answered("AccessDenied", 403).to_string();
        assert_eq!(text, "Call on thing failed (will not work like this): AccessDenied: the service's words");
    }

    #[test]
    fn a_call_without_an_answer_may_be_made_again() {
        let error: SdkError<Service> = SdkError::timeout_error("slow");
        assert_eq!(failed("Call", &"thing", &error).class, ErrorClass::Retry);
    }

    #[test]
    fn messages_are_cut_between_characters() {
        assert_eq!(cut("grün", 3), "gr");
        assert_eq!(cut("grün", 4), "grü");
        assert_eq!(cut("grün", 100), "grün");
    }
}

//! The variables of a function: read once, checked once, each mistake told by name.

use jiff::SignedDuration;
use signalbox_domain::definition::Arn;
use signalbox_domain::report::Address;
use signalbox_events::Origins;

/// What a function is told by its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `AWS_LAMBDA_FUNCTION_NAME`, which Lambda sets; `local` elsewhere.
    pub function: String,
    /// `SIGNALBOX_TABLE`: the name or ARN of the table.
    pub table: String,
    /// `SIGNALBOX_ALERTS_TOPIC_ARN`: where the notices of services go that name no topic themselves.
    pub alerts_topic_arn: Option<Arn>,
    /// `SIGNALBOX_CHAT_TOPIC_ARN`: where a copy of every notice goes for chat.
    pub chat_topic_arn: Option<Arn>,
    /// `SIGNALBOX_REPORTS_TOPIC_ARN`: where bug reports are published.
    pub reports_topic_arn: Option<Arn>,
    /// `SIGNALBOX_MAIL_FROM` and `SIGNALBOX_MAIL_TO`: how bug reports are mailed.
    pub mail: Option<MailRoute>,
    /// `SIGNALBOX_REPORT_ORIGINS`: the sites whose pages may read how a report was answered. All when unset.
    pub report_origins: Origins,
    /// `SIGNALBOX_TRUSTED_TOPICS`: the topics whose messages are believed. None when unset.
    pub trusted_topics: Vec<Arn>,
    /// `SIGNALBOX_LINGER_SECONDS`: how long a heartbeat may stay with what moves, 0 to 600 s.
    pub linger: SignedDuration,
}

/// From whom mail goes to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRoute {
    /// The sender.
    pub from: Address,
    /// The team.
    pub to: Vec<Address>,
}

/// A variable that is missing or malformed. It never tells what the variable holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}; expected: {expected}")]
pub struct EnvironmentError {
    /// Its name.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
    /// What it should be.
    pub expected: &'static str,
}

/// What is wrong with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not set, or empty.
    Missing,
    /// It is not what it should be.
    Malformed,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Problem::Missing => "is missing",
            Problem::Malformed => "is malformed",
        })
    }
}

const TABLE: &str = "SIGNALBOX_TABLE";
const ALERTS: &str = "SIGNALBOX_ALERTS_TOPIC_ARN";
const CHAT: &str = "SIGNALBOX_CHAT_TOPIC_ARN";
const REPORTS: &str = "SIGNALBOX_REPORTS_TOPIC_ARN";
const MAIL_FROM: &str = "SIGNALBOX_MAIL_FROM";
const MAIL_TO: &str = "SIGNALBOX_MAIL_TO";
const ORIGINS: &str = "SIGNALBOX_REPORT_ORIGINS";
const TRUSTED: &str = "SIGNALBOX_TRUSTED_TOPICS";
const LINGER: &str = "SIGNALBOX_LINGER_SECONDS";

const A_TABLE: &str = "the name or ARN of the DynamoDB table";
const A_TOPIC: &str = "the ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>";
const TOPICS: &str = "ARNs of SNS topics, separated by commas";
const A_SENDER: &str = "the address that mail is sent from, name@example.com, together with SIGNALBOX_MAIL_TO";
const RECEIVERS: &str = "the addresses that mail is sent to, separated by commas, together with SIGNALBOX_MAIL_FROM";
const SITES: &str = "origins such as https://example.com, separated by commas";
const SECONDS: &str = "whole seconds from 0 to 600";

const DEFAULT_LINGER_SECONDS: u16 = 45;
const LONGEST_LINGER_SECONDS: u16 = 600;

impl Environment {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_process() -> Result<Environment, EnvironmentError> {
        // A value that is no text is as good as none: what needs it says so.
        Environment::read(|name| std::env::var(name).ok())
    }

    /// Reads an environment by looking each variable up.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Environment, EnvironmentError> {
        // Terraform cannot leave a variable out as easily as it can leave it empty.
        let set = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let topic_in = |name| set(name).map(|value| topic(name, &value, A_TOPIC)).transpose();
        Ok(Environment {
            function: set("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "local".to_owned()),
            table: table(set(TABLE))?,
            alerts_topic_arn: topic_in(ALERTS)?,
            chat_topic_arn: topic_in(CHAT)?,
            reports_topic_arn: topic_in(REPORTS)?,
            mail: mail(set(MAIL_FROM), set(MAIL_TO))?,
            report_origins: match set(ORIGINS) {
                None => Origins::Any,
                Some(list) => list.parse().map_err(|_| malformed(ORIGINS, SITES))?,
            },
            trusted_topics: match set(TRUSTED) {
                None => Vec::new(),
                Some(list) => {
                    list.split(',').map(|value| topic(TRUSTED, value.trim(), TOPICS)).collect::<Result<_, _>>()?
                }
            },
            linger: linger(set(LINGER))?,
        })
    }
}

fn malformed(variable: &'static str, expected: &'static str) -> EnvironmentError {
    EnvironmentError { variable, problem: Problem::Malformed, expected }
}

/// Names of 3 to 255 characters, and ARNs
/// ([naming rules](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html)).
fn table(value: Option<String>) -> Result<String, EnvironmentError> {
    let Some(value) = value else {
        return Err(EnvironmentError { variable: TABLE, problem: Problem::Missing, expected: A_TABLE });
    };
    let is_name = (3..=255).contains(&value.len())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let is_arn = service_of(&value) == Some("dynamodb") && Arn::try_from(value.clone()).is_ok();
    if is_name || is_arn { Ok(value) } else { Err(malformed(TABLE, A_TABLE)) }
}

fn topic(variable: &'static str, value: &str, expected: &'static str) -> Result<Arn, EnvironmentError> {
    let arn = Arn::try_from(value.to_owned()).map_err(|_| malformed(variable, expected))?;
    if service_of(value) == Some("sns") { Ok(arn) } else { Err(malformed(variable, expected)) }
}

fn mail(from: Option<String>, to: Option<String>) -> Result<Option<MailRoute>, EnvironmentError> {
    let missing = |variable, expected| EnvironmentError { variable, problem: Problem::Missing, expected };
    let (from, to) = match (from, to) {
        (None, None) => return Ok(None),
        (Some(from), Some(to)) => (from, to),
        (None, Some(_)) => return Err(missing(MAIL_FROM, A_SENDER)),
        (Some(_), None) => return Err(missing(MAIL_TO, RECEIVERS)),
    };
    let from = Address::try_from(from).map_err(|_| malformed(MAIL_FROM, A_SENDER))?;
    let to = to.split(',').map(|address| Address::try_from(address.trim().to_owned())).collect::<Result<_, _>>();
    Ok(Some(MailRoute { from, to: to.map_err(|_| malformed(MAIL_TO, RECEIVERS))? }))
}

fn linger(value: Option<String>) -> Result<SignedDuration, EnvironmentError> {
    let seconds = match value {
        None => DEFAULT_LINGER_SECONDS,
        Some(value) => value
            .parse()
            .ok()
            .filter(|seconds| *seconds <= LONGEST_LINGER_SECONDS)
            .ok_or_else(|| malformed(LINGER, SECONDS))?,
    };
    Ok(SignedDuration::from_secs(seconds.into()))
}

/// The service that an ARN belongs to: `arn:<partition>:<service>:…`.
fn service_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC_A: &str = "arn:aws:sns:eu-west-1:123456789012:alerts";
    const TOPIC_B: &str = "arn:aws:sns:eu-west-1:123456789012:reports";

    fn read(variables: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
        Environment::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_table_is_enough() {
        let environment = read(&[(TABLE, "signalbox")]).unwrap();
        let expected = Environment {
            function: "local".to_owned(),
            table: "signalbox".to_owned(),
            alerts_topic_arn: None,
            chat_topic_arn: None,
            reports_topic_arn: None,
            mail: None,
            report_origins: Origins::Any,
            trusted_topics: Vec::new(),
            linger: SignedDuration::from_secs(45),
        };
        assert_eq!(environment, expected);
    }

    #[test]
    fn everything_that_is_set_is_read() {
        let topics = format!("{TOPIC_A}, {TOPIC_B}");
        let environment = read(&[
            ("AWS_LAMBDA_FUNCTION_NAME", "deployer"),
            (TABLE, "arn:aws:dynamodb:eu-west-1:123456789012:table/signalbox"),
            (ALERTS, TOPIC_A),
            (CHAT, TOPIC_B),
            (REPORTS, TOPIC_B),
            (MAIL_FROM, "reports@example.com"),
            (MAIL_TO, "ada@example.com, grace@example.com"),
            (ORIGINS, "https://example.com,https://www.example.com"),
            (TRUSTED, &topics),
            (LINGER, "0"),
        ])
        .unwrap();
        assert_eq!(environment.function, "deployer");
        assert_eq!(environment.alerts_topic_arn.unwrap().as_str(), TOPIC_A);
        assert_eq!(environment.chat_topic_arn.unwrap().as_str(), TOPIC_B);
        assert_eq!(environment.reports_topic_arn.unwrap().as_str(), TOPIC_B);
        let mail = environment.mail.unwrap();
        assert_eq!(mail.from.as_str(), "reports@example.com");
        assert_eq!(mail.to.iter().map(Address::as_str).collect::<Vec<_>>(), ["ada@example.com", "grace@example.com"]);
        let sites = ["https://example.com", "https://www.example.com"].map(str::to_owned).to_vec();
        assert_eq!(environment.report_origins, Origins::Only(sites));
        assert_eq!(environment.trusted_topics.iter().map(Arn::as_str).collect::<Vec<_>>(), [TOPIC_A, TOPIC_B]);
        assert_eq!(environment.linger, SignedDuration::ZERO);
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let environment = read(&[(TABLE, "signalbox"), (ALERTS, ""), (TRUSTED, " "), (LINGER, "")]).unwrap();
        assert_eq!(environment, read(&[(TABLE, "signalbox")]).unwrap());
        let error = read(&[(TABLE, "")]).unwrap_err().to_string();
        assert_eq!(error, "SIGNALBOX_TABLE is missing; expected: the name or ARN of the DynamoDB table");
    }

    #[test]
    fn a_malformed_variable_is_named_and_never_repeated() {
        let wrong = [
            (TABLE, "hunter2!"),
            (TABLE, "ab"),
            (TABLE, "arn:aws:sns:eu-west-1:123456789012:hunter2"),
            (ALERTS, "hunter2"),
            (ALERTS, "arn:aws:sqs:eu-west-1:123456789012:hunter2"),
            (CHAT, "arn:aws:sns:hunter2"),
            (TRUSTED, "arn:aws:sns:eu-west-1:123456789012:alerts,hunter2"),
            (TRUSTED, "arn:aws:sns:eu-west-1:123456789012:alerts,"),
            (REPORTS, "arn:aws:sqs:eu-west-1:123456789012:hunter2"),
            (ORIGINS, "hunter2"),
            (ORIGINS, "https://example.com/hunter2"),
            (LINGER, "601"),
            (LINGER, "-1"),
            (LINGER, "45s"),
        ];
        for (name, value) in wrong {
            let error = read(&[(name, value), (TABLE, "signalbox")]).unwrap_err();
            assert_eq!((error.variable, error.problem), (name, Problem::Malformed), "{value}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn mail_has_a_sender_and_somebody_to_read_it() {
        let read = |from, to| read(&[(TABLE, "signalbox"), (MAIL_FROM, from), (MAIL_TO, to)]);
        for (from, to, variable, problem) in [
            ("reports@example.com", "", MAIL_TO, Problem::Missing),
            ("", "ada@example.com", MAIL_FROM, Problem::Missing),
            ("hunter2", "ada@example.com", MAIL_FROM, Problem::Malformed),
            ("reports@example.com", "ada@example.com,", MAIL_TO, Problem::Malformed),
            ("reports@example.com", "ada@example.com;hunter2@example.com", MAIL_TO, Problem::Malformed),
        ] {
            let error = read(from, to).unwrap_err();
            assert_eq!((error.variable, error.problem), (variable, problem), "{from} {to}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert_eq!(read("", "").unwrap().mail, None);
    }
}

//! SES: bug reports and their digests by mail.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use aws_types::SdkConfig;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use signalbox_domain::report::{Digest, Mail};
use signalbox_reconciler::ports::CloudError;

use crate::errors::{OrFailed, unusable};

const CALL: &str = "SendEmail";
/// What a failed call is about, in logs: no address.
const ABOUT: &str = "a mail about reports";

/// Who sends mail. Behind a pointer, so that SES is linked only where it is used.
pub(crate) trait Mailer: std::fmt::Debug + Send + Sync {
    /// Sends one.
    fn send<'a>(&'a self, letter: Letter<'a>) -> BoxFuture<'a, Result<(), CloudError>>;
}

/// A mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter<'a> {
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    reply_to: Option<&'a str>,
}

impl<'a> Letter<'a> {
    pub(crate) fn of_report(mail: &'a Mail) -> Self {
        Letter { subject: &mail.subject, text: &mail.text, html: &mail.html, reply_to: Some(&mail.reply_to) }
    }

    pub(crate) fn of_digest(digest: &'a Digest) -> Self {
        Letter { subject: &digest.subject, text: &digest.text, html: &digest.html, reply_to: None }
    }
}

/// Mail from one address to the team.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
    from: String,
    to: Vec<String>,
}

impl Ses {
    /// `from`: an address that SES has verified, or of a domain that it has.
    #[must_use]
    pub fn new(config: &SdkConfig, from: String, to: Vec<String>) -> Self {
        Ses { client: Client::new(config), from, to }
    }
}

impl Mailer for Ses {
    fn send<'a>(&'a self, letter: Letter<'a>) -> BoxFuture<'a, Result<(), CloudError>> {
        async move {
            let message = message(letter).map_err(|error| unusable(CALL, &ABOUT, error.to_string()))?;
            self.client
                .send_email()
                .from_email_address(&self.from)
                .destination(Destination::builder().set_to_addresses(Some(self.to.clone())).build())
                .set_reply_to_addresses(letter.reply_to.map(|address| vec![address.to_owned()]))
                .content(EmailContent::builder().simple(message).build())
                .send()
                .await
                .map(drop)
                .or_failed(CALL, &ABOUT)
                .map_err(without_addresses)
        }
        .boxed()
    }
}

fn message(letter: Letter<'_>) -> Result<Message, BuildError> {
    let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(utf8(letter.text)?).html(utf8(letter.html)?).build();
    Ok(Message::builder().subject(utf8(letter.subject)?).body(body).build())
}

/// SES says which addresses it minds, and this ends up in logs.
fn without_addresses(error: CloudError) -> CloudError {
    let said = error.source.to_string();
    let words: Vec<&str> = said.split(' ').map(|word| if word.contains('@') { "[address]" } else { word }).collect();
    CloudError { source: words.join(" ").into(), ..error }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use signalbox_reconciler::ports::ErrorClass;

    use super::*;
    use crate::replay::{Given, Replay};

    fn ses(answer: Given) -> (Ses, Replay) {
        let replay = Replay::of(vec![answer]);
        let to = vec!["team@example.com".to_owned(), "lead@example.com".to_owned()];
        (Ses::new(&replay.config(), "reports@example.com".to_owned(), to), replay)
    }

    fn mail() -> Mail {
        let (subject, text, html) = ("Grüße".to_owned(), "> hi\n".to_owned(), "<p>hi</p>".to_owned());
        Mail { subject, text, html, reply_to: "ada@example.com".to_owned() }
    }

    #[tokio::test]
    async fn a_mail_is_text_and_html_in_utf_8_to_the_team_and_replies_go_to_the_reporter() {
        let (ses, replay) = ses(Given::json(200, &json!({ "MessageId": "m-1" })));
        ses.send(Letter::of_report(&mail())).await.unwrap();
        let asked: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        let utf8 = |data: &str| json!({ "Data": data, "Charset": "UTF-8" });
        let expected = json!({
            "FromEmailAddress": "reports@example.com",
            "Destination": { "ToAddresses": ["team@example.com", "lead@example.com"] },
            "ReplyToAddresses": ["ada@example.com"],
            "Content": { "Simple": {
                "Subject": utf8("Grüße"),
                "Body": { "Text": utf8("> hi\n"), "Html": utf8("<p>hi</p>") },
            } },
        });
        assert_eq!(asked, expected);
    }

    #[tokio::test]
    async fn a_refusal_says_why_and_names_no_address() {
        let refused =
            json!({ "__type": "MessageRejected", "message": "Email address not verified reports@example.com" });
        let (ses, _) = ses(Given::json(400, &refused));
        let error = ses.send(Letter::of_report(&mail())).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        let said = error.to_string();
        assert!(said.contains("MessageRejected: Email address not verified [address]"), "{said}");
        assert!(!said.contains('@'), "{said}");
    }
}

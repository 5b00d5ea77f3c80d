//! Publishing one notice.

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish::builders::PublishFluentBuilder;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;
use futures_util::future::{OptionFuture, join};
use signalbox_domain::definition::Arn;
use signalbox_domain::notice::Notice;
use signalbox_domain::report::Published;
use signalbox_domain::text::ServiceName;
use signalbox_reconciler::ports::{CloudError, Post};

use super::{chat, message};
use crate::errors::{OrFailed, unusable};

const CALL: &str = "Publish";

/// The topics that notices go to.
#[derive(Clone, Debug)]
pub struct Topics {
    client: Client,
    alerts: Option<String>,
    chat: Option<String>,
}

impl Topics {
    /// `alerts`: the topic of services that name none. `chat`: the topic that a chat client reads.
    #[must_use]
    pub fn new(config: &SdkConfig, alerts: Option<String>, chat: Option<String>) -> Self {
        Topics { client: Client::new(config), alerts, chat }
    }

    /// Whether notices go anywhere.
    pub(crate) fn is_heard(&self) -> bool {
        self.alerts.is_some() || self.chat.is_some()
    }

    /// Publishes a report.
    pub(crate) async fn report(&self, topic: &str, report: &Published) -> Result<(), CloudError> {
        let publish = self.client.publish().topic_arn(topic).subject(&report.subject).message(&report.message);
        send(publish, topic, report.attributes.iter().map(|(name, value)| (*name, value.as_str()))).await
    }

    /// Says something in chat, if there is one: the JSON of a custom notification.
    pub(crate) async fn say_text(&self, text: &str) -> Result<(), CloudError> {
        match &self.chat {
            Some(topic) => self.say(topic, text.to_owned()).await,
            None => Ok(()),
        }
    }

    async fn alert(&self, topic: &str, service: &ServiceName, notice: &Notice) -> Result<(), CloudError> {
        let attributes =
            [("service", service.as_str()), ("kind", notice.kind.name()), ("severity", notice.severity.name())];
        let publish = self
            .client
            .publish()
            .topic_arn(topic)
            .subject(notice.subject())
            .message_structure("json")
            .message(message::envelope(service, notice));
        send(publish, topic, attributes).await
    }

    async fn say(&self, topic: &str, message: String) -> Result<(), CloudError> {
        self.client.publish().topic_arn(topic).message(message).send().await.map(drop).or_failed(CALL, &topic)
    }
}

impl Post for Topics {
    /// The alert decides whether the notice was sent. The chat's copy is best effort: were its failure
    /// ours too, a broken chat would send the alert again with every look.
    async fn publish(&self, service: &ServiceName, topic: Option<&Arn>, notice: &Notice) -> Result<(), CloudError> {
        let alerts = topic.map(Arn::as_str).or(self.alerts.as_deref());
        if alerts.is_none() && !self.is_heard() {
            tracing::warn!(%service, notice = notice.id, text = notice.text, "no topic is set; the notice is only logged");
        }
        let alerted = OptionFuture::from(alerts.map(|topic| self.alert(topic, service, notice)));
        let said =
            OptionFuture::from(self.chat.as_deref().map(|topic| self.say(topic, chat::notification(service, notice))));
        let (alerted, said) = join(alerted, said).await;
        if let Some(Err(error)) = said {
            tracing::error!(%service, notice = notice.id, %error, "not said in chat");
        }
        alerted.unwrap_or(Ok(()))
    }
}

/// Publishes with message attributes of text.
async fn send<'a>(
    mut publish: PublishFluentBuilder,
    topic: &str,
    attributes: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Result<(), CloudError> {
    for (name, value) in attributes {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
        let value = value.map_err(|error| unusable(CALL, &topic, error.to_string()))?;
        publish = publish.message_attributes(name, value);
    }
    publish.send().await.map(drop).or_failed(CALL, &topic)
}

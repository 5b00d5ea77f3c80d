//! Notices leave by the record's outbox: at least once, and as far as nothing fails, once.

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Definition;
use signalbox_domain::notice::Notice;
use signalbox_domain::record::Record;
use signalbox_domain::trigger::Nudge;

use crate::look::{MOST_RACES, Reconciler};
use crate::ports::{CloudError, Save, Saved, World};

/// Whoever wrote a notice has sent it by then, or died.
const WRITER_SENDS_WITHIN: SignedDuration = SignedDuration::from_secs(15);

impl<W: World> Reconciler<W> {
    /// Sends what waits, then takes it out of the outbox. A crash in between sends it again, with
    /// the same id; nothing is ever lost.
    pub(crate) async fn announce(
        &self,
        definition: &Definition,
        nudge: &Nudge,
        record: Record,
        version: Option<u64>,
        outbox: &[Notice],
    ) {
        let mut sent = Vec::new();
        for notice in outbox {
            match self.world.publish(&definition.name, definition.alerts_topic_arn.as_ref(), notice).await {
                Ok(()) => sent.push(notice.id.clone()),
                Err(error) => {
                    tracing::error!(service = %definition.name, notice = notice.id, %error, "not sent; it stays in the outbox");
                    break;
                }
            }
        }
        if sent.is_empty() {
            return;
        }
        if let Err(error) = self.take_out(nudge, record, version, &sent).await {
            tracing::warn!(service = %definition.name, %error, "sent, but still in the outbox");
        }
    }

    /// Takes out of the outbox what was sent, also where somebody else changed the record meanwhile: what stays
    /// would be sent again.
    async fn take_out(
        &self,
        nudge: &Nudge,
        mut record: Record,
        mut version: Option<u64>,
        sent: &[String],
    ) -> Result<(), CloudError> {
        for _ in 0..MOST_RACES {
            let waiting = record.outbox.len();
            record.outbox.retain(|notice| !sent.contains(&notice.id));
            if record.outbox.len() == waiting {
                return Ok(());
            }
            let save = Save {
                service: nudge.service.clone(),
                record: Some((record, version)),
                operations: Vec::new(),
                decision: None,
                accepted: None,
                nonce: self.world.nonce(),
            };
            if self.world.save(&save).await? == Saved::Done {
                return Ok(());
            }
            let loaded = self.world.load(&nudge.service, None).await?;
            let Some((newer, read_at)) = loaded.record.filter(|_| !loaded.newer_schema) else { return Ok(()) };
            (record, version) = (newer, Some(read_at));
        }
        tracing::info!(service = %nudge.service, "sent, but still in the outbox: others change the record all the while");
        Ok(())
    }
}

/// The notices that this look sends. One that somebody else wrote a moment ago is theirs to send: twice would
/// wake people twice. If they died, it is sent a little later.
pub(crate) fn to_send(before: &[Notice], next: &[Notice], now: Timestamp) -> Vec<Notice> {
    let waited = |notice: &Notice| before.iter().any(|other| other.id == notice.id);
    let fresh = |notice: &Notice| now.duration_since(notice.at) < WRITER_SENDS_WITHIN;
    next.iter().filter(|notice| !(waited(notice) && fresh(notice))).cloned().collect()
}

//! Users' reports in the simulated cloud: what is kept of them, what was sent, and the metric that an alarm can see.

use std::collections::BTreeMap;

use signalbox_domain::report::{Counted, Delivery, Desk, Digest, Entry, Fingerprint, Sink, Thread};
use signalbox_reconciler::ports::{CloudError, KeptReport, Reports, SaveReport, Saved, next_version};

use crate::ports::SimPorts;
use crate::world::{Happening, World};

/// An item with its version and its writer's mark.
type Kept<T> = (T, u64, u128);

/// Everything that has to do with reports.
#[derive(Debug, Default)]
pub struct Reported {
    entries: BTreeMap<String, Kept<Entry>>,
    threads: BTreeMap<Fingerprint, Kept<Thread>>,
    desk: Option<Kept<Desk>>,
    /// What was sent where.
    sent: Vec<(Sink, String)>,
    /// `BugReports` of the service, by minute.
    pub bugs: BTreeMap<i64, u64>,
}

impl World {
    /// A function wrote its metrics.
    pub(crate) fn count_reports(&mut self, counted: &[Counted]) {
        let of_service = counted.iter().filter(|counted| counted.release.is_none()).count();
        *self.reported.bugs.entry(self.now.as_second() / 60).or_default() += of_service as u64;
    }

    fn save_report(&mut self, save: &SaveReport) -> Saved {
        let (kept, nonce) = (&mut self.reported, save.nonce);
        let entry = save
            .entry
            .as_ref()
            .is_none_or(|(entry, expected)| kept.entries.get(&entry.id).map(|(_, version, _)| *version) == *expected);
        let thread = save.thread.as_ref().is_none_or(|(thread, expected)| {
            kept.threads.get(&thread.fingerprint).map(|(_, version, _)| *version) == *expected
        });
        let desk = save
            .desk
            .as_ref()
            .is_none_or(|(_, expected)| kept.desk.as_ref().map(|(_, version, _)| *version) == *expected);
        if !(entry && thread && desk) {
            return Saved::Lost;
        }
        if let Some((entry, version)) = &save.entry {
            kept.entries.insert(entry.id.clone(), (entry.clone(), next_version(*version), nonce));
        }
        if let Some((thread, version)) = &save.thread {
            kept.threads.insert(thread.fingerprint.clone(), (thread.clone(), next_version(*version), nonce));
        }
        if let Some((desk, version)) = &save.desk {
            kept.desk = Some((desk.clone(), next_version(*version), nonce));
        }
        Saved::Done
    }
}

fn read<T: Clone>(kept: Option<&Kept<T>>) -> Option<(T, u64)> {
    kept.map(|(item, version, _)| (item.clone(), *version))
}

impl Reports for SimPorts {
    async fn load_report(&self, id: &str, thread: &Fingerprint) -> Result<KeptReport, CloudError> {
        self.read("BatchGetItem", |world| {
            let kept = &world.reported;
            let (entry, thread) = (read(kept.entries.get(id)), read(kept.threads.get(thread)));
            KeptReport { entry, thread, desk: read(kept.desk.as_ref()) }
        })
        .await
    }

    async fn load_entry(&self, id: &str) -> Result<Option<(Entry, u64)>, CloudError> {
        self.read("GetItem", |world| read(world.reported.entries.get(id))).await
    }

    async fn load_desk(&self) -> Result<Option<(Desk, u64)>, CloudError> {
        self.read("GetItem", |world| read(world.reported.desk.as_ref())).await
    }

    async fn save_report(&self, save: &SaveReport) -> Result<Saved, CloudError> {
        let (owned, nonce) = (save.clone(), save.nonce);
        let saved = self.change("TransactWriteItems", move |world| world.save_report(&owned)).await;
        // As the adapter does it: a save that was not answered with a yes is looked up by its writer's mark.
        let seen = match (&saved, &save.entry) {
            (Err(_) | Ok(Saved::Lost), Some((entry, _))) => {
                self.read("GetItem", |world| world.reported.entries.get(&entry.id).map(|(_, _, mark)| *mark)).await?
            }
            (Ok(Saved::Done), _) | (_, None) => None,
        };
        if seen == Some(nonce) { Ok(Saved::Done) } else { saved }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), CloudError> {
        let delivery = delivery.clone();
        self.change("SendEmail", move |world| {
            let subject = match &delivery {
                Delivery::Mail(mail) => mail.subject.clone(),
                Delivery::Alerts(_, _, notice) => {
                    let line = notice.text.lines().next().unwrap_or_default().to_owned();
                    world.chronicle.push((world.now, Happening::Told(line)));
                    world.post.push((world.now, notice.clone()));
                    notice.subject()
                }
                Delivery::Topic(_) | Delivery::Chat(_) => String::new(),
            };
            world.reported.sent.push((delivery.sink(), subject));
        })
        .await
    }

    async fn deliver_digest(&self, digest: &Digest) -> Result<(), CloudError> {
        let subject = digest.subject.clone();
        self.change("SendEmail", move |world| world.reported.sent.push((Sink::Mail, subject))).await
    }
}

impl Reported {
    /// Whether any report was ever kept.
    pub(crate) fn are_there(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Whether somebody has still to hear of one.
    pub(crate) fn is_busy(&self) -> bool {
        self.entries.values().any(|(entry, ..)| !entry.owed.is_empty())
    }

    /// How many reports are kept, and how many mails there were.
    #[must_use]
    pub fn kept_and_mailed(&self) -> (usize, usize) {
        (self.entries.len(), self.sent.iter().filter(|(sink, _)| *sink == Sink::Mail).count())
    }
}

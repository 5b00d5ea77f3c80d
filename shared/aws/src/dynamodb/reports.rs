//! Bug reports: each report, its thread, and what all of them share.

use jiff::Timestamp;
use serde::Serialize;
use signalbox_domain::report::{Desk, Fingerprint};
use signalbox_reconciler::ports::{CloudError, KeptReport, SaveReport, Saved};

use super::Table;
use super::items::{Key, read_of_report, write_of_report};
use super::load::BATCH_GET;
use super::save::{CALL, Writes, put};
use crate::errors::unusable;

/// What a failed save is about.
const ABOUT: &str = "reports";

impl Table {
    /// A report, its thread and the desk, strongly consistent.
    ///
    /// # Errors
    /// When they cannot be read, or a newer version of Signalbox wrote one of them.
    pub async fn load_report(&self, id: &str, thread: &Fingerprint) -> Result<KeptReport, CloudError> {
        let (entry, thread, desk) = (Key::report(id), Key::thread(thread), Key::desk());
        let keys = [&entry, &thread, &desk].map(Key::item).to_vec();
        let mut kept = KeptReport::default();
        for item in self.batch(keys, &entry).await? {
            let wrong = |key: &Key, problem: String| unusable(BATCH_GET, key, problem);
            if entry.is_of(&item) {
                kept.entry = Some(read_of_report(&item).map_err(|problem| wrong(&entry, problem))?);
            } else if thread.is_of(&item) {
                kept.thread = Some(read_of_report(&item).map_err(|problem| wrong(&thread, problem))?);
            } else if desk.is_of(&item) {
                kept.desk = Some(read_of_report(&item).map_err(|problem| wrong(&desk, problem))?);
            }
        }
        Ok(kept)
    }

    /// The desk alone, strongly consistent.
    ///
    /// # Errors
    /// When it cannot be read, or a newer version of Signalbox wrote it.
    pub async fn load_desk(&self) -> Result<Option<(Desk, u64)>, CloudError> {
        let key = Key::desk();
        let item = self.get(&key).await?;
        item.map(|item| read_of_report(&item).map_err(|problem| unusable("GetItem", &key, problem))).transpose()
    }

    /// Saves all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written, or nobody knows whether it was.
    pub async fn save_report(&self, save: &SaveReport) -> Result<Saved, CloudError> {
        let writes = self.writes(save).map_err(|problem| unusable(CALL, &ABOUT, problem))?;
        self.write(writes, save.nonce, &ABOUT).await
    }

    fn writes(&self, save: &SaveReport) -> Result<Writes, String> {
        let mut writes = Writes::default();
        // The report first: nobody else writes it, so a save that was done is known by its mark.
        if let Some((entry, expected)) = &save.entry {
            self.add(&mut writes, Key::report(&entry.id), entry, Some(entry.expires_at()), *expected, save.nonce)?;
        }
        if let Some((thread, expected)) = &save.thread {
            let key = Key::thread(&thread.fingerprint);
            self.add(&mut writes, key, thread, Some(thread.expires_at()), *expected, save.nonce)?;
        }
        if let Some((desk, expected)) = &save.desk {
            self.add(&mut writes, Key::desk(), desk, None, *expected, save.nonce)?;
        }
        Ok(writes)
    }

    fn add(
        &self,
        writes: &mut Writes,
        key: Key,
        part: &impl Serialize,
        expires_at: Option<Timestamp>,
        expected: Option<u64>,
        nonce: u128,
    ) -> Result<(), String> {
        let item = write_of_report(&key, part, expires_at, expected.map_or(1, |version| version + 1), nonce)?;
        writes.add_as_read(key, put(&self.name, item), expected)
    }
}

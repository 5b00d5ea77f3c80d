//! Bug reports: load, decide, save, send. What a report still owes is saved before anything is sent, so that a report
//! that comes again sends nothing twice, and one way out that fails keeps no other from being used.

use std::collections::BTreeSet;

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::definition::Definition;
use signalbox_domain::report::{
    Context, Counted, Desk, Entry, Known, Outcome, Received, Rules, Saved as Kept, Sink, decide, resolve,
};
use signalbox_domain::text::ServiceName;
use signalbox_domain::trigger::AlarmState;

use crate::ports::{CloudError, ErrorClass, Reports, SaveReport, Saved, World, next_version};

/// All reports change one item: many at once lose against each other, and wait a little longer each time.
const MOST_TRIES: u32 = 14;
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_millis(20);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_millis(1_500);

/// Nothing is begun any more after so long a look at what is owed: a way out that hangs must not keep the next look from
/// what it is to do.
const RESENDS_FOR: SignedDuration = SignedDuration::from_secs(25);

/// Most earlier reports that one look sends again; those beyond are the next one's.
const MOST_RESENT: usize = 50;

/// How a report stands that was not known to be sent to everybody.
enum Pending {
    /// It is, or it is forgotten.
    Done { just_now: bool },
    /// Somebody else is sending it.
    Waits,
    /// It was tried for long enough.
    GivenUp,
}

/// The desk that reports come to.
#[derive(Clone, Debug)]
pub struct Reporter<W> {
    world: W,
    rules: Rules,
}

/// What became of a report.
#[derive(Debug)]
pub struct Taken {
    /// Whether it is sent.
    pub outcome: Outcome,
    /// What is counted of it.
    pub counted: Vec<Counted>,
    /// The ways out that failed: the report owes them still, and sends them when it comes again.
    pub failed: Vec<(Sink, CloudError)>,
}

/// What became of earlier reports that were not sent to everybody.
#[derive(Debug, Default)]
pub struct Resent {
    /// How many are now.
    pub reports: u64,
    /// How many are still not.
    pub owed: usize,
    /// What keeps them from it, where it failed just now.
    pub failed: Vec<ReportError>,
}

/// Why a report could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A call failed, and nothing is known of the report.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// Others were first, again and again.
    #[error("others changed what is kept of reports {MOST_TRIES} times meanwhile; it is taken when it comes again")]
    Contended,
}

impl ReportError {
    /// A stable name that alarms can match.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            ReportError::Cloud(_) => "CloudCallFailed",
            ReportError::Contended => "Contended",
        }
    }
}

impl<W: World + Reports> Reporter<W> {
    /// A desk in this world.
    pub fn new(world: W, rules: Rules) -> Self {
        Reporter { world, rules }
    }

    /// The world it is in.
    pub fn world(&self) -> &W {
        &self.world
    }

    /// Takes one report: saves it, then sends it wherever it is to go.
    ///
    /// # Errors
    /// What kept it from being saved; nothing was sent then.
    pub async fn take(&self, received: &Received) -> Result<Taken, ReportError> {
        let context = self.context(received).await;
        let thread = received.report.fingerprint(context.service.as_ref());
        for attempt in 0..MOST_TRIES {
            self.pause_before(attempt).await;
            let kept = self.world.load_report(&received.id, &thread).await?;
            let known = Known {
                entry: kept.entry.as_ref().map(|(entry, _)| entry),
                thread: kept.thread.as_ref().map(|(thread, _)| thread),
                desk: kept.desk.as_ref().map(|(desk, _)| desk),
            };
            let decision = decide(received, known, &context, &self.rules, self.world.now());
            let (entry, save) = match decision.saved {
                Kept::Nothing => {
                    return Ok(Taken { outcome: decision.outcome, counted: decision.counted, failed: Vec::new() });
                }
                Kept::Entry(entry) => (entry, SaveReport::default()),
                Kept::All { entry, thread, desk } => {
                    let save = SaveReport {
                        thread: Some((*thread, version(&kept.thread))),
                        desk: Some((*desk, version(&kept.desk))),
                        ..SaveReport::default()
                    };
                    (entry, save)
                }
            };
            let before = version(&kept.entry);
            let nonce = self.world.nonce();
            let save = SaveReport { entry: Some((*entry.clone(), before)), nonce, ..save };
            if self.world.save_report(&save).await? == Saved::Lost {
                continue;
            }
            let failed = self.send(&entry, next_version(before)).await;
            return Ok(Taken { outcome: decision.outcome, counted: decision.counted, failed });
        }
        Err(ReportError::Contended)
    }

    /// Sends what a report owes, each way out for itself, and takes down what has left.
    async fn send(&self, entry: &Entry, version: u64) -> Vec<(Sink, CloudError)> {
        let (mut sent, mut failed) = (BTreeSet::new(), Vec::new());
        for delivery in entry.deliveries() {
            match self.world.deliver(&delivery).await {
                Ok(()) => drop(sent.insert(delivery.sink())),
                Err(error) => {
                    tracing::error!(report = entry.id, sink = ?delivery.sink(), %error, "not sent; it is owed");
                    failed.push((delivery.sink(), error));
                }
            }
        }
        let after = entry.after_sending(&sent, self.world.now());
        let save =
            SaveReport { entry: Some((after, Some(version))), nonce: self.world.nonce(), ..SaveReport::default() };
        // Nobody else has it: it was claimed. What cannot be written down has left all the same, and leaves once more.
        if let Err(error) = self.world.save_report(&save).await {
            tracing::error!(report = entry.id, %error, "sent, but not written down; it is sent again");
        }
        failed
    }

    /// Sends what earlier reports still owe: nobody else does where they came by HTTP, or where a function died too
    /// often. What failed for a day is given up, and counted in the digest.
    ///
    /// # Errors
    /// What kept the desk from being read or saved.
    pub async fn resend(&self) -> Result<Resent, ReportError> {
        let mut resent = Resent::default();
        let Some((desk, _)) = self.world.load_desk().await? else { return Ok(resent) };
        let until = self.world.now().saturating_add(RESENDS_FOR).unwrap_or(Timestamp::MAX);
        let (mut tried, mut done, mut given_up) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for id in desk.pending.iter().take(MOST_RESENT) {
            if self.world.now() >= until {
                break;
            }
            tried.push(id.clone());
            match self.resend_one(id).await {
                Ok(Pending::Done { just_now }) => {
                    resent.reports += u64::from(just_now);
                    done.insert(id.clone());
                }
                Ok(Pending::Waits) => {}
                Ok(Pending::GivenUp) => drop(given_up.insert(id.clone())),
                Err(error) => resent.failed.push(error),
            }
        }
        resent.owed = desk.pending.len() - done.len() - given_up.len();
        if !tried.is_empty() {
            self.change_desk(|desk| desk.map(|desk| desk.tried(&tried, &done, &given_up))).await?;
        }
        Ok(resent)
    }

    async fn resend_one(&self, id: &str) -> Result<Pending, ReportError> {
        let now = self.world.now();
        let (entry, version) = match self.world.load_entry(id).await {
            Ok(Some(loaded)) => loaded,
            Ok(None) => return Ok(Pending::Done { just_now: false }),
            Err(error) if error.class == ErrorClass::Permanent => {
                tracing::error!(report = id, %error, "given up: it cannot be read");
                return Ok(Pending::GivenUp);
            }
            Err(error) => return Err(error.into()),
        };
        if entry.owed.is_empty() {
            return Ok(Pending::Done { just_now: false });
        }
        let Some(claimed) = entry.again(now) else { return Ok(Pending::Waits) };
        let save = SaveReport {
            entry: Some((claimed.clone(), Some(version))),
            nonce: self.world.nonce(),
            ..SaveReport::default()
        };
        if self.world.save_report(&save).await? == Saved::Lost {
            return Ok(Pending::Waits);
        }
        match self.send(&claimed, next_version(Some(version))).await.into_iter().next() {
            None => Ok(Pending::Done { just_now: true }),
            Some((_, error)) if entry.is_hopeless(now) => {
                tracing::error!(report = id, %error, "given up after a day");
                Ok(Pending::GivenUp)
            }
            Some((_, error)) => Err(error.into()),
        }
    }

    /// How the service stands that a report is about, as far as that can be seen: a report is taken all the same.
    async fn context(&self, received: &Received) -> Context {
        let seen = self.world.definitions().await;
        let seen = seen.inspect_err(|error| tracing::warn!(%error, "services not seen this time"));
        let definitions = seen.unwrap_or_default();
        let names: Vec<ServiceName> = definitions.iter().filter_map(|(name, _)| name.parse().ok()).collect();
        let Some(service) = resolve(received.report.service.as_ref(), &names) else { return Context::default() };
        let text = definitions.into_iter().find(|(name, _)| name == service.as_str()).map(|(_, text)| text);
        let definition = text.and_then(|text| Definition::read(&text).ok());
        let firing = async {
            let guarded = definition.as_ref().filter(|definition| !definition.guard.alarms.is_empty());
            let Some(definition) = guarded else { return Vec::new() };
            let seen = self.world.alarms(definition).await;
            let seen = seen.inspect_err(|error| tracing::warn!(%service, %error, "alarms not seen this time"));
            let firing = seen.unwrap_or_default().into_iter().filter(|(_, seen)| seen.state == AlarmState::Alarm);
            firing.map(|(name, _)| name).collect()
        };
        let (loaded, alarms) = join(self.world.load(&service, None), firing).await;
        let loaded = loaded.inspect_err(|error| tracing::warn!(%service, %error, "record not seen this time"));
        let of_record = match loaded.ok().and_then(|loaded| loaded.record) {
            Some((record, _)) => Context::of(service, &record),
            None => Context { service: Some(service), ..Context::default() },
        };
        let alerts_topic = definition.and_then(|definition| definition.alerts_topic_arn);
        Context { alarms, alerts_topic, ..of_record }
    }

    /// Counts what came and was no report, for the digest.
    ///
    /// # Errors
    /// What kept it from being counted.
    pub async fn refuse(&self, rejected: u64, trapped: u64) -> Result<(), ReportError> {
        let now = self.world.now();
        self.change_desk(|desk| Some(Desk::refuse(desk, rejected, trapped, now))).await.map(drop)
    }

    /// Sends what came since the last digest; whether there was anything.
    ///
    /// # Errors
    /// What kept it from being made or sent: the next one sends it.
    pub async fn send_digest(&self) -> Result<bool, ReportError> {
        let now = self.world.now();
        let made = self.change_desk(|desk| desk?.digest(now).map(|(desk, _)| desk)).await?;
        let Some(digest) = made.and_then(|desk| desk.owed) else { return Ok(false) };
        if let Err(error) = self.world.deliver_digest(&digest).await {
            self.change_desk(|desk| desk.map(Desk::with_digest_free)).await?;
            return Err(error.into());
        }
        self.change_desk(|desk| desk.map(|desk| desk.without_digest(&digest))).await?;
        Ok(true)
    }

    /// Lets others go first who changed the same meanwhile: longer each time, and each another while.
    async fn pause_before(&self, attempt: u32) {
        if attempt == 0 {
            return;
        }
        let longest = (SHORTEST_PAUSE * (1 << attempt.min(10))).min(LONGEST_PAUSE);
        let share = i32::try_from(self.world.nonce() % 1_000).unwrap_or(0);
        self.world.sleep(longest * share / 1_000).await;
    }

    /// Saves a change of the desk, made anew where somebody else has changed it meanwhile. `None`: there is none.
    async fn change_desk(&self, change: impl Fn(Option<&Desk>) -> Option<Desk>) -> Result<Option<Desk>, ReportError> {
        for attempt in 0..MOST_TRIES {
            self.pause_before(attempt).await;
            let kept = self.world.load_desk().await?;
            let before = kept.as_ref().map(|(desk, _)| desk);
            let Some(next) = change(before) else { return Ok(None) };
            if before == Some(&next) {
                return Ok(Some(next));
            }
            let desk = Some((next.clone(), version(&kept)));
            let save = SaveReport { desk, nonce: self.world.nonce(), ..SaveReport::default() };
            if self.world.save_report(&save).await? == Saved::Done {
                return Ok(Some(next));
            }
        }
        Err(ReportError::Contended)
    }
}

fn version<T>(kept: &Option<(T, u64)>) -> Option<u64> {
    kept.as_ref().map(|(_, version)| *version)
}

//! All adapters together.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_types::SdkConfig;
use futures_util::future::{join, try_join};
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing::{Charge, Month, MonthName};
use signalbox_domain::decision::Action;
use signalbox_domain::definition::{Arn, Capacity, Definition, ReleaseSource};
use signalbox_domain::deployment::Deployment;
use signalbox_domain::money::Cents;
use signalbox_domain::notice::Notice;
use signalbox_domain::observation::{Alarms, Minute, Probe, ProbeAnswer, Quiet, Routing, Surroundings, Window};
use signalbox_domain::record::OperationKind;
use signalbox_domain::report::{Delivery, Desk, Digest, Entry, Fingerprint};
use signalbox_domain::slot::{BySlot, Slot};
use signalbox_domain::text::{GroupName, InstanceId, Release, RequestId, ServiceName};
use signalbox_reconciler::ports::{
    Billing, Clock, Cloud, CloudError, GroupSeen, KeptReport, Loaded, LoadedMonth, OperationItem, Post, Reports, Save,
    SaveReport, Saved, Store, Targets,
};

use crate::autoscaling::AutoScaling;
use crate::clock::SystemClock;
use crate::cloudwatch::{Charges, CloudWatch};
use crate::dynamodb::Table;
use crate::elb::Balancer;
use crate::lambda::Hooks;
use crate::ses::{Letter, Mailer, Ses};
use crate::smoke::SmokeCheck;
use crate::sns::Topics;
use crate::ssm::ParameterStore;

/// Everything outside, on AWS. Its clients live as long as the process.
#[derive(Clone, Debug)]
pub struct Aws {
    autoscaling: AutoScaling,
    balancer: Balancer,
    charges: Charges,
    cloudwatch: CloudWatch,
    hooks: Hooks,
    mailer: Option<Arc<dyn Mailer>>,
    parameters: ParameterStore,
    reports_topic: Option<String>,
    smoke: SmokeCheck,
    table: Table,
    topics: Topics,
    clock: SystemClock,
}

impl Aws {
    /// `table`: the name of the table. `alerts_topic`: where the notices of services go that name no
    /// topic themselves. `chat_topic`: where a copy of every notice goes for chat.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String, alerts_topic: Option<String>, chat_topic: Option<String>) -> Self {
        Aws {
            autoscaling: AutoScaling::new(config),
            balancer: Balancer::new(config),
            charges: Charges::new(config),
            cloudwatch: CloudWatch::new(config),
            hooks: Hooks::new(config),
            mailer: None,
            parameters: ParameterStore::new(config),
            reports_topic: None,
            smoke: SmokeCheck::default(),
            table: Table::new(config, table),
            topics: Topics::new(config, alerts_topic, chat_topic),
            clock: SystemClock,
        }
    }

    /// With the ways out that only reports have. SES is linked into those who call this.
    #[must_use]
    pub fn reporting(self, reports_topic: Option<String>, ses: Option<Ses>) -> Self {
        let mailer = ses.map(|ses| Arc::new(ses) as Arc<dyn Mailer>);
        Aws { reports_topic, mailer, ..self }
    }

    async fn mail(&self, letter: Letter<'_>) -> Result<(), CloudError> {
        match &self.mailer {
            Some(mailer) => mailer.send(letter).await,
            None => Ok(()),
        }
    }

    /// The table, for what the reconciler does not ask of it: definitions to write, history to read.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }
}

impl Cloud for Aws {
    async fn routing(&self, of: &Definition) -> Result<Routing, CloudError> {
        self.balancer.routing(of).await
    }

    async fn groups(&self, of: &Definition) -> Result<BySlot<GroupSeen>, CloudError> {
        self.autoscaling.groups(of).await
    }

    async fn targets(&self, of: &Definition, slot: Slot) -> Result<Targets, CloudError> {
        self.balancer.targets(of, slot).await
    }

    async fn parameters(&self, of: &Definition) -> Result<BySlot<Option<Release>>, CloudError> {
        self.parameters.releases(of).await
    }

    async fn alarms(&self, of: &Definition) -> Result<Alarms, CloudError> {
        self.cloudwatch.alarms(of).await
    }

    async fn quiet(&self, of: &Definition, slot: Slot, now: Timestamp) -> Result<Quiet, CloudError> {
        let requests = self.cloudwatch.requests(of, slot, now);
        let delay = self.balancer.deregistration_delay(of, slot);
        let (requests, deregistration_delay) = try_join(requests, delay).await?;
        Ok(Quiet { requests, deregistration_delay })
    }

    async fn surroundings(&self, of: &Definition) -> Result<Surroundings, CloudError> {
        let (routes, refreshing) = try_join(self.balancer.routes(of), self.autoscaling.refreshing(of)).await?;
        Ok(Surroundings { other_routes: routes.others, refreshing, app_cookie: routes.app_cookie })
    }

    async fn traffic(&self, of: &Definition, window: Window) -> Result<BySlot<Vec<Minute>>, CloudError> {
        self.cloudwatch.traffic(of, window).await
    }

    async fn probe(&self, of: &Definition, about: &Deployment, probe: Probe) -> ProbeAnswer {
        let hooks = of.hooks.as_ref();
        let function = match probe {
            Probe::Smoke => {
                let Some(smoke) = &of.smoke else { return nobody() };
                return self.smoke.ask(smoke, about.slot, &about.release).await;
            }
            Probe::BeforeTraffic => hooks.and_then(|hooks| hooks.before_traffic.as_ref()),
            Probe::AfterTraffic => hooks.and_then(|hooks| hooks.after_traffic.as_ref()),
        };
        let Some(function) = function else { return nobody() };
        self.hooks.ask(function, of, about, probe).await
    }

    async fn owners(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, GroupName>, CloudError> {
        self.autoscaling.owners(instances).await
    }

    async fn apply(&self, of: &Definition, action: &Action) -> Result<(), CloudError> {
        match action {
            Action::Route { split } => self.balancer.route(of, *split).await,
            Action::WriteRelease { slot, release } => match &of.release {
                ReleaseSource::Parameter(_) => self.parameters.write(of, *slot, release).await,
                ReleaseSource::LaunchTemplate => {
                    self.autoscaling.set_template_version(&of.slots[*slot].asg, release).await
                }
            },
            Action::Resize { slot, to } => self.autoscaling.resize(&of.slots[*slot].asg, *to).await,
            Action::Bound { slot, min, max } => self.autoscaling.bound(&of.slots[*slot].asg, *min, *max).await,
            Action::Stop { slot, outage_allowed: _ } => {
                self.autoscaling.resize(&of.slots[*slot].asg, Capacity::NONE).await
            }
            Action::Suspend { slot, processes } => self.autoscaling.suspend(&of.slots[*slot].asg, processes).await,
            Action::Resume { slot, processes } => self.autoscaling.resume(&of.slots[*slot].asg, processes).await,
            Action::Terminate { instance, slot: _ } => self.autoscaling.terminate(instance).await,
            Action::CompleteLifecycle { slot, instance, hook } => {
                self.autoscaling.complete(&of.slots[*slot].asg, instance, hook).await
            }
            Action::ProlongLifecycle { slot, instance, hook } => {
                self.autoscaling.prolong(&of.slots[*slot].asg, instance, hook).await
            }
        }
    }
}

/// Only those are asked whom the definition names.
fn nobody() -> ProbeAnswer {
    ProbeAnswer::Unanswered("the definition names nobody to ask".to_owned())
}

impl Store for Aws {
    async fn load(&self, service: &ServiceName, request: Option<&RequestId>) -> Result<Loaded, CloudError> {
        self.table.load(service, request).await
    }

    async fn operation(
        &self,
        service: &ServiceName,
        kind: OperationKind,
        id: &RequestId,
    ) -> Result<Option<OperationItem>, CloudError> {
        self.table.operation(service, kind, id).await
    }

    async fn definitions(&self) -> Result<Vec<(String, String)>, CloudError> {
        self.table.definitions().await
    }

    async fn busy(&self) -> Result<Vec<ServiceName>, CloudError> {
        self.table.busy().await
    }

    async fn save(&self, save: &Save) -> Result<Saved, CloudError> {
        self.table.save(save).await
    }
}

impl Billing for Aws {
    async fn charges(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Charge>, CloudError> {
        self.charges.readings(from, to).await
    }

    async fn breakdown(&self, from: Timestamp, to: Timestamp) -> Result<Vec<(String, Cents)>, CloudError> {
        self.charges.breakdown(from, to).await
    }

    async fn load_month(&self, month: MonthName) -> Result<LoadedMonth, CloudError> {
        self.table.load_month(month).await
    }

    async fn save_month(&self, month: &Month, version: Option<u64>, nonce: u128) -> Result<Saved, CloudError> {
        self.table.save_month(month, version, nonce).await
    }
}

impl Reports for Aws {
    async fn load_report(&self, id: &str, thread: &Fingerprint) -> Result<KeptReport, CloudError> {
        self.table.load_report(id, thread).await
    }

    async fn load_entry(&self, id: &str) -> Result<Option<(Entry, u64)>, CloudError> {
        self.table.load_entry(id).await
    }

    async fn load_desk(&self) -> Result<Option<(Desk, u64)>, CloudError> {
        self.table.load_desk().await
    }

    async fn save_report(&self, save: &SaveReport) -> Result<Saved, CloudError> {
        self.table.save_report(save).await
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), CloudError> {
        match delivery {
            Delivery::Topic(report) => match &self.reports_topic {
                Some(topic) => self.topics.report(topic, report).await,
                None => Ok(()),
            },
            Delivery::Chat(text) => self.topics.say_text(text).await,
            Delivery::Mail(mail) => self.mail(Letter::of_report(mail)).await,
            // A notice that goes nowhere is logged, and this one says how a report begins.
            Delivery::Alerts(service, topic, notice) if topic.is_some() || self.topics.is_heard() => {
                self.topics.publish(service, topic.as_ref(), notice).await
            }
            Delivery::Alerts(..) => Ok(()),
        }
    }

    /// Beside a mail chat is best effort: were its failure ours too, the digest would be mailed again each time.
    async fn deliver_digest(&self, digest: &Digest) -> Result<(), CloudError> {
        let (mailed, said) = join(self.mail(Letter::of_digest(digest)), self.topics.say_text(&digest.chat)).await;
        if self.mailer.is_none() {
            return said;
        }
        if let Err(error) = said {
            tracing::error!(%error, "the digest is not said in chat");
        }
        mailed
    }
}

impl Post for Aws {
    async fn publish(&self, service: &ServiceName, topic: Option<&Arn>, notice: &Notice) -> Result<(), CloudError> {
        self.topics.publish(service, topic, notice).await
    }
}

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.clock.sleep(duration).await;
    }

    fn nonce(&self) -> u128 {
        self.clock.nonce()
    }
}

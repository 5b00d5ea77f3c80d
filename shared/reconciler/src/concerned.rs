//! Whom an event concerns. Events name alarms, groups and instances; only definitions know whose they are.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use signalbox_domain::definition::Definition;
use signalbox_domain::slot::Slot;
use signalbox_domain::text::InstanceId;
use signalbox_domain::trigger::{AlarmChange, InstanceReport, Nudge, Trigger};

use crate::look::{LookError, Looked, Reconciler};
use crate::ports::{CloudError, World};

impl<W: World> Reconciler<W> {
    /// Looks at every service for which `concerns` gives a trigger, side by side. The results of
    /// those that could be looked at, and the first failure of the others.
    ///
    /// # Errors
    /// The definitions could not be read from the table.
    pub async fn look_at_concerned(
        &self,
        concerns: impl Fn(&Definition) -> Option<Trigger>,
    ) -> Result<(Vec<Looked>, Option<LookError>), CloudError> {
        let definitions = self.world.definitions().await?;
        let nudges: Vec<Nudge> = definitions
            .into_iter()
            // One that cannot be read concerns nobody here; the heartbeat says what is wrong with it.
            .filter_map(|(_, text)| Definition::read(&text).ok())
            .filter_map(|definition| Some(Nudge { trigger: concerns(&definition)?, service: definition.name }))
            .collect();
        let mut looked = Vec::new();
        let mut failure = None;
        for result in join_all(nudges.iter().map(|nudge| self.look(nudge))).await {
            match result {
                Ok(done) => looked.push(done),
                Err(error) => {
                    tracing::error!(error_type = error.error_type(), %error, "look failed");
                    failure.get_or_insert(error);
                }
            }
        }
        Ok((looked, failure))
    }

    /// Looks at every service that this alarm guards, or whose groups, target groups or instances it is
    /// about.
    ///
    /// # Errors
    /// It could not be learned whose the instances are, or the definitions could not be read.
    pub async fn look_at_alarmed(&self, change: &AlarmChange) -> Result<(Vec<Looked>, Option<LookError>), CloudError> {
        let mut named = self.groups_of(&instances_among(&change.of)).await?;
        named.extend(change.of.iter().cloned());
        let concerns = |of: &Definition| of.is_guarded_by(change.alarm.as_str()) || is_named(of, &named);
        self.look_at_concerned(|of| concerns(of).then(|| Trigger::AlarmChanged(change.clone()))).await
    }

    /// Looks at every service that one of these instances is in.
    ///
    /// # Errors
    /// It could not be learned whose the instances are, or the definitions could not be read.
    pub async fn look_at_reported(
        &self,
        report: &InstanceReport,
    ) -> Result<(Vec<Looked>, Option<LookError>), CloudError> {
        let named = self.groups_of(&report.instances).await?;
        self.look_at_concerned(|of| is_named(of, &named).then(|| Trigger::InstancesReported(report.clone()))).await
    }

    /// The names of the groups that these instances are in. About none, nobody is asked.
    async fn groups_of(&self, instances: &[InstanceId]) -> Result<BTreeSet<String>, CloudError> {
        if instances.is_empty() {
            return Ok(BTreeSet::new());
        }
        let owners = self.world.owners(instances).await?;
        Ok(owners.into_values().map(String::from).collect())
    }
}

/// Those of an alarm's values that are ids of instances.
fn instances_among(values: &BTreeSet<String>) -> Vec<InstanceId> {
    let is_hex = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit());
    let ids = values.iter().filter(|value| value.strip_prefix("i-").is_some_and(is_hex));
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// Whether one of these is the name of a slot's group, or of its target group as CloudWatch names it.
fn is_named(definition: &Definition, names: &BTreeSet<String>) -> bool {
    Slot::BOTH.into_iter().any(|slot| {
        let slot = &definition.slots[slot];
        // arn:…:targetgroup/<name>/<id>
        let target_group = slot.target_group_arn.as_str().rsplit(':').next();
        names.contains(slot.asg.as_str()) || target_group.is_some_and(|name| names.contains(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = r#"{
        "name": "shop",
        "listener_arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2",
        "slots": {
            "blue": {"asg": "shop-blue", "target_group_arn":
                "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue-tg/1111111111111111"},
            "green": {"asg": "shop-green", "target_group_arn":
                "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green-tg/2222222222222222"}
        },
        "release": {"parameter": "/shop/{slot}/release"}
    }"#;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_service_is_named_by_either_group_and_either_target_group() {
        let shop = Definition::read(SHOP).unwrap();
        for name in [
            "shop-blue",
            "shop-green",
            "targetgroup/shop-blue-tg/1111111111111111",
            "targetgroup/shop-green-tg/2222222222222222",
        ] {
            assert!(is_named(&shop, &names(&["app/shop/1", name])), "{name}");
        }
    }

    #[test]
    fn a_service_is_not_named_by_what_only_resembles_its_groups() {
        let shop = Definition::read(SHOP).unwrap();
        for name in [
            "",
            "shop",
            "Shop-Blue",
            "shop-blue-tg",
            "app/shop/1",
            "targetgroup/shop-blue-tg",
            "targetgroup/shop-blue-tg/2222222222222222",
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue-tg/1111111111111111",
        ] {
            assert!(!is_named(&shop, &names(&[name])), "{name}");
        }
        assert!(!is_named(&shop, &BTreeSet::new()));
    }

    #[test]
    fn of_an_alarms_values_only_ids_of_instances_are_asked_about() {
        let values =
            ["i-1a2b3c4d", "i-0A1b2c3d4e5f60718", "i-", "i-x", "i-cache-1", "I-1a2b3c4d", "vol-1a2b3c4d", "1a2b"];
        let asked: Vec<String> = instances_among(&names(&values)).into_iter().map(String::from).collect();
        assert_eq!(asked, ["i-0A1b2c3d4e5f60718", "i-1a2b3c4d"]);
        assert!(instances_among(&names(&[&format!("i-{}", "a".repeat(63))])).is_empty(), "too long for an id");
    }
}

//! The contract: what AWS charges, and what is remembered of the months.

use jiff::{SignedDuration, Timestamp};
use signalbox_domain::billing::{Charge, Month, MonthName};
use signalbox_domain::money::Cents;
use signalbox_reconciler::ports::{Billing, Clock, Saved};

use crate::Place;

const PLAN: &str = r#"{"rungs":[{"at_usd":10,"do":["notify"]}]}"#;

/// A place where AWS charges.
pub(crate) trait Charged: Place<Ports: Billing> {
    /// A month whose charges nobody else puts or reads.
    fn month(&self) -> MonthName;
    /// Puts a reading: of one of AWS's services, or of all of them together.
    async fn put_reading(&self, of: Option<&str>, at: Timestamp, dollars: f64);
    /// Writes the billing plan, as a person would.
    async fn put_plan(&self, text: &str);
}

/// So many hours into the month: readings keep no more than their five minutes.
fn hours(month: MonthName, hours: i64) -> Timestamp {
    month.began() + SignedDuration::from_hours(hours)
}

pub(crate) async fn readings_are_those_of_the_whole_account_and_the_oldest_comes_first<P: Charged>(place: &P) {
    let month = place.month();
    for (at, dollars) in [(13, 17.25), (1, 5.0), (7, 9.999), (19, 40.0)] {
        place.put_reading(None, hours(month, at), dollars).await;
        place.put_reading(Some("AmazonEC2"), hours(month, at), dollars * 100.0).await;
    }
    let charges = place.ports().charges(month.began(), hours(month, 14)).await.unwrap();
    let charge = |at, cents| Charge { at: hours(month, at), total: Cents(cents) };
    assert_eq!(charges, [charge(1, 500), charge(7, 1_000), charge(13, 1_725)]);
}

pub(crate) async fn a_reading_that_was_put_just_now_is_read<P: Charged>(place: &P) {
    let now = place.ports().now();
    place.put_reading(None, now, 12.34).await;
    let charges = place.ports().charges(now - SignedDuration::from_hours(1), now).await.unwrap();
    assert_eq!(charges.iter().map(|charge| charge.total).collect::<Vec<_>>(), [Cents(1_234)]);
    assert!(now.duration_since(charges[0].at).abs() <= SignedDuration::from_mins(5), "{charges:?}");
}

pub(crate) async fn nothing_was_charged_where_no_reading_is<P: Charged>(place: &P) {
    let month = place.month();
    assert_eq!(place.ports().charges(month.began(), month.ended()).await.unwrap(), []);
    assert_eq!(place.ports().breakdown(month.began(), month.ended()).await.unwrap(), []);
}

pub(crate) async fn the_breakdown_has_the_newest_charge_of_each_service_and_the_dearest_first<P: Charged>(place: &P) {
    let month = place.month();
    place.put_reading(None, hours(month, 1), 17.0).await;
    for (service, at, dollars) in [
        ("AmazonS3", 1, 4.0),
        ("AmazonEC2", 7, 9.0),
        ("AmazonEC2", 1, 8.0),
        ("AmazonS3", 7, 4.5),
        ("AmazonRDS", 7, 11.0),
        ("AWSLambda", 7, 0.0),
    ] {
        place.put_reading(Some(service), hours(month, at), dollars).await;
    }
    let dearest = place.ports().breakdown(month.began(), month.ended()).await.unwrap();
    let expected = [("AmazonRDS", 1_100), ("AmazonEC2", 900), ("AmazonS3", 450)];
    assert_eq!(dearest, expected.map(|(service, cents)| (service.to_owned(), Cents(cents))));
}

/// A month with something in it.
fn remembered(place: &impl Place, month: MonthName, cents: i64) -> Month {
    // The table keeps whole seconds at least.
    let now = place.ports().now().round(jiff::Unit::Second).unwrap();
    let readings = vec![Charge { at: now, total: Cents(cents) }];
    Month { readings, ..Month::new(month, None, now) }
}

pub(crate) async fn a_month_is_written_by_whoever_read_it_last<P: Charged>(place: &P) {
    let (ports, name) = (place.ports(), place.month());
    let loaded = async || ports.load_month(name).await.unwrap().month;
    assert_eq!(loaded().await, None);
    let (first, second) = (remembered(place, name, 100), remembered(place, name, 200));
    let save = async |month: &Month, version| ports.save_month(month, version, ports.nonce()).await.unwrap();
    assert_eq!(save(&first, None).await, Saved::Done);
    assert_eq!(save(&second, None).await, Saved::Lost, "it exists");
    let (read, version) = loaded().await.unwrap();
    assert_eq!(read, first);
    assert_eq!(save(&second, Some(version)).await, Saved::Done);
    assert_eq!(save(&first, Some(version)).await, Saved::Lost, "it was read before");
    assert_eq!(loaded().await, Some((second, version + 1)));
}

pub(crate) async fn a_month_that_was_saved_is_known_by_its_writer_when_it_is_saved_again<P: Charged>(place: &P) {
    let (ports, name) = (place.ports(), place.month());
    let (month, nonce) = (remembered(place, name, 100), ports.nonce());
    for _ in 0..2 {
        assert_eq!(ports.save_month(&month, None, nonce).await.unwrap(), Saved::Done);
    }
    assert_eq!(ports.load_month(name).await.unwrap().month, Some((month, 1)));
}

pub(crate) async fn the_plan_and_two_months_are_read_together<P: Charged>(place: &P) {
    let (ports, name) = (place.ports(), place.month());
    let loaded = ports.load_month(name).await.unwrap();
    assert_eq!((loaded.plan, loaded.month, loaded.last), (None, None, None));
    place.put_plan(PLAN).await;
    let (own, last) = (remembered(place, name, 100), remembered(place, name.before(), 900));
    for month in [&own, &last, &remembered(place, name.before().before(), 800)] {
        assert_eq!(ports.save_month(month, None, ports.nonce()).await.unwrap(), Saved::Done);
    }
    let loaded = ports.load_month(name).await.unwrap();
    assert_eq!(loaded.plan.as_deref(), Some(PLAN));
    assert_eq!((loaded.month, loaded.last), (Some((own, 1)), Some(last)));
}

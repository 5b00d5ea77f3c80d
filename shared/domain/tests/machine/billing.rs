//! The ladder of charges: which readings are believed, which rungs fire, what people may say.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use signalbox_domain::billing::plan::{Measure, Plan};
use signalbox_domain::billing::{
    BudgetAlert, BudgetReport, Charge, Confirmed, Decision, Month, MonthName, Seen, Standing, Trigger, decide,
    forecast, judge,
};
use signalbox_domain::decision::Outcome;
use signalbox_domain::money::Cents;
use signalbox_domain::notice::Kind;

const PLAN: &str = r#"{"rungs":[{"at_usd":10,"do":["notify"]},{"at_usd":20,"do":["notify","freeze_deployments"]},
    {"at_usd":50,"do":["notify","freeze_deployments","retire_standby","cap_scaling"]}]}"#;

/// An account whose charges are looked at.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) plan: Plan,
    pub(crate) month: Option<Month>,
    pub(crate) last: Option<Month>,
    pub(crate) seen: Seen,
    pub(crate) now: Timestamp,
    /// What was told, oldest first.
    pub(crate) told: Vec<(Kind, String)>,
}

impl Account {
    pub(crate) fn new() -> Account {
        Account {
            plan: Plan::read(PLAN).unwrap(),
            month: None,
            last: None,
            seen: Seen { charges: Some(Vec::new()), breakdown: None },
            now: "2026-11-10T00:00:00Z".parse().unwrap(),
            told: Vec::new(),
        }
    }

    /// Six hours pass, and AWS puts a reading.
    pub(crate) fn reads(&mut self, dollars: f64) -> Decision {
        self.puts(dollars);
        self.look(&Trigger::Heartbeat)
    }

    pub(crate) fn puts(&mut self, dollars: f64) {
        self.now += SignedDuration::from_hours(6);
        let total = Cents::from_dollars(dollars).unwrap();
        self.seen.charges.get_or_insert_default().push(Charge { at: self.now, total });
    }

    pub(crate) fn look(&mut self, trigger: &Trigger) -> Decision {
        let name = MonthName::of(self.now);
        if self.month.as_ref().is_some_and(|month| month.month != name) {
            self.last = self.month.take();
        }
        let decision = decide(&self.plan, self.month.as_ref(), self.last.as_ref(), &self.seen, trigger, self.now);
        if decision.news {
            let text = serde_json::to_string(&decision.next).unwrap();
            let mut next: Month = serde_json::from_str(&text).unwrap();
            assert_eq!(next, decision.next, "{text}");
            self.told.extend(next.outbox.drain(..).map(|notice| (notice.kind, notice.text)));
            self.month = Some(next);
        }
        decision
    }

    /// A history of small charges.
    pub(crate) fn known(mut self) -> Account {
        for dollars in [6.0, 7.0, 8.0, 9.0] {
            self.reads(dollars);
        }
        self
    }

    fn fired(&self) -> Vec<i64> {
        self.month.iter().flat_map(|month| &month.fired).map(|fired| fired.rung.0).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.told.iter().map(|(kind, _)| *kind).collect()
    }
}

fn dollars(rungs: &[Cents]) -> Vec<i64> {
    rungs.iter().map(|rung| rung.0 / 100).collect()
}

#[test]
fn a_jump_past_three_rungs_fires_each_once_and_in_order() {
    let mut account = Account::new().known();
    let decision = account.reads(55.0);
    assert_eq!(dollars(&decision.fired), [10, 20, 50]);
    assert_eq!(account.kinds(), [Kind::ChargesPassed; 3]);
    let measures = decision.constraint.unwrap().measures;
    assert_eq!(measures, [Measure::FreezeDeployments, Measure::RetireStandby, Measure::CapScaling].into());
    assert_eq!(decision.answer.reading_usd.unwrap().to_string(), "55");
    assert!(account.told[1].1.starts_with("AWS charges: $20.00 is passed: $55.00 so far in November 2026.\n"));
    for total in [55.0, 56.0, 55.5] {
        assert!(account.reads(total).fired.is_empty());
    }
    assert_eq!(account.told.len(), 3);
}

#[test]
fn in_steps_each_rung_fires_when_it_is_reached() {
    let mut account = Account::new().known();
    for (total, fired) in [(9.99, vec![]), (10.0, vec![10]), (19.0, vec![]), (21.0, vec![20]), (50.0, vec![50])] {
        assert_eq!(dollars(&account.reads(total).fired), fired, "at {total}");
    }
}

#[test]
fn an_absurd_reading_is_told_once_and_nothing_is_done_about_it() {
    for times in [1e3, 1e6, 1e9] {
        let mut account = Account::new().known();
        for _ in 0..6 {
            let decision = account.reads(9.0 * times);
            assert_eq!((decision.fired, decision.constraint), (vec![], None));
        }
        assert_eq!(account.kinds(), [Kind::ChargesImplausible], "absurd ones never confirm each other");
        let back = account.reads(9.5);
        assert!(back.fired.is_empty());
        assert_eq!(account.kinds().last(), Some(&Kind::ChargesPlausible));
        assert_eq!(dollars(&account.reads(11.0).fired), [10], "and the ladder goes on");
    }
}

#[test]
fn a_person_may_say_that_it_is_right() {
    let mut account = Account::new().known();
    account.reads(400.0);
    assert!(account.fired().is_empty());
    let confirmed = account.look(&Trigger::Confirm { reason: "a month of GPU".to_owned() });
    assert_eq!(confirmed.answer.outcome, Some(Outcome::Accepted));
    assert_eq!(dollars(&confirmed.fired), [10, 20, 50]);
    assert!(confirmed.constraint.is_some());
    assert!(account.reads(500.0).constraint.is_some(), "what follows is held against what was confirmed");
    let idle = account.look(&Trigger::Confirm { reason: "again".to_owned() });
    assert_eq!(idle.answer.outcome, Some(Outcome::Idle));
}

#[test]
fn with_few_readings_people_are_told_and_no_more() {
    let mut account = Account::new();
    let first = account.reads(55.0);
    assert_eq!((dollars(&first.fired), first.constraint), (vec![10, 20, 50], None));
    assert!(account.told[2].1.contains("Nothing is done yet, since 1 of the 4 readings"), "{}", account.told[2].1);
    account.reads(55.1);
    account.reads(55.2);
    assert_eq!(account.month.as_ref().unwrap().in_force, None);
    let fourth = account.reads(55.3);
    assert!(fourth.fired.is_empty() && fourth.constraint.is_some());
    assert_eq!(account.told.len(), 4, "that it is in force now is told");
}

#[test]
fn an_absurd_reading_among_few_never_becomes_the_rule() {
    let mut account = Account::new();
    account.reads(3.0);
    account.reads(3.1);
    for _ in 0..10 {
        assert_eq!(account.reads(3_000_000.0).constraint, None);
    }
    assert_eq!(account.told.len(), 3);
}

#[test]
fn a_release_lifts_everything_until_a_higher_rung() {
    let mut account = Account::new().known();
    account.reads(25.0);
    let released = account.look(&Trigger::Release { reason: "we pay".to_owned() });
    assert_eq!((released.constraint, released.answer.outcome), (None, Some(Outcome::Accepted)));
    for total in [25.0, 30.0, 49.99] {
        let decision = account.reads(total);
        assert!(decision.fired.is_empty() && decision.constraint.is_none());
    }
    let higher = account.reads(50.0);
    assert_eq!(dollars(&higher.fired), [50]);
    assert!(higher.constraint.is_some());
    account.look(&Trigger::Release { reason: "still".to_owned() });
    let again = account.look(&Trigger::Release { reason: "twice".to_owned() });
    assert_eq!(again.answer.outcome, Some(Outcome::Idle));
}

#[test]
fn an_exemption_has_an_owner_and_an_end() {
    let mut account = Account::new().known();
    account.reads(25.0);
    let exempt = |until: Timestamp| Trigger::Exempt { until, owner: "ana".to_owned(), reason: "a demo".to_owned() };
    let over = account.look(&exempt(account.now));
    assert_eq!(over.answer.outcome, Some(Outcome::Refused));
    let until = account.now + SignedDuration::from_hours(13);
    assert_eq!(account.look(&exempt(until)).constraint, None);
    let during = account.reads(55.0);
    assert_eq!((dollars(&during.fired), during.constraint), (vec![50], None));
    assert!(account.told.last().unwrap().1.contains("ana answers for it: a demo"));
    account.reads(55.1);
    assert!(account.reads(55.2).constraint.is_some(), "it is over");
}

#[test]
fn a_dry_run_says_what_it_would_do() {
    let mut account = Account::new().known();
    account.plan.dry_run = true;
    let decision = account.reads(55.0);
    assert_eq!((decision.fired.len(), decision.constraint), (3, None));
    assert!(account.told[2].1.contains("Nothing is done: the plan says dry_run. It would be: no deployment begins"));
}

#[test]
fn the_turn_of_the_month_lifts_everything_once_and_the_ladder_begins_anew() {
    let mut account = Account::new().known();
    account.reads(55.0);
    account.now = "2026-11-30T23:00:00Z".parse().unwrap();
    // The old total comes a little late.
    let turned = account.reads(55.4);
    assert_eq!((turned.constraint, turned.fired.len()), (None, 0));
    assert_eq!(turned.answer.reading_usd, None, "it is still last month's");
    assert!(account.told.last().unwrap().1.contains("December 2026 has begun: what was in force is lifted"));
    let told = account.told.len();
    for total in [55.4, 0.2, 0.9, 3.0] {
        assert!(account.reads(total).fired.is_empty());
    }
    assert_eq!(account.told.len(), told);
    assert_eq!(dollars(&account.reads(12.0).fired), [10]);
}

#[test]
fn a_month_that_begins_higher_than_the_last_one_ended_is_seen_after_two_days() {
    let mut account = Account::new();
    account.now = "2026-11-30T00:00:00Z".parse().unwrap();
    for total in [1.0, 1.1, 1.2, 1.3] {
        account.reads(total);
    }
    for _ in 0..7 {
        assert!(account.reads(12.0).fired.is_empty());
    }
    assert_eq!(dollars(&account.reads(12.0).fired), [10]);
}

#[test]
fn a_forecast_is_told_once_and_nothing_is_done_on_it() {
    let mut account = Account::new();
    account.now = "2026-11-01T00:00:00Z".parse().unwrap();
    for number in 1..=24 {
        let decision = account.reads(0.38 * f64::from(number));
        assert_eq!((decision.fired, decision.constraint), (vec![], None));
    }
    assert_eq!(account.kinds(), [Kind::ChargesForecast]);
    assert!(account.told[0].1.contains("which is above $10.00 and $20.00. It is only told"), "{}", account.told[0].1);
    let budgets = Trigger::BudgetReported(BudgetReport { alert: BudgetAlert::Forecasted, amount: Cents(6_340) });
    let decision = account.look(&budgets);
    assert_eq!((decision.fired, decision.constraint), (vec![], None));
    assert!(account.told.last().unwrap().1.contains("AWS Budgets expects $63.40, which is above $50.00"));
    let told = account.told.len();
    account.look(&budgets);
    assert_eq!(account.told.len(), told);
}

#[test]
fn an_actual_amount_in_a_mail_is_a_nudge_and_never_a_reading() {
    let mut account = Account::new().known();
    let mail = Trigger::BudgetReported(BudgetReport { alert: BudgetAlert::Actual, amount: Cents(9_000_000) });
    let decision = account.look(&mail);
    assert_eq!((decision.fired, decision.constraint, decision.news), (vec![], None, false));
}

#[test]
fn a_forecast_is_a_line_with_its_error() {
    let month = MonthName::of("2026-11-10T00:00:00Z".parse().unwrap());
    let charge = |number: i64, cents: i64| Charge {
        at: month.began() + SignedDuration::from_hours(6 * number),
        total: Cents(cents),
    };
    let straight: Vec<Charge> = (1..=20).map(|number| charge(number, number * 50)).collect();
    let exact = forecast(&straight, month).unwrap();
    assert_eq!((exact.total, exact.error), (Cents(6_000), Cents(0)));
    assert_eq!(exact.to_string(), "$60.00 +/- $0.00");
    let rough: Vec<Charge> =
        (1..=20).map(|number| charge(number, number * 50 + if number % 2 == 0 { 40 } else { -40 })).collect();
    let about = forecast(&rough, month).unwrap();
    assert!(about.error > Cents(50) && (about.total.0 - 6_000).abs() < 400, "{about}");
    assert_eq!(forecast(&straight[..5], month), None, "too few");
    assert_eq!(forecast(&straight[..12], month), None, "too close together");
}

#[test]
fn silence_is_told_once_a_day() {
    let mut account = Account::new();
    account.look(&Trigger::Heartbeat);
    assert_eq!(account.kinds(), [Kind::ChargesSilent]);
    assert!(account.told[0].1.contains("Receive CloudWatch billing alerts"));
    for _ in 0..50 {
        account.now += SignedDuration::from_mins(30);
        account.look(&Trigger::Heartbeat);
    }
    assert_eq!(account.told.len(), 2);
    account.reads(1.0);
    account.now += SignedDuration::from_hours(25);
    account.look(&Trigger::Heartbeat);
    assert!(account.told.last().unwrap().1.contains("no new reading since Nov 11"));
    account.seen.charges = None;
    account.now += SignedDuration::from_hours(25);
    let told = account.told.len();
    assert!(account.look(&Trigger::Heartbeat).answer.reason.contains("could not be read"));
    assert_eq!(account.told.len(), told, "not readable is not silent");
}

#[test]
fn a_question_changes_nothing() {
    let mut account = Account::new().known();
    account.puts(55.0);
    for question in [Trigger::Status, Trigger::Preview] {
        let answered = account.look(&question);
        assert_eq!((answered.news, answered.fired), (false, vec![]));
    }
    account.look(&Trigger::Heartbeat);
    let status = account.look(&Trigger::Status).answer;
    insta::assert_snapshot!(status.reason, @"$55.00 so far in November 2026. Passed: $10.00, $20.00, $50.00. In force since Nov 11 06:00 UTC by $50.00: no deployment begins (rollbacks pass); the warm way back ends; the live group grows no further. To lift it: signalbox billing release --reason \"…\"");
    let status = status.status.unwrap();
    assert_eq!((status.standing, status.lift_with.is_some()), (Some("proven"), true));
}

#[test]
fn the_notices_as_people_read_them() {
    let mut account = Account::new().known();
    account.puts(55.0);
    account.seen.breakdown = Some(vec![
        ("AmazonEC2".to_owned(), Cents(3_120)),
        ("AmazonRDS".to_owned(), Cents(1_811)),
        ("AmazonS3".to_owned(), Cents(312)),
        ("AWSLambda".to_owned(), Cents(1)),
    ]);
    account.look(&Trigger::Heartbeat);
    account.seen.breakdown = None;
    account.reads(55_000_000.0);
    account.look(&Trigger::Confirm { reason: "no joke".to_owned() });
    account.look(&Trigger::Release { reason: "the boss said so".to_owned() });
    let texts: Vec<&str> = account.told.iter().map(|(_, text)| text.as_str()).collect();
    insta::assert_snapshot!(texts.join("\n---\n"));
}

/// What may happen to an account.
#[derive(Clone, Debug)]
enum Event {
    Reads(f64),
    Absurd(f64),
    Unreadable,
    Release,
    Confirm,
    Exempt(i64),
    Budgets(bool, i64),
    NextMonth,
    DryRun(bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0.0..4.0f64).prop_map(Event::Reads),
        2 => (1e3..1e9f64).prop_map(Event::Absurd),
        1 => Just(Event::Unreadable),
        1 => Just(Event::Release),
        1 => Just(Event::Confirm),
        1 => (1i64..100).prop_map(Event::Exempt),
        1 => (any::<bool>(), 0i64..1_000_000).prop_map(|(actual, cents)| Event::Budgets(actual, cents)),
        1 => Just(Event::NextMonth),
        1 => any::<bool>().prop_map(Event::DryRun),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Each rung fires at most once a month and in order; nothing is done on what is not believed, and nothing on a
    /// forecast; what is in force is what rungs that fired on believed readings say.
    #[test]
    fn the_ladder_holds_whatever_happens(events in proptest::collection::vec(event(), 1..60)) {
        let mut account = Account::new();
        let mut total = 5.0;
        let mut fired_in: std::collections::BTreeMap<MonthName, Vec<Cents>> = Default::default();
        for event in events {
            let decision = match &event {
                Event::Reads(more) => {
                    total += more;
                    account.reads(total)
                }
                Event::Absurd(times) => account.reads(total * times),
                Event::Unreadable => {
                    let charges = account.seen.charges.take();
                    let decision = account.look(&Trigger::Heartbeat);
                    account.seen.charges = charges;
                    decision
                }
                Event::Release => account.look(&Trigger::Release { reason: "x".to_owned() }),
                Event::Confirm => account.look(&Trigger::Confirm { reason: "x".to_owned() }),
                Event::Exempt(hours) => {
                    let until = account.now + SignedDuration::from_hours(*hours);
                    account.look(&Trigger::Exempt { until, owner: "x".to_owned(), reason: "x".to_owned() })
                }
                Event::Budgets(actual, cents) => {
                    let alert = if *actual { BudgetAlert::Actual } else { BudgetAlert::Forecasted };
                    account.look(&Trigger::BudgetReported(BudgetReport { alert, amount: Cents(*cents) }))
                }
                Event::NextMonth => {
                    account.now = MonthName::of(account.now).ended();
                    total = 0.1;
                    account.reads(total)
                }
                Event::DryRun(dry) => {
                    account.plan.dry_run = *dry;
                    account.look(&Trigger::Heartbeat)
                }
            };
            let month = decision.next.month;
            let fired = fired_in.entry(month).or_default();
            fired.extend(&decision.fired);
            prop_assert!(fired.is_sorted_by(|one, two| one < two), "{event:?}: {fired:?}");
            let said = |month: Option<&Month>| month.and_then(|month| Some(month.confirmed.as_ref()?.up_to));
            let confirmed = Confirmed { last: said(account.last.as_ref()), own: said(Some(&decision.next)) };
            let judged = judge(
                account.seen.charges.as_deref().unwrap_or_default(),
                month,
                &account.plan.plausibility,
                confirmed,
            );
            if matches!(judged.newest, Some((_, Standing::Implausible { .. }))) {
                let usable = judged.usable.map_or(Cents(0), |(charge, _)| charge.total);
                prop_assert!(decision.fired.iter().all(|rung| *rung <= usable));
            }
            if matches!(event, Event::Budgets(..)) {
                prop_assert!(decision.fired.is_empty());
            }
            if let Some(constraint) = &decision.constraint {
                prop_assert!(!account.plan.dry_run);
                let highest = judged.believed.iter().map(|charge| charge.total).max();
                prop_assert!(highest.is_some_and(|highest| highest >= constraint.rung));
            }
        }
    }
}

//! The reporter is killed before and after everything that it does for a report. Whatever the moment, everybody hears
//! of it, though nobody delivers it again.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox_tests::moto::{Moto, On, When};

use super::{Desk, bug, sample, subject};

/// What it does for one report, in its order; how often it did the same before.
const EFFECTS: [(&str, u32); 5] =
    [("TransactWriteItems", 0), ("Publish", 0), ("Publish", 1), ("SendEmail", 0), ("TransactWriteItems", 1)];
/// Whoever saved a report has it for so long, alive or not.
const CLAIM: Duration = Duration::from_secs(60);

/// P3.
#[tokio::test]
async fn a_report_reaches_everybody_wherever_its_function_was_killed() {
    let desk = Desk::within(&Moto::start()).await;
    let moto = desk.stack.moto();
    let reporter = desk.start().await;
    let mut killed = Vec::new();
    for (effect, before) in EFFECTS {
        for when in [When::Before, When::After] {
            let place = format!("{when:?} {effect} {before}");
            // Of an address each, since they are more than one may send within the hour.
            let report = bug(&format!("user{}@example.com", killed.len()), &format!("killed {place}"));
            moto.hold(On::call(effect), when, before).await;
            let running = reporter.begin(desk.event(std::slice::from_ref(&report)));
            moto.wait_held(Duration::from_secs(20)).await;
            reporter.kill().await;
            moto.wait_let_go(Duration::from_secs(20)).await;
            let _ = running.await;
            reporter.restart().await;
            killed.push((place, report));
        }
    }
    // The first was killed before anything was saved: only who sent it knows of it.
    let unsaved = desk.event(&[killed[0].1.clone()]);
    assert_eq!(reporter.invoke(unsaved).await.unwrap(), super::answer(1, 0, 0));

    tokio::time::sleep(CLAIM).await;
    let resent = reporter.invoke(sample("invoke/resend")).await.unwrap();
    assert_eq!(
        resent,
        json!({"resent": 8, "owed": 0}),
        "all but the first and the last, which had only to be written down"
    );
    let mails = desk.mails().await;
    let published = [desk.published(&desk.reports).await, desk.published(&desk.chat).await].map(|all| json!(all));
    for (place, _) in &killed {
        let of_place = |mail: &&Value| subject(mail).ends_with(&format!("killed {place}"));
        let count = mails.iter().filter(of_place).count();
        // A mail whose sender died before it could write that down may be sent twice, and no other.
        let twice = ["After SendEmail 0", "Before TransactWriteItems 1"].contains(&place.as_str());
        assert_eq!(count, if twice { 2 } else { 1 }, "{place}: {mails:#?}");
        for (name, all) in ["reports", "chat"].iter().zip(&published) {
            assert!(all.to_string().contains(&format!("killed {place}")), "{place} is missing in {name}");
        }
    }
    assert_eq!(reporter.invoke(sample("invoke/resend")).await.unwrap(), json!({"resent": 0, "owed": 0}));
    assert_eq!(desk.mails().await.len(), mails.len());
}

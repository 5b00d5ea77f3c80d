use jiff::{SignedDuration, Timestamp};
use signalbox_domain::decision::{Action, Outcome};
use signalbox_domain::slot::{BySlot, Slot, Split};
use signalbox_domain::trigger::AlarmState;
use signalbox_reconciler::ports::DecisionItem;

use super::*;
use crate::checkers::Invariant;
use crate::traffic::Second;
use crate::world::Happening;

const NASTY: &str = "<script>alert('x')</script> & \"quoted\" \u{7}";
const VOID: [&str; 4] = ["meta", "input", "!DOCTYPE", "br"];

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn decision(seconds: i64, trigger: &str, reason: &str) -> DecisionItem {
    DecisionItem {
        at: at(seconds),
        trigger: trigger.to_owned(),
        request: None,
        outcome: Outcome::Advanced,
        reason: reason.to_owned(),
        operation: Some("d-1".to_owned()),
        phase: Some("rolling_back".to_owned()),
        actions: vec![Action::Route { split: Split::Only(Slot::Blue) }; 5],
    }
}

/// A world of so many seconds in which something changes again and again.
fn busy(seconds: i64) -> World {
    let mut world = World::new(1, at(0));
    for second in 1..=seconds {
        let green = u8::try_from(second / 60 % 101).unwrap();
        let healthy = BySlot { blue: 1, green: u32::try_from(second / 90 % 3).unwrap() };
        let weights = BySlot { blue: 100 - green, green };
        let failed = u32::try_from(second * 7 % 20).unwrap();
        world.counted.seconds.push(Second { at: at(second), weights, healthy, failed });
        if second % 60 == 0 {
            world.chronicle.push((at(second), Happening::Weights(weights)));
            world.chronicle.push((at(second), Happening::Told(format!("codedetect: notice of second {second}"))));
        }
        if second % 300 == 0 {
            let state = if second % 600 == 0 { AlarmState::Ok } else { AlarmState::Alarm };
            world.chronicle.push((at(second), Happening::Alarm("errors".to_owned(), state)));
            world.chronicle.push((at(second), Happening::Person(format!("somebody looks at second {second}"))));
        }
        if second % 30 == 0 {
            let decision = decision(second, "heartbeat", &format!("a decision of second {second}"));
            world.table.decisions.push(("codedetect".to_owned(), decision));
        }
    }
    world
}

fn violation(seconds: i64, what: &str) -> Violation {
    Violation { at: at(seconds), invariant: Invariant::Served, what: what.to_owned() }
}

/// Every tag that is opened is closed in turn, and no stray `<` or `&` stands in the text.
fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        assert_entities(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes pair in <{tag}>");
        assert_entities(tag);
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes what is open");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        if name == "style" || name == "script" {
            rest = &rest[rest.find(&format!("</{name}>")).unwrap_or(0)..];
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "everything is closed");
}

fn assert_entities(text: &str) {
    for part in text.split('&').skip(1) {
        let entity = part.split(';').next().unwrap();
        assert!(["amp", "lt", "gt", "quot", "#39"].contains(&entity), "&{entity} is an entity");
    }
}

#[test]
fn every_text_is_shown_as_it_is_and_never_acts() {
    let mut world = busy(60);
    world.chronicle.push((at(1), Happening::Person(NASTY.to_owned())));
    world.chronicle.push((at(2), Happening::Told(NASTY.to_owned())));
    world.chronicle.push((at(3), Happening::Alarm(NASTY.to_owned(), AlarmState::Alarm)));
    world.counted.failed_by_release.insert(NASTY.to_owned(), 1);
    world.table.decisions.push((NASTY.to_owned(), decision(4, NASTY, NASTY)));
    let page = page(NASTY, &world, &[violation(5, NASTY)]);
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(
        page.contains(
            "<title>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quoted&quot; \u{fffd}</title>"
        )
    );
    assert_well_formed(&page);
}

#[test]
fn every_violation_decision_and_happening_is_on_the_page() {
    let world = busy(1_200);
    let violations = [violation(70, "nobody answered"), violation(900, "nobody answered again")];
    let page = page("All of it", &world, &violations);
    for violation in &violations {
        assert!(page.matches(&violation.what).count() >= 2, "{violation} stands at the top and in the order");
    }
    for (_, decision) in &world.table.decisions {
        assert!(page.contains(&decision.reason), "{}", decision.reason);
    }
    for (_, happening) in &world.chronicle {
        assert!(page.contains(&happening.to_string()), "{happening:?}");
    }
    assert!(page.contains("2 violations"));
    assert!(!page.contains("No violations"));
}

#[test]
fn the_page_is_well_formed_whatever_the_world_holds() {
    assert_well_formed(&page("Busy", &busy(3_600), &[violation(70, "nobody answered")]));
    assert_well_formed(&page("Quiet", &busy(20), &[]));
    assert_well_formed(&page("Nothing", &World::new(1, at(0)), &[]));
}

#[test]
fn three_busy_hours_fit_in_400_kilobytes() {
    let world = busy(3 * 3_600);
    let page = page("Three hours", &world, &[]);
    assert_eq!(world.table.decisions.len(), 360);
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn no_change_is_lost_between_two_points() {
    let mut world = busy(0);
    for second in 1..=10_800 {
        let healthy = BySlot { blue: u32::from(second != 5_000), green: 0 };
        let weights = BySlot { blue: 100, green: 0 };
        world.counted.seconds.push(Second { at: at(second), weights, healthy, failed: u32::from(second == 5_000) });
    }
    let page = page("One second", &world, &[]);
    assert!(page.contains("M0 1V0H5000V1H5001V0H10800V1Z"), "one second without a healthy target is drawn");
    assert!(page.contains("healthy: [[0,1,0],[5000,0,0],[5001,1,0]]"), "and told by the read-out");
}

#[test]
fn nothing_is_loaded_from_outside() {
    let page = page("Alone", &busy(600), &[]);
    for outside in ["http:", "https:", "src=", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn an_alarm_that_never_ends_fires_to_the_end_of_the_axis() {
    let mut world = busy(100);
    world.chronicle.push((at(41), Happening::Alarm("errors".to_owned(), AlarmState::Alarm)));
    let page = page("On fire", &world, &[]);
    assert!(page.contains("<path class=\"fired\" d=\"M41 0H100V1H41Z\"/>"));
}

#[test]
fn numbers_and_shares_read_as_people_write_them() {
    assert_eq!(count(7), "7");
    assert_eq!(count(1_234_567), "1,234,567");
    assert_eq!(per_hundred(149, 89_700), "0.17");
    assert_eq!(per_hundred(0, 0), "0.00");
}

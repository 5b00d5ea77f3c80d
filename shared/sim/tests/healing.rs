//! What launching first, confirming and the breakers are worth, beside a group that heals itself.

#![allow(clippy::unwrap_used, reason = "this is test code: a failed step is a failed test")]

use signalbox_sim::healing::{Ailment, Course, Healer, course};

fn courses(size: u32, ailment: Ailment, healer: Healer) -> Vec<Course> {
    (0..40).map(|seed| course(size, ailment, healer, seed).unwrap()).collect()
}

#[test]
fn one_of_one_that_still_answers_is_replaced_without_a_second_below_capacity() {
    let ours = courses(1, Ailment::Ails, Healer::Signalbox);
    assert!(ours.iter().all(|course| course.seconds_below == 0 && course.lost == 1), "{ours:?}");
    let group = courses(1, Ailment::Ails, Healer::Group);
    assert!(group.iter().all(|course| course.seconds_down > 60), "{group:?}");
}

#[test]
fn who_recovers_soon_is_not_lost() {
    for size in [1, 3] {
        let ours = courses(size, Ailment::Passes, Healer::Signalbox);
        assert!(ours.iter().all(|course| course.lost == 0), "{ours:?}");
    }
}

#[test]
fn what_befalls_all_of_three_loses_nobody() {
    let ours = courses(3, Ailment::Everybody, Healer::Signalbox);
    assert!(ours.iter().all(|course| course.lost == 0), "{ours:?}");
}

#[test]
fn who_is_truly_dead_costs_no_more_than_confirming_beyond_what_a_group_takes() {
    for size in [1, 3] {
        let total =
            |healer| courses(size, Ailment::Dies, healer).iter().map(|course| course.seconds_below).sum::<u64>();
        let (ours, group) = (total(Healer::Signalbox) / 40, total(Healer::Group) / 40);
        assert!(ours <= group + 75, "{size}: {ours} s, and {group} s in a group that heals itself");
    }
}

//! One contract, held by two worlds: the simulated cloud, and the AWS adapters against the emulator.
//! What the simulation found out about our decisions is worth as much as this.
//!
//! Where AWS is documented to differ from the emulator, the simulation follows AWS, and [`Place`] says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code: a failed step is a failed test, at the line where it failed"
)]
#![allow(clippy::disallowed_methods, reason = "the bans keep the functions' clock and environment in one place")]

mod behaviours;
mod billing;
mod emulator;
mod instances;
mod replacements;
mod reports;
mod simulation;

use jiff::SignedDuration;
use signalbox_domain::definition::Definition;
use signalbox_domain::slot::Slot;
use signalbox_reconciler::ports::World;

/// Where the contract is held.
trait Place {
    /// The ports of this place.
    type Ports: World;
    /// Targets that leave are seen draining for the deregistration delay
    /// ([deregistration](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay)).
    /// In the emulator they are gone at once.
    const DRAINS: bool;
    /// An instance takes a while to boot and to pass its checks. In the emulator it is healthy at once.
    const BOOTS: bool;
    /// The zones that the groups span.
    const ZONES: &[&str];

    fn ports(&self) -> Self::Ports;
    /// The service, with one guard alarm that exists and one, `not-there`, that does not.
    fn definition(&self) -> Definition;
    /// Lets the load balancer's health check decide about a group's instances, after this grace period.
    async fn heal_by_itself(&self, slot: Slot, grace: SignedDuration);
    /// Lets a little time pass.
    async fn pass(&self);
}

/// Each behaviour as a test of its own in each place.
macro_rules! held_in_both {
    ($($file:ident: [$($behaviour:ident),+ $(,)?]),+ $(,)?) => {
        mod in_the_simulation {
            $($(#[test]
            fn $behaviour() {
                crate::simulation::run(|place| async move { crate::$file::$behaviour(&place).await });
            })+)+
        }
        mod on_the_emulator {
            $($(#[tokio::test]
            async fn $behaviour() {
                crate::$file::$behaviour(&crate::emulator::Emulator::create().await).await;
            })+)+
        }
    };
}

held_in_both!(
    behaviours: [
        weights_read_back_as_they_were_written,
        a_group_that_no_rule_names_is_not_checked,
        a_group_grows_to_its_desired_size_and_shrinks_to_nothing,
        sizes_that_contradict_each_other_are_refused_and_change_nothing,
        processes_are_suspended_and_resumed_once_however_often_it_is_said,
        a_release_reads_back_and_the_other_slot_keeps_its_own,
        an_alarm_that_does_not_exist_is_missing_and_no_error,
        a_slot_without_requests_is_quiet,
        nothing_stands_around_a_service_of_its_own,
        a_record_is_written_by_whoever_read_it_last,
        busy_services_are_nominated_and_others_are_not,
        a_request_that_was_accepted_is_known_from_then_on,
        an_operation_that_is_not_there_is_none_and_no_error,
        a_notice_leaves,
    ],
    instances: [
        an_instance_that_is_terminated_with_decrement_is_the_one_that_leaves_and_the_group_is_one_smaller,
        terminating_it_again_changes_nothing,
        a_decrement_below_the_minimum_is_refused,
        a_group_launches_nothing_while_that_is_suspended,
        the_group_an_instance_is_in_is_known,
        instances_are_in_the_zones_that_their_group_spans,
        a_group_says_whether_it_heals_itself_and_after_which_grace_period,
        an_instance_that_no_hook_holds_is_let_go_and_held_without_complaint,
    ],
    billing: [
        readings_are_those_of_the_whole_account_and_the_oldest_comes_first,
        a_reading_that_was_put_just_now_is_read,
        nothing_was_charged_where_no_reading_is,
        the_breakdown_has_the_newest_charge_of_each_service_and_the_dearest_first,
        a_month_is_written_by_whoever_read_it_last,
        a_month_that_was_saved_is_known_by_its_writer_when_it_is_saved_again,
        the_plan_and_two_months_are_read_together,
    ],
    replacements: [
        a_replacement_reads_back_as_it_was_written_and_as_it_went_on,
        operations_that_lose_the_race_are_not_written,
    ],
    reports: [
        a_report_that_never_came_is_none_and_no_error,
        a_report_its_thread_and_the_desk_read_back_as_they_were_written,
        where_one_part_was_changed_meanwhile_nothing_is_written,
        what_is_owed_is_claimed_by_one_alone,
    ],
);

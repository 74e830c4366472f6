//! What a store promises, for every store: one suite in the language of the trait.
//!
//! Each case runs on both engines, bare and behind a store that fails before, fails after it has
//! done its work, or is slow, with a caller that sends again (`common/faulty.rs`). A case is a
//! function that is given a place for a project; the table at the end makes the tests.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod admission;
pub mod answers;
pub mod backup;
pub mod claims;
pub mod leases;
pub mod model;
pub mod mongo_query_cost;
pub mod planned_project;
pub mod queue;
pub mod races;
pub mod random;
pub mod reading;
pub mod restarts;
pub mod stats;
pub mod store_under_test;
pub mod verify;
pub mod work_steps;

use self::store_under_test::{Engine, Faults, StoreUnderTest};

macro_rules! suite {
    ($($module:ident::$case:ident,)*) => {
        suite!(@on sqlite, Engine::Sqlite, Faults::None, $($module::$case,)*);
        suite!(@on sqlite_faulty, Engine::Sqlite, Faults::Some, $($module::$case,)*);
        suite!(@on mongo, Engine::Mongo, Faults::None, $($module::$case,)*);
        suite!(@on mongo_faulty, Engine::Mongo, Faults::Some, $($module::$case,)*);
    };
    (@on $name:ident, $engine:expr, $faults:expr, $($module:ident::$case:ident,)*) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let place = StoreUnderTest::fresh($engine, $faults).await;
                    $module::$case(&place).await;
                    place.remove().await;
                }
            )*
        }
    };
}

suite! {
    admission::tasks_stand_in_the_order_in_which_they_came,
    admission::a_task_is_there_once_however_often_it_is_admitted,
    admission::a_task_comes_out_as_it_went_in,
    admission::a_higher_priority_comes_first_and_is_told_of,
    admission::a_loaded_file_is_remembered,
    admission::the_rule_of_identity_is_set_once,
    admission::an_edition_has_one_number_for_ever,
    admission::keys_are_kept_or_replaced_as_is_asked_for,
    admission::of_two_who_make_the_first_key_one_prevails,
    queue::a_lane_shows_what_is_free_in_it_and_nothing_else,
    queue::the_first_open_task_is_one_that_this_annotator_may_have,
    claims::a_slot_is_handed_out_once,
    claims::a_claim_that_is_sent_again_is_granted_again,
    claims::a_claim_needs_a_lane_and_no_earlier_answer,
    claims::one_group_can_fill_a_task,
    answers::an_answer_counts_and_finishes_its_task,
    answers::an_answer_that_is_sent_again_changes_nothing,
    answers::a_second_thought_replaces_the_first_and_an_old_copy_does_not,
    answers::an_answer_without_a_lease_fills_a_free_slot,
    answers::an_answer_without_a_slot_is_stored_as_late,
    answers::an_answer_to_what_is_not_theirs_is_unknown,
    answers::one_group_may_hold_several_answers_to_one_task,
    answers::what_an_interface_adds_comes_out_as_it_went_in,
    leases::what_is_in_hand_survives_a_restart,
    leases::what_is_held_beyond_its_time_comes_back,
    leases::a_renewal_prolongs_and_never_shortens,
    leases::what_is_released_comes_back,
    reading::a_task_is_found_by_its_identity_and_by_its_hash,
    reading::the_history_is_the_last_answers_first,
    reading::the_history_is_read_back_to_the_first_answer,
    reading::all_records_come_page_by_page,
    reading::others_hold_only_what_this_annotator_could_have,
    stats::the_figures_follow_what_happens,
    stats::the_figures_of_a_store_that_is_opened_again_are_the_same,
    stats::people_named_for_a_task_are_shown_what_is_left,
    races::each_task_gets_what_it_wants_however_many_ask,
    races::an_answer_sent_by_many_at_once_is_there_once,
    verify::a_sound_project_is_clean,
    verify::what_is_derived_is_found_and_repaired,
    verify::tasks_that_have_changed_places_find_their_own,
    verify::what_people_have_answered_is_found_and_left_alone,
    verify::what_only_the_whole_can_tell_is_found_and_repaired,
    verify::what_cannot_be_read_is_named_and_the_rest_is_looked_at,
    verify::a_repeat_is_for_an_annotator_who_has_answered_the_first,
    verify::what_was_dealt_out_is_counted_again,
    verify::a_project_at_work_raises_no_alarm,
    backup::everything_comes_back_in_either_engine,
    backup::a_restore_that_breaks_off_is_recognised_and_begins_anew,
    backup::nothing_is_restored_over_a_project,
    backup::a_backup_beside_loads_agrees_with_what_was_dealt,
    backup::who_came_during_a_backup_is_seen_to_after_the_restore,
    backup::tasks_that_share_a_place_find_one_each,
}

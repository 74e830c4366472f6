//! Every order in which two daemons and a few annotators can do things, tried out: no interleaving
//! breaks an invariant.
//!
//! The random tests of the conformance suite try many histories; this tries all of a small world.
//! What is claimed, answered, released, filled and settled is decided by the project's own
//! [`TaskState`] and judged by its own `invariants::check`. The model adds what lies around them
//! (`model_check/`): a store whose writes are single guarded steps (`store.rs`), daemons that
//! remember the queue and may be wrong about it, with messages on their way, and annotators with an
//! old card in view (`world.rs`, `steps.rs`), and the promises (`promises.rs`).
//!
//! What goes wrong (a lease that ends, an annotator who leaves, a reply that is lost, a daemon that
//! dies, an answer that is sent twice, a second thought) can happen at any moment, but only as
//! often as a setting has *troubles*; otherwise the world would be endless. A write that was sent
//! by a daemon that died or gave up waiting may still arrive at any later time.
//!
//! Kept small, without losing anything that could happen to a task:
//! - `rev` is no number: all that a guard asks is whether a write came in between, so each write
//!   empties the snapshots of its task that are on their way.
//! - A write and the reply to it are one step. A reply that comes late is like an annotator who is
//!   slow, and one that is lost is a write for which no request waits.
//! - The two daemons are alike: worlds that differ in their names alone are one. So in a trace they
//!   may change their numbers from a step to the next.
//!
//! Left out: groups of more than one (their statements are carried out one by one, so they are
//! interleaved as here; what tells which of a group were written is tested on the server itself),
//! the order of the queue, gold and repeats, a lead who changes tasks, the memory of hands (what an
//! annotator holds is asked of the store), and failures of the database beyond lost replies, which
//! are for the fault tests. Time does not run: a lease may end at any moment, which is every speed
//! of every clock.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod promises;
pub mod steps;
pub mod store;
pub mod world;

use std::collections::BTreeSet;
use std::time::Instant;

use self::promises::{FINISHED, LATE, RESTS};
use self::steps::{Broken, Setting};
use annotd::allocation::{EscalationRule, Ignore, Lane, TaskState};
use annotd::task::Verdict;
use stateright::{Checker, HasDiscoveries, Model};

/// A task for this many annotators of any name.
fn anyone(wanted: u32) -> TaskState {
    TaskState::new(wanted, vec![Lane::Anyone])
}

/// A task for this many of these annotators.
fn named(wanted: u32, names: &[&str]) -> TaskState {
    TaskState::new(wanted, names.iter().map(|name| Lane::Of((*name).into())).collect())
}

/// The first accepts, the second rejects, the others accept.
fn disagreeing(setting: Setting, escalation: EscalationRule) -> Setting {
    let says = (0..setting.people()).map(|annotator| vec![u8::from(annotator == 1)]).collect();
    let verdicts = vec![Verdict::Accept, Verdict::Reject];
    let mut setting = Setting { verdicts, says, ..setting };
    setting.rule.escalation = Some(escalation);
    setting
}

/// Two hold a task that wants two answers and whose third would decide; another had it before them
/// and lost it when the lease ended, with the card still in view; `dee` decides.
fn adjudicated() -> Setting {
    let setting = Setting::new(4, [anyone(2)], 0).held_by(0, &[0, 1]).still_shown_to(0, 2);
    disagreeing(setting, EscalationRule { extra: 1, max: 3, by: vec!["dee".into()] })
}

/// Explores everything. What is discovered must be these names and no others: `expected` are things
/// that happen some time. A world of fewer states than `least` has been shrunk by mistake.
fn explore(setting: Setting, least: usize, expected: &[&str]) {
    let began = Instant::now();
    let checker = setting.checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    println!("{states} states, depth {}, {:?}", checker.max_depth(), began.elapsed());
    let discovered: BTreeSet<&str> = checker.discoveries().into_keys().collect();
    for name in &discovered {
        if !expected.contains(name) {
            let path = checker.discovery(name).expect("it was discovered");
            panic!("{name}:\n{path}\n{:#?}", path.last_state());
        }
    }
    assert_eq!(discovered, expected.iter().copied().collect(), "everything happens some time");
    assert!(checker.is_done());
    assert!(states >= least, "the world has shrunk from {least} states to {states}");
}

/// Without a guard, a promise must be seen to be broken.
fn breaks(setting: Setting, broken: Broken, promise: &'static str) {
    let setting = Setting { broken: Some(broken), ..setting };
    let checker = setting
        .checker()
        .finish_when(HasDiscoveries::AnyOf(BTreeSet::from([promise])))
        .spawn_bfs()
        .join();
    let path = checker.discovery(promise).expect("a counterexample");
    println!("{} states, {promise} is broken by\n{path}", checker.unique_state_count());
}

#[test]
fn one_answer_is_enough_whatever_goes_wrong() {
    let setting = Setting::new(2, [anyone(1)], 1);
    explore(setting.clone(), 3_000, &[FINISHED, RESTS, LATE]);
    // Twice in a row something goes wrong, with every answer decided on what is read.
    let mut setting = Setting { plain: false, ..setting };
    setting.begin.troubles = 2;
    explore(setting, 40_000, &[FINISHED, RESTS, LATE]);
}

#[test]
fn two_tasks_get_one_answer_each() {
    let setting = Setting::new(2, [anyone(1), anyone(1)], 1);
    explore(Setting { plain: false, ..setting }, 60_000, &[FINISHED, RESTS, LATE]);
}

#[test]
fn two_answers_come_from_two_annotators() {
    explore(Setting::new(3, [anyone(2)], 0), 2_000, &[FINISHED, RESTS]);
    explore(Setting::new(2, [anyone(2)], 1), 40_000, &[FINISHED, RESTS]);
}

#[test]
fn a_third_who_comes_back_with_an_old_answer_takes_no_place_of_two_others() {
    let setting = Setting::new(3, [anyone(2)], 1).held_by(0, &[0, 1]).still_shown_to(0, 2);
    explore(setting, 70_000, &[FINISHED, RESTS, LATE]);
}

#[test]
fn a_skip_is_no_answer_and_can_be_taken_back() {
    let mut setting = Setting::new(3, [anyone(1)], 1);
    setting.rule.ignore = Ignore::Skip;
    setting.verdicts = vec![Verdict::Ignore, Verdict::Accept];
    setting.says = vec![vec![0], vec![1, 0], vec![1]];
    setting.second_thoughts = true;
    explore(setting, 40_000, &[FINISHED, RESTS, LATE]);
}

#[test]
fn disagreement_asks_one_more_annotator_and_no_other() {
    let setting = Setting::new(3, [anyone(2)], 1).held_by(0, &[0, 1]);
    let setting = disagreeing(setting, EscalationRule { extra: 1, max: 3, by: vec![] });
    explore(setting, 15_000, &[FINISHED, RESTS, LATE]);
}

#[test]
fn disagreement_asks_the_adjudicator() {
    let setting = Setting::new(3, [anyone(2)], 1).held_by(0, &[0, 1]);
    let setting = disagreeing(setting, EscalationRule { extra: 1, max: 3, by: vec!["cy".into()] });
    explore(setting, 15_000, &[FINISHED, RESTS, LATE]);
}

/// An annotator whose lease ended before the adjudicator was asked is not
/// among the annotators who may have it now; their answer is kept all the same.
#[test]
fn with_adjudicators_the_answer_of_a_previous_holder_is_kept() {
    explore(adjudicated(), 300, &[FINISHED, RESTS, LATE]);
}

#[test]
fn tasks_that_name_people_go_to_them_alone() {
    let setting = Setting::new(3, [named(1, &["ann", "bob"])], 1);
    explore(setting, 1_500, &[FINISHED, RESTS, LATE]);
    let setting = Setting::new(3, [named(2, &["ann", "bob"]), named(1, &["cy"])], 0);
    explore(setting, 1_000, &[FINISHED, RESTS]);
}

#[test]
fn answers_are_lost_where_a_write_does_not_compare_what_it_read() {
    let setting = Setting::new(2, [anyone(2)], 0).held_by(0, &[0, 1]);
    breaks(Setting { plain: false, ..setting }, Broken::RevUnread, "durable");
}

#[test]
fn a_task_is_handed_out_too_often_where_a_claim_does_not_check_free_slots() {
    breaks(Setting::new(2, [anyone(1)], 0), Broken::ClaimsWithoutASlot, "held-once");
}

#[test]
fn a_task_comes_again_after_a_skip_where_a_claim_does_not_check_skips() {
    let mut setting = Setting::new(2, [anyone(1)], 0);
    setting.rule.ignore = Ignore::Skip;
    setting.verdicts = vec![Verdict::Ignore];
    breaks(setting, Broken::ClaimsOfThoseWhoSkipped, "once");
}

#[test]
fn a_slot_is_freed_twice_where_expiry_does_not_check_answers() {
    let setting = Setting::new(2, [anyone(1)], 1);
    breaks(setting.clone(), Broken::SweepsWhatWasAnswered, "counted");
    // A claim from an old memory of the queue then goes to one too many.
    breaks(setting, Broken::SweepsWhatWasAnswered, "held-once");
}

#[test]
fn the_last_answer_is_missed_where_a_cached_count_is_not_compared() {
    let setting = Setting::new(2, [anyone(2)], 0);
    breaks(setting, Broken::LeftUnread, "finished");
}

/// The lanes change when adjudicators are asked, and as many answers can be lacking then as when an
/// older decision was made.
#[test]
fn an_uninvited_answer_counts_where_a_plain_write_does_not_check_the_lanes() {
    let setting = Setting::new(5, [anyone(2)], 0).held_by(0, &[0]).still_shown_to(0, 2);
    let by = vec!["dee".into(), "eve".into()];
    let mut setting = disagreeing(setting, EscalationRule { extra: 2, max: 4, by });
    // The two who are asked need not say anything for this.
    setting.says[3].clear();
    setting.says[4].clear();
    breaks(setting.clone(), Broken::LanesUnread, "eligible");
    breaks(setting, Broken::LanesUnread, "as decided");
}

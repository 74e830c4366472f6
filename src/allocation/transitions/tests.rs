//! Who may answer a task, what an answer does to it, and when it is finished.

use super::super::{EscalationRule, Ignore, Lane, invariants};
use super::*;
use crate::task::{Basis, Verdict};

fn says(verdict: Verdict, at: i64) -> Version {
    Version {
        verdict,
        data: serde_json::Map::new(),
        time_loaded: Millis(at - 5),
        time_returned: Millis(at),
        basis: Basis::default(),
    }
}

fn state(wanted: u32) -> TaskState {
    TaskState::new(wanted, vec![Lane::Anyone])
}

fn claim(state: &mut TaskState, annotator: &str) -> bool {
    state.claim(annotator, Millis(0), Millis(100), Basis::default())
}

fn body() -> TaskJson {
    TaskJson::parse(r#"{"text":"a"}"#).expect("a task")
}

fn record(state: &mut TaskState, annotator: &str, version: Version) -> AnswerOutcome {
    state.record(annotator, version, &SettlePolicy::default(), &body())
}

#[test]
fn slots_are_handed_out_once_each() {
    let mut task = state(2);
    assert!(claim(&mut task, "a"));
    assert!(!claim(&mut task, "a"), "no annotator holds a task twice");
    assert!(claim(&mut task, "b"));
    assert!(!claim(&mut task, "c"), "both slots are held");
    assert_eq!(record(&mut task, "a", says(Verdict::Accept, 1)), AnswerOutcome::Saved);
    assert!(!claim(&mut task, "a"), "no annotator answers twice");
    assert!(!task.finished);
    assert_eq!(record(&mut task, "b", says(Verdict::Reject, 1)), AnswerOutcome::Saved);
    assert!(task.finished);
    assert_eq!(invariants::check(&task), []);
}

#[test]
fn an_answer_after_the_lease_fills_a_free_slot() {
    let mut task = state(1);
    assert!(claim(&mut task, "a"));
    assert_eq!(task.expire(Millis(100)), ["a"]);
    assert_eq!(record(&mut task, "a", says(Verdict::Accept, 101)), AnswerOutcome::Saved);
    assert!(task.finished);
}

#[test]
fn an_answer_without_a_slot_is_stored_as_late() {
    let mut task = state(1);
    assert!(claim(&mut task, "a"));
    task.expire(Millis(100));
    assert!(claim(&mut task, "b"));
    assert_eq!(record(&mut task, "a", says(Verdict::Accept, 101)), AnswerOutcome::Late);
    assert_eq!(record(&mut task, "a", says(Verdict::Accept, 101)), AnswerOutcome::Unchanged);
    assert_eq!(record(&mut task, "a", says(Verdict::Reject, 102)), AnswerOutcome::Late);
    assert_eq!(record(&mut task, "b", says(Verdict::Accept, 103)), AnswerOutcome::Saved);
    assert_eq!((task.answers.len(), task.late.len()), (1, 1));
    assert_eq!(invariants::check(&task), []);
}

#[test]
fn another_answer_is_a_revision_and_a_delayed_copy_is_not() {
    let mut task = state(1);
    assert!(claim(&mut task, "a"));
    let first = says(Verdict::Accept, 1);
    assert_eq!(record(&mut task, "a", first.clone()), AnswerOutcome::Saved);
    assert_eq!(record(&mut task, "a", says(Verdict::Reject, 2)), AnswerOutcome::Revised);
    assert_eq!(record(&mut task, "a", first.clone()), AnswerOutcome::Unchanged);
    assert_eq!(task.answers[0].current.verdict, Verdict::Reject);
    assert_eq!(task.answers[0].history, [first]);
    assert_eq!(
        record(&mut task, "a", says(Verdict::Accept, 3)),
        AnswerOutcome::Revised,
        "and back again"
    );
}

#[test]
fn a_task_with_names_is_for_these_annotators_alone() {
    let mut task = TaskState::new(1, vec![Lane::Of("a".into())]);
    assert!(!claim(&mut task, "b"));
    assert_eq!(record(&mut task, "b", says(Verdict::Accept, 1)), AnswerOutcome::Unknown);
    assert!(claim(&mut task, "a"));
}

#[test]
fn a_late_answer_fills_the_slot_that_opens_again() {
    let mut task = state(1);
    assert!(claim(&mut task, "a"));
    task.expire(Millis(100));
    assert!(claim(&mut task, "b"));
    assert_eq!(record(&mut task, "a", says(Verdict::Accept, 101)), AnswerOutcome::Late);
    assert!(task.release("b"));
    assert!(task.can_promote_late_answer(&SettlePolicy::default()));
    task.promote_late_answers(&SettlePolicy::default(), &body());
    assert!(task.finished);
    assert_eq!(task.counted_annotators().collect::<Vec<_>>(), ["a"]);
    assert_eq!((task.late.len(), invariants::check(&task)), (0, vec![]));
}

#[test]
fn a_skip_frees_its_slot_and_can_be_revised() {
    let policy = SettlePolicy { ignore: Ignore::Skip, ..SettlePolicy::default() };
    let mut task = state(1);
    assert!(claim(&mut task, "a"));
    let skip = says(Verdict::Ignore, 1);
    assert_eq!(task.record("a", skip.clone(), &policy, &body()), AnswerOutcome::Saved);
    assert_eq!(task.record("a", skip, &policy, &body()), AnswerOutcome::Unchanged);
    assert_eq!((task.free(), task.skipped.len(), task.finished), (1, 1, false));
    assert!(!claim(&mut task, "a"), "another annotator gets it");
    let second = says(Verdict::Accept, 2);
    assert_eq!(task.record("a", second, &policy, &body()), AnswerOutcome::Revised);
    assert!(task.finished);
    assert_eq!(
        task.record("a", says(Verdict::Ignore, 3), &policy, &body()),
        AnswerOutcome::Revised,
        "a finished task stays finished"
    );
    assert!(task.finished);
    assert_eq!(invariants::check(&task), []);
}

#[test]
fn a_skip_promotes_a_late_answer() {
    let policy = SettlePolicy { ignore: Ignore::Skip, ..SettlePolicy::default() };
    let mut task = state(1);
    assert!(claim(&mut task, "a"));
    task.expire(Millis(100));
    assert!(claim(&mut task, "b"));
    assert_eq!(record(&mut task, "a", says(Verdict::Accept, 101)), AnswerOutcome::Late);
    let skip = says(Verdict::Ignore, 102);
    assert_eq!(task.record("b", skip, &policy, &body()), AnswerOutcome::Saved);
    assert!(task.finished);
    assert_eq!(task.counted_annotators().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn disagreement_opens_a_slot_for_a_third_answer() {
    let escalation = Some(EscalationRule { extra: 1, max: 3, by: vec!["c".into()] });
    let policy = SettlePolicy { escalation, ..SettlePolicy::default() };
    let mut task = state(2);
    for (who, verdict) in [("a", Verdict::Accept), ("b", Verdict::Reject)] {
        assert!(claim(&mut task, who));
        assert_eq!(task.record(who, says(verdict, 1), &policy, &body()), AnswerOutcome::Saved);
    }
    assert_eq!((task.planned, task.wanted, task.free()), (2, 3, 1));
    assert!(!claim(&mut task, "d"), "only the adjudicator is asked");
    assert_eq!(invariants::check(&task), []);
    assert!(claim(&mut task, "c"));
    assert_eq!(task.record("c", says(Verdict::Accept, 2), &policy, &body()), AnswerOutcome::Saved);
    assert!(task.finished);
    assert_eq!(invariants::check(&task), []);
}

#[test]
fn a_previous_holder_not_asked_again_is_late_and_not_rejected() {
    let escalation = Some(EscalationRule { extra: 1, max: 3, by: vec!["d".into()] });
    let policy = SettlePolicy { escalation, ..SettlePolicy::default() };
    let mut task = state(2);
    assert!(claim(&mut task, "c"));
    assert!(task.release("c"));
    for (who, verdict) in [("a", Verdict::Accept), ("b", Verdict::Reject)] {
        assert!(claim(&mut task, who));
        assert_eq!(task.record(who, says(verdict, 1), &policy, &body()), AnswerOutcome::Saved);
    }
    let answer = says(Verdict::Accept, 2);
    assert_eq!(task.record("c", answer, &policy, &body()), AnswerOutcome::Late);
    assert_eq!(
        task.record("e", says(Verdict::Accept, 2), &policy, &body()),
        AnswerOutcome::Unknown
    );
    task.promote_late_answers(&policy, &body());
    assert_eq!((task.free(), task.late.len()), (1, 1), "the adjudicator is waited for");
    assert_eq!(invariants::check(&task), []);
}

#[test]
fn a_task_knows_its_pending_annotators_and_its_shortfall() {
    let of = |names: &[&str]| names.iter().map(|name| Lane::Of((*name).into())).collect();
    let mut task = TaskState::new(3, of(&["a", "b"]));
    assert_eq!((task.shortfall(), state(9).shortfall()), (1, 0));
    assert!(claim(&mut task, "a"));
    assert_eq!(task.pending_named().collect::<Vec<_>>(), ["b"]);
    let policy = SettlePolicy { ignore: Ignore::Skip, ..SettlePolicy::default() };
    task.record("a", says(Verdict::Ignore, 1), &policy, &body());
    assert_eq!(task.shortfall(), 2);
}

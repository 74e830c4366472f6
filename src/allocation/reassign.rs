//! Reassigning a task: another annotator is named in the place of one.
//!
//! An annotator who holds a task or has answered it stays on it; only a pending place moves. Tags
//! apply here too, and no annotator is named twice.

use super::profile::requires;
use super::{AnnotatorProfile, Lane, Purpose, TaskState};
use crate::task::TaskJson;

/// Whether this annotator could be named on this task in the place of another.
pub fn can_replace(state: &TaskState, task: &TaskJson, to: &AnnotatorProfile) -> bool {
    !state.finished
        && !matches!(state.purpose, Purpose::Repeat(_))
        && !state.admits(&to.name)
        && !state.participants().any(|participant| participant == to.name)
        && to.may(&requires(task))
}

/// Whether `to` may take over this task, which waits for `from`, without a lead's decision. Not so
/// if the task or its load named the annotators.
pub fn can_take_over(
    state: &TaskState,
    task: &TaskJson,
    from: &str,
    to: &AnnotatorProfile,
) -> bool {
    !state.bound
        && state.purpose == Purpose::Regular
        && state.pending_named().any(|name| name == from)
        && can_replace(state, task, to)
}

/// The task with `to` named in the place of `from`, whose lease is released.
pub fn reassigned(state: &TaskState, from: &str, to: &str) -> TaskState {
    let mut now = state.clone();
    now.release(from);
    for lane in &mut now.lanes {
        match lane {
            Lane::Of(name) | Lane::GoldOf(name) if name == from => to.clone_into(name),
            _ => {}
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::super::invariants;
    use super::*;
    use crate::task::Basis;
    use crate::task::Millis;

    fn of(names: &[&str]) -> Vec<Lane> {
        names.iter().map(|name| Lane::Of((*name).to_owned())).collect()
    }

    #[test]
    fn a_pending_task_goes_to_another_annotator_who_may_have_it() {
        let task = TaskJson::parse(r#"{"text":"a","meta":{"requires":"es"}}"#).expect("a task");
        let spanish = |name: &str| AnnotatorProfile {
            tags: vec!["es".into()],
            ..AnnotatorProfile::new(name)
        };
        let mut state = TaskState::new(2, of(&["a", "b"]));
        assert!(state.claim("b", Millis(0), Millis(9), Basis::default()));
        assert!(can_take_over(&state, &task, "a", &spanish("c")));
        assert!(!can_take_over(&state, &task, "a", &AnnotatorProfile::new("c")), "without the tag");
        assert!(!can_take_over(&state, &task, "b", &spanish("c")), "b holds it");
        assert!(!can_take_over(&state, &task, "a", &spanish("b")), "b has it");
        let now = reassigned(&state, "a", "c");
        assert_eq!(now.lanes, of(&["c", "b"]));
        assert_eq!(reassigned(&state, "b", "c").held, []);
        assert_eq!(invariants::check(&now), []);
        let bound = TaskState { bound: true, ..state };
        assert!(!can_take_over(&bound, &task, "a", &spanish("c")));
        assert!(can_replace(&bound, &task, &spanish("c")), "a lead may move a bound task");
    }
}

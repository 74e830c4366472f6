//! Giving what was meant for one annotator to another.
//!
//! Who has answered a task or holds it stays on it; only what is awaited of somebody moves. Tags bind
//! here as everywhere, and nobody is named twice.

use super::people::requires;
use super::{Colleague, Lane, Ledger, Purpose};
use crate::task::Body;

/// Whether this annotator could stand in for somebody named on this task.
pub fn may_stand_in(ledger: &Ledger, task: &Body, to: &Colleague) -> bool {
    !ledger.finished
        && !matches!(ledger.purpose, Purpose::Repeat(_))
        && !ledger.is_for(&to.name)
        && !ledger.takers().any(|taker| taker == to.name)
        && to.may(&requires(task))
}

/// Whether this task, which waits for `from`, may go to `to` without anybody deciding it: not if the
/// task or its load named the people.
pub fn may_be_taken(ledger: &Ledger, task: &Body, from: &str, to: &Colleague) -> bool {
    !ledger.bound
        && ledger.purpose == Purpose::Regular
        && ledger.awaited().any(|name| name == from)
        && may_stand_in(ledger, task, to)
}

/// The task with one annotator named in another's place; what the first holds of it is taken back.
pub fn moved(ledger: &Ledger, from: &str, to: &str) -> Ledger {
    let mut now = ledger.clone();
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
    fn what_waits_for_one_goes_to_another_who_may_have_it() {
        let task = Body::parse(r#"{"text":"a","meta":{"requires":"es"}}"#).expect("a task");
        let spanish = |name: &str| Colleague { tags: vec!["es".into()], ..Colleague::new(name) };
        let mut ledger = Ledger::new(2, of(&["a", "b"]));
        assert!(ledger.claim("b", Millis(0), Millis(9), Basis::default()));
        assert!(may_be_taken(&ledger, &task, "a", &spanish("c")));
        assert!(!may_be_taken(&ledger, &task, "a", &Colleague::new("c")), "without the tag");
        assert!(!may_be_taken(&ledger, &task, "b", &spanish("c")), "b holds it");
        assert!(!may_be_taken(&ledger, &task, "a", &spanish("b")), "b has it");
        let now = moved(&ledger, "a", "c");
        assert_eq!(now.lanes, of(&["c", "b"]));
        assert_eq!(moved(&ledger, "b", "c").held, []);
        assert_eq!(invariants::check(&now), []);
        let bound = Ledger { bound: true, ..ledger };
        assert!(!may_be_taken(&bound, &task, "a", &spanish("c")));
        assert!(may_stand_in(&bound, &task, &spanish("c")), "if a lead says so");
    }
}

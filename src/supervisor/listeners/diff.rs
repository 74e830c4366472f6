//! Which listeners to keep, transfer, open and close: the difference between the listeners that run
//! and those that a roster asks for. Pure; `apply.rs` carries it out.
//!
//! A listener is identified by its owner *and* its address. One that is the same before and after
//! is not touched. A socket that gets another owner is transferred, never closed and bound again:
//! two annotators can exchange their ports, and no other program can take one in between.
//!
//! It is not a difference of two rosters: a listener of an earlier roster may still be in its grace
//! period, and one of the present roster may be unbound.

use std::net::SocketAddr;

use crate::roster::LEAD_NAME;

/// The owner of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListenerOwner {
    /// An annotator's.
    Annotator(String),
    /// The lead's.
    Lead,
}

impl ListenerOwner {
    /// The name in logs, URLs and socket units.
    pub fn name(&self) -> &str {
        match self {
            Self::Annotator(name) => name,
            Self::Lead => LEAD_NAME,
        }
    }
}

/// A listener that the roster asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredListener {
    /// The owner.
    pub owner: ListenerOwner,
    /// The address; port 0 is any free one.
    pub address: SocketAddr,
}

/// A listener that runs, or is unbound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentListener {
    /// The owner.
    pub owner: ListenerOwner,
    /// The address that the roster asked for.
    pub address: SocketAddr,
    /// Whether its socket is bound.
    pub bound: bool,
}

/// What to do. Numbers are indices: of the current listener, then of the desired one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerDiff {
    /// Same owner and address: not touched.
    pub keep: Vec<(usize, usize)>,
    /// The current listener's socket goes to the desired one.
    pub transfer: Vec<(usize, usize)>,
    /// Desired, and to be bound.
    pub open: Vec<usize>,
    /// Current, and not desired any more.
    pub close: Vec<usize>,
    /// Those of `close` whose sockets must be released before others can be bound, because the
    /// addresses conflict.
    pub conflicting: Vec<usize>,
}

/// Compares current and desired listeners. Desired owners and addresses must be unique.
pub fn diff_listeners(current: &[CurrentListener], desired: &[DesiredListener]) -> ListenerDiff {
    let mut diff = ListenerDiff::default();
    let mut used = vec![false; current.len()];
    let mut rest = Vec::new();
    for (at, want) in desired.iter().enumerate() {
        let same = |p: &CurrentListener| p.owner == want.owner && p.address == want.address;
        match current.iter().position(same).filter(|found| !used[*found]) {
            Some(found) => {
                used[found] = true;
                diff.keep.push((found, at));
            }
            None => rest.push(at),
        }
    }
    for at in rest {
        let want = &desired[at];
        let here =
            |p: &CurrentListener| p.bound && want.address.port() != 0 && p.address == want.address;
        // The lead's socket belongs to another runtime and cannot be transferred.
        let kind = |p: &CurrentListener| {
            (p.owner == ListenerOwner::Lead) == (want.owner == ListenerOwner::Lead)
        };
        match current.iter().position(|p| here(p) && kind(p)).filter(|found| !used[*found]) {
            Some(found) => {
                used[found] = true;
                diff.transfer.push((found, at));
            }
            None => diff.open.push(at),
        }
    }
    diff.close = (0..current.len()).filter(|at| !used[*at]).collect();
    let opened = |at: &usize| {
        let there = &current[*at];
        there.bound
            && diff.open.iter().any(|w| addresses_conflict(there.address, desired[*w].address))
    };
    diff.conflicting = diff.close.iter().copied().filter(opened).collect();
    diff
}

/// Whether one address cannot be bound while the other is.
pub(super) fn addresses_conflict(one: SocketAddr, other: SocketAddr) -> bool {
    let anywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || anywhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(name: &str, address: &str) -> CurrentListener {
        CurrentListener {
            owner: owner(name),
            address: address.parse().expect("an address"),
            bound: true,
        }
    }

    fn desired(name: &str, address: &str) -> DesiredListener {
        DesiredListener { owner: owner(name), address: address.parse().expect("an address") }
    }

    fn owner(name: &str) -> ListenerOwner {
        if name == "lead" { ListenerOwner::Lead } else { ListenerOwner::Annotator(name.to_owned()) }
    }

    #[test]
    fn annotators_who_exchange_ports_exchange_sockets() {
        let there = [current("a", "127.0.0.1:1"), current("b", "127.0.0.1:2")];
        let want = [desired("a", "127.0.0.1:2"), desired("b", "127.0.0.1:1")];
        let found = diff_listeners(&there, &want);
        assert_eq!(found.transfer, [(1, 0), (0, 1)]);
        assert_eq!((found.open.len(), found.close.len()), (0, 0));
    }

    #[test]
    fn an_address_that_covers_another_needs_it_closed_first() {
        let there = [current("a", "127.0.0.1:1"), current("b", "127.0.0.1:2")];
        let want = [desired("a", "0.0.0.0:1"), desired("b", "127.0.0.1:2")];
        let found = diff_listeners(&there, &want);
        assert_eq!(found.keep, [(1, 1)]);
        assert_eq!((found.open, found.close, found.conflicting), (vec![0], vec![0], vec![0]));
    }

    #[test]
    fn the_leads_socket_is_closed_before_an_annotator_takes_its_port() {
        let there = [current("a", "127.0.0.1:1"), current("lead", "127.0.0.1:9")];
        let want = [desired("a", "127.0.0.1:9"), desired("lead", "127.0.0.1:8")];
        let found = diff_listeners(&there, &want);
        assert_eq!((found.open, found.conflicting), (vec![0, 1], vec![1]));
    }

    #[test]
    fn an_unbound_listener_is_neither_transferred_nor_bound_at_once() {
        let mut there = [current("a", "127.0.0.1:1")];
        there[0].bound = false;
        let same = diff_listeners(&there, &[desired("a", "127.0.0.1:1")]);
        assert_eq!(same.keep, [(0, 0)]);
        let other = diff_listeners(&there, &[desired("b", "127.0.0.1:1")]);
        assert_eq!((other.open, other.close, other.conflicting), (vec![0], vec![0], vec![]));
    }

    #[test]
    fn a_free_port_stays_with_its_owner() {
        let there = [current("a", "127.0.0.1:0"), current("b", "127.0.0.1:0")];
        let want = [desired("b", "127.0.0.1:0"), desired("c", "127.0.0.1:0")];
        let found = diff_listeners(&there, &want);
        assert_eq!((found.keep, found.open, found.close), (vec![(1, 0)], vec![1], vec![0]));
        assert!(found.transfer.is_empty() && found.conflicting.is_empty());
    }
}

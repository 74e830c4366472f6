//! Which listeners stay, change hands, open and leave: the difference between what runs and what a
//! roster wants. Pure; `apply.rs` carries it out.
//!
//! A listener is recognised by whose it is *and* where it is. One that is both before and after is
//! not touched. A socket that somebody else is to have is handed over as it is, never closed and
//! bound again: two people can exchange their ports, and no other program can come in between.

use std::net::SocketAddr;

/// Whose listener it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListenerOwner {
    /// An annotator's.
    Annotator(String),
    /// The lead's.
    Lead,
}

impl ListenerOwner {
    /// As it is called in logs and addresses.
    pub fn name(&self) -> &str {
        match self {
            Self::Annotator(name) => name,
            Self::Lead => "lead",
        }
    }
}

/// A listener that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredListener {
    /// Whose.
    pub owner: ListenerOwner,
    /// Where. Port 0 is any free one.
    pub address: SocketAddr,
}

/// A listener that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentListener {
    /// Whose.
    pub owner: ListenerOwner,
    /// Where it was wanted.
    pub address: SocketAddr,
    /// Whether its socket is bound.
    pub bound: bool,
}

/// What to do. Numbers are places in the lists that were compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerDiff {
    /// Present and wanted: left alone.
    pub keep: Vec<(usize, usize)>,
    /// The present socket becomes that of the one wanted.
    pub transfer: Vec<(usize, usize)>,
    /// Wanted, and to be opened.
    pub open: Vec<usize>,
    /// Present, and wanted no longer.
    pub close: Vec<usize>,
    /// Those of `close` that have to let go of their sockets before others can be opened, because one
    /// address covers the other.
    pub conflicting: Vec<usize>,
}

/// Compares what is there with what is wanted. Nobody may be wanted twice, nor may an address be.
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
        // The lead's socket lives in a runtime of its own and cannot change hands.
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

/// Whether the one address cannot be bound while the other one is.
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
    fn two_who_exchange_their_ports_exchange_their_sockets() {
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
    fn what_could_not_be_had_is_neither_handed_over_nor_tried_at_once() {
        let mut there = [current("a", "127.0.0.1:1")];
        there[0].bound = false;
        let same = diff_listeners(&there, &[desired("a", "127.0.0.1:1")]);
        assert_eq!(same.keep, [(0, 0)]);
        let other = diff_listeners(&there, &[desired("b", "127.0.0.1:1")]);
        assert_eq!((other.open, other.close, other.conflicting), (vec![0], vec![0], vec![]));
    }

    #[test]
    fn any_free_port_stays_with_whoever_has_it() {
        let there = [current("a", "127.0.0.1:0"), current("b", "127.0.0.1:0")];
        let want = [desired("b", "127.0.0.1:0"), desired("c", "127.0.0.1:0")];
        let found = diff_listeners(&there, &want);
        assert_eq!((found.keep, found.open, found.close), (vec![(1, 0)], vec![1], vec![0]));
        assert!(found.transfer.is_empty() && found.conflicting.is_empty());
    }
}

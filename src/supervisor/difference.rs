//! Which listeners stay, change hands, open and leave: the difference between what runs and what a
//! roster wants. Pure; `change.rs` carries it out.
//!
//! A listener is recognised by whose it is *and* where it is. One that is both before and after is
//! not touched. A socket that somebody else is to have is handed over as it is, never closed and
//! bound again: two people can exchange their ports, and no other program can come in between.

use std::net::SocketAddr;

/// Whose listener it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// An annotator's.
    Annotator(String),
    /// The lead's.
    Lead,
}

impl Who {
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
pub struct Wanted {
    /// Whose.
    pub who: Who,
    /// Where. Port 0 is any free one.
    pub address: SocketAddr,
}

/// A listener that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Whose.
    pub who: Who,
    /// Where it was wanted.
    pub address: SocketAddr,
    /// Whether its socket is open, and not one that could not be had.
    pub open: bool,
}

/// What to do. Numbers are places in the lists that were compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Present and wanted: left alone.
    pub stay: Vec<(usize, usize)>,
    /// The present socket becomes that of the one wanted.
    pub hand_over: Vec<(usize, usize)>,
    /// Wanted, and to be opened.
    pub open: Vec<usize>,
    /// Present, and wanted no longer.
    pub leave: Vec<usize>,
    /// Those of `leave` that have to let go of their sockets before others can be opened, because one
    /// address covers the other.
    pub in_the_way: Vec<usize>,
}

/// Compares what is there with what is wanted. Nobody may be wanted twice, nor may an address be.
pub fn difference(present: &[Present], wanted: &[Wanted]) -> Difference {
    let mut difference = Difference::default();
    let mut used = vec![false; present.len()];
    let mut rest = Vec::new();
    for (at, want) in wanted.iter().enumerate() {
        let same = |p: &Present| p.who == want.who && p.address == want.address;
        match present.iter().position(same).filter(|found| !used[*found]) {
            Some(found) => {
                used[found] = true;
                difference.stay.push((found, at));
            }
            None => rest.push(at),
        }
    }
    for at in rest {
        let want = &wanted[at];
        let here = |p: &Present| p.open && want.address.port() != 0 && p.address == want.address;
        // The lead's socket lives in a runtime of its own and cannot change hands.
        let kind = |p: &Present| (p.who == Who::Lead) == (want.who == Who::Lead);
        match present.iter().position(|p| here(p) && kind(p)).filter(|found| !used[*found]) {
            Some(found) => {
                used[found] = true;
                difference.hand_over.push((found, at));
            }
            None => difference.open.push(at),
        }
    }
    difference.leave = (0..present.len()).filter(|at| !used[*at]).collect();
    let opened = |at: &usize| {
        let there = &present[*at];
        there.open && difference.open.iter().any(|w| bars(there.address, wanted[*w].address))
    };
    difference.in_the_way = difference.leave.iter().copied().filter(opened).collect();
    difference
}

/// Whether the one address cannot be bound while the other one is.
pub(super) fn bars(one: SocketAddr, other: SocketAddr) -> bool {
    let anywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || anywhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(name: &str, address: &str) -> Present {
        Present { who: who(name), address: address.parse().expect("an address"), open: true }
    }

    fn wanted(name: &str, address: &str) -> Wanted {
        Wanted { who: who(name), address: address.parse().expect("an address") }
    }

    fn who(name: &str) -> Who {
        if name == "lead" { Who::Lead } else { Who::Annotator(name.to_owned()) }
    }

    #[test]
    fn two_who_exchange_their_ports_exchange_their_sockets() {
        let there = [present("a", "127.0.0.1:1"), present("b", "127.0.0.1:2")];
        let want = [wanted("a", "127.0.0.1:2"), wanted("b", "127.0.0.1:1")];
        let found = difference(&there, &want);
        assert_eq!(found.hand_over, [(1, 0), (0, 1)]);
        assert_eq!((found.open.len(), found.leave.len()), (0, 0));
    }

    #[test]
    fn an_address_that_covers_another_needs_it_closed_first() {
        let there = [present("a", "127.0.0.1:1"), present("b", "127.0.0.1:2")];
        let want = [wanted("a", "0.0.0.0:1"), wanted("b", "127.0.0.1:2")];
        let found = difference(&there, &want);
        assert_eq!(found.stay, [(1, 1)]);
        assert_eq!((found.open, found.leave, found.in_the_way), (vec![0], vec![0], vec![0]));
    }

    #[test]
    fn the_leads_socket_is_closed_before_an_annotator_takes_its_port() {
        let there = [present("a", "127.0.0.1:1"), present("lead", "127.0.0.1:9")];
        let want = [wanted("a", "127.0.0.1:9"), wanted("lead", "127.0.0.1:8")];
        let found = difference(&there, &want);
        assert_eq!((found.open, found.in_the_way), (vec![0, 1], vec![1]));
    }

    #[test]
    fn what_could_not_be_had_is_neither_handed_over_nor_tried_at_once() {
        let mut there = [present("a", "127.0.0.1:1")];
        there[0].open = false;
        let same = difference(&there, &[wanted("a", "127.0.0.1:1")]);
        assert_eq!(same.stay, [(0, 0)]);
        let other = difference(&there, &[wanted("b", "127.0.0.1:1")]);
        assert_eq!((other.open, other.leave, other.in_the_way), (vec![0], vec![0], vec![]));
    }

    #[test]
    fn any_free_port_stays_with_whoever_has_it() {
        let there = [present("a", "127.0.0.1:0"), present("b", "127.0.0.1:0")];
        let want = [wanted("b", "127.0.0.1:0"), wanted("c", "127.0.0.1:0")];
        let found = difference(&there, &want);
        assert_eq!((found.stay, found.open, found.leave), (vec![(1, 0)], vec![1], vec![0]));
        assert!(found.hand_over.is_empty() && found.in_the_way.is_empty());
    }
}

//! Whatever two rosters say: going from the one to the other by reload runs the same listeners as a
//! fresh start with the other.

use std::collections::BTreeMap;
use std::net::TcpStream;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::common::loopback;
use crate::reload::team::{Roster, Team};

const NAMES: [&str; 5] = ["andy", "zach", "li", "mara", "bo"];
const PORTS: std::ops::Range<u16> = 9010..9017;

/// Who is on the roster, where, and whether they are active; and where the lead is.
type Choice = (Vec<(&'static str, u16, bool)>, u16);

fn choices() -> impl Strategy<Value = Choice> {
    let ports = Just(PORTS.collect::<Vec<u16>>()).prop_shuffle();
    let names = proptest::sample::subsequence(NAMES.to_vec(), 1..=NAMES.len()).prop_shuffle();
    let active = proptest::collection::vec(prop::bool::weighted(0.8), NAMES.len());
    (ports, names, active).prop_map(|(mut ports, names, mut active)| {
        let lead = ports.pop().expect("more ports than people");
        // A roster needs an annotator.
        active[0] = true;
        let people = names.into_iter().zip(ports).zip(active);
        (people.map(|((name, port), active)| (name, port, active)).collect(), lead)
    })
}

fn write(roster: &mut Roster, (people, lead): &Choice) {
    roster.lead = *lead;
    let line = |active: &bool| if *active { String::new() } else { "active = false".to_owned() };
    roster.people = people.iter().map(|(n, p, a)| ((*n).to_owned(), *p, line(a))).collect();
}

/// Who is at work at which port.
fn running(team: &Team) -> BTreeMap<u16, String> {
    PORTS
        .filter(|port| TcpStream::connect((team.roster.bind, *port)).is_ok())
        .filter_map(|port| {
            let told = team.get(port, "project");
            match (told["annotator"].as_str(), told["standing"].as_str()) {
                (Some(name), Some("here")) => Some((port, name.to_owned())),
                // It takes what is left.
                (Some(_), _) => None,
                (None, _) => {
                    Some((port, format!("the lead of {}", team.get(port, "api/status")["project"])))
                }
            }
        })
        .collect()
}

#[test]
fn the_difference_leads_to_what_a_fresh_start_has() {
    let sequences = proptest::collection::vec(choices(), 2..6);
    let config = Config { cases: 30, max_shrink_iters: 30, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&sequences, |sequence| {
        let fresh = |choice: &Choice| {
            let mut roster = Roster { bind: loopback::address(), ..Roster::of(&[]) };
            write(&mut roster, choice);
            Team::start(roster)
        };
        let mut team = fresh(&sequence[0]);
        for choice in &sequence[1..] {
            let said = team.edit(|roster| write(roster, choice));
            prop_assert!(said.contains("roster applied"), "{}", said);
            prop_assert_eq!(running(&team), running(&fresh(choice)));
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

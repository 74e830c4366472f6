//! A request sees one roster, the previous or the new one, at whatever moment of a reload it
//! arrives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::reload::team::{Roster, Team, agent, get};

/// Requests that are in flight at any time.
const THREADS: usize = 4;
/// Reloads, to and fro between the two rosters.
const RELOADS: usize = 60;

/// Sets everything that `/project` shows and that comes from different parts of the daemon: the
/// project's settings, the allocator's policy, the edition, and the owner of the port.
fn describe(roster: &mut Roster, label: &str, lease: u32) {
    roster.project =
        format!("name = \"demo\"\ninterface = \"classification\"\nlabels = [{label:?}]");
    roster.allocation = format!("annotations = 1\nlease = \"{lease}s\"");
    roster.person("andy").2 = format!("display = \"Andy {label}\"");
}

/// The parts of a reply that the two rosters give different values.
fn parts(reply: &Value) -> Value {
    let keys = ["labels", "edition", "roster_edition", "lease_seconds", "display"];
    keys.iter().map(|key| ((*key).to_owned(), reply[*key].clone())).collect()
}

#[test]
fn a_request_during_a_reload_sees_one_of_the_two_rosters_and_never_a_mix() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    let mut states = BTreeMap::new();
    for (label, lease) in [("X", 600), ("Y", 900)] {
        team.edit(|roster| describe(roster, label, lease));
        let seen = parts(&team.get(9010, "project"));
        assert_eq!((&seen["labels"], &seen["lease_seconds"]), (&json!([label]), &json!(lease)));
        states.insert(seen.to_string(), 0_u64);
    }
    assert_eq!(states.len(), 2);
    let (url, over) = (team.url(9010, "project"), AtomicBool::new(false));
    let replies = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let (agent, mut replies) = (agent(), Vec::new());
                    while !over.load(Ordering::Relaxed) {
                        replies.push(parts(&get(&agent, &url).expect("a reply")));
                    }
                    replies
                })
            })
            .collect();
        for n in 0..RELOADS {
            let (label, lease) = if n % 2 == 0 { ("X", 600) } else { ("Y", 900) };
            team.edit(|roster| describe(roster, label, lease));
        }
        over.store(true, Ordering::Relaxed);
        let replies = askers.into_iter().flat_map(|asker| asker.join().expect("no panic"));
        replies.collect::<Vec<_>>()
    });
    for reply in replies {
        let count = states.get_mut(&reply.to_string());
        *count.unwrap_or_else(|| panic!("a mix of two rosters: {reply}")) += 1;
    }
    assert!(states.values().all(|count| *count > 0), "{states:?}");
}

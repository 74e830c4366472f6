//! Any text, and any two teams: no panic, places inside the text, a remedy for every mistake.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use annotd::roster::{Diagnostic, Roster, RosterDiff, explain, line_column, read};
use proptest::prelude::*;

use super::{KNOWN, samples, valid};

/// Reads, and checks what holds whatever the text: no panic, every place inside the text and on
/// character boundaries, an explanation for every problem.
fn survives(text: &str) -> Result<(), TestCaseError> {
    let Err(problems) = read(text, &KNOWN) else {
        return Ok(());
    };
    prop_assert!(!problems.is_empty());
    for problem in &problems {
        let also = problem.also.iter().map(|(at, _)| at);
        for at in std::iter::once(&problem.at).chain(also) {
            prop_assert!(text.get(at.clone()).is_some(), "{at:?} in {text:?}");
        }
        prop_assert!(problem.help.is_some(), "no remedy: {}", problem.message);
        let (line, column) = line_column(text, problem.at.start);
        prop_assert!(line >= 1 && column >= 1);
    }
    let shown = explain(&problems, text, "f", false);
    prop_assert!(shown.matches("error: ").count() >= problems.len());
    explain(&problems, text, "f", true);
    Ok(())
}

/// What a roster is made of, and what it is not made of.
const SCRAPS: [&str; 40] = [
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "#",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "\0",
    "\u{feff}",
    "\u{e9}",
    "\u{1f600}",
    "\u{301}",
    "\u{202e}",
    "\\",
    "\\u00e9",
    "-1",
    "0",
    "1e999",
    "nan",
    "0x",
    "1979-05-27",
    "true",
    "[project]",
    "[[annotator]]",
    "mix",
    "a.b",
    "port = 9010",
    "name",
    "://u:p@",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        survives(&text)?;
    }

    #[test]
    fn any_heap_of_scraps_is_read_without_a_panic(
        scraps in prop::collection::vec(prop::sample::select(&SCRAPS[..]), 0..40),
    ) {
        survives(&scraps.concat())?;
    }

    #[test]
    fn any_spoilt_roster_is_read_without_a_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..6, prop::sample::select(&SCRAPS[..])), 1..6),
    ) {
        let samples: Vec<String> = samples().into_values().collect();
        let mut chars: Vec<char> = which.get(&samples).chars().collect();
        for (place, delete, scrap) in edits {
            let from = place.index(chars.len() + 1);
            let to = (from + delete).min(chars.len());
            chars.splice(from..to, scrap.chars());
        }
        survives(&chars.into_iter().collect::<String>())?;
    }

    #[test]
    fn problems_of_any_place_can_be_explained(
        text in any::<String>(), start in 0_usize..200, length in 0_usize..200, other in 0_usize..200,
    ) {
        let problem = Diagnostic::new("x", start..start + length).also(other..other, "y").label("z");
        prop_assert!(explain(&[problem], &text, "f", false).contains('x'));
    }

    /// Each annotator: absent, or on a port (two never on the same), and active or not.
    #[test]
    fn who_is_removed_or_paused_is_who_has_no_port_any_more(old in team(), new in team()) {
        let (old, new) = (valid(&old), valid(&new));
        let diff = RosterDiff::between(&old, &new);
        let names = |r: &Roster| -> BTreeSet<String> { r.active().map(|a| a.name.clone()).collect() };
        let lost: BTreeSet<String> = names(&old).difference(&names(&new)).cloned().collect();
        let named = diff.removed.iter().chain(&diff.paused).filter(|name| names(&old).contains(*name));
        prop_assert_eq!(named.cloned().collect::<BTreeSet<_>>(), lost);
        let gone = |name: &String| old.annotator(name).is_some() && new.annotator(name).is_none();
        prop_assert!(diff.removed.iter().all(gone));
        prop_assert_eq!(RosterDiff::between(&old, &old), RosterDiff::default());
    }
}

/// The text of a roster of some of six people.
fn team() -> impl Strategy<Value = String> {
    let ports = Just((9010_u16..9016).collect::<Vec<_>>()).prop_shuffle();
    let people = prop::collection::vec((any::<bool>(), any::<bool>()), 6);
    (ports, people).prop_map(|(ports, people)| {
        let mut text =
            "[project]\nname = \"demo\"\ninterface = \"text\"\n[[annotator]]\nname = \"always\"\nport = 9020\n"
                .to_owned();
        for (i, ((there, active), port)) in people.into_iter().zip(ports).enumerate() {
            if there {
                let _ = writeln!(
                    text,
                    "[[annotator]]\nname = \"p{i}\"\nport = {port}\nactive = {active}"
                );
            }
        }
        text
    })
}

//! What the format can say and this build cannot carry out yet.
//!
//! A rule that is read and then not followed would be worse than none: the lead would find out from
//! the answers. So every such setting is refused here, by name, and this file shrinks as they are
//! built. (Interfaces are the caller's to name; see `read`.)

use super::places::Located;
use super::problem::Problem;
use super::settings::{Access, Annotations, Order, Roster, Route, Rules, Split, WhenShort};

/// A problem for every setting that this build cannot carry out.
pub(super) fn not_built_yet(roster: &Roster) -> Vec<Problem> {
    let mut problems = rules(roster);
    problems.extend(server(roster));
    for (i, annotator) in roster.annotators.iter().enumerate() {
        if annotator.quota.is_some() {
            problems.push(refuse(roster, &format!("annotator.{i}.quota"), "a quota", LEAVE_OUT));
        }
        // Not written out, or written out as the default.
        #[expect(clippy::float_cmp)]
        if annotator.weight != 1.0 {
            let path = format!("annotator.{i}.weight");
            problems.push(refuse(roster, &path, "a weight other than 1", LEAVE_OUT));
        }
    }
    problems
}

const LEAVE_OUT: &str = "delete it for now";

fn rules(roster: &Roster) -> Vec<Problem> {
    let rules = &roster.allocation;
    // Setting, whether it is asked for, what to call it, what to do.
    let list = [
        (
            "annotations",
            rules.mix.is_none() && matches!(rules.annotations, Annotations::Average(_)),
            "an average number of annotations",
            "write a whole number, such as annotations = 1",
        ),
        (
            "annotations",
            rules.mix.is_none() && rules.annotations == Annotations::All,
            "annotations = \"all\"",
            "write the number of annotators instead",
        ),
        ("mix", rules.mix.is_some(), "a mixture", "write a whole number, such as annotations = 1"),
        ("split", rules.split != Split::Exact, "split = \"hash\"", "write split = \"exact\""),
        ("route", rules.route == Route::Balanced, "route = \"balanced\"", "write route = \"open\""),
        ("route", rules.route == Route::Hash, "route = \"hash\"", "write route = \"open\""),
        (
            "on_disagreement",
            rules.on_disagreement.is_some(),
            "asking again where answers disagree",
            LEAVE_OUT,
        ),
        (
            "steal_after",
            rules.steal_after != Some(Rules::STEAL_AFTER),
            "a steal_after other than \"24h\"",
            LEAVE_OUT,
        ),
        (
            "when_short",
            rules.when_short != WhenShort::Hold,
            "when_short = \"partial\"",
            "write when_short = \"hold\"",
        ),
        ("order", rules.order == Order::Random, "order = \"random\"", "write order = \"loaded\""),
        (
            "order",
            rules.order == Order::FinishFirst,
            "order = \"finish-first\"",
            "write order = \"loaded\"",
        ),
    ];
    list.into_iter()
        .filter(|(_, asked_for, _, _)| *asked_for)
        .map(|(key, _, what, help)| refuse(roster, &format!("allocation.{key}"), what, help))
        .collect()
}

fn server(roster: &Roster) -> Option<Problem> {
    let server = &roster.server;
    if server.access == Some(Access::Key) {
        let help = "write access = \"open\", or bind to 127.0.0.1 and leave access out";
        return Some(refuse(roster, "server.access", "access by key", help));
    }
    // One without the other has its own message.
    if let (Some(Located { at, .. }), Some(_)) = (&server.cert, &server.key) {
        return Some(
            Problem::new("TLS is not built yet", at.clone())
                .help("delete cert and key, and put a reverse proxy in front of annotd"),
        );
    }
    None
}

fn refuse(roster: &Roster, path: &str, what: &str, help: &str) -> Problem {
    Problem::new(format!("{what} is not built yet"), roster.place(path)).help(help)
}

//! Checks of several keys of `[allocation]` together: each may be right, and the whole impossible.

use super::annotations::decimal;
use crate::allocation::order::Order;
use crate::allocation::{Route, WhenShort};
use crate::roster::diagnostic::Diagnostic;
use crate::roster::reader::{Reader, Section};
use crate::roster::settings::{Annotations, Annotator, Rules};

/// The most remaining answers of a task under `finish-first`. Its position has six bits for them;
/// beyond that the order would be promised and not followed.
const MOST_TO_FINISH: usize = 60;

/// The largest share of an annotator's stream for gold tasks and repeats together. The rest is
/// work.
const MOST_CHECKS: f64 = 0.8;

/// How far gold and repeats together may be above that: decimal fractions are not exact.
const CHECKS_SLACK: f64 = 1e-9;

/// Tasks that want more annotators than there are could never be finished.
///
/// Not checked if tasks may name their annotators, since the names then decide.
pub(super) fn enough_people(
    reader: &mut Reader,
    section: &Section<'_>,
    rules: &Rules,
    annotators: &[Annotator],
) {
    let active = annotators.iter().filter(|a| a.active).count();
    let Some(most) = rules.most_annotations() else {
        return;
    };
    let short = usize::try_from(most).is_ok_and(|most| most > active);
    if !short
        || annotators.is_empty()
        || rules.assign_field.is_some()
        || rules.when_short == WhenShort::Partial
    {
        return;
    }
    let Some(at) =
        ["mix", "annotations"].into_iter().find_map(|k| section.get(k)).map(|(_, at)| at)
    else {
        // Not given, so one each: no annotator is active, which is a pause and not a mistake.
        return;
    };
    if active == 0 {
        return;
    }
    let people = if active == 1 { "annotator is" } else { "annotators are" };
    reader.report(
        Diagnostic::new(format!("tasks want {most} annotators, but {active} {people} active"), at)
            .label("such tasks could never be finished")
            .help(format!("ask for at most {active}, or add annotators")),
    );
}

/// If all annotators get all tasks, a route would be read and never followed.
pub(super) fn something_to_route(reader: &mut Reader, section: &Section<'_>, rules: &Rules) {
    if rules.annotations != Annotations::All || rules.route == Route::Open {
        return;
    }
    let route = rules.route.as_str();
    if let (Some((_, at)), Some((_, all))) = (section.get("route"), section.get("annotations")) {
        reader.report(
            Diagnostic::new(format!("route = \"{route}\" has nothing to decide here"), at)
                .also(all, "all annotators get all tasks")
                .help("delete route, or write a number for annotations"),
        );
    }
}

/// With `"all"`, a task wants as many answers as there are active annotators.
pub(super) fn few_enough_to_finish_first(
    reader: &mut Reader,
    section: &Section<'_>,
    rules: &Rules,
    annotators: &[Annotator],
) {
    if rules.order != Order::FinishFirst {
        return;
    }
    let most = match rules.most_annotations() {
        Some(most) => usize::try_from(most).unwrap_or(usize::MAX),
        None => annotators.iter().filter(|a| a.active).count(),
    };
    let Some((_, at)) = section.get("order") else { return };
    if most <= MOST_TO_FINISH {
        return;
    }
    let mut problem = Diagnostic::new(
        format!("\"finish-first\" is for at most {MOST_TO_FINISH} annotations, not for {most}"),
        at,
    )
    .help(format!("write order = \"loaded\", or ask for at most {MOST_TO_FINISH} annotations"));
    if let Some((_, at)) = section.get("mix").or_else(|| section.get("annotations")) {
        problem = problem.also(at, "asked for here");
    }
    reader.report(problem);
}

/// Each within its bounds, gold tasks and repeats together could still leave no work.
pub(super) fn enough_work_besides_checks(
    reader: &mut Reader,
    section: &Section<'_>,
    rules: &Rules,
) {
    let Some(repeat) = rules.repeat else { return };
    let together = rules.gold + repeat.share;
    if together <= MOST_CHECKS + CHECKS_SLACK {
        return;
    }
    // A share that is not given is too small to get here.
    if let (Some((_, gold)), Some((_, repeat))) = (section.get("gold"), section.get("repeat")) {
        reader.report(
            Diagnostic::new(
                format!(
                    "gold and repeat together are {}, more than {MOST_CHECKS}",
                    decimal(together)
                ),
                repeat,
            )
            .also(gold, "and this")
            .help("make one of them smaller, so that new tasks are left"),
        );
    }
}

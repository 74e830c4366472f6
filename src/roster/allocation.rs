//! `[allocation]`: how often a task is given out, to whom, and for how long.

use std::time::Duration;

use toml::de::DeValue;

use super::diagnostic::{Diagnostic, quoted};
use super::reader::{Reader, Section, closest, for_example, list};
use super::schema::{ALLOCATION, DISAGREEMENT, MIX_PART, REPEAT};
use super::settings::{Annotations, Annotator, Disagreement, Repeat, Rules, Share};
use super::source_positions::Located;
use crate::allocation::order::Order;
use crate::allocation::{Ignore, Route, Split, WhenShort};

/// The most answers that may be asked for. A larger number is a slip.
const MOST: u32 = 10_000;

/// How far the shares of a mixture may be from 1 together: decimal fractions are not exact.
const SHARES_SLACK: f64 = 1e-9;

/// The most answers that a task may lack where those that lack the fewest come first. Its position
/// has six bits for them, and beyond these the order would be said and not followed.
const MOST_TO_FINISH: usize = 60;

/// The most of anybody's stream that may be gold tasks and repeats together. The rest is the work.
const MOST_CHECKS: f64 = 0.8;

/// How far gold and repeats together may be above that: decimal fractions are not exact.
const CHECKS_SLACK: f64 = 1e-9;

/// After how many other tasks one comes again, where the roster does not say.
const REPEAT_AFTER: u32 = 20;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

pub(super) fn read(reader: &mut Reader, top: &Section<'_>, annotators: &[Annotator]) -> Rules {
    let section = reader.table(top, "allocation", &ALLOCATION);
    let default = Rules::default();
    let annotations = annotations(reader, &section);
    let mix = mix(reader, &section);
    let seed = reader
        .integer(&section, "seed", 0..=u32::MAX)
        .map_or(default.seed, |seed| u64::from(seed.value));
    let rules = Rules {
        annotations: annotations.unwrap_or(default.annotations),
        mix,
        split: reader
            .choice(&section, "split", &Split::ALL.map(|split| (split.as_str(), split)))
            .unwrap_or(default.split),
        route: reader
            .choice(&section, "route", &Route::ALL.map(|route| (route.as_str(), route)))
            .unwrap_or(default.route),
        assign_field: assign_field(reader, &section),
        on_disagreement: None,
        lease: reader
            .duration(
                &section,
                "lease",
                Duration::from_secs(10)..=Duration::from_secs(30 * DAY),
                "between 10 seconds and 30 days",
                r#"lease = "90s", "30m", "2h" or "1d""#,
            )
            .unwrap_or(default.lease),
        steal_after: steal_after(reader, &section, default.steal_after),
        when_short: reader
            .choice(&section, "when_short", &WhenShort::ALL.map(|short| (short.as_str(), short)))
            .unwrap_or(default.when_short),
        order: order(reader, &section, seed).unwrap_or(default.order),
        ignore: reader
            .choice(&section, "ignore", &Ignore::ALL.map(|ignore| (ignore.as_str(), ignore)))
            .unwrap_or(default.ignore),
        seed,
        gold: gold(reader, &section).unwrap_or(default.gold),
        repeat: repeat(reader, &section),
    };
    let on_disagreement = disagreement(reader, &section, &rules, annotators);
    let rules = Rules { on_disagreement, ..rules };
    enough_people(reader, &section, &rules, annotators);
    something_to_route(reader, &section, &rules);
    few_enough_to_finish_first(reader, &section, &rules, annotators);
    enough_work_beside_checks(reader, &section, &rules);
    rules
}

fn annotations(reader: &mut Reader, section: &Section<'_>) -> Option<Annotations> {
    const HELP: &str = "write a whole number such as 3, an average such as 1.2, or \"all\"";
    let (value, at) = section.get("annotations")?;
    if section.get("mix").is_some() {
        reader.report(
            Diagnostic::new("annotations and mix cannot both be given", at)
                .help("keep mix for a mixture, annotations for one number"),
        );
        return None;
    }
    match value {
        DeValue::String(text) if text == "all" => {
            reader.text(section, "annotations").map(|_| Annotations::All)
        }
        DeValue::String(text) if text.trim().parse::<f64>().is_err() => {
            let message = format!("annotations cannot be {}", quoted(text));
            reader.report(Diagnostic::new(message, at).help(HELP));
            None
        }
        DeValue::Integer(_) => {
            reader.integer(section, "annotations", 1..=MOST).map(|n| Annotations::Each(n.value))
        }
        _ => {
            let average = reader.number(section, "annotations")?;
            if !(1.0..=f64::from(MOST)).contains(&average.value) {
                let message = format!("annotations must be between 1 and {MOST}");
                reader.report(Diagnostic::new(message, average.at).help(HELP));
                return None;
            }
            // An average of 3.0 is three each; within the bounds the conversion loses nothing.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Some(if average.value.fract() == 0.0 {
                Annotations::Each(average.value as u32)
            } else {
                Annotations::Average(average.value)
            })
        }
    }
}

fn mix(reader: &mut Reader, section: &Section<'_>) -> Option<Vec<Share>> {
    let parts = reader.tables(section, "mix", &MIX_PART)?;
    let example = for_example(ALLOCATION.example("mix"));
    if let Some((DeValue::Array(list), at)) = section.get("mix")
        && list.is_empty()
    {
        reader.report(Diagnostic::new("mix has no parts", at).help(example));
        return None;
    }
    let mut shares = Vec::with_capacity(parts.len());
    for part in &parts.value {
        for key in ["share", "annotations"] {
            if part.lacks(key) {
                reader.report(
                    Diagnostic::new(format!("this part of mix has no {key}"), part.at.clone())
                        .help(example.clone()),
                );
            }
        }
        let share = reader.number(part, "share");
        let annotations = reader.integer(part, "annotations", 1..=MOST);
        let share = share.filter(|share| {
            let fits = share.value > 0.0 && share.value <= 1.0;
            if !fits {
                reader.report(
                    Diagnostic::new("a share must be above 0 and at most 1", share.at.clone())
                        .help("write 0.7 for 70 percent"),
                );
            }
            fits
        });
        if let (Some(share), Some(annotations)) = (share, annotations) {
            shares.push(Share { share: share.value, annotations: annotations.value });
        }
    }
    // With a part missing the sum says nothing.
    let all = matches!(section.get("mix"), Some((DeValue::Array(l), _)) if l.len() == shares.len());
    let sum: f64 = shares.iter().map(|s| s.share).sum();
    if all && (sum - 1.0).abs() > SHARES_SLACK {
        let shown = decimal(sum);
        reader.report(
            Diagnostic::new(format!("the shares add up to {shown}, not to 1"), parts.at.clone())
                .help("change them so that they add up to 1"),
        );
        return None;
    }
    all.then_some(shares)
}

/// A sum of decimal fractions as one would have worked it out on paper.
fn decimal(sum: f64) -> String {
    let shown = format!("{sum:.9}");
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn order(reader: &mut Reader, section: &Section<'_>, seed: u64) -> Option<Order> {
    let choices = [Order::Loaded, Order::Random(seed), Order::FinishFirst];
    reader.choice(section, "order", &choices.map(|order| (order.as_str(), order)))
}

fn assign_field(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let field = reader.text(section, "assign_field")?;
    if field.split('.').any(|part| part.trim().is_empty()) {
        reader.report(
            Diagnostic::new(format!("{} is not a path in a task", quoted(&field)), field.at)
                .help(for_example(ALLOCATION.example("assign_field"))),
        );
        return None;
    }
    Some(field.value)
}

fn steal_after(
    reader: &mut Reader,
    section: &Section<'_>,
    default: Option<Duration>,
) -> Option<Duration> {
    if matches!(section.get("steal_after"), Some((DeValue::String(s), _)) if s == "never") {
        reader.text(section, "steal_after");
        return None;
    }
    reader
        .duration(
            section,
            "steal_after",
            Duration::from_secs(60)..=Duration::from_secs(365 * DAY),
            "between a minute and 365 days, or \"never\"",
            r#"steal_after = "2h", "1d" or "never""#,
        )
        .or(default)
}

fn gold(reader: &mut Reader, section: &Section<'_>) -> Option<f64> {
    let fits = |gold: f64| (0.0..=0.5).contains(&gold);
    let percent = "write 0.1 for 10 percent";
    part(reader, section, "gold", fits, "between 0 and 0.5", percent).map(|gold| gold.value)
}

fn repeat(reader: &mut Reader, section: &Section<'_>) -> Option<Repeat> {
    let table = reader.table(section, "repeat", &REPEAT);
    if !table.is_given() {
        return None;
    }
    if table.lacks("share") {
        reader.report(
            Diagnostic::new("repeat has no share", table.at.clone())
                .help(for_example(ALLOCATION.example("repeat"))),
        );
    }
    let fits = |share: f64| share > 0.0 && share <= 0.5;
    let percent = "write 0.05 for 5 percent";
    let share = part(reader, &table, "share", fits, "above 0 and at most 0.5", percent);
    let after = reader.integer(&table, "after", 1..=MOST).map_or(REPEAT_AFTER, |after| after.value);
    share.map(|share| Repeat { share: share.value, after })
}

/// A number that says which part of a whole. Above 1 it was probably meant in percent.
fn part(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    fits: impl Fn(f64) -> bool,
    in_words: &str,
    percent: &str,
) -> Option<Located<f64>> {
    let part = reader.number(section, key)?;
    if fits(part.value) {
        return Some(part);
    }
    let help =
        if part.value > 1.0 { percent.to_owned() } else { for_example(section.example(key)) };
    reader.report(Diagnostic::new(format!("{key} must be {in_words}"), part.at).help(help));
    None
}

fn disagreement(
    reader: &mut Reader,
    section: &Section<'_>,
    rules: &Rules,
    annotators: &[Annotator],
) -> Option<Disagreement> {
    let table = reader.table(section, "on_disagreement", &DISAGREEMENT);
    if !table.is_given() {
        return None;
    }
    if table.lacks("max") {
        reader.report(
            Diagnostic::new("on_disagreement has no max", table.at.clone())
                .help(for_example(ALLOCATION.example("on_disagreement"))),
        );
    }
    let extra = reader.integer(&table, "extra", 1..=MOST).map_or(1, |n| n.value);
    let max = reader.integer(&table, "max", 1..=MOST);
    let by = reader.string_list(&table, "by").map(|b| b.value).unwrap_or_default();
    for name in &by {
        if annotators.iter().any(|a| a.name == name.value) {
            continue;
        }
        let names: Vec<_> =
            annotators.iter().map(|a| a.name.as_str()).filter(|name| !name.is_empty()).collect();
        let help = match closest(name, names.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("the annotators are: {}", list(&names)),
        };
        let message = format!("there is no annotator called {}", quoted(name));
        reader.report(Diagnostic::new(message, name.at.clone()).help(help));
    }
    let by = reader.unique("annotator", by);
    let fits = |threshold: f64| threshold > 0.0 && threshold <= 1.0;
    let percent = "write 0.8 for 80 percent";
    let threshold = part(reader, &table, "threshold", fits, "above 0 and at most 1", percent);
    match rules.most_annotations() {
        None => reader.report(
            Diagnostic::new("with annotations = \"all\" nobody is left to ask", table.at)
                .help("delete on_disagreement, or write a number for annotations"),
        ),
        Some(most) => {
            if let Some(max) = &max
                && max.value < most
            {
                reader.report(
                    Diagnostic::new(
                        format!("max is below the {most} answers asked for at first"),
                        max.at.clone(),
                    )
                    .help(format!("write max = {} or more", most.saturating_add(extra))),
                );
            }
        }
    }
    let threshold = threshold.map_or(1.0, |threshold| threshold.value);
    max.map(|max| Disagreement { extra, max: max.value, by, threshold })
}

/// Tasks that want more annotators than there are would wait for ever.
///
/// Not so where tasks may name their annotators, which then decides.
fn enough_people(
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
        // Not written out, so one each: nobody is active, and that is a pause, not a mistake.
        return;
    };
    if active == 0 {
        return;
    }
    let people = if active == 1 { "annotator is" } else { "annotators are" };
    reader.report(
        Diagnostic::new(format!("tasks want {most} annotators, but {active} {people} active"), at)
            .label("such tasks would wait for ever")
            .help(format!("ask for at most {active}, or add annotators")),
    );
}

/// Where everyone gets everything, a route would be read and never followed.
fn something_to_route(reader: &mut Reader, section: &Section<'_>, rules: &Rules) {
    if rules.annotations != Annotations::All || rules.route == Route::Open {
        return;
    }
    let route = rules.route.as_str();
    if let (Some((_, at)), Some((_, all))) = (section.get("route"), section.get("annotations")) {
        reader.report(
            Diagnostic::new(format!("route = \"{route}\" has nothing to decide here"), at)
                .also(all, "everyone sees everything")
                .help("delete route, or write a number for annotations"),
        );
    }
}

/// One answer by everybody is as many as there are people at work.
fn few_enough_to_finish_first(
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

/// Each within its bounds, gold tasks and repeats could still be all that somebody gets.
fn enough_work_beside_checks(reader: &mut Reader, section: &Section<'_>, rules: &Rules) {
    let Some(repeat) = rules.repeat else { return };
    let together = rules.gold + repeat.share;
    if together <= MOST_CHECKS + CHECKS_SLACK {
        return;
    }
    // What is not written out is too small to get here.
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

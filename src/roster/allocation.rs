//! `[allocation]`: how many answers a task gets, from whom, and how long a lease lasts.

mod annotations;
mod consistency;

use std::time::Duration;

use toml::de::DeValue;

use super::diagnostic::{Diagnostic, quoted};
use super::reader::{Reader, Section};
use super::schema::{ALLOCATION, DISAGREEMENT, REPEAT};
use super::settings::{Annotator, Disagreement, Repeat, Rules};
use super::source_positions::Located;
use super::suggest::{closest, for_example, list};
use crate::allocation::order::Order;
use crate::allocation::{Ignore, Route, Split, WhenShort};

/// The most answers that may be asked for. A larger number is a slip.
const MAX_ANSWERS: u32 = 10_000;

/// After how many other tasks a repeat comes, if the roster does not say.
const REPEAT_AFTER: u32 = 20;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

pub(super) fn read(reader: &mut Reader, top: &Section<'_>, annotators: &[Annotator]) -> Rules {
    let section = reader.table(top, "allocation", &ALLOCATION);
    let default = Rules::default();
    let annotations = annotations::annotations(reader, &section);
    let mix = annotations::mix(reader, &section);
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
    consistency::enough_people(reader, &section, &rules, annotators);
    consistency::something_to_route(reader, &section, &rules);
    consistency::few_enough_to_finish_first(reader, &section, &rules, annotators);
    consistency::enough_work_besides_checks(reader, &section, &rules);
    rules
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
    let after =
        reader.integer(&table, "after", 1..=MAX_ANSWERS).map_or(REPEAT_AFTER, |after| after.value);
    share.map(|share| Repeat { share: share.value, after })
}

/// A share of a whole. A value above 1 was probably meant in percent.
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
    let extra = reader.integer(&table, "extra", 1..=MAX_ANSWERS).map_or(1, |n| n.value);
    let max = reader.integer(&table, "max", 1..=MAX_ANSWERS);
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
            Diagnostic::new(
                "with annotations = \"all\" there is no further annotator to ask",
                table.at,
            )
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

//! `[[annotator]]`: who annotates, and on which port.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::diagnostic::{Diagnostic, quoted};
use super::project::name;
use super::reader::{Reader, Section};
use super::schema::ANNOTATOR;
use super::server::port;
use super::settings::{Annotator, Lead};
use super::source_positions::Located;

/// The name of the lead's port in URLs, logs and socket units; no annotator can have it.
pub const LEAD_NAME: &str = "lead";

/// The largest weight: no annotator works a thousand times as much as another.
const HEAVIEST: f64 = 1000.0;

/// The largest quota: more tasks than a project has.
const LARGEST_QUOTA: u32 = 1_000_000_000;

/// Reads all annotators. The result has one for every table in the text, also for those in which
/// something is wrong, so that positions agree with the paths of places.
pub(super) fn read(reader: &mut Reader, top: &Section<'_>, lead: Lead) -> Vec<Annotator> {
    let sections = reader.tables(top, "annotator", &ANNOTATOR);
    let sections = match sections {
        Some(sections) if !sections.is_empty() => sections.value,
        given => {
            // A value of the wrong type has its message already.
            if given.is_some() || top.lacks("annotator") {
                reader.report(
                    Diagnostic::new("there are no annotators", given.map_or(0..0, |g| g.at))
                        .help("add [[annotator]] and, under it, name = \"andy\" and port = 9010"),
                );
            }
            return Vec::new();
        }
    };
    let mut people = Vec::with_capacity(sections.len());
    let mut names = Vec::with_capacity(sections.len());
    let mut ports = Vec::with_capacity(sections.len());
    for section in &sections {
        let name = name(reader, section, "annotator");
        let port = port(reader, section);
        if section.lacks("port") {
            let who = name.as_ref().map_or("this annotator", |n| n.value.as_str());
            reader.report(
                Diagnostic::new(format!("{who} has no port"), section.at.clone())
                    .help("add a line such as port = 9010"),
            );
        }
        let tags = tags(reader, section);
        people.push(Annotator {
            name: name.as_ref().map(|n| n.value.clone()).unwrap_or_default(),
            port: port.as_ref().map_or(0, |p| p.value),
            display: reader.text(section, "display").map(|d| d.value),
            tags: reader.unique("tag", tags),
            quota: reader.integer(section, "quota", 1..=LARGEST_QUOTA).map(|q| q.value),
            weight: weight(reader, section),
            active: reader.boolean(section, "active").unwrap_or(true),
        });
        names.push(name);
        ports.push(port);
    }
    for name in names.iter().flatten().filter(|name| name.eq_ignore_ascii_case(LEAD_NAME)) {
        let problem =
            Diagnostic::new("the name lead is reserved for the lead's port", name.at.clone());
        reader.report(problem.help("give this annotator another name, for example lead2"));
    }
    unique_names(reader, &names);
    unique_ports(reader, &names, &ports, lead);
    people
}

/// Tags are compared letter by letter with those that a task requires, so an invisible blank would
/// keep its annotator from every such task.
fn tags(reader: &mut Reader, section: &Section<'_>) -> Vec<Located<String>> {
    let mut tags = reader.string_list(section, "tags").map(|t| t.value).unwrap_or_default();
    tags.retain(|tag| {
        let bare = tag.trim();
        let fits = bare.len() == tag.len();
        if !fits {
            reader.report(
                Diagnostic::new(
                    format!("the tag {} has a blank at its beginning or end", quoted(tag)),
                    tag.at.clone(),
                )
                .help(format!("write {}", quoted(bare))),
            );
        }
        fits
    });
    tags
}

fn weight(reader: &mut Reader, section: &Section<'_>) -> f64 {
    match reader.number(section, "weight") {
        None => 1.0,
        Some(weight) if weight.value > 0.0 && weight.value <= HEAVIEST => weight.value,
        Some(weight) => {
            reader.report(
                Diagnostic::new(
                    format!("weight must be above 0 and at most {HEAVIEST}"),
                    weight.at,
                )
                .help("1 is a full part, 0.5 half of one; active = false gives no work at all"),
            );
            1.0
        }
    }
}

fn unique_names(reader: &mut Reader, names: &[Option<Located<String>>]) {
    let mut first: BTreeMap<String, &Located<String>> = BTreeMap::new();
    for name in names.iter().flatten() {
        let Some(earlier) = first.get(&name.to_lowercase()) else {
            first.insert(name.to_lowercase(), name);
            continue;
        };
        let problem = if earlier.value == name.value {
            Diagnostic::new(
                format!("there are two annotators called {}", name.value),
                name.at.clone(),
            )
        } else {
            Diagnostic::new(
                format!("{} and {} differ only in capitals", earlier.value, name.value),
                name.at.clone(),
            )
        };
        reader.report(
            problem
                .also(earlier.at.clone(), "the first one")
                .help(format!("rename one of them, for example to {}2", name.value)),
        );
    }
}

fn unique_ports(
    reader: &mut Reader,
    names: &[Option<Located<String>>],
    ports: &[Option<Located<u16>>],
    lead: Lead,
) {
    let taken: BTreeSet<u16> = ports.iter().flatten().map(|p| p.value).chain([lead.port]).collect();
    let highest = ports.iter().flatten().map(|p| p.value).max().unwrap_or(9009);
    let mut free = (highest..=u16::MAX).chain(1024..highest).filter(|p| !taken.contains(p));
    let mut first: BTreeMap<u16, (&str, Range<usize>)> = BTreeMap::new();
    for (name, port) in names.iter().zip(ports) {
        let Some(port) = port else { continue };
        let name = name.as_ref().map_or("another annotator", |n| n.value.as_str());
        let problem = if port.value == lead.port {
            Diagnostic::new(format!("port {} is the lead's", port.value), port.at.clone())
        } else if let Some((holder, at)) = first.get(&port.value) {
            Diagnostic::new(format!("port {} is {holder}'s already", port.value), port.at.clone())
                .also(at.clone(), "here")
        } else {
            first.insert(port.value, (name, port.at.clone()));
            continue;
        };
        let mut help = match free.next() {
            Some(port) => format!("give {name} another one: no one has {port} yet"),
            None => format!("give {name} another one"),
        };
        if port.value == lead.port {
            help.push_str(", or move the lead with port = … under [lead]");
        }
        reader.report(problem.help(help));
    }
}

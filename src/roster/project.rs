//! `[project]`: its name, interface, labels and files.

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::diagnostic::{Diagnostic, quoted};
use super::interfaces;
use super::media_origins;
use super::page_settings;
use super::reader::{Reader, Section};
use super::renamed;
use super::schema::PROJECT;
use super::settings::Project;
use super::source_positions::Located;
use super::suggest::{closest, for_example, list};

/// The longest name of a project or an annotator, in characters.
const LONGEST_NAME: usize = 64;

pub(super) fn read(reader: &mut Reader, top: &Section<'_>, known_interfaces: &[&str]) -> Project {
    if top.lacks("project") {
        reader.report(
            Diagnostic::new("there is no [project]", 0..0)
                .help("begin with [project] and, under it, name = \"my_project\" and interface = \"classification\""),
        );
        return Project::default();
    }
    let section = reader.table(top, "project", &PROJECT);
    if !section.is_given() {
        return Project::default();
    }
    let name = name(reader, &section, "project");
    let interface = interface(reader, &section, known_interfaces);
    let labels = reader.string_list(&section, "labels");
    if let Some(interface) = &interface
        && interfaces::needs_labels(interface)
        && let Some(at) = no_labels(&section, interface)
    {
        reader.report(
            Diagnostic::new(format!("{} needs labels", interface.value), at)
                .help("add a line such as labels = [\"PERSON\", \"PLACE\"]"),
        );
    }
    let labels = reader.unique("label", labels.map(|l| l.value).unwrap_or_default());
    if interface.as_ref().is_some_and(|interface| interface.value == "blocks") {
        blocks(reader, &section, known_interfaces, !labels.is_empty());
    }
    let keyed = interface.as_ref().is_some_and(|i| interfaces::needs_labels(&i.value));
    let config = config(reader, &section, if keyed { &labels } else { &[] });
    let renamed = renamed::read(reader, &section, &labels, &config);
    Project {
        name: name.map(|n| n.value).unwrap_or_default(),
        interface: interface.map(|i| i.value).unwrap_or_default(),
        labels,
        renamed,
        identity: identity(reader, &section),
        instructions: reader.text(&section, "instructions"),
        tasks: reader.string_list(&section, "tasks").map(|t| t.value).unwrap_or_default(),
        media: reader.text(&section, "media"),
        media_from: media_origins::read(reader, &section, "media_from"),
        config,
    }
}

/// `identity`: a word, or the path of a key. Names that begin with `_` are the system's and tell no
/// tasks apart.
fn identity(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let identity = reader.text(section, "identity")?;
    let help = if identity.starts_with('_') {
        "did you mean \"task_hash\"? Keys that begin with _ are the system's".to_owned()
    } else if let Some(word) = meant(&identity) {
        format!(
            "did you mean \"{word}\"? A key of the task is named by its path, such as \"meta.id\""
        )
    } else if identity.split('.').any(|key| key.trim().is_empty()) {
        format!("{}, or \"content\" or \"task_hash\"", for_example(PROJECT.example("identity")))
    } else {
        return Some(identity.value);
    };
    let message = format!("{} does not tell tasks apart", quoted(&identity));
    reader.report(Diagnostic::new(message, identity.at).help(help));
    None
}

/// The word of a rule that this is nearly.
fn meant(identity: &str) -> Option<&'static str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '_'], "");
    // A key may well be called `context`: only a letter too many or too few is taken for a slip.
    let is_near = |word: &&str| {
        let (said, meant) = (plain(identity), plain(word));
        let slip = said.len() != meant.len() && strsim::levenshtein(&said, &meant) == 1;
        identity != *word && (said == meant || slip)
    };
    ["content", "task_hash"].into_iter().find(is_near)
}

/// Where to say that there are no labels, if there are none: at the empty list, or else at the
/// interface that needs them. Labels that are wrong have their own messages.
fn no_labels(section: &Section<'_>, interface: &Located<String>) -> Option<Range<usize>> {
    match section.get("labels") {
        None => section.lacks("labels").then(|| interface.at.clone()),
        Some((DeValue::Array(list), at)) if list.is_empty() => Some(at),
        Some(_) => None,
    }
}

/// The `name` of a project or an annotator: present, and of letters, digits, `-` and `_` alone.
/// Such a name is good for a MongoDB collection as well (no `$`, no dots, hence no `system.`), for
/// a file and for a session id.
pub(super) fn name(
    reader: &mut Reader,
    section: &Section<'_>,
    whose: &str,
) -> Option<Located<String>> {
    if section.lacks("name") {
        reader.report(
            Diagnostic::new(format!("this {whose} has no name"), section.at.clone())
                .help(format!("add a line such as name = \"{}\"", sample_name(whose))),
        );
    }
    let name = reader.text(section, "name")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let help = if let Some(odd) = name.chars().find(|c| !allowed(*c)) {
        let odd = match odd {
            ' ' => "a blank".to_owned(),
            c => quoted(&c.to_string()),
        };
        format!("use letters from a to z, digits, - and _ only, without {odd}")
    } else if name.chars().count() > LONGEST_NAME {
        format!("use at most {LONGEST_NAME} characters")
    } else {
        return Some(name);
    };
    let help = if whose == "annotator" {
        format!("{help}; display = \"…\" can have any characters")
    } else {
        help
    };
    let message = format!("{} cannot be the name of the {whose}", quoted(&name));
    reader.report(Diagnostic::new(message, name.at).help(help));
    None
}

fn sample_name(whose: &str) -> &'static str {
    if whose == "annotator" { "andy" } else { "my_project" }
}

fn interface(
    reader: &mut Reader,
    section: &Section<'_>,
    known: &[&str],
) -> Option<Located<String>> {
    if section.lacks("interface") {
        reader.report(
            Diagnostic::new("this project has no interface", section.at.clone())
                .help(format!("add interface = \"…\" with one of: {}", list(known))),
        );
    }
    let interface = reader.text(section, "interface")?;
    if known.contains(&interface.value.as_str()) {
        return Some(interface);
    }
    reader.report(no_such_interface(&interface.value, interface.at, known));
    None
}

fn no_such_interface(name: &str, at: Range<usize>, known: &[&str]) -> Diagnostic {
    let shown = quoted(name);
    if interfaces::in_family(name) {
        return Diagnostic::new(format!("the interface {shown} is not built yet"), at)
            .help(format!("this version can show: {}", list(known)));
    }
    let near = closest(name, known.iter().copied()).or_else(|| closest(name, interfaces::names()));
    let help = match near {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("this version can show: {}", list(known)),
    };
    Diagnostic::new(format!("there is no interface {shown}"), at).help(help)
}

/// What cannot be a block.
const NO_BLOCKS: [&str; 3] = ["blocks", "pages", "review"];

/// The blocks of `interface = "blocks"`, where the project gives them: a list of tables, each with
/// an interface that can be a block and has the labels it needs. Tasks may bring blocks of their
/// own.
fn blocks(reader: &mut Reader, project: &Section<'_>, known: &[&str], has_labels: bool) {
    const SAMPLE: &str = "blocks = [{ view_id = \"text\" }, { view_id = \"text_input\" }]";
    let Some((DeValue::Table(config), _)) = project.get("config") else { return };
    let Some(value) = config.get("blocks") else { return };
    let listed = match value.get_ref() {
        DeValue::Array(listed) if !listed.is_empty() => listed,
        _ => {
            let problem = Diagnostic::new("blocks is not a list of blocks", value.span());
            return reader.report(problem.help(for_example(SAMPLE)));
        }
    };
    for block in listed {
        let view = match block.get_ref() {
            DeValue::Table(block) => block.get("view_id"),
            _ => None,
        };
        let Some((view, DeValue::String(name))) = view.map(|view| (view, view.get_ref())) else {
            let problem =
                Diagnostic::new("this block does not say which interface it is", block.span());
            reader.report(problem.help(for_example("{ view_id = \"text\" }")));
            continue;
        };
        let own_labels =
            matches!(block.get_ref(), DeValue::Table(block) if block.contains_key("labels"));
        if NO_BLOCKS.contains(&name.as_ref()) {
            let message = format!("{} cannot be a block", quoted(name));
            let problem = Diagnostic::new(message, view.span());
            reader.report(problem.help("name an interface that is not made of others"));
        } else if !known.contains(&name.as_ref()) {
            reader.report(no_such_interface(name, view.span(), known));
        } else if interfaces::needs_labels(name) && !has_labels && !own_labels {
            reader.report(
                Diagnostic::new(format!("{name} needs labels"), view.span())
                    .help("add labels = [\"PERSON\", \"PLACE\"] to this block or to [project]"),
            );
        }
    }
}

/// `[project.config]` goes to the page as it is; checked is only that it can be said in JSON, and
/// what would otherwise fail silently.
fn config(reader: &mut Reader, project: &Section<'_>, labels: &[String]) -> Table {
    let Some((value, at)) = project.get("config") else {
        return Table::new();
    };
    let DeValue::Table(table) = value else {
        reader.wrong_type(project, "config", "a table", value, at);
        return Table::new();
    };
    reader.note(project, "config", at);
    page_settings::check(reader, table, labels);
    copy_table(reader, table)
}

fn copy_table(reader: &mut Reader, table: &DeTable<'_>) -> Table {
    let mut copy = Table::new();
    for (key, value) in table {
        if let Some(value) = copy_value(reader, value.get_ref(), value.span()) {
            copy.insert(key.get_ref().to_string(), value);
        }
    }
    copy
}

/// The depth is bounded by the parser, which refuses more than 80 levels.
fn copy_value(reader: &mut Reader, value: &DeValue<'_>, at: Range<usize>) -> Option<Value> {
    let copy = match value {
        DeValue::String(text) => Some(Value::String(text.to_string())),
        DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok().map(Value::Integer),
        DeValue::Float(f) => {
            f.as_str().parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Float)
        }
        DeValue::Boolean(truth) => Some(Value::Boolean(*truth)),
        DeValue::Datetime(_) => None,
        DeValue::Array(list) => {
            let copies = list.iter().filter_map(|v| copy_value(reader, v.get_ref(), v.span()));
            Some(Value::Array(copies.collect()))
        }
        DeValue::Table(table) => Some(Value::Table(copy_table(reader, table))),
    };
    if copy.is_none() {
        reader.report(Diagnostic::new("this value cannot be sent to the page", at).help(
            "use text, finite numbers, true, false, lists and tables; put dates in quotation marks",
        ));
    }
    copy
}

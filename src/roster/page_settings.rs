//! `[project.config]`: settings of the interface and of the page, handed on as they are.
//!
//! Prodigy's configuration has many more names than annotd uses, and a lead who copies one over
//! must not be stopped by them. So an unknown name passes, unless it is so near to a known one that
//! it is a slip of the hand: a slip would otherwise do nothing, and say nothing. What a key does
//! (`keymap`) and which label it gives (`keymap_by_label`) have a closed set of names each.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, quoted};
use super::reader::Reader;
use super::schema::SETTINGS;
use super::suggest::{closest, for_example, list};

/// Near to one of them, and a setting of Prodigy's own.
const NOT_MEANT: [&str; 1] = ["label"];

/// What `keymap` can give a key to (the page's commands, and the player's one), and the keys that
/// each has of itself.
const COMMANDS: [(&str, &[&str]); 12] = [
    ("accept", &["a"]),
    ("reject", &["x"]),
    ("ignore", &["space"]),
    ("undo", &["backspace", "delete"]),
    ("save", &["ctrl+s", "meta+s"]),
    ("flag", &["f"]),
    ("comment", &["c"]),
    ("history", &["y"]),
    ("forward", &["escape"]),
    ("help", &["h", "?"]),
    ("instructions", &["i"]),
    ("playpause", &["enter", "ctrl+space"]),
];

/// The commands that every annotator needs: no label can have their keys.
const ANSWERS: [&str; 4] = ["accept", "reject", "ignore", "undo"];

/// Keys under which an answer has something else than a text: no `field_id`. Neither are names that
/// begin with `_`. The interface `text_input` refuses the same ones in a task.
const TAKEN: [&str; 8] =
    ["answer", "comment", "config", "flagged", "html_template", "meta", "skip_reason", "tokens"];

/// Settings that are true or false.
const TRUTHS: [&str; 12] = [
    "allow_newline_highlight",
    "audio_autoplay",
    "audio_loop",
    "choice_auto_accept",
    "field_autofocus",
    "field_required",
    "hide_arrow_heads",
    "hide_meta",
    "image_manual_from_center",
    "image_manual_show_labels",
    "ner_manual_highlight_chars",
    "wrap",
];

/// Keys that have a name instead of a sign.
const NAMED: [&str; 16] = [
    "space",
    "enter",
    "tab",
    "backspace",
    "delete",
    "escape",
    "insert",
    "home",
    "end",
    "pageup",
    "pagedown",
    "arrowleft",
    "arrowright",
    "arrowup",
    "arrowdown",
    "contextmenu",
];

/// How else a key or a modifier may be spelled.
const SPELLED: [(&str, &str); 5] = [
    ("del", "delete"),
    ("esc", "escape"),
    ("spacebar", "space"),
    ("cmd", "meta"),
    ("command", "meta"),
];

/// The setting that was meant, if the name is at most two slips from one. Nearer than [`closest`],
/// because names that are only alike pass.
fn slip_of(name: &str) -> Option<&'static str> {
    const MOST: usize = 2;
    let name = name.to_lowercase().replace('-', "_");
    // Longer than any name by far: not worth the comparison.
    if name.len() > 100 {
        return None;
    }
    let slips = |known: &str| strsim::damerau_levenshtein(&name, known);
    let near = SETTINGS.into_iter().min_by_key(|known| slips(known))?;
    (slips(near) <= MOST.min(near.len() / 3)).then_some(near)
}

/// Reports what would otherwise fail silently. `labels` are the project's, where keys are given to
/// them; without any, the names in `keymap_by_label` are those of a task's options or of a block.
pub(super) fn check(reader: &mut Reader, config: &DeTable<'_>, labels: &[String]) {
    settings(reader, config);
    let blocks = config.get("blocks").and_then(|value| value.get_ref().as_array());
    for block in blocks.into_iter().flatten() {
        if let DeValue::Table(own) = block.get_ref() {
            settings(reader, own);
        }
    }
    keys(reader, config);
    let own = config.get("relations_span_labels").map(toml::Spanned::get_ref);
    let own: Vec<&str> = own
        .and_then(DeValue::as_array)
        .into_iter()
        .flatten()
        .filter_map(|label| label.get_ref().as_str())
        .collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    label_keys(reader, config, &[&labels, &own]);
}

/// Settings by their names and values: the project's, or those that a block has beside its fields.
fn settings(reader: &mut Reader, config: &DeTable<'_>) {
    for (key, _) in config {
        let name = key.get_ref();
        if !SETTINGS.contains(&name.as_ref())
            && !NOT_MEANT.contains(&name.as_ref())
            && let Some(near) = slip_of(name)
        {
            let message = format!("there is no setting {}", quoted(name));
            reader
                .report(Diagnostic::new(message, key.span()).help(format!("did you mean {near}?")));
        }
    }
    choice(reader, config, "choice_style", &["single", "multiple"]);
    choice(reader, config, "diff_style", &["words", "chars", "sentences", "lines"]);
    for name in TRUTHS {
        boolean(reader, config, name);
    }
    reasons(reader, config);
    field_id(reader, config);
}

fn choice(reader: &mut Reader, config: &DeTable<'_>, name: &str, known: &[&str]) {
    let Some(value) = config.get(name) else { return };
    if value.get_ref().as_str().is_some_and(|text| known.contains(&text)) {
        return;
    }
    let all: Vec<String> = known.iter().map(|one| format!("{one:?}")).collect();
    let message = match &all[..] {
        [one, other] => format!("{name} is neither {one} nor {other}"),
        _ => format!("{name} is none of {}", all.join(", ")),
    };
    let sample = format!("{name} = {}", all[0]);
    reader.report(Diagnostic::new(message, value.span()).help(for_example(&sample)));
}

fn boolean(reader: &mut Reader, config: &DeTable<'_>, name: &str) {
    let Some(value) = config.get(name) else { return };
    if !matches!(value.get_ref(), DeValue::Boolean(_)) {
        let message = format!("{name} is neither true nor false");
        let sample = format!("{name} = true");
        reader.report(Diagnostic::new(message, value.span()).help(for_example(&sample)));
    }
}

/// `skip_reasons = ["unclear", "not English"]`
fn reasons(reader: &mut Reader, config: &DeTable<'_>) {
    let Some(value) = config.get("skip_reasons") else { return };
    let texts =
        value.get_ref().as_array().is_some_and(|all| all.iter().all(|one| one.get_ref().is_str()));
    if !texts {
        let problem = Diagnostic::new("skip_reasons is not a list of reasons", value.span());
        reader.report(problem.help(for_example("skip_reasons = [\"unclear\", \"not English\"]")));
    }
}

/// `field_id = "why"`
fn field_id(reader: &mut Reader, config: &DeTable<'_>) {
    let Some(value) = config.get("field_id") else { return };
    let problem = match value.get_ref().as_str() {
        None => Diagnostic::new("field_id is no text", value.span()),
        Some(name) if TAKEN.contains(&name) || name.starts_with('_') => {
            let message = format!("an answer has something else under {}", quoted(name));
            Diagnostic::new(message, value.span()).label("the key of the text")
        }
        Some(_) => return,
    };
    reader.report(problem.help(for_example("field_id = \"user_input\"")));
}

/// `keymap = { accept = ["j", "enter"] }`
fn keys(reader: &mut Reader, config: &DeTable<'_>) {
    const SAMPLE: &str = "keymap = { accept = [\"j\"], reject = [\"k\"] }";
    let Some(value) = config.get("keymap") else { return };
    let DeValue::Table(keymap) = value.get_ref() else {
        let problem = Diagnostic::new("keymap does not say which keys do what", value.span());
        return reader.report(problem.help(for_example(SAMPLE)));
    };
    let names = || COMMANDS.into_iter().map(|(name, _)| name);
    let mut given: Vec<(String, Range<usize>, String)> = Vec::new();
    for (command, keys) in keymap {
        let name = command.get_ref();
        if !names().any(|known| known == name) {
            let help = match closest(name, names()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("a key can do one of: {}", list(&names().collect::<Vec<_>>())),
            };
            let message = format!("no key can do {}", quoted(name));
            reader.report(Diagnostic::new(message, command.span()).help(help));
            continue;
        }
        let Some(listed) = strings(keys) else {
            let message = format!("these are no keys for {name}");
            let sample = format!("{name} = [\"j\"]");
            reader.report(Diagnostic::new(message, keys.span()).help(for_example(&sample)));
            continue;
        };
        for (key, at) in listed {
            if let Some(key) = normal(reader, key, &at) {
                given.push((key, at, name.to_string()));
            }
        }
    }
    for (i, (key, at, command)) in given.iter().enumerate() {
        let before = given[..i].iter().find(|(other, _, whose)| other == key && whose != command);
        // What a command has of itself is free only where the command is given others.
        let usual = COMMANDS.into_iter().find(|(whose, keys)| {
            whose != command && keys.contains(&key.as_str()) && !keymap.contains_key(*whose)
        });
        let whose = before.map(|(_, _, whose)| whose.as_str()).or(usual.map(|(whose, _)| whose));
        // The player's keys are its own.
        if let Some(whose) = whose.filter(|whose| *whose != "playpause" && command != "playpause") {
            let message = format!("{} already does {whose}", quoted(key));
            let help = format!("give {command} another key, or give {whose} one of its own");
            reader.report(Diagnostic::new(message, at.clone()).help(help));
        }
    }
}

/// A text, or a list of texts, each with its place.
fn strings<'v>(value: &'v toml::Spanned<DeValue<'_>>) -> Option<Vec<(&'v str, Range<usize>)>> {
    match value.get_ref() {
        DeValue::String(text) => Some(vec![(text.as_ref(), value.span())]),
        DeValue::Array(all) => {
            all.iter().map(|key| Some((key.get_ref().as_str()?, key.span()))).collect()
        }
        _ => None,
    }
}

/// A key as the page names it. Reports one that no keyboard has.
fn normal(reader: &mut Reader, written: &str, at: &Range<usize>) -> Option<String> {
    let lower = written.trim().to_lowercase();
    let spelled = |part: &str| {
        SPELLED
            .into_iter()
            .find(|(other, _)| *other == part)
            .map_or(part.to_owned(), |(_, name)| name.to_owned())
    };
    // The sign + is a key itself.
    let (modifiers, key) = match lower.strip_suffix('+') {
        Some(before) if before.is_empty() || before.ends_with('+') => {
            (before.trim_end_matches('+'), "+")
        }
        _ => lower.rsplit_once('+').unwrap_or(("", &lower)),
    };
    let key = spelled(key);
    let function = key
        .strip_prefix('f')
        .and_then(|n| n.parse::<u8>().ok())
        .is_some_and(|n| (1..=24).contains(&n));
    let known = key.chars().count() == 1 || NAMED.contains(&key.as_str()) || function;
    let parts: Vec<String> =
        modifiers.split('+').filter(|part| !part.is_empty()).map(spelled).collect();
    if known && parts.iter().all(|part| matches!(part.as_str(), "ctrl" | "shift" | "alt" | "meta"))
    {
        return Some(parts.into_iter().chain([key]).collect::<Vec<_>>().join("+"));
    }
    let message = format!("there is no key {}", quoted(written));
    let help = match closest(&key, NAMED.into_iter()) {
        Some(near) if !known => format!("did you mean {near}?"),
        _ => for_example("\"j\", \"enter\", \"ctrl+s\" or \"shift+arrowright\""),
    };
    reader.report(Diagnostic::new(message, at.clone()).help(help));
    None
}

/// `keymap_by_label = { PERSON = "p" }`
fn label_keys(reader: &mut Reader, config: &DeTable<'_>, lists: &[&[&str]]) {
    const SAMPLE: &str = "keymap_by_label = { PERSON = \"p\", PLACE = \"l\" }";
    let Some(value) = config.get("keymap_by_label") else { return };
    let DeValue::Table(by_label) = value.get_ref() else {
        let problem =
            Diagnostic::new("keymap_by_label does not say which key is whose", value.span());
        return reader.report(problem.help(for_example(SAMPLE)));
    };
    let labels: &[&str] = &lists.concat();
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    let mut given: Vec<(String, String)> = Vec::new();
    for (label, key) in by_label {
        let name = label.get_ref();
        let by_place = name.bytes().all(|digit| digit.is_ascii_digit())
            && name.parse::<usize>().is_ok_and(|place| place < longest);
        if !labels.is_empty() && !by_place && !labels.contains(&name.as_ref()) {
            let help = match closest(name, labels.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the labels are: {}", list(labels)),
            };
            let message = format!("there is no label {} to give a key to", quoted(name));
            reader.report(Diagnostic::new(message, label.span()).help(help));
            continue;
        }
        let Some(written) = key.get_ref().as_str() else {
            let problem = Diagnostic::new(format!("this is no key for {name}"), key.span());
            reader.report(problem.help(for_example(SAMPLE)));
            continue;
        };
        let Some(key_name) = normal(reader, written, &key.span()) else { continue };
        if let Some((_, whose)) = given.iter().find(|(other, _)| *other == key_name) {
            let message = format!("{} is already the key of {whose}", quoted(written));
            let help = format!("give {name} another one");
            reader.report(Diagnostic::new(message, key.span()).help(help));
        }
        // A label goes before a command: of these there would be no key left.
        let keymap = config.get("keymap").and_then(|value| value.get_ref().as_table());
        let answers = COMMANDS.into_iter().find(|(command, keys)| {
            ANSWERS.contains(command)
                && keys[0] == key_name
                && !keymap.is_some_and(|keymap| keymap.contains_key(*command))
        });
        if let Some((command, _)) = answers.filter(|_| !labels.is_empty()) {
            let message = format!("{} already does {command}", quoted(written));
            let help =
                format!("give {name} another key, or give {command} one of its own in keymap");
            reader.report(Diagnostic::new(message, key.span()).help(help));
        }
        given.push((key_name, name.to_string()));
    }
}

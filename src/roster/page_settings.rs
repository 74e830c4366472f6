//! `[project.config]`: settings of the interface and of the page, handed on as they are.
//!
//! Prodigy's configuration has many more names than annotd uses, and a lead who copies one over must not be
//! stopped by them. So an unknown name passes, unless it is so near to a known one that it is a slip of the
//! hand: a slip would otherwise do nothing, and say nothing. What a key does (`keymap`) and which label it gives
//! (`keymap_by_label`) have a closed set of names each.

use toml::de::{DeTable, DeValue};

use super::problem::{Problem, quoted};
use super::reader::{Reader, closest, for_example, list};

/// Every setting that an interface or the page knows.
const SETTINGS: [&str; 29] = [
    "allow_newline_highlight",
    "audio_autoplay",
    "audio_loop",
    "audio_rate",
    "blocks",
    "choice_auto_accept",
    "choice_style",
    "diff_style",
    "field_autofocus",
    "field_id",
    "field_label",
    "field_placeholder",
    "field_required",
    "field_rows",
    "field_suggestions",
    "hide_arrow_heads",
    "html_template",
    "image_manual_font_size",
    "image_manual_from_center",
    "image_manual_modes",
    "image_manual_show_labels",
    "image_manual_stroke_width",
    "keymap",
    "keymap_by_label",
    "labels",
    "ner_manual_highlight_chars",
    "relations_span_labels",
    "skip_reasons",
    "wrap",
];

/// What `keymap` can give a key to: the page's commands, and the player's one.
const COMMANDS: [&str; 12] = [
    "accept",
    "reject",
    "ignore",
    "undo",
    "save",
    "flag",
    "comment",
    "history",
    "forward",
    "help",
    "instructions",
    "playpause",
];

/// The setting that was meant, if the name is at most two slips from one. Nearer than [`closest`], because names that
/// are only alike pass.
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

/// Reports what would otherwise fail silently. `labels` are the project's, where keys are given to them; without
/// any, the names in `keymap_by_label` are those of a task's options or of a block.
pub(super) fn check(reader: &mut Reader, config: &DeTable<'_>, labels: &[String]) {
    for (key, _) in config {
        let name = key.get_ref();
        if !SETTINGS.contains(&name.as_ref())
            && let Some(near) = slip_of(name)
        {
            let message = format!("there is no setting {}", quoted(name));
            reader.report(Problem::new(message, key.span()).help(format!("did you mean {near}?")));
        }
    }
    one_of(reader, config, "choice_style", &["single", "multiple"]);
    one_of(reader, config, "diff_style", &["words", "chars", "sentences", "lines"]);
    for name in ["choice_auto_accept", "field_required"] {
        truth(reader, config, name);
    }
    keys(reader, config);
    let own = config.get("relations_span_labels").map(toml::Spanned::get_ref);
    let own = own.and_then(DeValue::as_array).into_iter().flatten();
    let own = own.filter_map(|label| label.get_ref().as_str());
    let labels: Vec<&str> = labels.iter().map(String::as_str).chain(own).collect();
    label_keys(reader, config, &labels);
}

fn one_of(reader: &mut Reader, config: &DeTable<'_>, name: &str, known: &[&str]) {
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
    reader.report(Problem::new(message, value.span()).help(for_example(&sample)));
}

fn truth(reader: &mut Reader, config: &DeTable<'_>, name: &str) {
    let Some(value) = config.get(name) else { return };
    if !matches!(value.get_ref(), DeValue::Boolean(_)) {
        let message = format!("{name} is neither true nor false");
        let sample = format!("{name} = true");
        reader.report(Problem::new(message, value.span()).help(for_example(&sample)));
    }
}

/// `keymap = { accept = ["j", "enter"] }`
fn keys(reader: &mut Reader, config: &DeTable<'_>) {
    const SAMPLE: &str = "keymap = { accept = [\"j\"], reject = [\"k\"] }";
    let Some(value) = config.get("keymap") else { return };
    let DeValue::Table(keymap) = value.get_ref() else {
        let problem = Problem::new("keymap does not say which keys do what", value.span());
        return reader.report(problem.help(for_example(SAMPLE)));
    };
    for (command, keys) in keymap {
        let name = command.get_ref();
        if !COMMANDS.contains(&name.as_ref()) {
            let help = match closest(name, COMMANDS.into_iter()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("a key can do one of: {}", list(&COMMANDS)),
            };
            let message = format!("no key can do {}", quoted(name));
            reader.report(Problem::new(message, command.span()).help(help));
        } else if !is_key(keys.get_ref()) {
            let message = format!("these are no keys for {name}");
            let sample = format!("{name} = [\"j\"]");
            reader.report(Problem::new(message, keys.span()).help(for_example(&sample)));
        }
    }
}

/// A key's name, or a list of them.
fn is_key(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::String(_) => true,
        DeValue::Array(all) => all.iter().all(|key| matches!(key.get_ref(), DeValue::String(_))),
        _ => false,
    }
}

/// `keymap_by_label = { PERSON = "p" }`
fn label_keys(reader: &mut Reader, config: &DeTable<'_>, labels: &[&str]) {
    const SAMPLE: &str = "keymap_by_label = { PERSON = \"p\", PLACE = \"l\" }";
    let Some(value) = config.get("keymap_by_label") else { return };
    let DeValue::Table(keymap) = value.get_ref() else {
        let problem = Problem::new("keymap_by_label does not say which key is whose", value.span());
        return reader.report(problem.help(for_example(SAMPLE)));
    };
    for (label, key) in keymap {
        let name = label.get_ref();
        let by_place = name.parse::<usize>().is_ok_and(|place| place < labels.len());
        if !labels.is_empty() && !by_place && !labels.contains(&name.as_ref()) {
            let help = match closest(name, labels.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the labels are: {}", list(labels)),
            };
            let message = format!("there is no label {} to give a key to", quoted(name));
            reader.report(Problem::new(message, label.span()).help(help));
        } else if !matches!(key.get_ref(), DeValue::String(_)) {
            let message = format!("this is no key for {name}");
            let problem = Problem::new(message, key.span());
            reader.report(problem.help(for_example(SAMPLE)));
        }
    }
}

//! The settings that a task may bring along, in its `config` or, in a block or for a field of text,
//! beside its keys.
//!
//! The roster knows the same names (`[project.config]`); a test holds the two lists together.

/// Every setting that some interface, or the page, knows.
pub const SETTINGS: [&str; 30] = [
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
    "hide_meta",
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

/// The setting that was meant by a name that is none, if the name is at most two slips from one.
pub fn slip_of(name: &str) -> Option<&'static str> {
    const MOST: usize = 2;
    // Longer than any name by far: not worth the comparison.
    if name.len() > 100 || SETTINGS.contains(&name) || name == "label" {
        return None;
    }
    let name = name.to_lowercase().replace('-', "_");
    let slips = |known: &str| strsim::damerau_levenshtein(&name, known);
    let near = SETTINGS.into_iter().min_by_key(|known| slips(known))?;
    (slips(near) <= MOST.min(near.len() / 3)).then_some(near)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_settings_are_those_that_the_roster_documents() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/roster.md");
        let text = std::fs::read_to_string(path).expect("the document");
        let documented: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| `project.config.")?.split_once('`'))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(BTreeSet::from(SETTINGS), documented);
    }

    #[test]
    fn a_slip_is_recognised_and_another_name_is_not() {
        assert_eq!(slip_of("choise_style"), Some("choice_style"));
        assert_eq!(slip_of("Choice-Style"), Some("choice_style"));
        for other in ["choice_style", "label", "view_id", "weather", "feed_overlap"] {
            assert_eq!(slip_of(other), None, "{other}");
        }
    }
}

//! Which keys a roster may have, table by table, each with a line to copy.
//!
//! One list serves three purposes: to refuse unknown keys, to suggest the right one, and to show
//! what a line should look like when its value is of the wrong type.

/// A key and a line that uses it rightly.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) example: &'static str,
}

/// A table of the roster.
pub(super) struct Shape {
    /// As a person would write its heading or name it.
    pub(super) title: &'static str,
    pub(super) keys: &'static [Key],
}

impl Shape {
    /// The line to copy for a key, or nothing if there is no such key.
    pub(super) fn example(&self, key: &str) -> &'static str {
        self.keys.iter().find(|k| k.name == key).map_or("", |k| k.example)
    }
}

const fn key(name: &'static str, example: &'static str) -> Key {
    Key { name, example }
}

pub(super) static TOP: Shape = Shape {
    title: "a roster",
    keys: &[
        key("project", "[project]"),
        key("store", "[store]"),
        key("server", "[server]"),
        key("allocation", "[allocation]"),
        key("lead", "[lead]"),
        key("annotator", "[[annotator]]"),
    ],
};

pub(super) static PROJECT: Shape = Shape {
    title: "[project]",
    keys: &[
        key("name", r#"name = "my_project""#),
        key("interface", r#"interface = "classification""#),
        key("labels", r#"labels = ["PERSON", "PLACE"]"#),
        key("renamed", r#"renamed = { ATTACK = "ASSAULT" }"#),
        key("identity", r#"identity = "meta.id""#),
        key("instructions", r#"instructions = "codebook.md""#),
        key("tasks", r#"tasks = ["tasks/*.jsonl"]"#),
        key("media", r#"media = "media""#),
        key("media_from", r#"media_from = ["https://images.example.org"]"#),
        key("config", "[project.config]"),
    ],
};

pub(super) static STORE: Shape =
    Shape { title: "[store]", keys: &[key("url", r#"url = "annotd.db""#)] };

pub(super) static SERVER: Shape = Shape {
    title: "[server]",
    keys: &[
        key("bind", r#"bind = "127.0.0.1""#),
        key("access", r#"access = "key""#),
        key("cert", r#"cert = "cert.pem""#),
        key("key", r#"key = "key.pem""#),
        key("watch", "watch = true"),
        key("url", r#"url = "https://{name}.annotate.example.org/""#),
    ],
};

pub(super) static ALLOCATION: Shape = Shape {
    title: "[allocation]",
    keys: &[
        key("annotations", "annotations = 3"),
        key("mix", "mix = [{ share = 0.7, annotations = 1 }, { share = 0.3, annotations = 3 }]"),
        key("split", r#"split = "exact""#),
        key("route", r#"route = "open""#),
        key("assign_field", r#"assign_field = "meta.target_annotator""#),
        key("on_disagreement", "on_disagreement = { extra = 1, max = 3 }"),
        key("lease", r#"lease = "30m""#),
        key("steal_after", r#"steal_after = "24h""#),
        key("when_short", r#"when_short = "hold""#),
        key("order", r#"order = "loaded""#),
        key("ignore", r#"ignore = "skip""#),
        key("seed", "seed = 7"),
        key("gold", "gold = 0.1"),
        key("repeat", "repeat = { share = 0.05, after = 20 }"),
    ],
};

pub(super) static MIX_PART: Shape = Shape {
    title: "a part of mix",
    keys: &[key("share", "share = 0.7"), key("annotations", "annotations = 1")],
};

pub(super) static DISAGREEMENT: Shape = Shape {
    title: "on_disagreement",
    keys: &[
        key("extra", "extra = 1"),
        key("max", "max = 3"),
        key("by", r#"by = ["li"]"#),
        key("threshold", "threshold = 0.8"),
    ],
};

pub(super) static REPEAT: Shape =
    Shape { title: "repeat", keys: &[key("share", "share = 0.05"), key("after", "after = 20")] };

pub(super) static LEAD: Shape = Shape { title: "[lead]", keys: &[key("port", "port = 9000")] };

pub(super) static ANNOTATOR: Shape = Shape {
    title: "[[annotator]]",
    keys: &[
        key("name", r#"name = "andy""#),
        key("port", "port = 9010"),
        key("display", r#"display = "Andy H.""#),
        key("tags", r#"tags = ["es", "expert"]"#),
        key("quota", "quota = 200"),
        key("weight", "weight = 0.5"),
        key("active", "active = false"),
    ],
};

/// The tables that have a heading: where a misplaced key may belong.
pub(super) static HEADED: [&Shape; 6] = [&PROJECT, &STORE, &SERVER, &ALLOCATION, &LEAD, &ANNOTATOR];

/// Every setting of `[project.config]` that an interface or the page knows.
pub(super) const SETTINGS: [&str; 30] = [
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The keys of a table, under the path of the table.
    fn paths<'a>(table: &'a str, shape: &'a Shape) -> impl Iterator<Item = String> + 'a {
        shape.keys.iter().map(move |key| format!("{table}.{}", key.name))
    }

    #[test]
    fn the_document_of_the_roster_has_each_key_and_no_other() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/roster.md");
        let text = std::fs::read_to_string(path).expect("the document");
        let documented: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(key, _)| key.to_owned())
            .collect();
        let known: BTreeSet<String> = paths("project", &PROJECT)
            .chain(paths("store", &STORE))
            .chain(paths("server", &SERVER))
            .chain(paths("allocation", &ALLOCATION))
            .chain(paths("allocation.mix", &MIX_PART))
            .chain(paths("allocation.on_disagreement", &DISAGREEMENT))
            .chain(paths("allocation.repeat", &REPEAT))
            .chain(paths("lead", &LEAD))
            .chain(paths("annotator", &ANNOTATOR))
            .chain(SETTINGS.iter().map(|name| format!("project.config.{name}")))
            .collect();
        assert_eq!(documented, known);
    }
}

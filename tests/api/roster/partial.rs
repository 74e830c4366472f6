//! Rosters with mistakes, read for a command that needs only a part of them.

use annotd::roster::{NeededPart, StoreSettings, read, read_partly};

use super::{KNOWN, samples};

const WHOLE: &str = r#"
[project]
name = "demo"
interface = "ner_manual"
labels = ["X"]

[store]
url = "kept.db"

[server]
bind = "127.0.0.1"

[lead]
port = 9000

[allocation]
annotations = 1

[[annotator]]
name = "andy"
port = 9010
"#;

/// A mistake in each table: what stands in the roster, what replaces it, and whether a command that
/// needs the store, or the store and the project, can ignore it.
const MISTAKES: [(&str, &str, bool, bool); 13] = [
    ("bind = \"127.0.0.1\"", "bind = 5", true, true),
    ("bind = \"127.0.0.1\"", "bind = localhost", true, true),
    ("port = 9000", "prot = 9000", true, true),
    ("annotations = 1", "annotations = 0", true, true),
    ("annotations = 1", "[allocation.repeat]\nshare = 7", true, true),
    ("port = 9010", "port = 99999", true, true),
    ("labels = [\"X\"]", "labels = []", true, false),
    ("labels = [\"X\"]", "labels = \"X\"", true, false),
    ("name = \"demo\"", "name = \"de mo\"", false, false),
    ("name = \"demo\"", "name = demo", false, false),
    ("url = \"kept.db\"", "url = 7", false, false),
    ("[store]", "[stroe]", false, false),
    ("[lead]", "[lead", false, false),
];

#[test]
fn mistakes_are_ignored_in_tables_that_a_command_does_not_need() {
    for (right, wrong, for_store, for_project) in MISTAKES {
        let text = WHOLE.replacen(right, wrong, 1);
        let mistakes = read(&text, &KNOWN).expect_err("a mistake");
        for (needed, expected) in
            [(NeededPart::Store, for_store), (NeededPart::StoreAndProject, for_project)]
        {
            match read_partly(&text, &KNOWN, needed) {
                Ok((roster, ignored)) => {
                    assert!(expected, "{wrong} for {needed:?}");
                    assert_eq!(roster.project.name, "demo");
                    assert_eq!(roster.store.url, "kept.db");
                    assert_eq!(ignored, mistakes, "{wrong}");
                }
                Err(reported) => {
                    assert!(!expected, "{wrong} for {needed:?}");
                    assert_eq!(reported, mistakes, "{wrong}");
                }
            }
        }
    }
}

#[test]
fn a_roster_without_mistakes_is_read_the_same() {
    for text in samples().values() {
        if let Ok(roster) = read(text, &KNOWN) {
            let (same, ignored) =
                read_partly(text, &KNOWN, NeededPart::StoreAndProject).expect("no mistake");
            assert!(same == roster && ignored.is_empty());
        }
    }
}

#[test]
fn a_sample_that_is_read_partly_has_a_name_and_the_store_that_its_text_names() {
    for (name, text) in samples() {
        if let Ok((roster, _)) = read_partly(&text, &KNOWN, NeededPart::Store) {
            assert!(!roster.project.name.is_empty(), "{name}");
            let url = &roster.store.url;
            assert!(*url == StoreSettings::default().url || text.contains(url), "{name}");
        }
    }
}

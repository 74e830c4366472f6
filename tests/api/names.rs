//! Names that gave way to a word of the glossary do not come back.
//!
//! `names/replaced.txt` lists them: `type`, `const` or `name`, the name, and the rooms of `src/` in
//! which it must not be defined; `class`, a class of the page that no stylesheet may have; and
//! `file`, a path below `src/` that must not exist. A room that begins with `tests` is a folder of
//! the tests. A name with several words must not occur at all in the code of its rooms and of the
//! tests. Names of the wire and of what is stored are not listed. `names/kept.txt` has the names
//! that still stand in a room; it only becomes shorter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn list(name: &str) -> String {
    let folder = Path::new(file!()).with_extension("");
    fs::read_to_string(root().join(folder).join(name)).expect("the list")
}

fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, endings, found);
        } else if endings.iter().any(|ending| path.extension().is_some_and(|own| own == *ending)) {
            found.push(path);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of the code, each with the one before it; comments and strings are left out.
fn words(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with("//") || line.starts_with('*') || line.starts_with("/*") {
            continue;
        }
        let code = line.split("// ").next().unwrap_or(line);
        for (nth, part) in code.split('"').enumerate() {
            if nth % 2 == 1 {
                continue;
            }
            for word in part.split(|c| !is_word(c)).filter(|word| !word.is_empty()) {
                let before = found.last().map(|(_, word)| word.clone()).unwrap_or_default();
                found.push((before, word.to_owned()));
            }
        }
    }
    found
}

const DEFINE: [&str; 11] =
    ["struct", "enum", "trait", "type", "const", "static", "fn", "mod", "class", "function", "let"];

/// Whether the name has several words, so that it means the same wherever it stands.
fn has_several_words(name: &str) -> bool {
    let inner = name.trim_start_matches(|c: char| c.is_uppercase());
    name.contains('_') || inner.chars().any(char::is_uppercase)
}

/// Whether a line of code defines or, where the name has several words, mentions the name.
fn occurs(words: &[(String, String)], name: &str) -> bool {
    words.iter().any(|(before, word)| {
        let defined = DEFINE.contains(&before.as_str()) && before != "let";
        word == name && (has_several_words(name) || defined)
    })
}

/// The classes that the page's stylesheets have.
fn classes() -> BTreeSet<String> {
    let mut sheets = Vec::new();
    files(&root().join("src/web"), &["css"], &mut sheets);
    let mut found = BTreeSet::new();
    for sheet in sheets {
        let text = fs::read_to_string(sheet).expect("a stylesheet");
        for part in text.split('.').skip(1) {
            let name: String = part.chars().take_while(|&c| is_word(c) || c == '-').collect();
            found.insert(name);
        }
    }
    found
}

#[test]
fn replaced_names_do_not_come_back() {
    let kept = list("kept.txt");
    let mut back = Vec::new();
    let classes = classes();
    let mut rooms: BTreeMap<String, Vec<Vec<(String, String)>>> = BTreeMap::new();
    for line in list("replaced.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split_whitespace();
        let (kind, name) = (parts.next().expect("a kind"), parts.next().expect("a name"));
        if kind == "file" {
            if root().join("src").join(name).exists() {
                back.push(format!("{kind} {name}"));
            }
            continue;
        }
        if kind == "class" {
            if classes.contains(name) {
                back.push(format!("{kind} {name}"));
            }
            continue;
        }
        let of_tests = has_several_words(name).then_some("tests");
        for room in parts.chain(of_tests) {
            let sources = rooms.entry(room.to_owned()).or_insert_with(|| {
                let mut found = Vec::new();
                let is_of_tests = room.starts_with("tests");
                let top = if is_of_tests { root().to_owned() } else { root().join("src") };
                let folder = top.join(room);
                assert!(folder.exists(), "there is no {}", folder.display());
                files(&folder, &["rs", "js"], &mut found);
                let read = |path: PathBuf| words(&fs::read_to_string(path).expect("a file"));
                found.into_iter().map(read).collect()
            });
            if sources.iter().any(|words| occurs(words, name)) {
                back.push(format!("{kind} {name} {room}"));
            }
        }
    }
    back.retain(|one| !kept.lines().any(|line| line == one));
    assert!(back.is_empty(), "the glossary has another word for these: {back:#?}");
}

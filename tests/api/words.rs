//! Words that hide their subject, and comment lines of more than 100 characters, become fewer and
//! never more.
//!
//! `words/counts.txt` has, for each part of the repository, how many of these words and of these
//! lines there may be. The numbers may only be lowered: after a part has become better, run the
//! test with `ANNOTD_WRITE_COUNTS=1`, which writes what there is. A part without a line may have
//! none. docs/glossary.md says what to write instead; it and decisions are left out, and so are the
//! pages' sentences in other languages.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Each with what may follow it in the same word.
const WORDS: [&str; 21] = [
    "whoever",
    "whomever",
    "somebody",
    "nobody",
    "everybody",
    "anybody",
    "anew",
    "cannot be had",
    "could not be had",
    "in hand",
    "by itself",
    "by themselves",
    "mend",
    "mends",
    "mended",
    "mending",
    "film",
    "films",
    "so many",
    "says so",
    "lets go of",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn counts_file() -> PathBuf {
    root().join(Path::new(file!()).with_extension("")).join("counts.txt")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            let left_out = ["i18n", "languages", "decisions", "fixtures", "golden", "img"];
            if !left_out.contains(&name.as_str()) {
                files(&path, found);
            }
        } else if name != "glossary.md" && name != "words.rs" {
            found.push(path);
        }
    }
}

/// How often a word stands in a text, as a whole word.
fn count(text: &str, word: &str) -> usize {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let places = text.match_indices(word);
    places
        .filter(|(at, _)| {
            let before = text[..*at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !letter(before) && !letter(after)
        })
        .count()
}

/// The text in small letters, in which a line of a comment that goes on below is one with the next.
fn joined(text: &str) -> String {
    let mut joined = String::new();
    for line in text.lines() {
        let bare = line.trim_start().trim_start_matches(['/', '!', '*', '#']).trim();
        joined.push_str(&bare.to_lowercase());
        joined.push(' ');
    }
    joined
}

fn too_long(path: &Path, text: &str) -> usize {
    if path.extension().is_none_or(|ending| ending != "rs" && ending != "js") {
        return 0;
    }
    let comment = |line: &&str| {
        let bare = line.trim_start();
        bare.starts_with("//") || bare.starts_with("* ") || bare.starts_with("/*")
    };
    text.lines().filter(comment).filter(|line| line.chars().count() > 100).count()
}

/// The part of the repository that a file belongs to: two steps below src and tests, one elsewhere.
fn part(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    let steps: Vec<_> = inside.iter().map(|step| step.to_string_lossy()).collect();
    let deep = if steps.len() > 2 && (steps[0] == "src" || steps[0] == "tests") { 2 } else { 1 };
    steps[..deep.min(steps.len())].join("/")
}

type Counts = BTreeMap<String, (usize, usize)>;

fn present() -> Counts {
    let mut found = Vec::new();
    for folder in ["src", "tests", "docs", "benches", "packaging", "systemd"] {
        files(&root().join(folder), &mut found);
    }
    for name in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "annotators.toml"] {
        found.push(root().join(name));
    }
    let mut counts = Counts::new();
    for path in found {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let joined = joined(&text);
        let words = WORDS.iter().map(|word| count(&joined, word)).sum::<usize>();
        let entry = counts.entry(part(&path)).or_default();
        entry.0 += words;
        entry.1 += too_long(&path, &text);
    }
    counts.retain(|_, count| *count != (0, 0));
    counts
}

fn allowed() -> Counts {
    let text = fs::read_to_string(counts_file()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut parts = line.split(' ');
            let name = parts.next().expect("a part").to_owned();
            let mut number = || parts.next().and_then(|n| n.parse().ok()).expect("a number");
            (name, (number(), number()))
        })
        .collect()
}

#[test]
fn words_that_hide_their_subject_and_long_lines_become_fewer() {
    let present = present();
    let allowed = allowed();
    let more: Vec<String> = present
        .iter()
        .filter_map(|(part, (words, lines))| {
            let (most_words, most_lines) = allowed.get(part).copied().unwrap_or_default();
            (*words > most_words || *lines > most_lines).then(|| {
                format!("{part}: {words} words ({most_words} allowed), {lines} lines ({most_lines} allowed)")
            })
        })
        .collect();
    if std::env::var_os("ANNOTD_WRITE_COUNTS").is_some() {
        let mut text = "# part, words, comment lines of more than 100 characters\n".to_owned();
        for (part, (words, lines)) in &present {
            writeln!(text, "{part} {words} {lines}").expect("writing to a string");
        }
        fs::write(counts_file(), text).expect("written");
        return;
    }
    assert!(more.is_empty(), "docs/glossary.md says what to write instead: {more:#?}");
}

//! Imports run one way: the table of rooms in `docs/architecture.md` is held against the code.
//!
//! A room is a folder of `src/`, or a file directly in it. Its row lists the rooms that it knows,
//! all of which stand further down in the table. Arrows are read from `use` lines and from paths in
//! bodies; a name that a module re-exports counts for the file that defines it. Unit tests are left
//! out. A module and those inside it are one subject, so a file may always use what its parent
//! defines; apart from that, files of a room make no circle, and neither do the page's modules.
//!
//! Rejected: a second table here, which would be forgotten; and `cargo-modules`, which knows no
//! table of rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Graph = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with this ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code without comments, and with empty strings (JavaScript's are kept).
fn code(text: &str, keep_strings: bool) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(' ');
    let mut out = String::new();
    let mut i = 0;
    while i < bytes.len() {
        match (bytes[i], at(i + 1)) {
            ('/', '/') => {
                while i < bytes.len() && bytes[i] != '\n' {
                    i += 1;
                }
            }
            ('/', '*') => {
                i += 2;
                while i < bytes.len() && (bytes[i], at(i + 1)) != ('*', '/') {
                    i += 1;
                }
                i += 2;
            }
            ('r', '"' | '#') if !keep_strings && !at(i.wrapping_sub(1)).is_alphanumeric() => {
                let hashes = bytes[i + 1..].iter().take_while(|c| **c == '#').count();
                if at(i + 1 + hashes) == '"' {
                    i += 2 + hashes;
                    let end: Vec<char> =
                        std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                    while i < bytes.len() && !bytes[i..].starts_with(&end) {
                        i += 1;
                    }
                    i += end.len();
                    out.push_str("\"\"");
                } else {
                    out.push('r');
                    i += 1;
                }
            }
            ('"', _) => {
                let start = i;
                i += 1;
                while i < bytes.len() && bytes[i] != '"' {
                    i += if bytes[i] == '\\' { 2 } else { 1 };
                }
                i += 1;
                if keep_strings {
                    out.extend(&bytes[start..i.min(bytes.len())]);
                } else {
                    out.push_str("\"\"");
                }
            }
            // A quotation mark as a character would look like the beginning of a string.
            ('\'', '"') if !keep_strings && at(i + 2) == '\'' => i += 3,
            ('\'', '\\') if !keep_strings => {
                i += 3;
                while i < bytes.len() && bytes[i] != '\'' {
                    i += 1;
                }
                i += 1;
            }
            (c, _) => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

/// The code without what stands behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        let after = &rest[at..];
        let end = after.find(';').unwrap_or(after.len());
        let brace = after.find('{').unwrap_or(after.len());
        let length = if end < brace {
            end + 1
        } else {
            let mut depth = 0_usize;
            let mut length = after.len();
            for (i, c) in after.char_indices().skip_while(|(i, _)| *i < brace) {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    length = i + 1;
                    break;
                }
            }
            length
        };
        rest = &after[length..];
    }
    kept.push_str(rest);
    kept
}

/// The paths of a `use` tree: `a::{b, c::d as e}` is `a::b` and `a::c::d`.
fn tree(text: &str) -> Vec<Vec<String>> {
    let text = text.trim();
    if let Some(open) = text.find('{') {
        let prefix: Vec<String> = segments(&text[..open]);
        let inner = &text[open + 1..text.rfind('}').unwrap_or(text.len())];
        let mut parts = vec![String::new()];
        let mut depth = 0;
        for c in inner.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(String::new());
                    continue;
                }
                _ => {}
            }
            parts.last_mut().expect("one").push(c);
        }
        let parts = parts.iter().filter(|part| !part.trim().is_empty());
        return parts
            .flat_map(|part| tree(part))
            .map(|path| [prefix.clone(), path].concat())
            .collect();
    }
    vec![segments(text.split(" as ").next().unwrap_or(text))]
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A module: its path from the root of the crate, and its file.
struct Module {
    path: Vec<String>,
    /// Every path that it names, resolved to the root of the crate.
    names: Vec<Vec<String>>,
    /// Names that it re-exports, and the path of each.
    exports: BTreeMap<String, Vec<String>>,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths in bodies that begin with one of these words.
fn paths_in(body: &str, beginnings: &BTreeSet<String>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in body.match_indices("::") {
        let start = body[..at]
            .rfind(|c: char| !is_word(c))
            .map_or(0, |i| i + body[i..].chars().next().map_or(1, char::len_utf8));
        let first = &body[start..at];
        if body[..start].ends_with("::") || !beginnings.contains(first) {
            continue;
        }
        let end = body[start..].find(|c: char| !is_word(c) && c != ':').unwrap_or(0);
        found.push(segments(&body[start..start + end]));
    }
    found
}

fn module(path: Vec<String>, text: &str) -> Module {
    let text = without_tests(&code(text, false));
    let mut inside = BTreeSet::new();
    let mut uses = Vec::new();
    let mut exports = BTreeMap::new();
    let mut body = String::new();
    for statement in text.split_inclusive([';', '{', '}']) {
        let bare = statement.trim_start();
        let name = bare.split_whitespace().skip_while(|word| *word != "mod").nth(1);
        if let (true, Some(name)) = (statement.ends_with(';'), name) {
            inside.insert(name.trim_end_matches(';').to_owned());
        }
        body.push_str(statement);
    }
    let mut rest = String::new();
    let mut remaining = body.as_str();
    while let Some(at) = remaining.find("use ") {
        let begins = remaining[..at].trim_end().chars().next_back();
        let is_use = begins.is_none_or(|c| matches!(c, ';' | '}' | '{' | ')' | ']'))
            || remaining[..at].trim_end().ends_with("pub");
        let end = remaining[at..].find(';').map_or(remaining.len(), |i| at + i);
        if !is_use {
            rest.push_str(&remaining[..at + 4]);
            remaining = &remaining[at + 4..];
            continue;
        }
        rest.push_str(&remaining[..at]);
        let before = remaining[..at].trim_end();
        let public = before.ends_with("pub")
            || before.ends_with("pub(crate)")
            || before.ends_with("pub(super)");
        for tree in tree(&remaining[at + 4..end]) {
            uses.push((public, tree));
        }
        remaining = &remaining[(end + 1).min(remaining.len())..];
    }
    rest.push_str(remaining);

    let absolute = |written: &[String]| -> Option<Vec<String>> {
        let mut base = path.clone();
        let mut rest = written;
        match written.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            first if inside.contains(first) => {}
            _ => return None,
        }
        Some([base, rest.to_vec()].concat())
    };
    let mut names = Vec::new();
    for (public, written) in &uses {
        let Some(full) = absolute(written) else {
            continue;
        };
        if *public {
            if let Some(name) = full.last() {
                exports.insert(name.clone(), full.clone());
            }
        } else {
            names.push(full);
        }
    }
    let beginnings =
        ["crate", "self", "super"].map(str::to_owned).into_iter().chain(inside.iter().cloned());
    let beginnings: BTreeSet<String> = beginnings.collect();
    names.extend(paths_in(&rest, &beginnings).iter().filter_map(|path| absolute(path)));
    Module { path, names, exports }
}

/// Every module of the crate, by its path.
fn modules() -> BTreeMap<Vec<String>, Module> {
    let src = root().join("src");
    let mut all = BTreeMap::new();
    for file in files(&src, "rs") {
        let inside = file.strip_prefix(&src).expect("inside").with_extension("");
        let mut path: Vec<String> =
            inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if path.iter().any(|part| part == "tests") || path == ["main"] {
            continue;
        }
        if path.last().is_some_and(|last| last == "mod") || path == ["lib"] {
            path.pop();
        }
        let text = fs::read_to_string(&file).expect("a file");
        all.insert(path.clone(), module(path, &text));
    }
    all
}

/// The module in which the thing at a path is defined.
fn home(all: &BTreeMap<Vec<String>, Module>, path: &[String]) -> Vec<String> {
    let mut path = path.to_vec();
    for _ in 0..10 {
        let depth = (0..=path.len()).rev().find(|n| all.contains_key(&path[..*n])).unwrap_or(0);
        let module = &all[&path[..depth]];
        match path.get(depth).and_then(|name| module.exports.get(name)) {
            Some(target) if target[..] != path[..] => {
                path = [target.clone(), path[depth + 1..].to_vec()].concat();
            }
            _ => return path[..depth].to_vec(),
        }
    }
    path
}

/// Which modules each module uses.
fn arrows(all: &BTreeMap<Vec<String>, Module>) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    all.values()
        .map(|module| {
            let homes: BTreeSet<Vec<String>> = module
                .names
                .iter()
                .map(|path| home(all, path))
                .filter(|target| !target.is_empty() && *target != module.path)
                .collect();
            (module.path.clone(), homes)
        })
        .collect()
}

/// A circle in a graph, if there is one.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    fn walk(
        graph: &Graph,
        at: &str,
        trail: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(begin) = trail.iter().position(|one| one == at) {
            return Some(trail[begin..].to_vec());
        }
        if !done.insert(at.to_owned()) {
            return None;
        }
        trail.push(at.to_owned());
        for next in graph.get(at).into_iter().flatten() {
            if let Some(found) = walk(graph, next, trail, done) {
                return Some(found);
            }
        }
        trail.pop();
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|at| walk(graph, at, &mut Vec::new(), &mut done))
}

/// A row of a table of `docs/architecture.md`, cell by cell, without the marks of code.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("the document");
    let table = text.lines().skip_while(|line| *line != heading).skip(2);
    table
        .map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| row.split(" | ").map(|cell| cell.replace('`', "")).collect())
        .collect()
}

fn room(name: &str) -> String {
    name.trim().trim_end_matches('/').trim_end_matches(".rs").to_owned()
}

#[test]
fn rooms_know_only_the_rooms_of_their_row_which_stand_further_down() {
    let rows = rows("| room | is | knows |");
    let order: Vec<String> = rows.iter().map(|row| room(&row[0])).collect();
    let mut allowed: BTreeSet<(String, String)> = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in &rows {
        let from = room(&row[0]);
        for to in row[2].split(',').map(room).filter(|to| to != "–") {
            let place = |name: &String| order.iter().position(|one| one == name);
            match (place(&from), place(&to)) {
                (Some(upper), Some(lower)) if upper < lower => {}
                _ => wrong.push(format!("the row of {from} names {to}, which is not further down")),
            }
            allowed.insert((from.clone(), to));
        }
    }
    for row in self::rows("| deviation | reason |") {
        let (from, to) = row[0].split_once('→').expect("an arrow");
        allowed.insert((room(from), room(to)));
    }
    let all = modules();
    let present: BTreeSet<String> = all.keys().filter_map(|path| path.first().cloned()).collect();
    for missing in present.iter().filter(|room| !order.contains(room)) {
        wrong.push(format!("the room {missing} has no row"));
    }
    for gone in order.iter().filter(|room| !present.contains(*room) && *room != "web") {
        wrong.push(format!("there is no room {gone}"));
    }
    for (from, targets) in arrows(&all) {
        for to in targets {
            let (Some(upper), Some(lower)) = (from.first(), to.first()) else {
                continue;
            };
            let arrow = (upper.clone(), lower.clone());
            if upper != lower && !allowed.contains(&arrow) {
                wrong.push(format!("{} uses {}", from.join("::"), to.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "docs/architecture.md and the code disagree: {wrong:#?}");
}

#[test]
fn files_of_a_room_make_no_circle() {
    let mut graph = Graph::new();
    for (from, targets) in arrows(&modules()) {
        let targets = targets.into_iter().filter(|to| {
            let same_room = from.first() == to.first();
            same_room && !from.starts_with(to)
        });
        let targets = targets.map(|to| to.join("::")).collect();
        graph.insert(from.join("::"), targets);
    }
    for row in rows("| circle | reason |") {
        let (from, to) = row[0].split_once('→').expect("an arrow");
        graph.entry(from.trim().to_owned()).or_default().remove(to.trim());
    }
    assert_eq!(circle(&graph), None);
}

#[test]
fn modules_of_the_page_make_no_circle() {
    let web = root().join("src/web");
    let mut graph = Graph::new();
    for file in files(&web, "js") {
        let text = code(&fs::read_to_string(&file).expect("a file"), true);
        let folder = file.parent().expect("a folder");
        let imports = text.split(['"', '\'']).enumerate().filter(|(n, _)| n % 2 == 1);
        let targets = imports
            .filter(|(_, name)| {
                name.starts_with('.') && Path::new(name).extension().is_some_and(|end| end == "js")
            })
            .filter_map(|(_, name)| folder.join(name).canonicalize().ok())
            .map(|path| path.display().to_string())
            .collect();
        graph.insert(file.canonicalize().expect("a path").display().to_string(), targets);
    }
    assert_eq!(circle(&graph), None);
}

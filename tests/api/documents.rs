//! README and docs say what is: every command and option, links that lead somewhere, a roster that
//! is accepted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::daemon::annotd;
use annotd::cli::ErrorKind;
use annotd::interface::Interface;
use annotd::roster;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The documents for users: those of the root folder and of docs, decisions apart.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in [root().to_owned(), root().join("docs")] {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The fragment by which a browser finds a heading.
fn fragment(heading: &str) -> String {
    let plain = heading.trim_matches(['#', ' ']).to_lowercase();
    plain
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c),
            _ => None,
        })
        .collect()
}

/// The text without blocks of code.
fn prose(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = prose(&fs::read_to_string(&document).expect("a document"));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let folder = document.parent().expect("a folder");
            let path = if file.is_empty() { document.clone() } else { folder.join(file) };
            let leads = path.exists()
                && (heading.is_empty()
                    || prose(&fs::read_to_string(&path).unwrap_or_default())
                        .lines()
                        .any(|line| line.starts_with('#') && fragment(line) == heading));
            if !leads {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_readme_has_at_most_200_lines_and_a_roster_that_is_accepted() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 200, "{} lines", readme.lines().count());
    let start = readme.find("```toml\n").expect("a roster") + "```toml\n".len();
    let text = readme[start..].split("```").next().expect("its end");
    if let Err(mistakes) = roster::read(text, &Interface::names()) {
        panic!("{}", roster::explain(&mistakes, text, "README.md", false));
    }
}

/// The long options that a command's help lists.
fn options(help: &str) -> BTreeSet<String> {
    let lines = help.lines().filter(|line| line.trim_start().starts_with('-'));
    lines
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with("--")))
        .map(|option| option.trim_end_matches(',').to_owned())
        .filter(|option| !matches!(option.as_str(), "--help" | "--version" | "--roster"))
        .collect()
}

/// The options in the first column of a section's tables.
fn documented(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `--"));
    rows.filter_map(|row| row.split(['`', ' ']).next()).map(|name| format!("--{name}")).collect()
}

#[test]
fn the_document_of_the_commands_has_each_command_and_option_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = |arguments: &[&str]| {
        let output = annotd(folder.path()).args(arguments).arg("--help").output().expect("it runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let whole = help(&[]);
    let listed = whole.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: BTreeSet<&str> = listed
        .map_while(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let document = read("docs/commands.md");
    let sections: Vec<(&str, &str)> = document
        .split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .filter(|(title, _)| !matches!(*title, "Exit codes" | "Environment"))
        .collect();
    assert_eq!(sections.iter().map(|(title, _)| *title).collect::<BTreeSet<_>>(), commands);
    for (command, section) in sections {
        assert!(document.contains(&format!("| [`{command}`](#{command}) |")), "{command}");
        assert_eq!(documented(section), options(&help(&[command])), "{command}");
    }
}

#[test]
fn the_document_of_the_commands_has_every_exit_code() {
    let document = read("docs/commands.md");
    let section = document.split("\n## Exit codes\n").nth(1).expect("a section");
    let section = section.split("\n## ").next().expect("its end");
    let codes: Vec<u8> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    let known = ErrorKind::ALL.map(ErrorKind::exit_code);
    assert_eq!(codes, [&[0], &known[..]].concat());
}

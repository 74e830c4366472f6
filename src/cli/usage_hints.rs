//! Hints for a command line that clap rejects: an option of another command, a file without its
//! option, a file where a command belongs.
//!
//! clap suggests names that are spelt similarly. What it cannot know is what a word was meant for;
//! here the ending of a file's name and the commands' own options tell.
//!
//! Rejected: to accept these command lines as well. Scripts would then rely on two forms, and
//! `annotd load annotators.toml` has no meaning that could be accepted.

use std::ffi::OsString;
use std::path::Path;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::ingest::read::Format;

/// The option of each command that takes what is often written without it.
const MAIN_OPTIONS: [(&str, &str); 8] = [
    ("load", "-i"),
    ("simulate", "-i"),
    ("restore", "-i"),
    ("export", "-o"),
    ("backup", "-o"),
    ("migrate", "--backup"),
    ("release", "--annotator"),
    ("reassign", "--from"),
];

/// The command line that was probably meant; none if there is nothing to suggest. `commands` is the
/// definition of all commands, `typed` what was typed after `annotd`.
pub(super) fn hint(error: &clap::Error, commands: &Command, typed: &[OsString]) -> Option<String> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let unknown = context(ContextKind::InvalidArg)?;
            let command = typed_command(commands, typed);
            if unknown.starts_with('-') {
                misplaced_option(unknown, command, commands)
            } else {
                Some(file_without_option(unknown, command?))
            }
        }
        ErrorKind::InvalidSubcommand => file_as_command(context(ContextKind::InvalidSubcommand)?),
        _ => None,
    }
}

/// What a file is, by its name.
enum FileRole {
    Roster,
    Tasks,
    Backup,
}

fn role(name: &str) -> Option<FileRole> {
    let ending = Path::new(name).extension()?.to_string_lossy().to_ascii_lowercase();
    match ending.as_str() {
        "toml" => Some(FileRole::Roster),
        _ if Format::of_name(name).is_some() => Some(FileRole::Tasks),
        "zst" => Some(FileRole::Backup),
        _ => None,
    }
}

/// Whether a file is named as a roster is.
pub(super) fn is_named_as_roster(name: &str) -> bool {
    matches!(role(name), Some(FileRole::Roster))
}

/// The command line for a file that is named as a roster, but is not one by its name.
pub(super) fn instead_of_roster(name: &str) -> Option<String> {
    match role(name)? {
        FileRole::Roster => None,
        FileRole::Tasks => Some(format!(
            "{name} is named like a file of tasks; --roster takes the roster, annotators.toml, and \
             `annotd load -i {name}` loads tasks"
        )),
        FileRole::Backup => Some(format!(
            "{name} is named like a backup; --roster takes the roster, annotators.toml, and `annotd \
             restore -i {name}` restores a backup"
        )),
    }
}

/// The first word that is the name of a command.
fn typed_command<'a>(commands: &'a Command, typed: &[OsString]) -> Option<&'a str> {
    let mut words = typed.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        if word == "--roster" {
            words.next();
        } else if let Some(command) = commands.find_subcommand(word) {
            return Some(command.get_name());
        }
    }
    None
}

fn misplaced_option(unknown: &str, typed: Option<&str>, commands: &Command) -> Option<String> {
    let option = unknown.split('=').next().unwrap_or(unknown);
    let long = option.strip_prefix("--")?;
    let has = |command: &&Command| command.get_arguments().any(|one| one.get_long() == Some(long));
    let owners: Vec<&str> = commands
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .filter(has)
        .map(Command::get_name)
        .collect();
    if let Some(command) = typed.filter(|command| owners.contains(command)) {
        return Some(format!("write it after the command: annotd {command} {option}"));
    }
    // Without a command, annotd is the daemon.
    if typed.is_none() && owners.contains(&"run") {
        return Some(format!("{option} is an option of `run`: annotd run {option}"));
    }
    let list: Vec<String> = owners.iter().map(|name| format!("`annotd {name}`")).collect();
    (!list.is_empty()).then(|| format!("{option} is an option of {}", list.join(", ")))
}

fn file_without_option(word: &str, command: &str) -> String {
    let main = MAIN_OPTIONS.iter().find(|(name, _)| *name == command).map(|(_, option)| *option);
    match (role(word), main) {
        (Some(FileRole::Roster), Some(option)) => {
            format!("name the roster with --roster: annotd --roster {word} {command} {option} …")
        }
        (Some(FileRole::Roster), None) => {
            format!("name the roster with --roster: annotd --roster {word} {command}")
        }
        (Some(FileRole::Tasks), None) => format!(
            "`{command}` takes no file of tasks: annotd load -i {word} --dry-run shows what is in it"
        ),
        (_, Some(option)) => {
            format!("put {option} before it: annotd {command} {option} {word}")
        }
        (_, None) => format!("annotd {command} --help shows what `{command}` takes"),
    }
}

fn file_as_command(word: &str) -> Option<String> {
    Some(match role(word)? {
        FileRole::Roster => format!("name the roster with --roster: annotd --roster {word}"),
        FileRole::Tasks => format!("load tasks with: annotd load -i {word}"),
        FileRole::Backup => format!("restore a backup with: annotd restore -i {word}"),
    })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::Arguments;

    fn hint_for(line: &str) -> Option<String> {
        let typed: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let all = std::iter::once(OsString::from("annotd")).chain(typed.iter().cloned());
        let error = Arguments::try_parse_from(all).expect_err("a command line that is wrong");
        hint(&error, &Arguments::command(), &typed)
    }

    #[test]
    fn a_command_line_that_is_wrong_is_answered_with_the_right_one() {
        let cases = [
            ("--any-port", "annotd run --any-port"),
            ("--roster x.toml --log-format json", "annotd run --log-format"),
            ("--any-port run", "annotd run --any-port"),
            ("--dry-run", "`annotd load`"),
            ("status --store", "--store is an option of `annotd check`"),
            ("check my.toml", "annotd --roster my.toml check"),
            ("check tasks.jsonl", "annotd load -i tasks.jsonl --dry-run"),
            ("load tasks.jsonl", "annotd load -i tasks.jsonl"),
            ("load my.toml", "annotd --roster my.toml load -i …"),
            ("export answers.csv", "annotd export -o answers.csv"),
            ("backup all.zst", "annotd backup -o all.zst"),
            ("restore all.zst", "annotd restore -i all.zst"),
            ("release andy", "annotd release --annotator andy"),
            ("my.toml", "annotd --roster my.toml"),
            ("tasks.csv.gz", "annotd load -i tasks.csv.gz"),
            ("all.zst", "annotd restore -i all.zst"),
        ];
        for (line, expected) in cases {
            let hint = hint_for(line).unwrap_or_default();
            assert!(hint.contains(expected), "annotd {line}: {hint}");
        }
        for line in ["nonsense", "load", "check --nonsense"] {
            assert_eq!(hint_for(line), None, "annotd {line}");
        }
    }

    #[test]
    fn every_main_option_is_one_of_its_command() {
        for (command, option) in MAIN_OPTIONS {
            let commands = Arguments::command();
            let command = commands.find_subcommand(command).expect("a command");
            let bare = option.trim_start_matches('-');
            let is_it = |one: &clap::Arg| {
                one.get_long() == Some(bare)
                    || one.get_short().is_some_and(|c| c.to_string() == bare)
            };
            assert!(command.get_arguments().any(is_it), "{option} of {}", command.get_name());
        }
    }
}

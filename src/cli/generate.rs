//! `annotd generate`: man pages and the shells' completions, from the definition of the commands.
//!
//! It is for building packages, and the help does not list it. A page has the text of `--help`, and
//! the usual parts of a man page: files, exit codes, where to read on. The page of the roster's
//! format is made from the tables in docs/roster.md, so that there is one list of keys and not two.
//!
//! Rejected: a build script, since every build would write what only a package needs; pages written
//! by hand, since they are forgotten when an option is added.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::{CommandError, ErrorKind};

/// The heading of every table of keys in docs/roster.md.
const KEYS: &str = "| key | type and range | meaning | default | takes effect |";

const FILES: [(&str, &str); 4] = [
    ("./annotators.toml", "the roster, if no other is named with --roster"),
    ("/etc/annotd/annotators.toml", "the roster of annotd.service, and the next place to look"),
    ("/etc/annotd/NAME.toml", "the roster of the instance annotd@NAME.service"),
    ("/var/lib/annotd", "the store of the services: tasks and answers"),
];

const ENVIRONMENT: [(&str, &str); 2] = [
    ("ANNOTD_STORE_URL", "the store's URL; it has precedence over the roster's"),
    ("ANNOTD_LOG", "the level of the log: error, warn, info (the default) or debug"),
];

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The folder for the man pages
    #[arg(long, value_name = "DIR")]
    man: Option<PathBuf>,

    /// The file with the tables of the roster's keys, docs/roster.md, for annotators.toml(5)
    #[arg(long, value_name = "FILE", requires = "man")]
    roster_keys: Option<PathBuf>,

    /// The folder for the completions of bash, zsh and fish
    #[arg(long, value_name = "DIR")]
    completions: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    if let Some(folder) = &arguments.man {
        let written = man_pages(folder);
        written.map_err(|error| CommandError::cannot_write(folder, &error))?;
        if let Some(path) = &arguments.roster_keys {
            let text = fs::read_to_string(path).map_err(|error| {
                CommandError::other(format!("cannot read {}: {error}", path.display()))
            })?;
            let keys = keys(&text);
            if keys.is_empty() {
                return Err(CommandError::other(format!(
                    "{} has no table {KEYS:?}",
                    path.display()
                )));
            }
            let page = folder.join("annotators.toml.5");
            fs::write(&page, roster_page(&keys).to_roff())
                .map_err(|error| CommandError::cannot_write(&page, &error))?;
        }
    }
    if let Some(folder) = &arguments.completions {
        completions(folder).map_err(|error| CommandError::cannot_write(folder, &error))?;
    }
    Ok(())
}

/// The commands that the help lists.
fn commands() -> clap::Command {
    let all = super::Arguments::command();
    let seen: Vec<_> = all.get_subcommands().filter(|one| !one.is_hide_set()).cloned().collect();
    let mut commands = clap::Command::new("annotd")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments().cloned())
        .subcommands(seen)
        .disable_help_subcommand(true);
    if let Some(about) = all.get_about() {
        commands = commands.about(about.clone());
    }
    if let Some(after) = all.get_after_help() {
        commands = commands.after_help(after.clone());
    }
    commands.build();
    commands
}

fn completions(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut commands = commands();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut commands, "annotd", folder)?;
    }
    Ok(())
}

/// annotd(1), and a page for each command.
fn man_pages(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let commands = commands();
    for command in commands.get_subcommands() {
        // clap adds a command "help".
        if command.get_name() != "help" {
            fs::write(folder.join(format!("annotd-{}.1", command.get_name())), page(command)?)?;
        }
    }
    fs::write(folder.join("annotd.1"), page(&commands)?)
}

fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let is_whole = command.has_subcommands();
    let man = Man::new(command.clone())
        .source(concat!("annotd ", env!("CARGO_PKG_VERSION")))
        .manual("annotd");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if is_whole {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    if let Some(after) = command.get_after_help() {
        examples(&mut rest, &after.to_string());
    }
    if is_whole {
        list(&mut rest, "FILES", &FILES);
        list(&mut rest, "ENVIRONMENT", &ENVIRONMENT);
    }
    let codes = ErrorKind::ALL.map(|kind| (kind.exit_code().to_string(), kind.meaning()));
    let codes = codes.iter().map(|(code, meaning)| (code.as_str(), *meaning));
    let exit_codes: Vec<_> = std::iter::once(("0", "done")).chain(codes).collect();
    list(&mut rest, "EXIT STATUS", &exit_codes);
    rest.control("SH", ["SEE ALSO"]);
    let first = if is_whole { "" } else { "annotd(1), " };
    rest.text([roman(format!("{first}annotators.toml(5), /usr/share/doc/annotd/install.md"))]);
    rest.to_writer(&mut page)?;
    Ok(page)
}

/// The text below the options in `--help`: indented lines are commands, others are prose.
fn examples(roff: &mut Roff, text: &str) {
    roff.control("SH", ["EXAMPLES"]);
    for paragraph in text.split("\n\n") {
        roff.control("PP", []);
        for line in paragraph.lines().filter(|line| line.trim() != "Example:") {
            match line.strip_prefix("  ") {
                Some(typed) => {
                    roff.control("nf", []).text([bold(typed)]).control("fi", []);
                }
                None => {
                    roff.text([roman(line)]);
                }
            }
        }
    }
}

fn list(roff: &mut Roff, heading: &str, entries: &[(&str, &str)]) {
    roff.control("SH", [heading]);
    for (name, meaning) in entries {
        roff.control("TP", []).text([bold(*name)]).text([roman(*meaning)]);
    }
}

/// A key of the roster, as a row of a table in docs/roster.md has it.
struct Key<'a> {
    name: &'a str,
    range: &'a str,
    meaning: &'a str,
    default: &'a str,
    effect: &'a str,
}

/// The rows of all tables of keys.
fn keys(text: &str) -> Vec<Key<'_>> {
    let mut keys = Vec::new();
    let mut lines = text.lines();
    while lines.any(|line| line == KEYS) {
        keys.extend(lines.by_ref().skip(1).map_while(key));
    }
    keys
}

fn key(row: &str) -> Option<Key<'_>> {
    let mut cells = row.strip_prefix("| ")?.strip_suffix('|')?.split(" | ").map(str::trim);
    let mut next = || cells.next();
    Some(Key { name: next()?, range: next()?, meaning: next()?, default: next()?, effect: next()? })
}

fn roster_page(keys: &[Key<'_>]) -> Roff {
    let mut roff = Roff::new();
    let source = concat!("annotd ", env!("CARGO_PKG_VERSION"));
    roff.control("TH", ["annotators.toml", "5", "", source, "annotd"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman("annotators.toml - the roster of annotd: who annotates what, where and how")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(
        "A file in TOML. Paths are relative to its folder. annotd check shows every mistake at once, \
         with its place and a remedy. A running annotd reads it again at SIGHUP, and a roster with a \
         mistake changes nothing. roster.md explains the words after \"Takes effect\".",
    )]);
    roff.control("SH", ["KEYS"]);
    roff.text([roman(
        "A key under project stands in the table [project], and so on; each annotator has a table \
         [[annotator]] of their own.",
    )]);
    for key in keys {
        roff.control("TP", []).text(inline(key.name)).text(inline(key.meaning));
        for (heading, cell) in
            [("Values: ", key.range), ("Default: ", key.default), ("Takes effect: ", key.effect)]
        {
            let line = [vec![roman(heading)], inline(cell), vec![roman(".")]].concat();
            roff.control("br", []).text(line);
        }
    }
    list(
        &mut roff,
        "FILES",
        &[
            ("/etc/annotd/annotators.toml", "the roster of annotd.service"),
            ("/etc/annotd/NAME.toml", "the roster of annotd@NAME.service"),
        ],
    );
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman("annotd(1), annotd-check(1), /usr/share/doc/annotd/")]);
    roff
}

/// A cell of Markdown: code in bold, links as their words.
fn inline(cell: &str) -> Vec<Inline> {
    let mut pieces = Vec::new();
    for (index, piece) in cell.split('`').enumerate() {
        match piece {
            "" => {}
            code if index % 2 == 1 => pieces.push(bold(code)),
            words => pieces.push(roman(without_links(words))),
        }
    }
    pieces
}

/// `([x.md](x.md#heading))` becomes `(x.md)`.
fn without_links(words: &str) -> String {
    let mut parts = words.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("](").and_then(|(name, rest)| Some((name, rest.split_once(')')?.1))) {
            Some((name, after)) => {
                text.push_str(name);
                text.push_str(after);
            }
            None => {
                text.push('[');
                text.push_str(part);
            }
        }
    }
    text
}
